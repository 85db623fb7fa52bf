"""What the focus decided: the entries of a conference's event log, which is also its minutes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from core.model import ConferenceSpec, Departure, Model, Participant, ParticipantId
from core.session_messages import PictureLimit


class Opened(Model):
    """Doors opened: always the first entry. Again later when the booking changed (extended, points added)."""

    type: Literal["opened"] = "opened"
    spec: ConferenceSpec


class Joined(Model):
    """A participant entered, or came back after having left."""

    type: Literal["joined"] = "joined"
    participant: Participant


class Left(Model):
    """A participant is gone; a request or the floor it held goes with it."""

    type: Literal["left"] = "left"
    participant: ParticipantId
    how: Departure


class FloorRequested(Model):
    """A point asked to speak, or changed the subject of its waiting request."""

    type: Literal["floor_requested"] = "floor_requested"
    participant: ParticipantId
    subject: str


class RequestCancelled(Model):
    """A point took its request back."""

    type: Literal["request_cancelled"] = "request_cancelled"
    participant: ParticipantId


class RequestDenied(Model):
    """The chair refused a request."""

    type: Literal["request_denied"] = "request_denied"
    participant: ParticipantId


class FloorGranted(Model):
    """The floor moved to a participant; its request is fulfilled, the former holder's right has ended."""

    type: Literal["floor_granted"] = "floor_granted"
    participant: ParticipantId


class FloorReleased(Model):
    """The holder gave the floor back."""

    type: Literal["floor_released"] = "floor_released"
    participant: ParticipantId


class FloorRevoked(Model):
    """The chair took the floor back."""

    type: Literal["floor_revoked"] = "floor_revoked"
    participant: ParticipantId


class MutedSet(Model):
    """The chair closed or reopened the microphones of these participants."""

    type: Literal["muted_set"] = "muted_set"
    participants: tuple[ParticipantId, ...]
    muted: bool


class MicrophoneSet(Model):
    """The chair opened or closed a point's microphone apart from the floor."""

    type: Literal["microphone_set"] = "microphone_set"
    participant: ParticipantId
    open: bool


class ContentRequested(Model):
    """A point asked to share its screen."""

    type: Literal["content_requested"] = "content_requested"
    participant: ParticipantId


class ContentGranted(Model):
    """A participant may share its screen; the former one may not any more."""

    type: Literal["content_granted"] = "content_granted"
    participant: ParticipantId


class ContentDenied(Model):
    """The chair refused a point that asked to share."""

    type: Literal["content_denied"] = "content_denied"
    participant: ParticipantId


class ContentReleased(Model):
    """A participant stopped sharing, or took its request back."""

    type: Literal["content_released"] = "content_released"
    participant: ParticipantId


class ContentRevoked(Model):
    """The chair ended the sharing."""

    type: Literal["content_revoked"] = "content_revoked"
    participant: ParticipantId


class RecordingStarted(Model):
    """The chair had the recording begun."""

    type: Literal["recording_started"] = "recording_started"


class RecordingStopped(Model):
    """The recording ended: by the chair, or because it could not be written."""

    type: Literal["recording_stopped"] = "recording_stopped"
    by: Literal["chair", "failure"]


class PicturesLimited(Model):
    """A technician limited the pictures of these points, or gave them back; `by` is the account."""

    type: Literal["pictures_limited"] = "pictures_limited"
    participants: tuple[ParticipantId, ...]
    limit: PictureLimit
    by: str


class Closed(Model):
    """The end; always the last entry."""

    type: Literal["closed"] = "closed"
    by: Literal["chair", "clock"]


Event = Annotated[
    Opened
    | Joined
    | Left
    | FloorRequested
    | RequestCancelled
    | RequestDenied
    | FloorGranted
    | FloorReleased
    | FloorRevoked
    | MutedSet
    | MicrophoneSet
    | ContentRequested
    | ContentGranted
    | ContentDenied
    | ContentReleased
    | ContentRevoked
    | RecordingStarted
    | RecordingStopped
    | PicturesLimited
    | Closed,
    Field(discriminator="type"),
]


class LogEntry(Model):
    """An event with its place in the log (from 1) and its moment."""

    seq: int
    at: AwareDatetime
    event: Event
