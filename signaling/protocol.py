"""The wire: every message that travels on the signaling WebSocket, and what its closing codes mean.

docs/signaling.md describes the same in prose; a test holds the two together. Text from the network becomes a
message only through `parse_client` and `parse_server`, which use pydantic's own parser: it refuses deep or huge JSON
cheaply, where `json.loads` would exhaust the stack.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from core.commands import Command
from core.errors import (
    BadInput,
    Conflict,
    DiemcauError,
    NotFound,
    NotSignedIn,
    Refused,
    TooLarge,
    TooMany,
    Unavailable,
)
from core.model import CodeText, ConferenceId, Model, NameText, Participant, SessionId, SlotName, Track
from core.quality import EndpointFigures
from core.session_messages import SessionMessage

T = TypeVar("T")

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL: Final = "diemcau.v1"
PATH: Final = "/v1"

MessageId = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
"""Chosen by the client, repeated in the reply; within what a JavaScript number holds exactly."""

# --- from the client ---------------------------------------------------------------------------------


class ResumeClaim(Model):
    """The session that the client had before its connection was cut, and the secret that proves it."""

    session: SessionId = Field(min_length=1, max_length=64)
    key: str = Field(min_length=1, max_length=128)


class Hello(Model):
    """The first message: who comes. `point`, when given, must be the point that the link is for."""

    type: Literal["hello"] = "hello"
    version: int
    token: str = Field(max_length=4_096)
    resume: ResumeClaim | None = None
    point: CodeText | None = None


class Connect(Model):
    """One SDP offer with all slots; `receive` and `send` say, by mid, what each m-line is for."""

    type: Literal["connect"] = "connect"
    id: MessageId
    sdp: str
    receive: dict[str, SlotName]
    send: dict[str, Track]


class Restart(Model):
    """A new offer of the same peer connection with new ICE credentials: the way changed, nothing else."""

    type: Literal["restart"] = "restart"
    id: MessageId
    sdp: str


class CommandMessage(Model):
    """A participant asks something of the conference."""

    type: Literal["command"] = "command"
    id: MessageId
    command: Command


class Beat(Model):
    """A sign of life, each `welcome.beat_seconds`."""

    type: Literal["beat"] = "beat"
    id: MessageId


class Report(Model):
    """What the endpoint sees of its own media; it gets no reply."""

    type: Literal["report"] = "report"
    figures: EndpointFigures


class Bye(Model):
    """The client leaves for good; its place is given up at once."""

    type: Literal["bye"] = "bye"


ClientMessage = Annotated[Hello | Connect | Restart | CommandMessage | Beat | Report | Bye, Field(discriminator="type")]
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)

# --- from the server ---------------------------------------------------------------------------------


class IceServer(Model):
    """A TURN relay that the endpoint may use, as browsers take it (W3C RTCIceServer)."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Welcome(Model):
    """The answer to hello. `resumed` means that media and place were kept; else offer media (again)."""

    type: Literal["welcome"] = "welcome"
    session: SessionId
    key: str
    resumed: bool
    conference: ConferenceId
    title: NameText
    participant: Participant
    slots: tuple[SlotName, ...]
    beat_seconds: float
    resume_seconds: float
    ice_servers: tuple[IceServer, ...] = ()
    server_time: AwareDatetime


class Answer(Model):
    """The SDP answer to `connect` or `restart`."""

    type: Literal["answer"] = "answer"
    id: MessageId
    sdp: str


class Accepted(Model):
    """The command was accepted; what it changed arrives as session messages."""

    type: Literal["accepted"] = "accepted"
    id: MessageId


class ErrorMessage(Model):
    """A refusal. `id` names the request, null when it concerns the connection; `retry` says that later may help.

    `status` is the HTTP status of the same error, which tells its family (RFC 9457).
    """

    type: Literal["error"] = "error"
    id: MessageId | None = None
    code: str
    detail: str
    data: dict[str, JsonValue] = Field(default_factory=dict)
    retry: bool = False
    status: int = 500


class BeatReply(Model):
    """The answer to a beat."""

    type: Literal["beat"] = "beat"
    id: MessageId
    server_time: AwareDatetime


ServerMessage = Annotated[
    Welcome | Answer | Accepted | ErrorMessage | BeatReply | SessionMessage, Field(discriminator="type")
]
"""Session messages of the focus travel as they are."""
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)

Reply = Answer | Accepted | ErrorMessage
"""What ends a request of the client."""

# --- closing -----------------------------------------------------------------------------------------


class CloseCode(IntEnum):
    """WebSocket closing codes that the server uses (RFC 6455 section 7.4; 4000 and up are ours)."""

    DONE = 1000
    GOING_AWAY = 1001
    TOO_LARGE = 1009
    BAD_MESSAGE = 4400
    REFUSED = 4401
    SILENT = 4408
    REPLACED = 4409
    ENDED = 4410
    TOO_FAST = 4429
    TRY_AGAIN = 4503


FINAL_CODES: Final = frozenset(
    {
        CloseCode.DONE,
        CloseCode.TOO_LARGE,
        CloseCode.BAD_MESSAGE,
        CloseCode.REFUSED,
        CloseCode.REPLACED,
        CloseCode.ENDED,
    }
)
"""After these the client must not come back by itself: it would meet the same answer, or drive another one out."""

_CLOSE_BY_ERROR: Final = {
    "signaling.bad_message": CloseCode.BAD_MESSAGE,
    "signaling.too_fast": CloseCode.TOO_FAST,
    "signaling.silent": CloseCode.SILENT,
}

_RETRY_CODES: Final = frozenset({"join.not_open"})


def may_retry(error: DiemcauError) -> bool:
    """Whether the same request can succeed later without anyone changing it."""
    return isinstance(error, Unavailable | TooMany) or error.code in _RETRY_CODES


def close_code(error: DiemcauError) -> CloseCode:
    """The closing code when `error` ends the connection."""
    refused = CloseCode.TRY_AGAIN if may_retry(error) else CloseCode.REFUSED
    return _CLOSE_BY_ERROR.get(error.code, refused)


def hello_refusal(error: DiemcauError) -> DiemcauError:
    """What a refused hello may be told.

    A conference that the bridge does not know must look exactly like a link that was never issued.
    """
    return invalid_link() if error.code in ("join.unknown", "join.invalid") else error


def invalid_link() -> Refused:
    """The one answer to every link that is not plainly the visitor's own."""
    return Refused("join.invalid", "This link is not valid. Open it exactly as it was sent to you.")


# --- errors on the wire ------------------------------------------------------------------------------

_FAMILIES: Final[dict[int, type[DiemcauError]]] = {
    family.status: family
    for family in (BadInput, NotSignedIn, Refused, NotFound, Conflict, TooLarge, TooMany, Unavailable)
}


def error_message(error: DiemcauError, request: int | None = None) -> ErrorMessage:
    """`error` as the client is told it, in reply to `request`."""
    return ErrorMessage(
        id=request,
        code=error.code,
        detail=error.detail,
        data=to_jsonable_python(error.data),
        retry=may_retry(error),
        status=error.status,
    )


def rebuild_error(message: ErrorMessage) -> DiemcauError:
    """The error that the server had, of the same family."""
    family = _FAMILIES.get(message.status, DiemcauError)
    data: dict[str, Any] = {name: value for name, value in message.data.items() if name not in {"code", "detail"}}
    return family(message.code, message.detail, **data)


# --- parsing -----------------------------------------------------------------------------------------

_PROBLEMS_TOLD = 3
_PLACE_LENGTH = 100


def bad_message(detail: str, **data: Any) -> BadInput:
    """The error for what is not a message of this protocol."""
    return BadInput("signaling.bad_message", detail, **data)


def parse_client(text: str) -> ClientMessage:
    """The message in `text`; raises `BadInput` (`signaling.bad_message`) naming the first places that are wrong."""
    return _parse(CLIENT_MESSAGE, text)


def parse_server(text: str) -> ServerMessage:
    """The message in `text`; raises `BadInput` (`signaling.bad_message`)."""
    return _parse(SERVER_MESSAGE, text)


def _parse(adapter: TypeAdapter[T], text: str) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=False, include_input=False)[:_PROBLEMS_TOLD]
        problems = [
            {"at": ".".join(str(part) for part in one["loc"])[:_PLACE_LENGTH], "why": one["type"]} for one in found
        ]
        raise bad_message("This is not a message of the signaling protocol.", problems=problems) from None
