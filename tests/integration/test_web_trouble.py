"""The server when what it stands on fails, and over TLS."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.identity import Signer
from core.model import Role
from core.settings import Settings
from diemcau.network import server_ssl
from monitor.service import Monitor
from scheduler.office import open_office
from scheduler.service import Scheduler
from tests.support.cutoff import behind_a_cut_off
from tests.support.polling import eventually
from tests.support.website import SECRET, running_website
from web.server import WebServer


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
