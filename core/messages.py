"""Everything that crosses the bus: topics with the model that travels on each.

Three families: *calls* (one handler, one reply), *news* (any number of listeners) and *session messages*
(from the focus to one connected client, through the signaling server, which forwards them as they are).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from core.bus import Call, Topic
from core.model import (
    TILE_SLOTS,
    CameraLevel,
    ConferenceId,
    ConferenceSpec,
    ConferenceState,
    Departure,
    LinkSample,
    Model,
    NameText,
    Participant,
    ParticipantId,
    Presence,
    Role,
    SessionId,
    SlotName,
    Track,
)
from core.quality import EndpointFigures, LinkStatus

# --- commands: what a participant asks of the focus -------------------------------------------------


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
    """The chair closes or reopens a participant's microphone; None means every point's."""

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

# --- session messages: from the focus to one client --------------------------------------------------


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


# --- calls that the bridge answers -------------------------------------------------------------------


class Done(Model):
    """Accepted; nothing more to say."""


class JoinConference(Model):
    """A verified participant enters with a session.

    Raises `Refused` with `join.not_open`, `join.over`, `join.too_late` or `join.invalid`.
    """

    conference: ConferenceId
    session: SessionId
    participant: Participant


class JoinAccepted(Model):
    """The conference's title, and the slots that the client's offer must hold."""

    title: NameText
    slots: tuple[SlotName, ...]


class ConnectMedia(Model):
    """One SDP offer with all slots. `receive` and `send` name what each m-line (by mid) is for.

    Calling it again for the same session replaces its leg (the client lost its peer connection).
    """

    conference: ConferenceId
    session: SessionId
    sdp: str
    receive: dict[str, SlotName]
    send: dict[str, Track]


class RestartMedia(Model):
    """A new SDP offer of the same peer connection with new ICE credentials: its leg and all that belongs to it stay.

    Raises `media.no_leg` when there is none (any more): connect anew; `sdp.changed` when more than the way changed.
    """

    conference: ConferenceId
    session: SessionId
    sdp: str


class MediaAnswer(Model):
    """The node's SDP answer."""

    sdp: str


class SubmitCommand(Model):
    """A command of the participant behind `session`. Raises `command.*` errors that say why not."""

    conference: ConferenceId
    session: SessionId
    command: Command


class ResumeSession(Model):
    """The signaling connection came back (`connected`) or was lost; media and place are kept.

    On `connected` the focus sends the whole state, publish directive and roster again.
    Raises `session.unknown` when the bridge does not know the session (any more).
    """

    conference: ConferenceId
    session: SessionId
    connected: bool


class LeaveConference(Model):
    """The session ends; its leg is closed."""

    conference: ConferenceId
    session: SessionId
    how: Departure


class LimitPictures(Model):
    """A technician limits the pictures of points, or gives them back; raises `join.not_open` when it is not live."""

    conference: ConferenceId
    participants: tuple[ParticipantId, ...]
    limit: PictureLimit
    by: str


class AskReconnect(Model):
    """A technician has endpoints connect anew; raises `join.not_open` when the conference is not live."""

    conference: ConferenceId
    participants: tuple[ParticipantId, ...]


class Reached(Model):
    """How many of those named are there to be told."""

    participants: int


class OpenConference(Model):
    """Doors open: the node takes the conference. Doing it twice is harmless."""

    spec: ConferenceSpec


class StopConference(Model):
    """Time is up, or it was cancelled. Doing it twice is harmless."""

    conference: ConferenceId


JOIN: Call[JoinConference, JoinAccepted] = Call("bridge.join", JoinConference, JoinAccepted)
CONNECT: Call[ConnectMedia, MediaAnswer] = Call("bridge.connect", ConnectMedia, MediaAnswer)
RESTART: Call[RestartMedia, MediaAnswer] = Call("bridge.restart", RestartMedia, MediaAnswer)
COMMAND: Call[SubmitCommand, Done] = Call("bridge.command", SubmitCommand, Done)
RESUME: Call[ResumeSession, Done] = Call("bridge.resume", ResumeSession, Done)
LEAVE: Call[LeaveConference, Done] = Call("bridge.leave", LeaveConference, Done)
LIMIT: Call[LimitPictures, Reached] = Call("bridge.limit", LimitPictures, Reached)
RECONNECT: Call[AskReconnect, Reached] = Call("bridge.reconnect", AskReconnect, Reached)
OPEN: Call[OpenConference, Done] = Call("bridge.open", OpenConference, Done)
STOP: Call[StopConference, Done] = Call("bridge.stop", StopConference, Done)

# --- news --------------------------------------------------------------------------------------------


class ConferenceChanged(Model):
    """A conference changed state (opened by the bridge, closed by chair or clock, booked, cancelled)."""

    conference: ConferenceId
    state: ConferenceState
    at: AwareDatetime


class ConferenceWarning(Model):
    """An open conference stops in about `minutes_left`; given once for each such mark and stop, whatever happens.

    `may_extend_until` is the latest stop at which no point is taken by another conference; None: nobody waits for one.
    With `moved` it corrects a warning: the stop has been moved to this one.
    """

    conference: ConferenceId
    minutes_left: int
    stop: AwareDatetime
    may_extend_until: AwareDatetime | None
    at: AwareDatetime
    moved: bool = False


class PresenceChanged(Model):
    """A participant's endpoint came, was lost, came back or left."""

    conference: ConferenceId
    participant: Participant
    presence: Presence
    how: Departure | None = None
    at: AwareDatetime


class FloorMoved(Model):
    """The floor has a new holder (or none)."""

    conference: ConferenceId
    holder: ParticipantRef | None
    at: AwareDatetime


class SampleBatch(Model):
    """All links of one node over one period."""

    at: AwareDatetime
    samples: tuple[LinkSample, ...]


class EndpointReport(Model):
    """What one endpoint says of itself; `at` is when the server had it, by the server's clock."""

    conference: ConferenceId
    participant: ParticipantId
    session: SessionId
    at: AwareDatetime
    figures: EndpointFigures


class LinksGraded(Model):
    """The monitor's view of one conference: whole when `full`, else only the lines that changed since `seq` - 1.

    Told after sample batches: the first at once, what others add at most every quarter of a second. A whole view holds
    all that was told up to its `seq`. Who misses one must begin with a whole one.
    """

    conference: ConferenceId
    at: AwareDatetime
    seq: int = 0
    full: bool = True
    links: tuple[LinkStatus, ...]


CONFERENCE_CHANGED: Topic[ConferenceChanged] = Topic("conference.changed", ConferenceChanged)
CONFERENCE_WARNING: Topic[ConferenceWarning] = Topic("conference.warning", ConferenceWarning)
PRESENCE: Topic[PresenceChanged] = Topic("presence", PresenceChanged)
FLOOR: Topic[FloorMoved] = Topic("floor", FloorMoved)
SAMPLES: Topic[SampleBatch] = Topic("samples", SampleBatch)
ENDPOINTS: Topic[EndpointReport] = Topic("endpoints", EndpointReport)
LINKS: Topic[LinksGraded] = Topic("links", LinksGraded)

RELAYED: tuple[Topic[Any], ...] = (CONFERENCE_CHANGED, CONFERENCE_WARNING)
"""News that all processes of an installation hear (`core/relay.py`): small, of ids and times only."""
