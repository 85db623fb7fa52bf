from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg

from core.database import Database, migrate, open_database
from core.settings import Settings


async def test_migrations_are_applied_once_and_can_be_run_again(database: Database) -> None:
    before = await database.pool.fetch("SELECT name FROM schema_migration ORDER BY name")
    assert len(before) >= 4
    await migrate(database.pool)
    assert await database.pool.fetch("SELECT name FROM schema_migration ORDER BY name") == before


_KILL_ITSELF = """
import asyncio, os, signal, sys
from pathlib import Path
from core.database import open_database
from core.settings import Settings

async def main():
    await open_database(Settings(data_dir=Path(sys.argv[1])))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_killed_user_neither_stops_the_embedded_server_nor_keeps_it_running_for_ever() -> None:
    folder = Path(tempfile.mkdtemp(prefix="diemcau-test-"))
    try:
        arguments = [sys.executable, "-c", _KILL_ITSELF, str(folder)]
        killed = await asyncio.to_thread(subprocess.run, arguments, check=False)
        assert killed.returncode < 0
        database = await open_database(Settings(data_dir=folder))
        url = database.url
        assert await database.pool.fetchval("SELECT count(*) FROM schema_migration") >= 4
        await database.close()
        try:
            await asyncpg.connect(url, timeout=5)
        except OSError:
            return
        raise AssertionError("the embedded server still runs after its last user left")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
