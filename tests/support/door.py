"""A signaling server with a recording bridge behind it, and raw clients in front of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from core.bus import Bus
from core.clock import SystemClock
from core.identity import JoinRight, Signer
from core.model import ConferenceId, Participant, Role, point_participant
from core.settings import Limits, Settings
from signaling.protocol import SUBPROTOCOL, Hello, ResumeClaim, ServerMessage, Welcome, parse_server
from signaling.server import SignalingServer
from signaling.sockets import abort
from tests.support.polling import UNIT
from tests.support.recording_bridge import RecordingBridge

M = TypeVar("M")

# What a visitor's own library logs is not the server's doing.
_library_log = logging.getLogger("tests.visitor")
_library_log.setLevel(logging.ERROR)

SECRET = "a signing secret of tests, long enough"
CONFERENCE = ConferenceId("0f6e2b3c-0000-4000-8000-000000000001")


class Door:
    """The server under test with what stands around it."""

    def __init__(self, **limits: Any) -> None:
        self.bus = Bus()
        self.bridge = RecordingBridge(self.bus)
        self.clock = SystemClock()
        self.signer = Signer(SECRET)
        self.settings = Settings(signaling_port=0, web_port=8080, limits=Limits(**limits))
        self.server = SignalingServer(self.settings, self.bus, self.clock, self.signer)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/v1"

    def token(self, point: str = "P1", *, name: str = "Phường Sài Gòn", hours: float = 1) -> str:
        participant = Participant(id=point_participant(point), role=Role.OPERATOR, name=name, point=point)
        right = JoinRight(conference=CONFERENCE, participant=participant)
        return self.signer.join_token(right, self.clock.now() + timedelta(hours=hours))

    async def restart(self) -> None:
        """A new process at the same port, that knows nothing: server and bridge."""
        port = self.server.port
        await self.server.stop()
        self.bridge.stop()
        self.bus = Bus()
        self.bridge = RecordingBridge(self.bus)
        settings = self.settings.model_copy(update={"signaling_port": port})
        self.server = SignalingServer(settings, self.bus, self.clock, self.signer)
        await self.server.start()


@asynccontextmanager
async def open_door(**limits: Any) -> AsyncIterator[Door]:
    door = Door(**limits)
    await door.server.start()
    try:
        yield door
    finally:
        await door.server.stop()


class Visitor:
    """A client that does exactly what a test says, well or badly."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, text: str | bytes) -> None:
        await self.socket.send(text)

    async def hello(self, token: str, *, resume: Welcome | None = None, key: str | None = None, **more: Any) -> None:
        claim = ResumeClaim(session=resume.session, key=key or resume.key) if resume is not None else None
        hello = Hello(version=1, token=token, resume=claim, **more)
        await self.send(hello.model_dump_json(exclude_none=True))

    async def join(self, token: str, **how: Any) -> Welcome:
        await self.hello(token, **how)
        return await self.expect(Welcome)

    async def receive(self) -> ServerMessage:
        async with asyncio.timeout(10 * UNIT):
            return parse_server(await self.socket.recv(decode=True))

    async def expect(self, kind: type[M]) -> M:
        """The next message, which must be of `kind`."""
        message = await self.receive()
        assert isinstance(message, kind), message
        return message

    async def closed(self) -> int:
        """Reads on until the server closes; returns its code."""
        with suppress(ConnectionClosed):
            while True:
                await self.receive()
        code = self.socket.close_code
        assert code is not None
        return code


@asynccontextmanager
async def visit(url: str, *, origin: str | None = None, **options: Any) -> AsyncIterator[Visitor]:
    socket = await connect(
        url,
        origin=Origin(origin) if origin is not None else None,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        proxy=None,
        ping_interval=None,
        close_timeout=1,
        compression=None,
        logger=_library_log,
        **options,
    )
    try:
        yield Visitor(socket)
    finally:
        abort(socket)
