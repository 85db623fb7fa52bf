"""What is told of one point's line over days, whatever conferences they held."""

from __future__ import annotations

from datetime import timedelta

from pydantic import AwareDatetime

from core.model import ConferenceId, Model, NameText
from monitor.incidents.model import Cause, IncidentId, IncidentSeverity, Likely
from monitor.points.model import PointEvent

LONGEST = timedelta(days=32)
"""The longest time in one answer: a month, with the hour that a change of clocks adds."""


class RecordMoment(Model):
    """The minutes of one step, beginning at `at`; steps without any are left out.

    Means of the minutes, but `worst_loss` (the larger direction's) and `worst_rtt_ms` are of the worst minute, so that
    thinning hides no bad one. None: not measured. `good`, `fair`, `poor`: graded samples. `disturbed`: the largest
    share of a minute in which pictures stood still or sound was made up, as the endpoint said; `fps` as it said.
    """

    at: AwareDatetime
    minutes: int
    kbps_up: float | None
    kbps_down: float | None
    loss_up: float | None
    loss_down: float | None
    worst_loss: float | None
    rtt_ms: float | None
    worst_rtt_ms: float | None
    good: int
    fair: int
    poor: int
    disturbed: float | None
    fps: float | None


class RecordConference(Model):
    """A conference that had booked the point."""

    id: ConferenceId
    title: NameText
    start: AwareDatetime
    stop: AwareDatetime


class RecordIncident(Model):
    """An incident that harmed the point from `since` on; `until` None: it still does."""

    id: IncidentId
    cause: Cause
    cause_name: str
    likely: Likely
    also: tuple[Likely, ...]
    severity: IncidentSeverity
    conference: ConferenceId
    since: AwareDatetime
    until: AwareDatetime | None


class LineRecord(Model):
    """One point from `begins` to `ends`, all oldest first; `complete` False: there were more events or incidents.

    Turns to speak are among the events of at most a day only.
    """

    begins: AwareDatetime
    ends: AwareDatetime
    step_seconds: int
    moments: tuple[RecordMoment, ...]
    conferences: tuple[RecordConference, ...]
    incidents: tuple[RecordIncident, ...]
    events: tuple[PointEvent, ...]
    complete: bool
