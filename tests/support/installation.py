"""A whole installation as a person would run it: `diemcau serve` in a process of its own, and its HTTP API."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.database import open_database
from core.model import ConferenceId, Role
from core.settings import Settings
from diemcau.demo.api import ApiClient
from diemcau.demo.children import Child
from diemcau.demo.prepare import Account
from scheduler.model import Conference
from web.accounts import ensure_account

HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, for TCP and UDP alike.

    From below those that Linux gives to whoever asks for any: until the port is used, nobody else is given it.
    """
    found: set[int] = set()
    while len(found) < count:
        port = 10_000 + secrets.randbelow(22_000)
        if _is_free(port):
            found.add(port)
    return list(found)


def _is_free(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        try:
            for each in (tcp, udp):
                each.bind(("", port))
        except OSError:
            return False
    return True


@dataclass
class Installation:
    """Its settings and accounts; the server process can be killed and started again."""

    settings: Settings
    accounts: dict[Role, Account]
    more: dict[str, str] = field(default_factory=dict)
    process: Child | None = None

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.settings.web_port}"

    @property
    def signaling_url(self) -> str:
        return f"ws://{HOST}:{self.settings.signaling_port}/v1"

    async def start(self) -> None:
        """Starts the server and waits until it says that it is ready."""
        assert self.settings.database_url is not None
        self.process = await Child.start(
            "serve",
            "--child",
            environment={
                "DIEMCAU_DATA_DIR": str(self.settings.data_dir),
                "DIEMCAU_DATABASE_URL": self.settings.database_url,
                "DIEMCAU_WEB_PORT": str(self.settings.web_port),
                "DIEMCAU_SIGNALING_PORT": str(self.settings.signaling_port),
                "DIEMCAU_MEDIA_PORT": str(self.settings.media_port),
                "DIEMCAU_LOG_LEVEL": "warning",
                **self.more,
            },
        )
        async with asyncio.timeout(30):
            assert (await anext(aiter(self.process.lines())))["event"] == "ready"

    async def stop(self) -> None:
        if self.process is not None:
            await self.process.end()

    async def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        assert self.process is not None
        self.process.signal(signal.SIGKILL)
        await self.process.wait()

    @asynccontextmanager
    async def api(self, role: Role) -> AsyncIterator[ApiClient]:
        """A signed-in HTTP client."""
        async with ApiClient(self.base_url, None) as client:
            await client.sign_in(self.accounts[role])
            yield client

    async def book_now(self, title: str = "Hội nghị thử") -> Conference:
        """A conference of all points, open in a moment."""
        async with self.api(Role.ORGANIZER) as organizer:
            return await organizer.book_now(title, await organizer.points(), hours=1)

    async def token(self, conference: ConferenceId, role: Role) -> str:
        """A console's token."""
        async with self.api(role) as client:
            return await client.enter(conference, role)

    async def link_tokens(self, conference: ConferenceId) -> dict[str, str]:
        """The token of each point's join link."""
        async with self.api(Role.ORGANIZER) as organizer:
            return {link.point: link.url.rpartition("/")[2] for link in await organizer.links(conference)}


async def _fill(settings: Settings, accounts: dict[Role, Account], points: int) -> None:
    database = await open_database(settings)
    try:
        for role, account in accounts.items():
            await ensure_account(database, account.username, f"Người {role}", account.password, [role])
        await database.pool.execute(
            "INSERT INTO unit (code, name, kind) VALUES ('79', 'Thành phố Hồ Chí Minh', 'province')"
        )
        await database.pool.executemany(
            "INSERT INTO bridge_point (code, name, unit) VALUES ($1, $2, '79')",
            [(f"p{n}", f"Phường {n}") for n in range(1, points + 1)],
        )
    finally:
        await database.close()


@asynccontextmanager
async def installed(
    database_url: str, data_dir: Path, *, points: int = 3, **environment: str
) -> AsyncIterator[Installation]:
    """A running installation with points p1 … and an account for each role; `environment` adds settings."""
    web, signaling, media = free_ports(3)
    settings = Settings(
        data_dir=data_dir, database_url=database_url, web_port=web, signaling_port=signaling, media_port=media
    )
    accounts = {role: Account(username=role.value, password=secrets.token_urlsafe(12)) for role in Role}
    await _fill(settings, accounts, points)
    installation = Installation(settings, accounts, environment)
    await installation.start()
    try:
        yield installation
    finally:
        await installation.stop()
