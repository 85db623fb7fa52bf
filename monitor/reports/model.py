"""A conference's figures, computed and rounded once; every file is made from these. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from core.model import Departure, PointRef, Role, point_participant
from monitor.attendance import Interval
from monitor.model import Attendance, AttendanceRow
from monitor.reports.ordering import in_order
from monitor.reports.units import Counts, Path, Unit, UnitSum, add_up, place, tree

NOTABLE = timedelta(minutes=1)
"""Being late, or leaving early, by less than this is not told."""
WORST_LINES = 20
CURVE_STEPS = 180


@dataclass(frozen=True)
class BookedPoint:
    """A point, where it stands in the unit tree, and its delegates."""

    ref: PointRef
    path: Path
    expected: int = 0
    """Delegates: the hall's seats unless somebody set it."""
    declared: int | None = None
    listed: int = 0
    """Delegates listed by name; of those `verified` were checked in, `absent` are known not to come."""
    verified: int = 0
    absent: int = 0

    @property
    def above(self) -> Unit:
        """The unit above its own, which seldom says more than the point's name does; its own at the root."""
        return self.path[-2] if len(self.path) > 1 else self.path[-1]


@dataclass(frozen=True)
class EndpointSums:
    """What a hall's own machine said over the conference; None where it said nothing of it.

    Shares in percent: of the time in which a picture stood still, of the sound that was made up, and of its reports
    with a computer too slow, a camera or a microphone that gave nothing (switched off is not ill).
    """

    freezes: int | None = None
    frozen: float | None = None
    concealed: float | None = None
    fps: float | None = None
    cpu_limited: float | None = None
    camera_ill: float | None = None
    microphone_ill: float | None = None


@dataclass(frozen=True)
class LineFigures:
    """One line over the conference: samples by grade, mean losses in percent, mean round trip in ms."""

    samples: int
    good: int
    fair: int
    poor: int
    loss_up: float | None
    loss_down: float | None
    rtt_ms: float | None
    relayed: bool | None = None
    """Whether most of its time went through a TURN relay."""
    seen: EndpointSums = EndpointSums()

    @property
    def poor_percent(self) -> float | None:
        """The share of samples graded poor; None without samples."""
        return round(100 * self.poor / self.samples, 1) if self.samples else None


@dataclass(frozen=True)
class WayUsed:
    """By what a point was connected, from its first to its last sample of that way."""

    transport: str
    relayed: bool
    network: str | None
    began: datetime
    ended: datetime

    @property
    def kind(self) -> tuple[str, bool, str | None]:
        """What tells one way from another."""
        return self.transport, self.relayed, self.network


@dataclass(frozen=True)
class Origin:
    """The ways by which a point was connected, by their beginnings, and its clock minus the server's in seconds (None:
    not measured)."""

    ways: tuple[WayUsed, ...]
    skew: float | None

    @property
    def stretches(self) -> tuple[WayUsed, ...]:
        """The ways, with connections that followed one another in the same way as one."""
        found: list[WayUsed] = []
        for way in self.ways:
            if found and found[-1].kind == way.kind:
                found[-1] = replace(found[-1], ended=max(found[-1].ended, way.ended))
            else:
                found.append(way)
        return tuple(found)


@dataclass(frozen=True)
class Event:
    """One line of the minutes."""

    seq: int
    at: datetime
    kind: str
    who: str | None


@dataclass(frozen=True)
class DelegateFigures:
    """One delegate by name, and the last word about them."""

    code: str
    name: str
    position: str
    organisation: str
    point: str
    point_name: str
    state: str
    reason: str
    at: datetime | None
    way: str | None


@dataclass(frozen=True)
class SnapshotFigures:
    """The sums kept for an item of the agenda."""

    number: int
    item: str
    at: datetime
    points: int
    present: int
    expected: int
    declared: int
    verified: int
    absent: int
    quorum: bool | None
    """Whether there was one; None without a rule."""


@dataclass(frozen=True)
class IncidentFigures:
    """One incident as far as it harmed this conference; `points` are those that it ever harmed."""

    kind: str
    name: str
    likely: str
    also: Sequence[str]
    severity: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    points: int
    owner: str | None

    @property
    def minutes(self) -> float | None:
        """How long it was open; None while it is."""
        return round((self.closed_at - self.opened_at).total_seconds() / 60, 1) if self.closed_at else None


@dataclass(frozen=True)
class Told:
    """What was written down besides points and lines."""

    events: tuple[Event, ...] = ()
    delegates: tuple[DelegateFigures, ...] = ()
    snapshots: tuple[SnapshotFigures, ...] = ()
    incidents: tuple[IncidentFigures, ...] = ()
    chair: str | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """By participant."""


@dataclass(frozen=True)
class PointFigures:
    """One booked point: when it was there, how it left, and its line if there were samples of it."""

    point: BookedPoint
    attended: AttendanceRow
    how: Departure | None
    late: timedelta
    early: timedelta
    line: LineFigures | None
    origin: Origin | None = None
    first_late: timedelta | None = None
    """Its first join after the start, by the server's clock; negative when before, None when it never came."""
    left_before: timedelta | None = None
    """Its last leave before the end, by the server's clock; None when it did not leave before, or is still there."""

    @property
    def late_by_own_clock(self) -> float | None:
        """Minutes late as the hall's own clock showed it, negative when early; None where one of both is unknown."""
        if self.first_late is None or self.origin is None or self.origin.skew is None:
            return None
        return round((self.first_late.total_seconds() + self.origin.skew) / 60, 1)

    @property
    def early_by_own_clock(self) -> float | None:
        """Minutes early as the hall's own clock showed it when it left; None where one of both is unknown."""
        if self.left_before is None or self.origin is None or self.origin.skew is None:
            return None
        return round((self.left_before.total_seconds() - self.origin.skew) / 60, 1)

    @property
    def came(self) -> bool:
        """Whether its endpoint was ever there."""
        return self.attended.first_joined is not None

    @property
    def minutes(self) -> float:
        """Time present, in minutes."""
        return round(self.attended.seconds_present / 60, 1)

    @property
    def counts(self) -> Counts:
        """This one point, counted."""
        return Counts(
            points=1,
            came=self.came,
            late=self.late > timedelta(0),
            early=self.early > timedelta(0),
            expected=self.point.expected,
            declared=self.point.declared or 0,
            listed=self.point.listed,
            verified=self.point.verified,
            absent=self.point.absent,
        )


@dataclass(frozen=True)
class Report:
    """All figures of one conference as known at `made_at`."""

    title: str
    start: datetime
    stop: datetime
    made_at: datetime
    points: tuple[PointFigures, ...]
    units: tuple[UnitSum, ...]
    """The unit tree, each unit before those under it."""
    total: Counts
    events: tuple[Event, ...]
    curve: tuple[int, ...]
    """Points present at equal steps from start to stop (or until `made_at`)."""
    delegates: tuple[DelegateFigures, ...] = ()
    snapshots: tuple[SnapshotFigures, ...] = ()
    incidents: tuple[IncidentFigures, ...] = ()
    chair: str | None = None
    """Who was appointed to chair."""
    is_over: bool = True
    """Whether nothing more comes: the conference has ended."""

    @property
    def state(self) -> Literal["over", "running", "ahead"]:
        """Where the conference stood at `made_at`; as long as it is not over, all figures are interim."""
        if self.is_over:
            return "over"
        return "running" if self.made_at >= self.start else "ahead"

    @property
    def worst(self) -> tuple[PointFigures, ...]:
        """The lines with the largest shares of poor samples, worst first; lines without any are left out."""
        ill = [p for p in self.points if p.line is not None and p.line.poor]
        ill.sort(key=lambda p: (-(p.line.poor_percent or 0.0) if p.line else 0.0, p.point.ref.code))
        return tuple(ill[:WORST_LINES])


def build(
    title: str,
    times: tuple[datetime, datetime],
    made_at: datetime,
    points: Sequence[BookedPoint],
    attendance: Attendance,
    intervals: Iterable[Interval],
    lines: Mapping[str, LineFigures],
    told: Told,
) -> Report:
    """The report; `attendance` holds a row for each of `points`, `lines` are by participant."""
    start, stop = times
    spans = sorted((i for i in intervals if i.participant.role is Role.OPERATOR), key=lambda i: i.joined_at)
    last = {i.participant.id: i for i in spans}
    rows: dict[str, AttendanceRow] = {row.point: row for row in attendance.rows}
    over = _ended(told.events, stop, made_at)
    figures = []
    for point in sorted(points, key=lambda p: (place(p.path), in_order(p.ref.name), p.ref.code)):
        row, participant = rows[point.ref.code], point_participant(point.ref.code)
        how = last[participant].how if participant in last else None
        late = _notable(row.first_joined - start) if row.first_joined else timedelta(0)
        is_early = over is not None and row.last_left is not None and how is not Departure.ENDED
        before = over - row.last_left if is_early and over and row.last_left else timedelta(0)
        early = _notable(before)
        came = row.first_joined - start if row.first_joined else None
        origin = told.origins.get(participant)
        left = before if before > timedelta(0) else None
        figures.append(PointFigures(point, row, how, late, early, lines.get(participant), origin, came, left))
    return Report(
        title=title,
        start=start,
        stop=stop,
        made_at=made_at,
        points=tuple(figures),
        units=tree((f.point.path, f.counts) for f in figures),
        total=add_up(f.counts for f in figures),
        events=told.events,
        curve=_curve(spans, start, min(stop, made_at), made_at),
        delegates=_by_point(told.delegates, figures),
        snapshots=told.snapshots,
        incidents=told.incidents,
        chair=told.chair,
        is_over=over is not None,
    )


def _by_point(delegates: Sequence[DelegateFigures], figures: Sequence[PointFigures]) -> tuple[DelegateFigures, ...]:
    """In the points' order; those of one point stay in theirs."""
    places = {figure.point.ref.code: place for place, figure in enumerate(figures)}
    return tuple(sorted(delegates, key=lambda one: places.get(one.point, len(places))))


def _ended(events: Sequence[Event], stop: datetime, made_at: datetime) -> datetime | None:
    """When the conference ended; None while it has not."""
    closed = [event.at for event in events if event.kind == "closed"]
    if closed:
        return min(closed[-1], stop)
    return stop if made_at >= stop else None


def _notable(length: timedelta) -> timedelta:
    return length if length >= NOTABLE else timedelta(0)


def _curve(spans: Sequence[Interval], start: datetime, until: datetime, made_at: datetime) -> tuple[int, ...]:
    """By counting joins and leaves once, not every interval at every step."""
    if until <= start:
        return ()
    step = (until - start) / CURVE_STEPS
    changes = [0] * (CURVE_STEPS + 1)
    for span in spans:
        end = span.left_at or min(span.last_seen, made_at)
        first = max(0, -((start - span.joined_at) // step))
        beyond = max(0, -((start - end) // step))
        if first <= CURVE_STEPS:
            changes[first] += 1
            changes[min(beyond, CURVE_STEPS)] -= 1 if beyond <= CURVE_STEPS else 0
    total, curve = 0, []
    for change in changes:
        total += change
        curve.append(total)
    return tuple(curve[:CURVE_STEPS])
