"""The server when what it stands on fails, and over TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, open_pool
from core.identity import Signer
from core.model import Role
from core.settings import Settings
from diemcau.network import server_ssl
from monitor.service import Monitor
from scheduler.office import open_office
from scheduler.service import Scheduler
from tests.support.polling import eventually
from tests.support.website import SECRET, running_website
from web.server import WebServer


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


async def test_while_the_database_is_away_people_are_told_so_and_when_it_is_back_all_is_well(
    database: Database, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with (
        behind_a_cut_off(database, tmp_path_factory.mktemp("s")) as (shaky, cut_off),
        running_website(shaky, tmp_path) as site,
    ):
        organizer = await site.signed_in(Role.ORGANIZER)
        await cut_off.cut()
        for _ in range(3):
            reply = await organizer.get("/api/conferences")
            assert (reply.status, reply.code) == (503, "database.away"), reply.body
        assert (await organizer.get("/healthz")).status == 200
        await cut_off.start()

        async def answers() -> str | None:
            reply = await organizer.get("/api/conferences")
            return None if reply.status == 200 else f"still {reply.status}"

        await eventually(answers)


async def test_with_a_certificate_it_speaks_https(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, web_port=0, https=True, secret=SECRET)
    bus, clock, signer = Bus(), SystemClock(), Signer(SECRET)
    scheduler = Scheduler(database, bus, clock, signer, settings.limits)
    monitor = Monitor(database, bus, clock, settings)
    server = WebServer(
        settings,
        database,
        bus,
        clock,
        signer,
        scheduler,
        open_office(database, bus, clock, signer, settings, scheduler.bookings),
        monitor,
        ssl_context=await asyncio.to_thread(server_ssl, settings),
    )
    await server.start()
    try:
        trusted = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"https://127.0.0.1:{server.port}/api/config", ssl=trusted) as response,
        ):
            config = await response.json()
            assert config["https"] is True
            assert config["signaling_url"] == f"wss://127.0.0.1:{settings.signaling_port}/v1"
            assert f"wss://127.0.0.1:{settings.signaling_port}" in response.headers["Content-Security-Policy"]
    finally:
        await server.stop()
    await server.stop()
    with pytest.raises(RuntimeError):
        _ = server.port


async def test_a_port_that_is_taken_is_said_at_the_start(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path) as site:
        with pytest.raises(OSError, match="in use"):
            async with running_website(database, tmp_path, web_port=site.server.port):
                pass
