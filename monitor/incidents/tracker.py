"""From evidence over time to incidents: opened when it lasts, folded under common causes, closed after recovery. Pure.

Feed `tick` all points' newest evidence every couple of seconds; it returns what changed. The incidents that it holds
are those that are open or folded; what is closed is the store's to remember.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.model import PointCode
from monitor.incidents.assessing import GRAVEST_FIRST, assess, assess_alone, assess_equipment
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.localise import Explanation, explain
from monitor.incidents.model import (
    REOPENED_WITHIN,
    Assessment,
    Cause,
    CauseKind,
    EntryKind,
    IncidentId,
    IncidentSeverity,
    Likely,
)
from monitor.incidents.pulse import Pulse
from monitor.incidents.topology import Topology
from monitor.incidents.tracked import Change, Closed, Tracked

RISE_SECONDS = 4.0
"""Grades are slow already; this much longer a line stays ill before it counts. One that is lost counts at once."""
FALL_SECONDS = 30.0
SETTLE_SECONDS, SETTLE_MANY_SECONDS = 4.0, 10.0
"""So long a cause explains best before its incident opens. While many halls fall ill by themselves at a time, what they
share may show yet: theirs wait longer, so that a growing fault is told once."""
MANY_PENDING = 3
ALARM_AFTER_SECONDS = 12.0
"""After a hall's own incident was wanted first; so mail and webhooks hear once of a growing fault as well."""
LEAVE_SECONDS = 20.0
"""What something else explains better now is kept so long, for that may become an incident that it is folded under."""
REASSESS_SECONDS = 10.0
UNSEEN_SECONDS = 120.0
"""A point without any data is kept as it was for so long."""
_HISTORY = 30


@dataclass
class _Point:
    line: Pulse = field(default_factory=lambda: Pulse(RISE_SECONDS, FALL_SECONDS))
    equipment: dict[Likely, Pulse] = field(default_factory=dict)
    """Of each fault that was ever seen here."""
    recent: deque[Evidence] = field(default_factory=lambda: deque(maxlen=_HISTORY))
    worst: Evidence | None = None
    """The newest evidence that spoke for a fault of the line, and of the equipment."""
    broken: Evidence | None = None
    known_at: float = 0.0

    def feel_equipment(self, seen: Evidence, now: float) -> None:
        """Notes which faults of the equipment are there at `now`."""
        if seen.equipment:
            self.broken = seen
        for fault in {*self.equipment, *seen.equipment}:
            pulse = self.equipment.setdefault(fault, Pulse(RISE_SECONDS, FALL_SECONDS))
            pulse.feel(fault in seen.equipment, now)

    @property
    def has_full_node(self) -> bool:
        """Whether the node that carries it cannot keep up, by the newest evidence."""
        return bool(self.recent) and self.recent[-1].node_full

    @property
    def faults(self) -> tuple[Likely, ...]:
        """The faults of the equipment that count, the gravest first."""
        return tuple(fault for fault in GRAVEST_FIRST if fault in self.equipment and self.equipment[fault].is_on)


class Tracker:
    """All incidents of an installation. Times are monotonic seconds."""

    def __init__(self, new_id: Callable[[], IncidentId]) -> None:
        self._new_id = new_id
        self._points: dict[PointCode, _Point] = {}
        self.incidents: dict[IncidentId, Tracked] = {}
        self._pending: dict[Cause, float] = {}
        self._dismissed: set[Cause] = set()
        self._recovered: set[Cause] = set()
        self._quiet: set[PointCode] = set()
        """Points whose fault was told as part of a common one that is over: no second alarm."""
        self._closed: dict[Cause, tuple[float, IncidentId, IncidentSeverity | None]] = {}
        self._explained: tuple[object, list[Explanation]] = (None, [])

    # --- in ------------------------------------------------------------------------------------------

    def recover(
        self,
        incidents: Iterable[Tracked],
        now: float,
        *,
        closed: Iterable[Closed] = (),
        dismissed: Iterable[Tracked] = (),
    ) -> None:
        """Takes over what a former process left open, what recovered in it lately, and what people had closed.

        The members of those that are open or dismissed count as harmed until seen otherwise.
        """
        for one in closed:
            self._closed[one.cause] = (now - one.seconds_ago, one.id, one.told)
        for incident in incidents:
            self.incidents[incident.id] = incident
            incident.alarm_due = now if incident.told is None else None
            self._feel_again(incident, now)
        for incident in dismissed:
            self._dismissed.add(incident.cause)
            self._feel_again(incident, now)

    def _feel_again(self, incident: Tracked, now: float) -> None:
        for point, evidence in incident.members.items():
            known = self._points.setdefault(point, _Point())
            known.known_at = now
            if incident.cause.kind is CauseKind.EQUIPMENT:
                known.broken = evidence
                pulses = [
                    known.equipment.setdefault(fault, Pulse(RISE_SECONDS, FALL_SECONDS)) for fault in evidence.equipment
                ]
            else:
                known.worst, pulses = evidence, [known.line]
            for pulse in pulses:
                pulse.is_on, pulse.began, pulse.last, pulse.asked = True, now, now, now

    def take_recovered(self) -> frozenset[Cause]:
        """The dismissed causes that have recovered since the last asking: when they return, they are told again."""
        found, self._recovered = frozenset(self._recovered), set()
        return found

    def dismiss(self, incident: IncidentId) -> None:
        """A person closed it: its cause is not told again before it has recovered."""
        found = self.incidents.pop(incident, None)
        if found is None:
            return
        self._dismissed.add(found.cause)
        for other in [o for o in self.incidents.values() if o.folded_into == incident]:
            self.dismiss(other.id)

    def tick(self, evidence: Mapping[PointCode, Evidence], topology: Topology, now: float) -> list[Change]:
        """Takes each point's newest evidence (a point that is not named has left) and says what changed."""
        self._feel(evidence, now)
        explained = self._explain(topology)
        wanted = self._wanted(explained, topology)
        changes = [*self._open_and_update(wanted, topology, now)]
        changes += self._fold()
        changes += self._leave(wanted, now)
        self._forget(wanted)
        return changes

    # --- evidence ------------------------------------------------------------------------------------

    def _feel(self, evidence: Mapping[PointCode, Evidence], now: float) -> None:
        for point in [point for point in self._points if point not in evidence]:
            del self._points[point]
            self._quiet.discard(point)
        for point, seen in evidence.items():
            known = self._points.setdefault(point, _Point())
            if seen.equipment or known.equipment:
                known.feel_equipment(seen, now)
            if seen.line is Condition.UNKNOWN:
                if now - known.known_at < UNSEEN_SECONDS:
                    known.line.hold(now)
                else:
                    known.line.feel(False, now)
                continue
            known.known_at = now
            known.recent.append(seen)
            if seen.line.is_affected:
                known.worst = _worse(known, seen)
            if not known.line.feel(seen.line.is_affected, now, sure=seen.line is Condition.LOST):
                if not seen.line.is_affected:
                    known.worst = None
                self._quiet.discard(point)

    def _condition(self, known: _Point) -> Condition:
        if known.line.is_on and known.worst is not None:
            return known.worst.line
        if not known.recent:
            return Condition.UNKNOWN
        newest = known.recent[-1].line
        # Not for long enough yet: speaks neither for nor against.
        return Condition.UNKNOWN if newest.is_affected else newest

    # --- explanations --------------------------------------------------------------------------------

    def _explain(self, topology: Topology) -> list[Explanation]:
        seen = {point: self._condition(known) for point, known in self._points.items()}
        seen = {point: condition for point, condition in seen.items() if condition is not Condition.UNKNOWN}
        held = {incident.cause for incident in self.incidents.values() if incident.cause.kind.is_common}
        if not held and sum(condition.is_affected for condition in seen.values()) < 2:
            return []
        # A search costs tens of milliseconds with thousands of points, and mostly nothing has changed.
        full_nodes = frozenset(
            place.node
            for point in seen
            if self._points[point].has_full_node and (place := topology.places.get(point)) and place.node
        )
        question = (seen, held, topology, full_nodes)
        if self._explained[0] != question:
            self._explained = question, explain(seen, topology.groups(seen, full_nodes), held)
        return self._explained[1]

    def _wanted(self, explained: list[Explanation], topology: Topology) -> dict[Cause, _Want]:
        """The incidents that there should be."""
        wanted: dict[Cause, _Want] = {}
        covered: set[PointCode] = set()
        for each in explained:
            members = {point: self._of_line(point) for point in each.points}
            covered |= each.points
            recent = {point: list(self._points[point].recent) for point in each.children}
            wanted[each.cause] = _Want(members, assess(each, recent, topology, len(self._points)))
        for point, known in self._points.items():
            if known.line.is_on and point not in covered and known.worst is not None:
                cause = Cause(kind=CauseKind.LINE, code=point)
                serious = known.worst.line.is_serious or any(i.cause == cause for i in self.incidents.values())
                if serious:
                    recent_here = list(known.recent)
                    wanted[cause] = _Want({point: known.worst}, assess_alone(known.worst, recent_here, topology))
            if (faults := known.faults) and known.broken is not None:
                cause = Cause(kind=CauseKind.EQUIPMENT, code=point)
                broken = replace(known.broken, equipment=faults)
                wanted[cause] = _Want({point: broken}, assess_equipment(broken))
        return wanted

    def _of_line(self, point: PointCode) -> Evidence:
        worst = self._points[point].worst
        assert worst is not None
        return worst

    # --- incidents -----------------------------------------------------------------------------------

    def _open_and_update(self, wanted: Mapping[Cause, _Want], topology: Topology, now: float) -> list[Change]:
        by_cause = {incident.cause: incident for incident in self.incidents.values() if incident.folded_into is None}
        folded = {incident.cause: incident for incident in self.incidents.values() if incident.folded_into is not None}
        for cause in wanted.keys() - by_cause.keys() - self._dismissed:
            self._pending.setdefault(cause, now)
        many = sum(not cause.kind.is_common for cause in self._pending) >= MANY_PENDING
        changes = []
        for cause, want in wanted.items():
            if (incident := by_cause.get(cause)) is not None:
                changes += self._update(incident, want, now)
            elif cause in self._pending and self._has_settled(cause, want, now, many=many):
                hidden = folded.get(cause)
                changes.append(self._unfold(hidden, want, now) if hidden else self._open(cause, want, now))
        for cause in [cause for cause in self._pending if cause not in wanted]:
            del self._pending[cause]
        return changes

    def _has_settled(self, cause: Cause, want: _Want, now: float, *, many: bool) -> bool:
        """`many`: so many halls fall ill at once that a common cause is likely, which shall be found first."""
        # What was told under a common cause and is still there needs no second look.
        known = cause.kind is CauseKind.LINE and want.members.keys() <= self._quiet
        many = many and not cause.kind.is_common
        wait = 0.0 if known else SETTLE_MANY_SECONDS if many else SETTLE_SECONDS
        return now - self._pending[cause] >= wait

    def _open(self, cause: Cause, want: _Want, now: float) -> Change:
        wanted_at = self._pending.pop(cause)
        kind, id, told = EntryKind.OPENED, None, None
        if (former := self._closed.pop(cause, None)) and now - former[0] <= REOPENED_WITHIN.total_seconds():
            kind, id, told = EntryKind.REOPENED, former[1], former[2]
        incident = Tracked(id or self._new_id(), cause, want.assessment, dict(want.members), assessed=now, told=told)
        incident.ever = set(want.members)
        self.incidents[incident.id] = incident
        told_before = cause.kind is CauseKind.LINE and incident.ever <= self._quiet
        if not cause.kind.is_common and not told_before:
            incident.alarm_due = wanted_at + ALARM_AFTER_SECONDS
        return self._change(kind, incident, joined=want.members, alarm=cause.kind.is_common)

    def _unfold(self, incident: Tracked, want: _Want, now: float) -> Change:
        self._pending.pop(incident.cause, None)
        incident.folded_into, incident.assessed = None, now
        incident.assessment, incident.members = want.assessment, dict(want.members)
        return self._change(EntryKind.UNFOLDED, incident, joined=want.members)

    def _update(self, incident: Tracked, want: _Want, now: float) -> list[Change]:
        incident.unexplained = None
        changes = []
        joined = {point: seen for point, seen in want.members.items() if point not in incident.members}
        recovered = frozenset(incident.members.keys() - want.members.keys())
        incident.members = dict(want.members)
        grew = bool(joined.keys() - incident.ever)
        incident.ever |= joined.keys()
        if grew or joined or recovered:
            incident.assessment = incident.assessment.model_copy(
                update={"affected": want.assessment.affected, "observed": want.assessment.observed}
            )
            changes.append(self._change(EntryKind.GREW, incident, joined=joined, recovered=recovered))
        before, after = incident.assessment, want.assessment
        if after.likely is Likely.UNKNOWN:
            # After a restart nothing has been measured yet: what was known of the cause stays.
            after = after.model_copy(update={"likely": before.likely, "also": before.also})
        if now - incident.assessed >= REASSESS_SECONDS and _differs(before, after):
            incident.assessment, incident.assessed = after, now
            changes.append(self._change(EntryKind.REASSESSED, incident, alarm=incident.alarm_due is None))
        if incident.alarm_due is not None and now >= incident.alarm_due:
            incident.alarm_due = None
            told = self._change(EntryKind.ALARMED, incident, alarm=True)
            changes += [told] if told.alarm else []
        return changes

    def _fold(self) -> list[Change]:
        """Puts incidents whose points are attributed to a common cause under its incident."""
        holder: dict[PointCode, Tracked] = {}
        commons = [i for i in self.incidents.values() if i.cause.kind.is_common and i.folded_into is None]
        for common in commons:
            if common.unexplained is None:
                holder.update(dict.fromkeys(common.members, common))
        changes = []
        for incident in list(self.incidents.values()):
            if incident.folded_into is not None or incident.cause.kind is CauseKind.EQUIPMENT:
                continue
            into = self._holder_of(incident, holder)
            if into is not None and into is not incident:
                changes.append(self._fold_into(incident, into))
        return changes

    def _holder_of(self, incident: Tracked, holder: Mapping[PointCode, Tracked]) -> Tracked | None:
        if incident.cause.kind is CauseKind.LINE:
            return holder.get(PointCode(incident.cause.code))
        if incident.unexplained is None:
            return None
        holders = [holder[point] for point in incident.members if point in holder]
        if not holders or 2 * len(holders) < len(incident.members):
            return None
        return max(holders, key=lambda each: len(each.members))

    def _fold_into(self, incident: Tracked, into: Tracked) -> Change:
        incident.folded_into = into.id
        recovered = frozenset(incident.members)
        incident.members = {}
        for other in self.incidents.values():
            if other.folded_into == incident.id:
                other.folded_into = into.id
        if incident.told is not None and (into.told is None or into.told.rank < incident.told.rank):
            into.told = incident.told
        return self._change(EntryKind.FOLDED, incident, recovered=recovered, folded_into=into.id)

    def _leave(self, wanted: Mapping[Cause, _Want], now: float) -> list[Change]:
        """Closes what is not there any more, with what is folded under it."""
        changes = []
        for incident in list(self.incidents.values()):
            if incident.folded_into is not None or incident.cause in wanted:
                continue
            incident.unexplained = now if incident.unexplained is None else incident.unexplained
            left = {point for point in incident.members if self._is_ill(point, incident.cause.kind)}
            if left and now - incident.unexplained < LEAVE_SECONDS:
                continue
            changes += self._close(incident, left, now)
        return changes

    def _close(self, incident: Tracked, left: set[PointCode], now: float) -> list[Change]:
        if incident.cause.kind.is_common:
            self._quiet |= left
        recovered = frozenset(incident.members)
        self._closed[incident.cause] = (now, incident.id, incident.told)
        del self.incidents[incident.id]
        changes = [self._change(EntryKind.CLOSED, incident, recovered=recovered, alarm=True)]
        for other in [o for o in self.incidents.values() if o.folded_into == incident.id]:
            if PointCode(other.cause.code) not in left:
                del self.incidents[other.id]
                changes.append(self._change(EntryKind.CLOSED, other))
        return changes

    def _is_ill(self, point: PointCode, kind: CauseKind) -> bool:
        known = self._points.get(point)
        if known is None:
            return False
        return bool(known.faults) if kind is CauseKind.EQUIPMENT else known.line.is_on

    def _forget(self, wanted: Mapping[Cause, _Want]) -> None:
        self._recovered |= self._dismissed - wanted.keys()
        self._dismissed &= wanted.keys()

    def _change(
        self,
        kind: EntryKind,
        incident: Tracked,
        *,
        joined: Mapping[PointCode, Evidence] | None = None,
        recovered: frozenset[PointCode] = frozenset(),
        folded_into: IncidentId | None = None,
        alarm: bool = False,
    ) -> Change:
        """An alarm is given once for each severity, and of the end if there was one."""
        severity = incident.assessment.severity
        if kind is EntryKind.CLOSED:
            alarm = alarm and incident.told is not None
        elif alarm := alarm and (incident.told is None or severity.rank > incident.told.rank):
            incident.told = severity
        return Change(
            kind, incident.id, incident.cause, incident.assessment, dict(joined or {}), recovered, folded_into, alarm
        )


@dataclass(frozen=True)
class _Want:
    members: Mapping[PointCode, Evidence]
    assessment: Assessment


def _worse(known: _Point, seen: Evidence) -> Evidence:
    """A line that was poor stays so while it is only fair for a moment: the pulse decides when it is over."""
    held = known.worst
    if held is not None and held.line is Condition.POOR and seen.line is Condition.FAIR:
        return held
    return seen


def _differs(before: Assessment, after: Assessment) -> bool:
    return (before.causes, before.severity) != (after.causes, after.severity)
