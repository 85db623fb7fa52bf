"""The door's shell: sockets, the bus and time around `Session`, which decides.

One task reads each connection, one forwards the focus's messages to each session, one watches deadlines. Calls to the
bridge run in tasks of their own, one at a time per session and in the order in which the session asked for them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol

from core.bus import Bus, Overflow, Subscription
from core.clock import Clock
from core.errors import BadInput, DiemcauError
from core.identity import JoinRight, Signer
from core.messages import CONFERENCE_WARNING, ENDPOINTS, EndpointReport
from core.model import SessionId
from core.session_messages import StopWarning, ToSession, session_topic
from core.settings import Settings
from signaling.calls import BridgeCalls
from signaling.events import (
    Admitted,
    Ask,
    BridgeEffect,
    CheckHello,
    Close,
    Event,
    Failed,
    FromBus,
    HandedOver,
    Received,
    Returned,
    Send,
    ServerStopping,
    SocketLost,
    State,
    Tell,
    Tick,
    TooFast,
    Unreadable,
)
from signaling.gate import Gate
from signaling.limiter import TokenBucket
from signaling.protocol import (
    SUBPROTOCOL,
    CloseCode,
    Hello,
    ServerMessage,
    bad_message,
    parse_client,
)
from signaling.rules import Rules, admit
from signaling.seat import Seat
from signaling.session import Session
from signaling.sockets import abort, close

log = structlog.get_logger("signaling")

_TICK_SECONDS: Final = 0.25
_CLOSE_SECONDS: Final = 1.0
_PING_SECONDS: Final = 15.0
_QUEUED_FROM_BUS: Final = 1_000
_TOLD: Final = set(StopWarning.model_fields) - {"type"}
_WRITE_BUFFER: Final = 64 * 1024

# The library's own lines tell addresses at level INFO and whole messages at DEBUG; only its failures may be heard.
_library_log = logging.getLogger("signaling.websockets")
_library_log.setLevel(logging.ERROR)


class SignalingServer:
    """The WebSocket server at `settings.signaling_port`; with `ssl_context` it speaks wss.

    Stopping closes every connection with 1001 and tells the bridge nothing: the clients come back.
    """

    def __init__(
        self, settings: Settings, bus: Bus, clock: Clock, signer: Signer, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        limits = settings.limits
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._signer = signer
        self._ssl = ssl_context
        self._rules = Rules.of(settings)
        self._gate = Gate(
            scheme="https" if ssl_context else "http",
            web_port=settings.web_port,
            allowed_origins=frozenset(settings.allowed_origins),
            connections=limits.signaling_connections,
        )
        self._seats: dict[SessionId, Seat] = {}
        self._at: dict[ServerConnection, Seat] = {}
        self._sockets: set[ServerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port that is really bound; useful when the setting is 0. Only while started."""
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._sockets)

    async def start(self) -> None:
        """Binds the port and begins to serve; raises `OSError` when the port is taken."""
        limits = self._settings.limits
        self._server = await serve(
            self._serve,
            self._settings.host,
            self._settings.signaling_port,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            process_request=self._check_request,
            server_header=None,
            compression=None,
            open_timeout=limits.signaling_hello_seconds,
            ping_interval=_PING_SECONDS,
            ping_timeout=_PING_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_size=limits.signaling_message_bytes,
            write_limit=_WRITE_BUFFER,
            logger=_library_log,
            ssl=self._ssl,
        )
        self._spawn(self._watch())
        self._spawn(self._warn())
        log.info("signaling_started", tls=self._ssl is not None)

    async def stop(self) -> None:
        """Closes every connection with 1001 within about two seconds; harmless when not started."""
        if self._server is None:
            return
        self._server.close(close_connections=False)
        await asyncio.gather(*(self._feed(seat, ServerStopping()) for seat in tuple(self._seats.values())))
        await asyncio.gather(*(_close(socket, Close(CloseCode.GOING_AWAY)) for socket in tuple(self._sockets)))
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        log.info("signaling_stopped")

    # --- connections ---

    def _check_request(self, _: ServerConnection, request: Request) -> Response | None:
        refused = self._gate.refuse(request, len(self._sockets))
        if refused is not None and refused.status_code >= 400:
            log.info("request_refused", status=refused.status_code)
        return refused

    async def _serve(self, socket: ServerConnection) -> None:
        self._sockets.add(socket)
        self._seat_for(socket)
        try:
            await self._read(socket)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("connection_failed")
            raise
        finally:
            self._sockets.discard(socket)
            seat = self._at.get(socket)
            if seat is not None:
                await self._feed(seat, SocketLost())

    async def _read(self, socket: ServerConnection) -> None:
        """Feeds the messages of one connection to the session it belongs to, until it belongs to none."""
        while (seat := self._at.get(socket)) is not None:
            text = await socket.recv()
            # While this waited, the session may have been cut, or taken to another connection.
            if self._at.get(socket) is seat:
                await self._feed(seat, self._event_of(text, seat))
        await socket.wait_closed()

    def _event_of(self, text: str | bytes, seat: Seat) -> Event:
        if not seat.bucket.take(self._clock.monotonic()):
            return TooFast()
        if not isinstance(text, str):
            return Unreadable(bad_message("Messages are text, not binary."))
        try:
            return Received(parse_client(text))
        except BadInput as error:
            return Unreadable(error)

    def _seat_for(self, socket: ServerConnection) -> Seat:
        limits = self._settings.limits
        session = Session(SessionId(secrets.token_urlsafe(12)), secrets.token_urlsafe(24), self._rules, self._clock)
        bucket = TokenBucket(limits.signaling_messages_per_second, limits.signaling_burst, self._clock.monotonic())
        seat = Seat(session, socket, bucket)
        self._seats[session.id] = seat
        self._at[socket] = seat
        return seat

    # --- sessions ---

    async def _feed(self, seat: Seat, event: Event) -> None:
        """Applies `event` and does what follows from it.

        Returns when the bridge has answered, except for a client's request while no other is under way: its beats
        are still to be answered meanwhile.
        """
        effects = seat.session.apply(event)
        socket = seat.socket
        self._settle(seat)
        asks_alone = seat.under_way == 0 and any(isinstance(effect, Ask) for effect in effects)
        calls = [self._begin(seat, effect) for effect in effects if isinstance(effect, BridgeEffect)]
        for effect in effects:
            if isinstance(effect, Send) and socket is not None:
                await self._send(seat, socket, effect.message)
            elif isinstance(effect, Close) and socket is not None:
                await _close(socket, effect)
            elif isinstance(effect, Tell):
                self._tell(seat, effect)
            elif isinstance(effect, CheckHello):
                await self._check_hello(seat, effect.hello)
        if calls and not asks_alone:
            await asyncio.wait(calls)

    def _tell(self, seat: Seat, effect: Tell) -> None:
        right = seat.session.right
        assert right is not None
        report = EndpointReport(
            conference=right.conference,
            participant=right.participant.id,
            session=seat.session.id,
            at=self._clock.now(),
            figures=effect.figures,
        )
        self._bus.publish(ENDPOINTS, report)

    def _settle(self, seat: Seat) -> None:
        """Brings what the server holds in line with the session's state."""
        session = seat.session
        if session.hears:
            seat.hears.set()
        else:
            seat.hears.clear()
        if not session.connected and seat.socket is not None:
            self._at.pop(seat.socket, None)
            seat.socket = None
        if session.state is State.ENDED:
            self._seats.pop(session.id, None)
            if seat.subscription is not None:
                seat.subscription.close()

    async def _check_hello(self, seat: Seat, hello: Hello) -> None:
        try:
            right = admit(hello, self._signer, self._clock.now())
        except DiemcauError as error:
            await self._feed(seat, Failed(error))
            return
        former = self._claimed(hello, right)
        socket = seat.socket
        assert socket is not None
        if former is None:
            await self._join(seat, right)
            return
        await self._feed(seat, HandedOver())
        await self._return(former, socket)
        if former.session.state is State.ENDED and socket.state is OPEN:
            # The bridge had forgotten the session.
            await self._join(self._seat_for(socket), right)

    def _claimed(self, hello: Hello, right: JoinRight) -> Seat | None:
        if hello.resume is None:
            return None
        seat = self._seats.get(hello.resume.session)
        return seat if seat is not None and seat.session.belongs_to(hello.resume, right) else None

    async def _return(self, seat: Seat, socket: ServerConnection) -> None:
        """Gives the session its client's new connection; one that is still there is told not to come back."""
        if seat.socket is not None:
            self._at.pop(seat.socket, None)
            self._spawn(_close(seat.socket, Close(CloseCode.REPLACED, "replaced")))
        seat.socket = socket
        self._at[socket] = seat
        await self._feed(seat, Returned())

    async def _join(self, seat: Seat, right: JoinRight) -> None:
        # Listening begins before the bridge knows the session, so that nothing it says is missed.
        seat.subscription = self._subscribe(seat.session)
        self._spawn(self._listen(seat))
        await self._feed(seat, Admitted(right))

    async def _listen(self, seat: Seat) -> None:
        """Forwards what the focus says to this session for as long as it lives."""
        assert seat.subscription is not None
        try:
            while seat.session.state is not State.ENDED:
                try:
                    async for envelope in seat.subscription:
                        await seat.hears.wait()
                        await self._feed(seat, FromBus(envelope.message))
                except Overflow:
                    # Something was missed: only a resume, which repeats everything, makes it whole again.
                    seat.subscription.close()
                    seat.subscription = self._subscribe(seat.session)
                    if seat.socket is not None:
                        _cut_off(seat, seat.socket)
        finally:
            seat.subscription.close()

    def _subscribe(self, session: Session) -> Subscription[ToSession]:
        return self._bus.subscribe(session_topic(session.id), limit=_QUEUED_FROM_BUS)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = self._clock.monotonic()
            for seat in tuple(self._seats.values()):
                if now >= seat.session.deadline:
                    self._spawn(self._feed(seat, Tick()))

    async def _warn(self) -> None:
        """Tells everybody in a conference that its time is running out; a warning that is missed is not made up for."""
        while True:
            try:
                with self._bus.subscribe(CONFERENCE_WARNING, limit=_QUEUED_FROM_BUS) as warnings:
                    async for warning in warnings:
                        told = FromBus(StopWarning.model_validate(warning.model_dump(include=_TOLD)))
                        for seat in tuple(self._seats.values()):
                            if seat.session.state is State.LIVE and seat.is_in(warning.conference):
                                self._spawn(self._feed(seat, told))
                return
            except Overflow:
                log.warning("warnings_missed")

    # --- what follows ---

    async def _send(self, seat: Seat, socket: ServerConnection, message: ServerMessage) -> None:
        """Writes one message; a client that does not read loses its connection, and nobody waits for it longer."""
        try:
            async with asyncio.timeout(self._settings.limits.signaling_unread_seconds):
                await socket.send(message.model_dump_json())
        except ConnectionClosed:
            return  # The reading task learns of it too, and tells the session.
        except TimeoutError:
            _cut_off(seat, socket)

    def _begin(self, seat: Seat, effect: BridgeEffect) -> asyncio.Task[None]:
        seat.under_way += 1
        return self._spawn(self._call(seat, effect))

    async def _call(self, seat: Seat, effect: BridgeEffect) -> None:
        """Puts one request to the bridge, after those before it, and feeds what comes back."""
        right = seat.session.right
        assert right is not None
        async with seat.order:
            event = await BridgeCalls(self._bus, seat.session.id, right).outcome(effect)
        seat.under_way -= 1
        if event is not None:
            await self._feed(seat, event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("signaling_task_failed", exc_info=error)


def _cut_off(seat: Seat, socket: ServerConnection) -> None:
    """Ends a connection whose client does not read; its session stays for the client to come back to."""
    log.warning("client_does_not_read", session=seat.session.id)
    abort(socket)


async def _close(socket: ServerConnection, how: Close) -> None:
    await close(socket, how.code, how.reason, 2 * _CLOSE_SECONDS)
