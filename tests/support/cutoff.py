"""A database whose connections are cut on the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.database import Database, open_pool


class CutOff:
    """A Unix socket in front of PostgreSQL's own, which can be cut and come back."""

    def __init__(self, behind: Path, folder: Path) -> None:
        self._behind = behind
        self._path = folder / ".s.PGSQL.5432"
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._carry, self._path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        self._path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._behind)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def behind_a_cut_off(database: Database, folder: Path) -> AsyncIterator[tuple[Database, CutOff]]:
    parts = urlsplit(database.url)
    host = Path(parse_qs(parts.query)["host"][0])
    cut_off = CutOff(host / ".s.PGSQL.5432", folder)
    await cut_off.start()
    url = parts._replace(query=f"host={folder}").geturl()
    pool = await open_pool(url)
    try:
        yield Database(pool, url), cut_off
    finally:
        pool.terminate()
        await cut_off.cut()
