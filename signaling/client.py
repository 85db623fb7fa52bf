"""A signaling client for endpoints without a browser. One task per client; hundreds run in one process.

async with SignalingClient(url, token) as client:
    async for message in client:
        if isinstance(message, Welcome) and not message.resumed:
            answer = await client.connect_media(offer, receive, send)
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Origin, Subprotocol

from core.clock import Clock, SystemClock
from core.commands import Command
from core.errors import BadInput, DiemcauError, Refused, Unavailable
from core.model import Model, SlotName, Track
from core.quality import EndpointFigures
from core.session_messages import Ended
from signaling.protocol import (
    FINAL_CODES,
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    Accepted,
    Answer,
    Beat,
    BeatReply,
    Bye,
    CloseCode,
    CommandMessage,
    Connect,
    ErrorMessage,
    Hello,
    Reply,
    Report,
    Restart,
    ResumeClaim,
    ServerMessage,
    Welcome,
    parse_server,
    rebuild_error,
)
from signaling.skew import Skew, SkewFilter
from signaling.sockets import abort

log = structlog.get_logger("signaling.client")

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 3.0
_OPEN_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 1.0
_REQUEST_SECONDS: Final = 15.0
_SILENT_BEATS: Final = 3
_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""A console's whole roster of 3,321 points is below 1 MB."""
_QUEUED: Final = 1_000

_library_log = logging.getLogger("signaling.client.websockets")
_library_log.setLevel(logging.ERROR)


class SignalingClient:
    """Connects, says hello, keeps alive, comes back by itself after a cut, and resumes.

    Iterating yields every message of the server but replies and beats. It ends after `leave` or `Ended`, and raises a
    `DiemcauError` when the server refuses for good. A `Welcome` with `resumed` false means a fresh place (the first
    time, or after the server was restarted): offer media (again). `point` is sent along with the link.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        point: str | None = None,
        clock: Clock | None = None,
        origin: str | None = None,
        ssl: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._point = point
        self._clock = clock or SystemClock()
        self._origin = Origin(origin) if origin is not None else None
        self._ssl = ssl
        self._socket: ClientConnection | None = None
        self._welcome: Welcome | None = None
        self._live = asyncio.Event()
        self._leaving = False
        self._over = False
        self._complaint: ErrorMessage | None = None
        self._refusal: DiemcauError | None = None
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._inbox: deque[ServerMessage] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pause = _FIRST_PAUSE
        self._skew = SkewFilter()
        self._beat: tuple[int, float, float] | None = None
        """The last beat: its number, and when it was sent by both clocks."""

    # --- life ---

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Says goodbye when it is still connected, then ends everything."""
        await self.leave()
        assert self._task is not None
        self._task.cancel()
        # A refusal that nobody iterated to see is no reason to fail on the way out.
        await asyncio.gather(self._task, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[ServerMessage]:
        assert self._task is not None, "use the client as an async context manager"
        while True:
            while self._inbox:
                yield self._inbox.popleft()
            if self._task.done():
                self._task.result()
                return
            self._news.clear()
            await self._news.wait()

    @property
    def welcome(self) -> Welcome | None:
        """The last welcome, or None before the first."""
        return self._welcome

    @property
    def connected(self) -> bool:
        """Whether the server has said welcome on the present connection."""
        return self._socket is not None and self._live.is_set()

    @property
    def skew(self) -> Skew | None:
        """The own clock against the server's, from beats; None before the first was answered."""
        return self._skew.best

    # --- requests ---

    async def connect_media(self, sdp: str, receive: dict[str, SlotName], send: dict[str, Track]) -> str:
        """Offers media with all slots; returns the SDP answer.

        Raises the server's `DiemcauError`; `Unavailable` (`signaling.cut`) when the connection was lost before the
        answer: offer again.
        """
        self._number += 1
        reply = await self._request(self._number, Connect(id=self._number, sdp=sdp, receive=receive, send=send))
        assert isinstance(reply, Answer)
        return reply.sdp

    async def restart_media(self, sdp: str) -> str:
        """Offers the same connection with new ICE credentials; returns the SDP answer.

        Raises the server's `DiemcauError`, of which `media.no_leg` and `sdp.changed` mean: `connect_media` instead;
        `Unavailable` (`signaling.cut`) as there.
        """
        self._number += 1
        reply = await self._request(self._number, Restart(id=self._number, sdp=sdp))
        assert isinstance(reply, Answer)
        return reply.sdp

    async def command(self, command: Command) -> None:
        """Asks something of the conference; returns when it was accepted.

        Raises the server's `DiemcauError`; `Unavailable` (`signaling.cut`) when it is not known whether it was.
        """
        self._number += 1
        reply = await self._request(self._number, CommandMessage(id=self._number, command=command))
        assert isinstance(reply, Accepted)

    async def report(self, figures: EndpointFigures) -> bool:
        """Tells the server what this endpoint sees of its media, with its skew; false when it is not connected now."""
        socket = self._socket
        if socket is None or not self.connected:
            return False
        skew = self._skew.best
        if skew is not None:
            figures = figures.model_copy(update={"skew_ms": skew.ms, "skew_error_ms": skew.error_ms})
        try:
            await socket.send(Report(figures=figures).model_dump_json(exclude_none=True))
        except ConnectionClosed:
            return False
        return True

    async def leave(self) -> None:
        """Gives the place up and stops; harmless when it is over already."""
        self._leaving = True
        socket = self._socket
        if socket is not None:
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(2 * _CLOSE_SECONDS):
                    await socket.send(Bye().model_dump_json())
                    await socket.wait_closed()
            abort(socket)

    async def _request(self, number: int, message: Model) -> Reply:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                await self._live.wait()
                socket = self._socket
                if socket is None:
                    raise _cut()
                reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
                # A connection that is lost while sending fails the reply too, and nobody asks for it then.
                reply.add_done_callback(lambda done: done.cancelled() or done.exception())
                self._waiting[number] = reply
                await socket.send(message.model_dump_json())
                answer = await reply
        except TimeoutError:
            raise Unavailable("signaling.slow", "The server did not answer in time. Try again.") from None
        except ConnectionClosed:
            raise _cut() from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(answer, ErrorMessage):
            raise rebuild_error(answer)
        return answer

    # --- the connection, again and again ---

    async def _run(self) -> None:
        try:
            while not self._leaving:
                await self._once()
                if self._refusal is not None:
                    raise self._refusal
                if not self._leaving:
                    await asyncio.sleep(self._pause * secrets.SystemRandom().uniform(0.5, 1.0))
                    self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        finally:
            self._over = True
            self._lost()

    async def _once(self) -> None:
        """One connection from its opening to its end; notes in `_leaving` or `_refusal` when it was the last."""
        try:
            socket = await self._open()
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            self._refusal = _opening_refusal(error)
            return
        self._socket = socket
        try:
            await socket.send(self._hello().model_dump_json(exclude_none=True))
            await self._read(socket)
        except ConnectionClosed:
            self._closed(socket.close_code)
        except BadInput as error:
            self._refusal = error
        finally:
            self._lost()
            abort(socket)

    async def _open(self) -> ClientConnection:
        options: dict[str, Any] = {"ssl": self._ssl} if self._ssl is not None else {}
        return await connect(
            self._url,
            origin=self._origin,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            user_agent_header=None,
            proxy=None,
            open_timeout=_OPEN_SECONDS,
            ping_interval=None,
            close_timeout=_CLOSE_SECONDS,
            max_size=_MESSAGE_BYTES,
            logger=_library_log,
            **options,
        )

    def _hello(self) -> Hello:
        last = self._welcome
        claim = ResumeClaim(session=last.session, key=last.key) if last is not None else None
        return Hello(version=PROTOCOL_VERSION, token=self._token, resume=claim, point=self._point)

    async def _read(self, socket: ClientConnection) -> None:
        """Takes what the server sends and beats in between; aborts a connection on which nothing comes back."""
        loop = asyncio.get_running_loop()
        heard = self._clock.monotonic()
        beat_at = loop.time() + _OPEN_SECONDS
        while True:
            beat_seconds = self._welcome.beat_seconds if self._welcome is not None else _OPEN_SECONDS
            try:
                async with asyncio.timeout_at(beat_at):
                    text = await socket.recv(decode=True)
            except TimeoutError:
                if self._clock.monotonic() - heard > beat_seconds * _SILENT_BEATS or not self.connected:
                    return
                self._number += 1
                self._beat = self._number, self._clock.now().timestamp() * 1000, self._clock.monotonic()
                await socket.send(Beat(id=self._number).model_dump_json())
                beat_at = loop.time() + beat_seconds
                continue
            heard = self._clock.monotonic()
            message = parse_server(text)
            if isinstance(message, Welcome):
                beat_at = loop.time() + message.beat_seconds
            self._take(message)

    def _take(self, message: ServerMessage) -> None:
        if isinstance(message, BeatReply):
            self._learn_time(message)
            return
        if isinstance(message, Answer | Accepted | ErrorMessage) and message.id is not None:
            waiting = self._waiting.get(message.id)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            return
        if isinstance(message, Welcome):
            self._welcome = message
            self._complaint = None
            self._pause = _FIRST_PAUSE
            self._live.set()
        elif isinstance(message, ErrorMessage):
            self._complaint = message
        elif isinstance(message, Ended):
            self._leaving = True
        self._put(message)

    def _learn_time(self, reply: BeatReply) -> None:
        if self._beat is not None and self._beat[0] == reply.id:
            _, sent_ms, sent = self._beat
            round_trip_ms = (self._clock.monotonic() - sent) * 1000
            self._skew.take(sent_ms, round_trip_ms, reply.server_time.timestamp() * 1000)

    def _put(self, message: ServerMessage) -> None:
        if len(self._inbox) >= _QUEUED and self._socket is not None:
            # The owner fell behind: after the resume the server says everything again.
            self._inbox.clear()
            abort(self._socket)
        self._inbox.append(message)
        self._news.set()

    def _closed(self, code: int | None) -> None:
        """Decides from the server's closing code whether to come back."""
        if self._leaving or code not in FINAL_CODES:
            self._pause = _LONGEST_PAUSE if code == CloseCode.TOO_FAST else self._pause
            return
        if code in (CloseCode.REPLACED, CloseCode.ENDED):
            self._put(Ended(reason="replaced" if code == CloseCode.REPLACED else "closed"))
        elif code != CloseCode.DONE:
            self._refusal = self._reason(code)
        self._leaving = True

    def _reason(self, code: int) -> DiemcauError:
        if self._complaint is not None:
            return rebuild_error(self._complaint)
        return Refused("signaling.closed", "The server ended the connection for good.", close_code=code)

    def _lost(self) -> None:
        self._socket = None
        self._live.clear()
        if self._over:
            self._live.set()  # So that no request waits for a connection that will not come.
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(_cut())


def _cut() -> Unavailable:
    return Unavailable("signaling.cut", "The connection was lost before the answer came. Try again.")


def _opening_refusal(error: Exception) -> DiemcauError | None:
    """The error that makes another attempt pointless, or None when one may succeed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused("signaling.certificate", "The server's certificate is not trusted here.")
    if isinstance(error, InvalidURI):
        return BadInput("signaling.address", "This is not the address of a signaling server.")
    if isinstance(error, InvalidStatus) and 400 <= error.response.status_code < 500:
        return Refused(
            "signaling.not_admitted", "The server does not take this connection.", status=error.response.status_code
        )
    return None
