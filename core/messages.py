"""Everything that crosses the bus: topics with the model that travels on each.

Three families: *calls* (one handler, one reply), *news* (any number of listeners) and *session messages*
(from the focus to one connected client, through the signaling server, which forwards them as they are). What travels
inside has its own pages, `commands.py` and `session_messages.py`, and is had from here too.
"""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from core.bus import Call, Topic
from core.commands import Command
from core.model import (
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
    SessionId,
    SlotName,
    Track,
)
from core.quality import EndpointFigures, LinkStatus
from core.session_messages import ParticipantRef, PictureLimit

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


class NodeLoad(Model):
    """How busy a media node's process was over one period."""

    cores: float = Field(ge=0)
    """CPU time by time: 1 is a whole core, which is all that the loop that carries the media can use."""
    late_ms: float = Field(ge=0)
    """How late on average the loop came to what was due."""


class SampleBatch(Model):
    """All links of one node over one period, perhaps none. `node` is its code in the plans, or a name of its own."""

    at: AwareDatetime
    samples: tuple[LinkSample, ...]
    node: str = ""
    load: NodeLoad | None = None


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
