"""A running web server on a real scheduler and monitor, and people who use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.identity import Signer
from core.model import Role
from core.settings import Settings
from monitor.service import Monitor
from scheduler.office import open_office
from scheduler.service import Scheduler
from web.accounts import ensure_account
from web.server import WebServer

PASSWORD = "Mật khẩu để thử 1"
SECRET = "a secret of the tests, at least 32 long"


@dataclass
class Reply:
    """An HTTP reply that was read to its end."""

    status: int
    headers: Any
    body: bytes
    json: Any = None

    @property
    def code(self) -> str:
        """The problem's code; empty when it is no problem."""
        is_problem = self.headers.get("Content-Type", "").startswith("application/problem+json")
        return str(self.json["code"]) if is_problem else ""


@dataclass
class Visitor:
    """One browser: its own cookies, no memory else."""

    base: str
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """Sends a request and reads the whole reply."""
        async with self.http.request(method, self.base + path, allow_redirects=False, **options) as response:
            body = await response.read()
            json = await response.json(content_type=None) if "json" in response.content_type else None
            return Reply(response.status, response.headers, body, json)

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Reply:
        return await self.ask("POST", path, json=json, **options)


@dataclass
class Website:
    """The running parts, and a way to have visitors."""

    database: Database
    bus: Bus
    settings: Settings
    scheduler: Scheduler
    monitor: Monitor
    server: WebServer
    clock: SystemClock
    data_dir: Path
    _visitors: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def visitor(self) -> Visitor:
        """Somebody who has not signed in."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return Visitor(self.base, await self._visitors.enter_async_context(session))

    async def signed_in(self, *roles: Role, username: str = "") -> Visitor:
        """Somebody with an account of these roles, signed in."""
        username = username or "-".join(sorted(roles))
        await ensure_account(self.database, username, f"Người {username}", PASSWORD, roles)
        visitor = await self.visitor()
        reply = await visitor.post("/api/sign-in", {"username": username, "password": PASSWORD})
        assert reply.status == 200, reply.body
        return visitor

    async def add_points(self, count: int) -> None:
        """A province `p` with communes c1 … and a point d1 … in each."""
        pool = self.database.pool
        await pool.execute("INSERT INTO unit (code, name, kind) VALUES ('p', 'Tỉnh', 'province')")
        await pool.execute(
            "INSERT INTO unit (code, name, kind, parent)"
            " SELECT 'c' || n, 'Xã ' || n, 'commune', 'p' FROM generate_series(1, $1) n",
            count,
        )
        await pool.execute(
            "INSERT INTO bridge_point (code, name, unit, seats)"
            " SELECT 'd' || n, 'Điểm ' || n, 'c' || n, 30 FROM generate_series(1, $1) n",
            count,
        )


def times_of(start: datetime, hours: float = 2) -> dict[str, str]:
    """Conference times as the API takes them."""
    stop = start + timedelta(hours=hours)
    return {
        "can_join_after": (start - timedelta(minutes=30)).isoformat(),
        "start": start.isoformat(),
        "stop": stop.isoformat(),
        "must_join_before": stop.isoformat(),
    }


@asynccontextmanager
async def running_website(
    database: Database, data_dir: Path, *, pages: Path | None = None, **changes: Any
) -> AsyncIterator[Website]:
    """Scheduler, monitor and web server on free ports, with the built `pages` or none; all down at the end."""
    settings = Settings(**{"data_dir": data_dir, "web_port": 0, "signaling_port": 4711, "secret": SECRET, **changes})
    bus, clock, signer = Bus(), SystemClock(), Signer(SECRET)
    scheduler = Scheduler(database, bus, clock, signer, settings.limits)
    monitor = Monitor(database, bus, clock, settings)
    static = pages or data_dir / "static"
    office = open_office(database, bus, clock, signer, settings, scheduler.bookings)
    server = WebServer(settings, database, bus, clock, signer, scheduler, office, monitor, static=static)
    watching = asyncio.create_task(monitor.run())
    site = Website(database, bus, settings, scheduler, monitor, server, clock, data_dir)
    try:
        await monitor.ready.wait()
        await server.start()
        async with site._visitors:
            yield site
    finally:
        await server.stop()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
