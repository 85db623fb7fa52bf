"""The graded lines of all live conferences, as the technician sees them. Pure; time comes in as a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from core.messages import EndpointReport, LinksGraded
from core.model import ConferenceId, Grade, LegId, LinkSample, ParticipantId
from core.quality import Direction, EndpointFigures, LinkStatus
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
    endpoint_age_ms: float | None


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


class Lines:
    """Feed it samples; ask it for the view of a conference.

    A participant has one line in the view: its newest leg that still gives samples, else its newest leg. A line
    without samples stays, unknown, until its participant leaves (`drop`) or the conference ends (`end`).
    """

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._period_seconds = period_seconds
        self._profile = profile
        self._profiles: dict[ConferenceId, Profile] = {}
        self._conferences: dict[ConferenceId, dict[ParticipantId, _Legs]] = {}
        self._reports: dict[ConferenceId, dict[ParticipantId, Report]] = {}

    def use(self, conference: ConferenceId, profile: Profile) -> None:
        """Judges a conference by `profile` from now on; another one than before begins with new windows."""
        if profile is self._profiles.get(conference, self._profile):
            return
        self._profiles[conference] = profile
        for legs in self._conferences.get(conference, {}).values():
            for line in legs.values():
                line.grader = LineGrader(self._period_seconds, profile)

    def hear(self, report: EndpointReport, now: float) -> None:
        """Takes in what an endpoint says of itself, which arrived at `now` (monotonic seconds)."""
        self._reports.setdefault(report.conference, {})[report.participant] = Report(report.figures, now)

    def take(self, samples: Iterable[LinkSample], now: float) -> list[Graded]:
        """Grades samples that arrived at `now` (monotonic seconds)."""
        return [self._take(sample, now) for sample in samples]

    def _take(self, sample: LinkSample, now: float) -> Graded:
        legs = self._conferences.setdefault(sample.conference, {}).setdefault(sample.participant, {})
        line = legs.get(sample.leg)
        if line is None:
            profile = self._profiles.get(sample.conference, self._profile)
            line = legs[sample.leg] = _Line(LineGrader(self._period_seconds, profile), sample)
        line.sample, line.received, line.told_stale = sample, now, False
        line.capacity.add(sample)
        report = self._reports.get(sample.conference, {}).get(sample.participant)
        if report is None:
            line.grader.add(sample, now)
            return Graded(sample, line.grader, None, None)
        age = now - report.received
        line.grader.add(sample, now, report.figures if age < STALE_PERIODS * self._period_seconds else None)
        return Graded(sample, line.grader, report.figures, age * 1000)

    def newly_stale(self, now: float) -> list[ConferenceId]:
        """The conferences in which a line has gone silent since the last asking."""
        changed = []
        for conference, participants in self._conferences.items():
            lines = [line for legs in participants.values() for line in legs.values()]
            silent = [line for line in lines if not line.told_stale and line.grader.is_stale(now)]
            for line in silent:
                line.told_stale = True
            if silent:
                changed.append(conference)
        return changed

    def graded(self, conference: ConferenceId, at: datetime, now: float) -> LinksGraded | None:
        """The view at `now` (monotonic; `at` on the wall clock); None if no sample ever came."""
        participants = self._conferences.get(conference)
        if participants is None:
            return None
        reports = self._reports.get(conference, {})
        links = [_status(legs, reports.get(who), now) for who, legs in participants.items()]
        return LinksGraded(conference=conference, at=at, links=tuple(links))

    def grades(self, now: float) -> Counter[Grade]:
        """How many participants' lines of all live conferences have each grade at `now`."""
        everybody = (legs for participants in self._conferences.values() for legs in participants.values())
        return Counter(legs[_shown(legs, now)].grader.at(now).grade for legs in everybody)

    def drop(self, conference: ConferenceId, participant: ParticipantId) -> None:
        """Forgets the lines of a participant that left."""
        self._conferences.get(conference, {}).pop(participant, None)
        self._reports.get(conference, {}).pop(participant, None)

    def end(self, conference: ConferenceId) -> None:
        """Forgets an ended conference."""
        self._conferences.pop(conference, None)
        self._reports.pop(conference, None)
        self._profiles.pop(conference, None)


def _shown(legs: _Legs, now: float) -> LegId:
    """The newest leg that still gives samples, else the newest."""
    alive = (leg for leg in reversed(legs) if not legs[leg].grader.is_stale(now))
    return next(alive, next(reversed(legs)))


def _status(legs: _Legs, report: Report | None, now: float) -> LinkStatus:
    """The status of the participant's line in the view; forgets legs that it has replaced."""
    shown = _shown(legs, now) if len(legs) > 1 else next(iter(legs))
    if len(legs) > 1:
        for leg in [leg for leg, line in legs.items() if leg != shown and line.grader.is_stale(now)]:
            del legs[leg]
    line = legs[shown]
    grade, told = line.grader.at(now).grade, line.told
    ages = {
        "age_ms": round((now - line.received) * 1000, 1),
        "endpoint_age_ms": round((now - report.received) * 1000, 1) if report is not None else None,
    }
    if told is not None and _still_holds(told, line, report, grade):
        return told.model_copy(update=ages)
    line.told = _made(shown, line, report, grade).model_copy(update=ages)
    return line.told


def _still_holds(told: LinkStatus, line: _Line, report: Report | None, grade: Grade) -> bool:
    """Whether a status differs from what would be told now in nothing but its ages."""
    figures = report.figures if report is not None else None
    same = told.sample is line.sample and told.endpoint is figures
    return same and told.grade is grade and grade is not Grade.UNKNOWN


def _made(leg: LegId, line: _Line, report: Report | None, grade: Grade) -> LinkStatus:
    return LinkStatus(
        participant=line.sample.participant,
        leg=leg,
        grade=grade,
        reason=line.grader.reason,
        since=line.grader.since,
        up=line.grader.direction(Direction.UP),
        down=line.grader.direction(Direction.DOWN),
        sample=line.sample,
        carries_up_kbps=line.capacity.up_kbps,
        carries_down_kbps=line.capacity.down_kbps,
        endpoint=report.figures if report is not None else None,
    )
