"""Session messages: what the focus says to one connected client.

The signaling server forwards them as they are (docs/signaling.md).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from core.bus import Topic
from core.model import (
    CameraLevel,
    ConferenceState,
    Model,
    NameText,
    ParticipantId,
    Presence,
    Role,
    SessionId,
    SlotName,
)


class PictureLimit(StrEnum):
    """What a technician lets a participant's line carry both ways: everything, smaller pictures, or sound only."""

    FULL = "full"
    LOWER = "lower"
    SOUND = "sound"


class ParticipantRef(Model):
    """A participant as others see it."""

    id: ParticipantId
    name: NameText
    role: Role


class RequestStatus(StrEnum):
    """States of a floor request (RFC 8855 section 5.2.5)."""

    PENDING = "pending"
    GRANTED = "granted"
    DENIED = "denied"
    CANCELLED = "cancelled"
    RELEASED = "released"
    REVOKED = "revoked"


class FloorView(Model):
    """The floor as one participant sees it; `my_position` counts from 1 while waiting."""

    holder: ParticipantRef | None = None
    since: AwareDatetime | None = None
    my_status: RequestStatus | None = None
    my_position: int | None = None
    waiting: int = 0


class ContentView(Model):
    """Who may share a screen now, and what became of this participant's own wish to."""

    holder: ParticipantRef | None = None
    my_status: RequestStatus | None = None


class StateView(Model):
    """What concerns this participant; sent whole on every change, so the newest replaces all before it.

    `present` and `floor.waiting` are told to consoles (and `waiting` to those who wait); others get 0.
    """

    type: Literal["state"] = "state"
    seq: int
    conference: ConferenceState
    title: NameText
    floor: FloorView
    content: ContentView = ContentView()
    slots: dict[SlotName, ParticipantRef | None]
    left_out: tuple[SlotName, ...] = ()
    """Slots whose picture is not sent: the conference was booked or had to be planned without it."""
    muted: bool = False
    present: int
    expected: int
    recording: bool = False
    """Whether picture and sound of the conference are being recorded: to be shown to everybody, always."""
    limit: PictureLimit = PictureLimit.FULL
    """What a technician limits this participant's pictures to."""


class PublishDirective(Model):
    """What the endpoint shall send from now on; anything else it must stop sending."""

    type: Literal["publish"] = "publish"
    microphone: bool
    camera: CameraLevel
    content: bool = False
    layers: tuple[str, ...] | None = None
    """With camera `full`: the simulcast layers (rids) that somebody receives; None: all of them."""


class RosterEntry(Model):
    """One line of the roster that consoles see."""

    participant: ParticipantRef
    presence: Presence
    joined_at: AwareDatetime | None = None
    has_floor: bool = False
    requested_at: AwareDatetime | None = None
    subject: str = ""
    muted: bool = False
    microphone_open: bool = False
    has_content: bool = False
    content_requested_at: AwareDatetime | None = None
    limit: PictureLimit = PictureLimit.FULL


class Roster(Model):
    """Roster for consoles: whole when `full`, else only the entries that changed."""

    type: Literal["roster"] = "roster"
    full: bool
    entries: tuple[RosterEntry, ...]


class LegStatus(Model):
    """The media connection of this session."""

    type: Literal["leg"] = "leg"
    state: Literal["connecting", "connected", "silent", "failed", "closed"]
    """`silent`: nothing came for a while; the leg is kept a little longer, and an ICE restart brings it back."""
    reason: str = ""
    paused: tuple[SlotName, ...] = ()
    """Slots whose picture is left out because this participant's line cannot carry it; it comes back by itself."""


class Reconnect(Model):
    """A technician asks: look for another way to the node (ICE restart), or connect anew where that cannot be."""

    type: Literal["reconnect"] = "reconnect"


class StopWarning(Model):
    """The conference stops in about `minutes_left`; it takes effect by itself unless the stop is moved."""

    type: Literal["warning"] = "warning"
    minutes_left: int
    stop: AwareDatetime
    moved: bool = False
    """Not a warning but its correction: the stop that was warned of has been moved to this one."""


class Ended(Model):
    """The last message of a session: why it is over. `replaced` means the same place was taken elsewhere."""

    type: Literal["ended"] = "ended"
    reason: Literal["closed", "replaced", "removed"]


SessionMessage = Annotated[
    StateView | PublishDirective | Roster | LegStatus | Reconnect | StopWarning | Ended, Field(discriminator="type")
]
SESSION_MESSAGE: TypeAdapter[SessionMessage] = TypeAdapter(SessionMessage)


class ToSession(Model):
    """Envelope of a session message on the bus."""

    session: SessionId
    message: SessionMessage


def session_topic(session: SessionId) -> Topic[ToSession]:
    """Where the focus speaks to one session; the signaling server listens before it calls `JOIN`."""
    return Topic(f"session.{session}", ToSession)
