"""From what the monitor knows of a conference to evidence of its points. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from core.model import ConferenceId, Departure, Grade, LinkSample, ParticipantId, PointCode, Presence, Role
from core.quality import DeviceState, DirectionGrade, EndpointFigures, NetworkType, Reason, ReasonCode
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Likely
from monitor.model import PresenceNow
from monitor.nodes import UNKNOWN_CARRIER, Carrier

FRESH_MS = 15_000.0
"""What an endpoint said of its equipment longer ago is not taken for now."""

_LINES: Mapping[Grade, Condition] = {
    Grade.GOOD: Condition.GOOD,
    Grade.FAIR: Condition.FAIR,
    Grade.POOR: Condition.POOR,
    Grade.UNKNOWN: Condition.UNKNOWN,
}
_ILL = (Grade.FAIR, Grade.POOR)
_AT_THE_ENDPOINT = (ReasonCode.FROZEN, ReasonCode.CONCEALED)
_GONE = (DeviceState.MISSING, DeviceState.ENDED, DeviceState.WITHHELD)


class LineNow(Protocol):
    """A graded line; see `LinkStatus`."""

    @property
    def participant(self) -> ParticipantId: ...

    @property
    def grade(self) -> Grade: ...

    @property
    def reason(self) -> Reason | None: ...

    @property
    def up(self) -> DirectionGrade: ...

    @property
    def sample(self) -> LinkSample: ...

    @property
    def endpoint(self) -> EndpointFigures | None: ...

    @property
    def endpoint_age_ms(self) -> float | None: ...


def evidence_of(
    conference: ConferenceId,
    lines: Iterable[LineNow],
    presence: Collection[PresenceNow],
    awaited: Collection[ParticipantId],
    holder: ParticipantId | None = None,
    carrier: Carrier = UNKNOWN_CARRIER,
) -> dict[PointCode, Evidence]:
    """What is seen of the points of one conference; one that left properly or never came is not named.

    `awaited` are those whom this process has not heard of yet: nothing is known of them. `holder` has the floor;
    `carrier` is the node that carries the conference.
    """
    status = {line.participant: line for line in lines}
    shown = {holder, *(now.participant.id for now in presence if now.participant.role is Role.CHAIR)}
    broken = {who for who in shown if who in status and status[who].up.grade in _ILL}
    found = {}
    for now in presence:
        who = now.participant
        if who.role is not Role.OPERATOR or who.point is None:
            continue
        point = PointCode(who.point)
        if who.id in awaited:
            found[point] = Evidence(point, conference, Condition.UNKNOWN)
        elif now.presence is Presence.PRESENT:
            line = status.get(who.id)
            found[point] = _of_line(point, conference, line, carrier, shown_broken=bool(broken - {who.id}))
        elif now.presence is Presence.LOST or now.how is Departure.FAILED:
            found[point] = Evidence(point, conference, Condition.LOST, "lost")
    return found


def merged(views: Iterable[Mapping[PointCode, Evidence]]) -> dict[PointCode, Evidence]:
    """All conferences together; a point that is in one counts as there, whatever it was in another before."""
    found: dict[PointCode, Evidence] = {}
    for view in views:
        for point, seen in view.items():
            if point not in found or seen.line is not Condition.LOST:
                found[point] = seen
    return found


def _of_line(
    point: PointCode, conference: ConferenceId, link: LineNow | None, carrier: Carrier, *, shown_broken: bool
) -> Evidence:
    """`shown_broken`: what the hall is shown comes to the node over a line that is ill."""
    if link is None:
        return Evidence(point, conference, Condition.UNKNOWN)
    sample = link.sample
    fresh = link.endpoint is not None and (link.endpoint_age_ms or 0.0) < FRESH_MS
    figures = link.endpoint if fresh else None
    equipment = _equipment(figures) if figures else ()
    return Evidence(
        point=point,
        conference=conference,
        line=Condition.UNKNOWN if _has_another_cause(link, equipment, shown_broken) else _LINES[link.grade],
        reason=link.reason.code.value if link.reason else "",
        equipment=equipment,
        kbps_up=sample.kbps_up,
        kbps_down=sample.kbps_down,
        loss_up=sample.loss_up,
        loss_down=sample.loss_down,
        jitter_up_ms=sample.jitter_up_ms,
        jitter_down_ms=sample.jitter_down_ms,
        rtt_ms=sample.rtt_ms,
        allowed_up_kbps=sample.remb_up_kbps,
        limit_down_kbps=sample.limit_down_kbps,
        wireless=figures is not None and figures.network in (NetworkType.WIFI, NetworkType.CELLULAR),
        node=carrier.code,
        node_full=carrier.is_full,
    )


def _has_another_cause(link: LineNow, equipment: Collection[Likely], shown_broken: bool) -> bool:
    """Pictures that stand still, and sound that is made up, say nothing of a hall's line when its computer is too slow,
    or when they come to the node like that already: those causes are told for themselves."""
    seen = link.reason is not None and link.reason.code in _AT_THE_ENDPOINT
    return seen and (shown_broken or Likely.CPU_LIMITED in equipment)


def _equipment(figures: EndpointFigures) -> tuple[Likely, ...]:
    """All that is wrong with the hall's own equipment, the gravest first. A device that was switched off in the page is
    no fault."""
    found = []
    if figures.microphone in _GONE or figures.microphone is DeviceState.SILENT:
        found.append(Likely.MICROPHONE_DEAD)
    if figures.camera is DeviceState.BLACK:
        found.append(Likely.CAMERA_BLACK)
    if figures.camera in _GONE:
        found.append(Likely.CAMERA_MUTED)
    if figures.cpu_limited:
        found.append(Likely.CPU_LIMITED)
    return tuple(found)
