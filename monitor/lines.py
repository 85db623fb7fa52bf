"""The graded lines of all live conferences, as the technician sees them. Pure; time comes in as a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.messages import EndpointReport, LinksGraded
from core.model import ConferenceId, Grade, LegId, LinkSample, ParticipantId
from core.quality import Direction, DirectionGrade, EndpointFigures, LinkStatus, Reason
from monitor.capacity import Capacity
from monitor.grade import STALE_PERIODS, LineGrader
from monitor.profiles import DEFAULT, Profile


@dataclass(slots=True)
class Report:
    """The newest that an endpoint said of itself, and when it came (monotonic seconds)."""

    figures: EndpointFigures
    received: float


@dataclass(slots=True)
class Graded:
    """A sample with what it was graded with."""

    sample: LinkSample
    grader: LineGrader
    endpoint: EndpointFigures | None


@dataclass(slots=True)
class LineSeen:
    """A participant's line at one moment, for whoever needs less than its whole status; see `LinkStatus`."""

    participant: ParticipantId
    grade: Grade
    sample: LinkSample
    endpoint: EndpointFigures | None
    endpoint_age_ms: float | None
    _grader: LineGrader

    @property
    def reason(self) -> Reason | None:
        """Why the grade is not good."""
        return self._grader.reason

    @property
    def up(self) -> DirectionGrade:
        """The direction from the hall to the node."""
        return self._grader.direction(Direction.UP)


@dataclass(slots=True)
class _Line:
    """One leg's line: its newest sample, when that came, its grader, if its silence was told, its last status."""

    grader: LineGrader
    sample: LinkSample
    received: float = 0.0
    capacity: Capacity = field(default_factory=Capacity)
    told_stale: bool = False
    told: LinkStatus | None = None


_Legs = dict[LegId, _Line]


@dataclass(slots=True)
class _View:
    """One conference: everybody's lines, what endpoints said, whose line changed since it was told last, and how often
    that was."""

    lines: dict[ParticipantId, _Legs] = field(default_factory=dict)
    reports: dict[ParticipantId, Report] = field(default_factory=dict)
    changed: dict[ParticipantId, None] = field(default_factory=dict)
    seq: int = 0


class Lines:
    """Feed it samples; ask it for what changed in a conference, or for the whole view.

    A participant has one line in the view: its newest leg that still gives samples, else its newest leg. A line
    without samples stays, unknown, until its participant leaves (`drop`) or the conference ends (`end`).
    """

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._period_seconds = period_seconds
        self._fresh_seconds = STALE_PERIODS * period_seconds
        self._profile = profile
        self._profiles: dict[ConferenceId, Profile] = {}
        self._views: dict[ConferenceId, _View] = {}

    def use(self, conference: ConferenceId, profile: Profile) -> None:
        """Judges a conference by `profile` from now on; another one than before begins with new windows."""
        if profile is self._profiles.get(conference, self._profile):
            return
        self._profiles[conference] = profile
        for legs in self._view(conference).lines.values():
            for line in legs.values():
                line.grader = LineGrader(self._period_seconds, profile)

    def hear(self, report: EndpointReport, now: float) -> None:
        """Takes in what an endpoint says of itself, which arrived at `now` (monotonic seconds).

        It is told with the line's next sample.
        """
        self._view(report.conference).reports[report.participant] = Report(report.figures, now)

    def take(self, samples: Iterable[LinkSample], now: float) -> list[Graded]:
        """Grades samples that arrived at `now` (monotonic seconds)."""
        graded: list[Graded] = []
        conference, view = None, _View()
        for sample in samples:
            if sample.conference != conference:
                conference = sample.conference
                view = self._view(conference)
            graded.append(self._take(view, sample, now))
        return graded

    def _take(self, view: _View, sample: LinkSample, now: float) -> Graded:
        who = sample.participant
        legs = view.lines.get(who)
        if legs is None:
            legs = view.lines[who] = {}
        line = legs.get(sample.leg)
        if line is None:
            profile = self._profiles.get(sample.conference, self._profile)
            line = legs[sample.leg] = _Line(LineGrader(self._period_seconds, profile), sample)
        line.sample, line.received, line.told_stale = sample, now, False
        line.capacity.add(sample)
        view.changed[who] = None
        report = view.reports.get(who)
        if report is None:
            line.grader.add(sample, now)
            return Graded(sample, line.grader, None)
        line.grader.add(sample, now, report.figures if now - report.received < self._fresh_seconds else None)
        return Graded(sample, line.grader, report.figures)

    def newly_stale(self, now: float) -> list[ConferenceId]:
        """The conferences in which a line has gone silent since the last asking."""
        changed = []
        for conference, view in self._views.items():
            silent = False
            for who, legs in view.lines.items():
                for line in legs.values():
                    if not line.told_stale and line.grader.is_stale(now):
                        line.told_stale = silent = True
                        view.changed[who] = None
            if silent:
                changed.append(conference)
        return changed

    def changes(self, conference: ConferenceId, at: datetime, now: float) -> LinksGraded | None:
        """What changed since the last asking, at `now` (monotonic; `at` on the wall clock); None: nothing did."""
        view = self._views.get(conference)
        if view is None or not view.changed:
            return None
        changed, view.changed = view.changed, {}
        links = [_status(view.lines[who], view.reports.get(who), now) for who in changed if who in view.lines]
        view.seq += 1
        return LinksGraded(conference=conference, at=at, seq=view.seq, full=False, links=tuple(links))

    def graded(self, conference: ConferenceId, at: datetime, now: float) -> LinksGraded | None:
        """The whole view at `now` (monotonic; `at` on the wall clock); None if no sample ever came.

        What changed since `changes` was asked is in it, and will be told again.
        """
        view = self._views.get(conference)
        if view is None or not (view.lines or view.seq):
            return None
        links = [_status(legs, view.reports.get(who), now) for who, legs in view.lines.items()]
        return LinksGraded(conference=conference, at=at, seq=view.seq, links=tuple(links))

    def seen(self, conference: ConferenceId, now: float) -> Iterator[LineSeen]:
        """Every participant's line at `now` (monotonic)."""
        view = self._views.get(conference)
        if view is None:
            return
        for who, legs in view.lines.items():
            line = legs[_tidied(legs, now)]
            figures, age_ms = _said(view.reports.get(who), now)
            yield LineSeen(who, line.grader.at(now).grade, line.sample, figures, age_ms, line.grader)

    def grades(self, now: float) -> Counter[Grade]:
        """How many participants' lines of all live conferences have each grade at `now`."""
        everybody = (legs for view in self._views.values() for legs in view.lines.values())
        return Counter(legs[_shown(legs, now)].grader.at(now).grade for legs in everybody)

    def drop(self, conference: ConferenceId, participant: ParticipantId) -> None:
        """Forgets the lines of a participant that left."""
        view = self._views.get(conference)
        if view is not None:
            view.lines.pop(participant, None)
            view.reports.pop(participant, None)

    def end(self, conference: ConferenceId) -> None:
        """Forgets an ended conference."""
        self._views.pop(conference, None)
        self._profiles.pop(conference, None)

    def _view(self, conference: ConferenceId) -> _View:
        view = self._views.get(conference)
        if view is None:
            view = self._views[conference] = _View()
        return view


def _shown(legs: _Legs, now: float) -> LegId:
    """The newest leg that still gives samples, else the newest."""
    alive = (leg for leg in reversed(legs) if not legs[leg].grader.is_stale(now))
    return next(alive, next(reversed(legs)))


def _tidied(legs: _Legs, now: float) -> LegId:
    """The leg that is shown; those that it has replaced are forgotten."""
    if len(legs) == 1:
        return next(iter(legs))
    shown = _shown(legs, now)
    for leg in [leg for leg, line in legs.items() if leg != shown and line.grader.is_stale(now)]:
        del legs[leg]
    return shown


def _said(report: Report | None, now: float) -> tuple[EndpointFigures | None, float | None]:
    """What the endpoint says of itself, and how long ago it said that, in ms."""
    return (None, None) if report is None else (report.figures, round((now - report.received) * 1000, 1))


def _status(legs: _Legs, report: Report | None, now: float) -> LinkStatus:
    """The status of the participant's line in the view."""
    shown = _tidied(legs, now)
    line = legs[shown]
    grade, told = line.grader.at(now).grade, line.told
    age_ms = round((now - line.received) * 1000, 1)
    figures, endpoint_age_ms = _said(report, now)
    if told is None or not _still_holds(told, line, figures, grade):
        told = line.told = _made(shown, line, figures, grade, age_ms, endpoint_age_ms)
    elif told.age_ms != age_ms or told.endpoint_age_ms != endpoint_age_ms:
        return told.model_copy(update={"age_ms": age_ms, "endpoint_age_ms": endpoint_age_ms})
    return told


def _still_holds(told: LinkStatus, line: _Line, figures: EndpointFigures | None, grade: Grade) -> bool:
    """Whether a status differs from what would be told now in nothing but its ages."""
    same = told.sample is line.sample and told.endpoint is figures
    return same and told.grade is grade and grade is not Grade.UNKNOWN


def _made(
    leg: LegId, line: _Line, figures: EndpointFigures | None, grade: Grade, age_ms: float, endpoint_age_ms: float | None
) -> LinkStatus:
    grader = line.grader
    up, down = grader.directions()
    return LinkStatus(
        participant=line.sample.participant,
        leg=leg,
        grade=grade,
        reason=grader.reason,
        since=grader.since,
        up=up,
        down=down,
        sample=line.sample,
        carries_up_kbps=line.capacity.up_kbps,
        carries_down_kbps=line.capacity.down_kbps,
        age_ms=age_ms,
        endpoint=figures,
        endpoint_age_ms=endpoint_age_ms,
    )
