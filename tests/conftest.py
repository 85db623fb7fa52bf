"""Fixtures that every kind of test shares: one embedded PostgreSQL, a fresh database per test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, migrate, open_pool, start_embedded


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded PostgreSQL whose database `template_diemcau` holds the migrated schema."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    server: Any = start_embedded(folder)

    async def prepare() -> None:
        admin = await asyncpg.connect(server.get_uri())
        await admin.execute("CREATE DATABASE template_diemcau")
        await admin.close()
        pool = await open_pool(server.get_uri("template_diemcau"))
        await migrate(pool)
        await pool.close()

    asyncio.run(prepare())
    yield server.get_uri("{name}")
    server.cleanup()


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
