"""Fixtures that every kind of test shares: one embedded PostgreSQL, a fresh database per test."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, migrate, open_pool, start_embedded

MEMORY = Path("/dev/shm")
ROOM = 2**30
"""Bytes that must be free there: the server's log of changes and a few databases need less than half."""

IN_REAL_TIME = ("tests/browser/", "tests/integration/test_media_")
"""Tests of these play and measure media as fast as they come."""


class MediaInTurn(LoadScopeScheduling):  # type: ignore[misc]
    """With several workers (`-n`) one runs all media, one test after the other; the others take a file at a time.

    What has the most tests is given out first, so media begin at once.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "media" if nodeid.startswith(IN_REAL_TIME) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> MediaInTurn:
    return MediaInTurn(config, log)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An embedded PostgreSQL whose database `template_diemcau` holds the migrated schema.

    In memory where there is room: a database is nearly a thousand files, and to make them anew for each test takes
    0.03 s there, and on a disk up to 0.6 s. Not below pytest's own folder: as root the server runs as another user,
    which that folder keeps out.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="diemcau-test-", dir=MEMORY if roomy else None))
    server: Any = start_embedded(folder / "postgres")

    async def prepare() -> None:
        admin = await asyncpg.connect(server.get_uri())
        await admin.execute("ALTER SYSTEM SET fsync = off")
        await admin.execute("ALTER SYSTEM SET max_wal_size = '128MB'")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.execute("CREATE DATABASE template_diemcau")
        await admin.close()
        pool = await open_pool(server.get_uri("template_diemcau"))
        await migrate(pool)
        await pool.close()

    asyncio.run(prepare())
    yield server.get_uri("{name}")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database."""
    name = f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url.replace("{name}", "postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template_diemcau")
    url = postgres_url.replace("{name}", name)
    pool = await open_pool(url)
    yield Database(pool, url)
    await asyncio.wait_for(pool.close(), 10)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()
