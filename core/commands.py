"""Commands: what a participant asks of the focus. Clients send them as they are here (docs/signaling.md)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.model import TILE_SLOTS, Model, ParticipantId


class RequestFloor(Model):
    """A point asks to speak; asking again while waiting changes only the subject."""

    type: Literal["request_floor"] = "request_floor"
    subject: str = Field(default="", max_length=200)


class WithdrawRequest(Model):
    """A point takes its request back (RFC 8855 Cancelled)."""

    type: Literal["withdraw_request"] = "withdraw_request"


class ReleaseFloor(Model):
    """The holder gives the floor back."""

    type: Literal["release_floor"] = "release_floor"


class GrantFloor(Model):
    """The chair gives the floor to a point, whether it asked or not; the present holder loses it."""

    type: Literal["grant_floor"] = "grant_floor"
    participant: ParticipantId


class RevokeFloor(Model):
    """The chair takes the floor back."""

    type: Literal["revoke_floor"] = "revoke_floor"


class DenyRequest(Model):
    """The chair refuses a waiting request."""

    type: Literal["deny_request"] = "deny_request"
    participant: ParticipantId


class SetMuted(Model):
    """The chair closes or reopens a participant's microphone.

    None means every point's; but closing all leaves whoever has the floor heard.
    """

    type: Literal["set_muted"] = "set_muted"
    participant: ParticipantId | None
    muted: bool


class SetMicrophoneOpen(Model):
    """The chair opens the microphone of a point that does not have the floor, or closes it again.

    Opening also ends the chair's muting of it.
    """

    type: Literal["set_microphone_open"] = "set_microphone_open"
    participant: ParticipantId
    open: bool


class SetView(Model):
    """A console looks at one point privately, or stops looking (None)."""

    type: Literal["set_view"] = "set_view"
    participant: ParticipantId | None


class SetPage(Model):
    """A console looks at small pictures of these points, in this order, or at none; the same one counts once."""

    type: Literal["set_page"] = "set_page"
    participants: tuple[ParticipantId, ...] = Field(max_length=len(TILE_SLOTS))


class RequestContent(Model):
    """A point asks to share its screen with everybody."""

    type: Literal["request_content"] = "request_content"


class GrantContent(Model):
    """The chair lets a point, or itself, share a screen; whoever shares now stops."""

    type: Literal["grant_content"] = "grant_content"
    participant: ParticipantId


class DenyContent(Model):
    """The chair refuses a point that asks to share."""

    type: Literal["deny_content"] = "deny_content"
    participant: ParticipantId


class RevokeContent(Model):
    """The chair ends the sharing."""

    type: Literal["revoke_content"] = "revoke_content"


class ReleaseContent(Model):
    """Who shares stops; who asks to share takes that back."""

    type: Literal["release_content"] = "release_content"


class StartRecording(Model):
    """The chair has the conference recorded; everybody is told that it is."""

    type: Literal["start_recording"] = "start_recording"


class StopRecording(Model):
    """The chair ends the recording."""

    type: Literal["stop_recording"] = "stop_recording"


class CloseConference(Model):
    """The chair ends the conference for everybody."""

    type: Literal["close_conference"] = "close_conference"


Command = Annotated[
    RequestFloor
    | WithdrawRequest
    | ReleaseFloor
    | GrantFloor
    | RevokeFloor
    | DenyRequest
    | SetMuted
    | SetMicrophoneOpen
    | SetView
    | SetPage
    | RequestContent
    | GrantContent
    | DenyContent
    | RevokeContent
    | ReleaseContent
    | StartRecording
    | StopRecording
    | CloseConference,
    Field(discriminator="type"),
]
