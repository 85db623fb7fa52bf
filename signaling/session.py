"""One session, without I/O: events go in by `Session.apply`, what is to be done comes out.

A session outlives its connection: when that is cut, place and media are kept for `resume_seconds`. The table at the
end decides every pair of state and event.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final

import structlog

from core.clock import Clock
from core.errors import DiemcauError, Refused, TooMany
from core.identity import JoinRight
from core.messages import JoinAccepted
from core.model import Departure, SessionId
from core.session_messages import Ended
from signaling.events import (
    Admitted,
    Ask,
    CheckHello,
    Close,
    Effect,
    Event,
    Failed,
    FromBus,
    HandedOver,
    Join,
    Joined,
    Leave,
    Received,
    Replied,
    Resume,
    Resumed,
    Returned,
    Send,
    ServerStopping,
    SocketLost,
    State,
    Tell,
    Tick,
    TooFast,
    Unreadable,
    WrongState,
)
from signaling.limiter import TokenBucket
from signaling.protocol import (
    PROTOCOL_VERSION,
    Beat,
    BeatReply,
    Bye,
    CloseCode,
    CommandMessage,
    Connect,
    ErrorMessage,
    Hello,
    Report,
    Restart,
    ResumeClaim,
    Welcome,
    bad_message,
    close_code,
    error_message,
    hello_refusal,
)
from signaling.rules import Rules

log = structlog.get_logger("signaling")

Effects = tuple[Effect, ...]
Handler = Callable[[Any, Any], Effects]

BAD_MESSAGES_TOLERATED: Final = 3
"""A page of an older version may stumble over a few; more is noise."""

REPORTS_AT_ONCE: Final = 3
"""Reports that were held up on the way arrive together."""

SILENT_BEATS: Final = 3
"""Beats that may be missed in a row: one lost, one late, one to spare."""

_UNCERTAIN: Final = frozenset({"service.slow", "service.failed"})
"""Failures of a join after which the bridge may have let the participant in all the same."""


class Session:
    """One session; `id` may be logged, `key` is the client's secret."""

    def __init__(self, id_: SessionId, key: str, rules: Rules, clock: Clock) -> None:
        self.id = id_
        self.right: JoinRight | None = None
        self._key = key
        self._rules = rules
        self._clock = clock
        self._state = State.AWAITING_HELLO
        self._accepted: JoinAccepted | None = None
        self._unreadable = 0
        self._reports = TokenBucket(rules.reports_per_second, REPORTS_AT_ONCE, clock.monotonic())
        self._since = clock.monotonic()
        """When the present wait began: for the hello, for the next sign of life, for the client's return."""

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        return self._state

    @property
    def hears(self) -> bool:
        """Whether messages of the focus may be fed now; before welcome they must wait."""
        return self._state in (State.LIVE, State.CUT, State.ENDED)

    @property
    def connected(self) -> bool:
        """Whether a connection belongs to the session."""
        return self._state not in (State.CUT, State.ENDED)

    @property
    def deadline(self) -> float:
        """The monotonic time from which a `Tick` has something to do."""
        patience = {
            State.AWAITING_HELLO: self._rules.hello_seconds,
            State.LIVE: self._rules.beat_seconds * SILENT_BEATS,
            State.CUT: self._rules.resume_seconds,
        }.get(self._state, float("inf"))
        return self._since + patience

    def belongs_to(self, claim: ResumeClaim, right: JoinRight) -> bool:
        """Whether `claim` proves that a client with `right` is this session's own."""
        if not hmac.compare_digest(self._key.encode(), claim.key.encode()):
            return False
        mine = self.right
        return (
            self._state in (State.LIVE, State.CUT, State.RESUMING)
            and mine is not None
            and mine.conference == right.conference
            and mine.participant.id == right.participant.id
        )

    def apply(self, event: Event) -> Effects:
        """Decides what `event` means; returns what is to be done, in order. Raises `WrongState` for a server's mistake.

        Calls to the bridge must be started in the order in which they come out, over all calls of `apply`.
        """
        return self._TABLE[self._state][type(event)](self, event)

    def _move(self, state: State) -> None:
        log.info("session_moved", session=self.id, old=self._state.value, new=state.value)
        self._state = state
        self._since = self._clock.monotonic()

    def _overdue(self) -> bool:
        return self._clock.monotonic() >= self.deadline

    # --- before welcome ---

    def _first_message(self, event: Received) -> Effects:
        message = event.message
        if isinstance(message, Bye):
            return self._end(Close(CloseCode.DONE))
        if not isinstance(message, Hello):
            return self._refuse(bad_message("Say hello first."))
        if message.version != PROTOCOL_VERSION:
            return self._refuse(
                Refused(
                    "signaling.version",
                    "This version of the protocol is not spoken here. Reload the page.",
                    supported=[PROTOCOL_VERSION],
                )
            )
        return (CheckHello(message),)

    def _join(self, event: Admitted) -> Effects:
        self.right = event.right
        self._move(State.JOINING)
        return (Join(event.right),)

    def _welcome(self, resumed: bool) -> Effects:
        assert self.right is not None
        assert self._accepted is not None
        self._move(State.LIVE)
        welcome = Welcome(
            session=self.id,
            key=self._key,
            resumed=resumed,
            conference=self.right.conference,
            title=self._accepted.title,
            participant=self.right.participant,
            slots=self._accepted.slots,
            beat_seconds=self._rules.beat_seconds,
            resume_seconds=self._rules.resume_seconds,
            ice_servers=() if self._rules.relay is None else (self._rules.relay.ticket(self.id, self._clock.now()),),
            server_time=self._clock.now(),
        )
        return (Send(welcome),)

    def _joined(self, event: Joined) -> Effects:
        self._accepted = event.accepted
        return self._welcome(resumed=False)

    def _join_failed(self, event: Failed) -> Effects:
        left: Effects = (Leave(Departure.FAILED),) if event.error.code in _UNCERTAIN else ()
        return left + self._refuse(event.error)

    def _refuse(self, error: DiemcauError) -> Effects:
        told = hello_refusal(error)
        log.info("hello_refused", session=self.id, code=error.code)
        return self._end(Send(error_message(told)), Close(close_code(told), told.code))

    def _hello_failed(self, event: Failed | Unreadable) -> Effects:
        return self._refuse(event.error)

    def _hello_too_fast(self, _: TooFast) -> Effects:
        return self._refuse(_too_fast())

    def _hello_late(self, _: Tick) -> Effects:
        return self._end(Close(CloseCode.SILENT, "signaling.silent")) if self._overdue() else ()

    def _lost_while_joining(self, _: SocketLost) -> Effects:
        return self._end(Leave(Departure.FAILED))

    # --- live ---

    def _message(self, event: Received) -> Effects:
        self._since = self._clock.monotonic()
        match event.message:
            case Beat(id=number):
                return (Send(BeatReply(id=number, server_time=self._clock.now())),)
            case Connect() | Restart() | CommandMessage() as request:
                return (Ask(request),)
            case Report(figures=figures):
                # One too many is no offence: the next tells as much.
                return (Tell(figures),) if self._reports.take(self._since) else ()
            case Bye():
                return self._end(Leave(Departure.DEPARTED), Close(CloseCode.DONE))
            case Hello():
                return self._unreadable_message(Unreadable(bad_message("Hello was already said.")))

    def _unreadable_message(self, event: Unreadable) -> Effects:
        self._unreadable += 1
        told = Send(error_message(event.error))
        log.info("message_refused", session=self.id, code=event.error.code, count=self._unreadable)
        if self._unreadable <= BAD_MESSAGES_TOLERATED:
            return (told,)
        return self._cut(told, Close(CloseCode.BAD_MESSAGE, event.error.code))

    def _flood(self, _: TooFast) -> Effects:
        error = _too_fast()
        log.warning("client_too_fast", session=self.id)
        return self._cut(Send(error_message(error)), Close(close_code(error), error.code))

    def _silent(self, _: Tick) -> Effects:
        return self._cut(Close(CloseCode.SILENT, "signaling.silent")) if self._overdue() else ()

    def _lost(self, _: SocketLost) -> Effects:
        return self._cut()

    def _cut(self, *farewell: Effect) -> Effects:
        self._move(State.CUT)
        return (Resume(connected=False), *farewell)

    def _replied(self, event: Replied) -> Effects:
        # While the bridge works on a request the client's next messages are not read: that is no silence of its.
        self._since = self._clock.monotonic()
        if isinstance(event.reply, ErrorMessage) and event.reply.code == "session.unknown":
            return self._end(Send(event.reply), Close(CloseCode.TRY_AGAIN, event.reply.code))
        return (Send(event.reply),)

    def _forward(self, event: FromBus) -> Effects:
        if not isinstance(event.message, Ended):
            return (Send(event.message),)
        replaced = event.message.reason == "replaced"
        code = CloseCode.REPLACED if replaced else CloseCode.ENDED
        return self._end(Send(event.message), Close(code, event.message.reason))

    # --- cut and back ---

    def _expire(self, _: Tick) -> Effects:
        return self._end(Leave(Departure.FAILED)) if self._overdue() else ()

    def _heard_while_cut(self, event: FromBus) -> Effects:
        # The focus says everything again on resume; only the end of the session must not be missed.
        return self._end() if isinstance(event.message, Ended) else ()

    def _returned(self, _: Returned) -> Effects:
        self._move(State.RESUMING)
        return (Resume(connected=True),)

    def _resumed(self, _: Resumed) -> Effects:
        return self._welcome(resumed=True)

    def _resume_failed(self, event: Failed) -> Effects:
        if event.error.code == "session.unknown":
            return self._end()
        self._move(State.CUT)
        return (Send(error_message(event.error)), Close(CloseCode.TRY_AGAIN, event.error.code))

    def _late_resume_failed(self, event: Failed) -> Effects:
        if event.error.code != "session.unknown":
            return ()
        return self._end(Close(CloseCode.TRY_AGAIN, event.error.code)) if self.connected else self._end()

    # --- the end ---

    def _end(self, *effects: Effect) -> Effects:
        self._move(State.ENDED)
        return effects

    def _gone(self, _: Event) -> Effects:
        return self._end()

    def _server_stops(self, _: ServerStopping) -> Effects:
        # No Leave: the client comes back, and its place and media must still be there.
        return self._end(Close(CloseCode.GOING_AWAY)) if self.connected else self._end()

    def _nothing(self, _: Event) -> Effects:
        return ()

    def _impossible(self, event: Event) -> Effects:
        raise WrongState(f"{type(event).__name__} while {self._state.value}")

    _TABLE: Final[dict[State, dict[type, Handler]]] = {
        State.AWAITING_HELLO: {
            Received: _first_message,
            Unreadable: _hello_failed,
            TooFast: _hello_too_fast,
            SocketLost: _gone,
            Tick: _hello_late,
            ServerStopping: _server_stops,
            Admitted: _join,
            HandedOver: _gone,
            Failed: _hello_failed,
            **dict.fromkeys((Joined, Returned, Resumed, Replied, FromBus), _impossible),
        },
        State.JOINING: {
            SocketLost: _lost_while_joining,
            Tick: _nothing,
            ServerStopping: _server_stops,
            Joined: _joined,
            Failed: _join_failed,
            **dict.fromkeys((Received, Unreadable, TooFast, Admitted, HandedOver), _impossible),
            **dict.fromkeys((Returned, Resumed, Replied, FromBus), _impossible),
        },
        State.LIVE: {
            Received: _message,
            Unreadable: _unreadable_message,
            TooFast: _flood,
            SocketLost: _lost,
            Tick: _silent,
            ServerStopping: _server_stops,
            Returned: _returned,
            Resumed: _nothing,
            Failed: _late_resume_failed,
            Replied: _replied,
            FromBus: _forward,
            **dict.fromkeys((Admitted, HandedOver, Joined), _impossible),
        },
        State.CUT: {
            Tick: _expire,
            ServerStopping: _server_stops,
            Returned: _returned,
            Failed: _late_resume_failed,
            FromBus: _heard_while_cut,
            **dict.fromkeys((Received, Unreadable, TooFast, SocketLost, Resumed, Replied), _nothing),
            **dict.fromkeys((Admitted, HandedOver, Joined), _impossible),
        },
        State.RESUMING: {
            SocketLost: _lost,
            Tick: _nothing,
            ServerStopping: _server_stops,
            Returned: _returned,
            Resumed: _resumed,
            Failed: _resume_failed,
            Replied: _nothing,
            **dict.fromkeys((Received, Unreadable, TooFast, FromBus), _impossible),
            **dict.fromkeys((Admitted, HandedOver, Joined), _impossible),
        },
        State.ENDED: {
            **dict.fromkeys((Received, Unreadable, TooFast, SocketLost, Tick, ServerStopping), _nothing),
            **dict.fromkeys((Joined, Resumed, Failed, Replied, FromBus), _nothing),
            **dict.fromkeys((Admitted, HandedOver, Returned), _impossible),
        },
    }
    """Every pair of state and event. `_impossible`: the server reads nothing while it waits for the bridge, and asks
    only what the state allows. `_nothing`: it was on its way when the state changed."""


def _too_fast() -> TooMany:
    return TooMany("signaling.too_fast", "Too many messages in a short time. Wait a moment.")
