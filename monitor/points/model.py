"""What is told about one point, and about all points of a conference as places in the unit tree."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from core.model import CodeText, ConferenceId, Departure, Model, NameText


class MapUnit(Model):
    """A unit that has booked points below it."""

    code: CodeText
    name: NameText
    kind: str
    parent: CodeText | None


class MapPoint(Model):
    """A booked point and the unit it belongs to."""

    code: CodeText
    name: NameText
    unit: CodeText


class ConferenceMap(Model):
    """The booked points of a conference, by name, and every unit above them."""

    units: tuple[MapUnit, ...]
    points: tuple[MapPoint, ...]


class Happening(StrEnum):
    """What can happen to a point in a conference."""

    JOINED = "joined"
    LEFT = "left"
    FLOOR_REQUESTED = "floor_requested"
    FLOOR_GRANTED = "floor_granted"
    FLOOR_ENDED = "floor_ended"
    REQUEST_DENIED = "request_denied"


class PointEvent(Model):
    """One thing that happened to a point; `how` with `left` only."""

    at: AwareDatetime
    what: Happening
    how: Departure | None = None


class PointStory(Model):
    """What happened to one point in a conference, oldest first."""

    events: tuple[PointEvent, ...]


class SaidMoment(Model):
    """What a point's endpoint said of one reporting period.

    Decoded pictures a second, the share of the time in which a picture stood still, and of the sound that was made up.
    """

    at: AwareDatetime
    fps: float | None
    frozen_share: float | None
    concealed: float | None


class SaidHistory(Model):
    """What one endpoint said, oldest first; thinned out where there is much of it."""

    moments: tuple[SaidMoment, ...]


class LastTime(Model):
    """A point's line in the latest earlier conference in which it was measured.

    Middle values (kbit/s, fractions of packets, ms) of its samples, None where nothing was measured; `good` is the
    share of its graded samples that were good.
    """

    conference: ConferenceId
    title: NameText
    start: AwareDatetime
    kbps_up: float | None
    kbps_down: float | None
    loss: float | None
    rtt_ms: float | None
    good: float | None


class LastTimeReply(Model):
    """None: it was in no earlier conference that is still on record."""

    last: LastTime | None
