"""The vocabulary: administrative units, bridge points, conferences, participants, slots and links."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NewType, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

UnitCode = NewType("UnitCode", str)
PointCode = NewType("PointCode", str)
ConferenceId = NewType("ConferenceId", str)
SessionId = NewType("SessionId", str)
LegId = NewType("LegId", str)
ParticipantId = NewType("ParticipantId", str)

MAX_POINTS = 3_321
"""Points that one conference may book: every commune of the country."""

CodeText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
NameText = Annotated[str, Field(min_length=1, max_length=200)]


class Model(BaseModel):
    """Base of everything that is stored or sent: immutable, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitKind(StrEnum):
    """Levels of the administrative tree."""

    CENTRE = "centre"
    PROVINCE = "province"
    COMMUNE = "commune"


class Unit(Model):
    """A node of the administrative tree."""

    code: CodeText
    name: NameText
    kind: UnitKind
    parent: CodeText | None = None


class BridgePoint(Model):
    """A hall from which one place takes part; `number` is the database's own key for it."""

    code: CodeText
    name: NameText
    unit: CodeText
    seats: int = Field(default=0, ge=0, le=100_000)
    contact: str = Field(default="", max_length=200)
    number: int = 0


class ConferenceState(StrEnum):
    """Life of a conference: drafted, requested where a unit approves its bookings, confirmed or rejected, held."""

    DRAFT = "draft"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ConferenceTimes(Model):
    """The conference's times (RFC 6501 section 4.2.2): doors, start, stop, and the last moment to join.

    Points are held from `can_join_after` until `stop`.
    """

    can_join_after: AwareDatetime
    start: AwareDatetime
    stop: AwareDatetime
    must_join_before: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.can_join_after <= self.start < self.stop:
            raise ValueError("times must satisfy can_join_after <= start < stop")
        if not self.start <= self.must_join_before <= self.stop:
            raise ValueError("must_join_before must lie between start and stop")
        return self


class PointRef(Model):
    """A point as others name it."""

    code: CodeText
    name: NameText


class PictureRates(Model):
    """The most that one point is sent of each picture, kbit/s; 0: the picture is left out."""

    stage: int = Field(ge=0)
    second: int = Field(ge=0)
    content: int = Field(ge=0)


class PlannedPictures(Model):
    """What the plan gives: `rates` of each profile, `profile` to everybody but the points (by code) in `lighter`."""

    rates: dict[str, PictureRates]
    profile: str
    lighter: dict[str, str] = {}

    def of(self, point: str | None) -> PictureRates:
        """The rates of a point; of a console with None."""
        return self.rates[self.lighter.get(point or "", self.profile)]


class ConferenceSpec(Model):
    """All that the focus needs to run a conference; its event log begins with it.

    Without `pictures` it was not planned, and only lines and nodes limit what is sent.
    """

    id: ConferenceId
    title: NameText
    times: ConferenceTimes
    points: tuple[PointRef, ...]
    pictures: PlannedPictures | None = None


class Role(StrEnum):
    """What a person may do. Accounts hold several; a participant of a conference holds one."""

    ORGANIZER = "organizer"
    CHAIR = "chair"
    OPERATOR = "operator"
    TECHNICIAN = "technician"
    ADMINISTRATOR = "administrator"
    """Looks after the installation: who is told of incidents and where to. Takes part in no conference."""


CHAIR = ParticipantId("chair")
"""A conference has one chair's seat; a second console that takes it replaces the first."""


def point_participant(code: str) -> ParticipantId:
    """The participant that a bridge point is, whoever operates it."""
    return ParticipantId(f"point:{code}")


def technician_participant(username: str) -> ParticipantId:
    """A technician's console; several may watch one conference."""
    return ParticipantId(f"technician:{username}")


class Participant(Model):
    """Who takes part: a hall (role operator, with its point), the chair, or a technician's console."""

    id: ParticipantId
    role: Role
    name: NameText
    point: CodeText | None = None

    @property
    def is_console(self) -> bool:
        """Whether it sees the roster and may view points privately."""
        return self.role is not Role.OPERATOR


class Track(StrEnum):
    """What an endpoint can send."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    CONTENT = "content"
    """A shared screen or window."""


class SlotName(StrEnum):
    """A fixed receive position of a leg."""

    STAGE = "stage"
    SECOND = "second"
    VIEW = "view"
    CONTENT = "content"
    AUDIO1 = "audio1"
    AUDIO2 = "audio2"
    AUDIO3 = "audio3"
    TILE1 = "tile1"
    TILE2 = "tile2"
    TILE3 = "tile3"
    TILE4 = "tile4"
    TILE5 = "tile5"
    TILE6 = "tile6"
    TILE7 = "tile7"
    TILE8 = "tile8"
    TILE9 = "tile9"
    TILE10 = "tile10"
    TILE11 = "tile11"
    TILE12 = "tile12"
    TILE13 = "tile13"
    TILE14 = "tile14"
    TILE15 = "tile15"
    TILE16 = "tile16"
    TILE17 = "tile17"
    TILE18 = "tile18"
    TILE19 = "tile19"
    TILE20 = "tile20"
    TILE21 = "tile21"
    TILE22 = "tile22"
    TILE23 = "tile23"
    TILE24 = "tile24"
    TILE25 = "tile25"

    @property
    def track(self) -> Track:
        """The kind of source that this slot takes."""
        if self.value.startswith("audio"):
            return Track.MICROPHONE
        return Track.CONTENT if self is SlotName.CONTENT else Track.CAMERA


AUDIENCE_SLOTS = (
    SlotName.STAGE,
    SlotName.SECOND,
    SlotName.CONTENT,
    SlotName.AUDIO1,
    SlotName.AUDIO2,
    SlotName.AUDIO3,
)
TILE_SLOTS = tuple(slot for slot in SlotName if slot.value.startswith("tile"))
"""A console's page of small pictures."""
CONSOLE_SLOTS = (*AUDIENCE_SLOTS, SlotName.VIEW, *TILE_SLOTS)


class CameraLevel(StrEnum):
    """How much picture a participant is asked to send."""

    OFF = "off"
    TILE = "tile"
    FULL = "full"


class Departure(StrEnum):
    """How a participant left (RFC 4575 disconnection methods)."""

    DEPARTED = "departed"
    FAILED = "failed"
    REMOVED = "booted"
    ENDED = "ended"


class Presence(StrEnum):
    """Where a participant's endpoint is now."""

    ABSENT = "absent"
    JOINING = "joining"
    PRESENT = "present"
    LOST = "lost"


class Grade(StrEnum):
    """Quality now. Missing data is unknown, never good."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


class Transport(StrEnum):
    """What a leg's media travels over, as its media node sees it."""

    UDP = "udp"
    UDP6 = "udp6"


class MediumFigures(Model):
    """Sound or pictures in one direction over one sampling period. None: not measured."""

    loss: float | None = None
    jitter_ms: float | None = None


NOT_MEASURED = MediumFigures()


class SlotLayer(Model):
    """The simulcast layer (rid) that a slot shows at the period's end."""

    slot: SlotName
    layer: str


class LinkSample(Model):
    """One leg's line over one sampling period, as its media node saw it.

    Rates in kbit/s, losses as fractions 0..1 of packets, times in ms. `up` is from the point to the node.
    None means that it could not be measured in this period (nothing was sent, no report came).
    """

    conference: ConferenceId
    participant: ParticipantId
    leg: LegId
    at: AwareDatetime
    kbps_up: float
    kbps_down: float
    loss_up: float | None = None
    loss_down: float | None = None
    jitter_up_ms: float | None = None
    jitter_down_ms: float | None = None
    rtt_ms: float | None = None
    transport: Transport = Transport.UDP
    seconds: float = 2.0
    """Length of the period."""
    bytes_up: int = 0
    bytes_down: int = 0
    audio_up: MediumFigures = NOT_MEASURED
    video_up: MediumFigures = NOT_MEASURED
    audio_down: MediumFigures = NOT_MEASURED
    video_down: MediumFigures = NOT_MEASURED
    nacks_up: int = 0
    """Packets that the node asked the point for again; `nacks_down`: that the point asked the node for."""
    nacks_down: int = 0
    key_frames_up: int = 0
    """Key frames that the node asked the point for (PLI); `key_frames_down`: that the point asked for (PLI, FIR)."""
    key_frames_down: int = 0
    remb_up_kbps: float | None = None
    """What the node lets the point send; `remb_down_kbps`: what the point says that it can receive."""
    remb_down_kbps: float | None = None
    limit_down_kbps: float | None = None
    """What the node found that the line to the point carries in all, once it was too full; None: nothing narrow."""
    paused: tuple[SlotName, ...] = ()
    """Slots whose picture the line does not carry."""
    layers: tuple[SlotLayer, ...] = ()
    """Of the slots that show a picture of which there are several sizes."""
