"""The states of a session, what can happen to it, and what it can want done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from core.errors import BadInput, DiemcauError
from core.identity import JoinRight
from core.messages import JoinAccepted
from core.model import Departure
from core.quality import EndpointFigures
from core.session_messages import SessionMessage
from signaling.protocol import ClientMessage, CloseCode, CommandMessage, Connect, Hello, Reply, Restart, ServerMessage


class State(Enum):
    """Life of a session."""

    AWAITING_HELLO = "awaiting hello"
    JOINING = "joining"
    LIVE = "live"
    CUT = "cut"
    RESUMING = "resuming"
    ENDED = "ended"


class WrongState(RuntimeError):
    """An event that cannot happen in this state: a mistake in the server, never the client's doing."""


# --- events ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Received:
    """The client sent a message."""

    message: ClientMessage


@dataclass(frozen=True)
class Unreadable:
    """The client sent something that is not a message of the protocol."""

    error: BadInput


@dataclass(frozen=True)
class TooFast:
    """The client sent more than its rate allows."""


@dataclass(frozen=True)
class SocketLost:
    """The connection is gone, whoever closed it."""


@dataclass(frozen=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True)
class ServerStopping:
    """This server goes away; the client will come back, here or elsewhere."""


@dataclass(frozen=True)
class Admitted:
    """The hello's link is good and it is a fresh join."""

    right: JoinRight


@dataclass(frozen=True)
class HandedOver:
    """The hello proved that this connection belongs to an earlier session."""


@dataclass(frozen=True)
class Joined:
    """The bridge let the participant in."""

    accepted: JoinAccepted


@dataclass(frozen=True)
class Returned:
    """The client came back on a new connection and proved that this session is its own."""


@dataclass(frozen=True)
class Resumed:
    """The bridge knows that the client is back."""


@dataclass(frozen=True)
class Failed:
    """The hello was refused, or the bridge refused the join or the resume."""

    error: DiemcauError


@dataclass(frozen=True)
class Replied:
    """The bridge answered a request of the client."""

    reply: Reply


@dataclass(frozen=True)
class FromBus:
    """The focus speaks to this session."""

    message: SessionMessage


Event = (
    Received
    | Unreadable
    | TooFast
    | SocketLost
    | Tick
    | ServerStopping
    | Admitted
    | HandedOver
    | Joined
    | Returned
    | Resumed
    | Failed
    | Replied
    | FromBus
)

# --- effects -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    """Send this to the client."""

    message: ServerMessage


@dataclass(frozen=True)
class Close:
    """Close the connection."""

    code: CloseCode
    reason: str = ""


@dataclass(frozen=True)
class CheckHello:
    """Verify the link, find the session that is claimed; then `Admitted`, `HandedOver` or `Failed`."""

    hello: Hello


@dataclass(frozen=True)
class Join:
    """Ask the bridge to let the participant in; then `Joined` or `Failed`."""

    right: JoinRight


@dataclass(frozen=True)
class Resume:
    """Tell the bridge that the client is back (then `Resumed` or `Failed`) or cut off (nothing follows)."""

    connected: bool


@dataclass(frozen=True)
class Leave:
    """Tell the bridge that the participant left."""

    how: Departure


@dataclass(frozen=True)
class Ask:
    """Put the client's request to the bridge; then `Replied`."""

    message: Connect | Restart | CommandMessage


@dataclass(frozen=True)
class Tell:
    """Let everybody who listens know what the endpoint says of itself."""

    figures: EndpointFigures


SocketEffect = Send | Close
BridgeEffect = Join | Resume | Leave | Ask
Effect = SocketEffect | BridgeEffect | CheckHello | Tell
