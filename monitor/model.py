"""What the monitor answers: live snapshots, attendance and the history of one line."""

from __future__ import annotations

from pydantic import AwareDatetime

from core.messages import FloorMoved, LinksGraded
from core.model import Departure, Grade, LinkSample, Model, NameText, Participant, PointCode, Presence


class PresenceNow(Model):
    """Where one participant's endpoint is, since when, and how it left if it is absent."""

    participant: Participant
    presence: Presence
    since: AwareDatetime
    how: Departure | None = None


class LiveSnapshot(Model):
    """All that a page needs before it follows the live topics; empty for a conference that is not live."""

    links: LinksGraded | None = None
    presence: tuple[PresenceNow, ...] = ()
    floor: FloorMoved | None = None


class AttendanceRow(Model):
    """One booked point: from its first join to its last leave.

    `first_joined` is None for a point that never came. `last_left` is None while its last interval is open.
    `seconds_present` sums its `intervals`; time after the endpoint was lost for good is not in it.
    """

    point: PointCode
    name: NameText
    first_joined: AwareDatetime | None = None
    last_left: AwareDatetime | None = None
    seconds_present: float = 0.0
    intervals: int = 0
    present: bool = False


class Attendance(Model):
    """Every booked point of a conference, by name; `present` counts those whose endpoint is there now."""

    expected: int
    present: int
    rows: tuple[AttendanceRow, ...]


class GradedSample(LinkSample):
    """A stored sample with the grade that its line had then."""

    grade: Grade
    relayed: bool | None = None
    """Whether the media went through a TURN relay, as the endpoint said; None: it did not say."""


class History(Model):
    """One participant's samples, oldest first; several legs may follow one another."""

    samples: tuple[GradedSample, ...]
