"""A line to the database that breaks after so many messages: a process that dies in the middle of its work."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from core.database import Database, open_pool
from tests.support.polling import eventually

_SOCKET = ".s.PGSQL.5432"
_NAME = "severed"
_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = $1 AND datname = current_database()"
)


class SeveredLine:
    """Relays a local connection to the embedded server behind `database`, and cuts it when it was told to.

    The server still receives the message at which the line is cut; nobody receives its answer, and the line stays cut.
    Or the server ends the connection itself (`pg_terminate_backend`), and that message never comes.
    """

    def __init__(self, database: Database) -> None:
        parts = urlsplit(database.url)
        self._database = database
        self._target = Path(parse_qs(parts.query)["host"][0]) / _SOCKET
        self._folder = Path(tempfile.mkdtemp(prefix="diemcau-test-"))
        self._url = f"postgresql://postgres:@{parts.path}?host={self._folder}&application_name={_NAME}"
        self._left: int | None = None
        self._terminated = False
        self._at_commit = False
        self._door = socket.socket(socket.AF_UNIX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[socket.socket] = {self._door}

    async def __aenter__(self) -> Self:
        self._door.bind(str(self._folder / _SOCKET))
        self._door.setblocking(False)
        self._door.listen()
        asyncio.get_running_loop().add_reader(self._door, self._accept)
        self.database = Database(await open_pool(self._url, max_size=1), self._url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.pool.terminate()
        asyncio.get_running_loop().remove_reader(self._door)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self._sockets:
            one.close()
        shutil.rmtree(self._folder)
        await eventually(self._server_has_noticed)

    def cut_after(self, messages: int, *, terminated: bool = False) -> None:
        """The line breaks with the so-manieth message from now on; with `terminated` the server ends it before that."""
        self._left, self._terminated = messages, terminated

    def cut_at_commit(self) -> None:
        """The line breaks with the next COMMIT: what it ends is there, and nobody hears of it."""
        self._at_commit = True

    async def _server_has_noticed(self) -> str | None:
        alive = await self._database.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", _NAME
        )
        return f"{alive} connections still there" if alive else None

    def _accept(self) -> None:
        near, _ = self._door.accept()
        self._sockets.add(near)
        if self._is_cut:
            near.close()
        else:
            self._tasks.add(asyncio.create_task(self._relay(near)))

    @property
    def _is_cut(self) -> bool:
        return self._left is not None and self._left <= 0

    async def _relay(self, near: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with near, socket.socket(socket.AF_UNIX) as far:
            near.setblocking(False)
            far.setblocking(False)
            await loop.sock_connect(far, str(self._target))
            back = asyncio.create_task(_copy(far, near))
            try:
                await self._forward(near, far)
            finally:
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)

    async def _forward(self, near: socket.socket, far: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while not self._is_cut and (data := await loop.sock_recv(near, 65_536)):
                if self._left is not None:
                    self._left -= 1
                if self._at_commit and b"COMMIT" in data:
                    self._left = 0
                if self._is_cut and self._terminated:
                    await self._database.pool.execute(_TERMINATE, _NAME)
                    break
                await loop.sock_sendall(far, data)


async def _copy(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await loop.sock_recv(source, 65_536):
            await loop.sock_sendall(target, data)
