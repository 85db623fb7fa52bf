"""The graded lines of all live conferences, as the technician sees them. Pure; time comes in as a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.messages import LinksGraded, LinkStatus
from core.model import ConferenceId, Grade, LegId, LinkSample, ParticipantId
from monitor.grade import DEFAULT, LineGrader, Profile


@dataclass
class _Line:
    """One leg's line: its newest sample, its grader, and whether its silence has been told."""

    grader: LineGrader
    sample: LinkSample
    told_stale: bool = False


_Legs = dict[LegId, _Line]


class Lines:
    """Feed it samples; ask it for the view of a conference.

    A participant has one line in the view: its newest leg that still gives samples, else its newest leg. A line
    without samples stays, unknown, until its participant leaves (`drop`) or the conference ends (`end`).
    """

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._period_seconds = period_seconds
        self._profile = profile
        self._conferences: dict[ConferenceId, dict[ParticipantId, _Legs]] = {}

    def take(self, samples: Iterable[LinkSample], now: float) -> list[tuple[LinkSample, Grade]]:
        """Grades samples that arrived at `now` (monotonic seconds)."""
        return [(sample, self._take(sample, now)) for sample in samples]

    def _take(self, sample: LinkSample, now: float) -> Grade:
        legs = self._conferences.setdefault(sample.conference, {}).setdefault(sample.participant, {})
        line = legs.get(sample.leg)
        if line is None:
            line = legs[sample.leg] = _Line(LineGrader(self._period_seconds, self._profile), sample)
        line.sample, line.told_stale = sample, False
        return line.grader.add(sample, now).grade

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
        return LinksGraded(
            conference=conference, at=at, links=tuple(_status(legs, now) for legs in participants.values())
        )

    def drop(self, conference: ConferenceId, participant: ParticipantId) -> None:
        """Forgets the lines of a participant that left."""
        self._conferences.get(conference, {}).pop(participant, None)

    def end(self, conference: ConferenceId) -> None:
        """Forgets an ended conference."""
        self._conferences.pop(conference, None)


def _status(legs: _Legs, now: float) -> LinkStatus:
    """The status of the participant's line in the view; forgets legs that it has replaced."""
    alive = [leg for leg, line in legs.items() if not line.grader.is_stale(now)]
    shown = alive[-1] if alive else next(reversed(legs))
    for leg in [leg for leg in legs if leg != shown and leg not in alive]:
        del legs[leg]
    line = legs[shown]
    judgement = line.grader.at(now)
    return LinkStatus(
        participant=line.sample.participant,
        leg=shown,
        grade=judgement.grade,
        reason=judgement.reason,
        sample=line.sample,
    )
