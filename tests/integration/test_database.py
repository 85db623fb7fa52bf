from __future__ import annotations

from core.database import Database, migrate


async def test_migrations_are_applied_once_and_can_be_run_again(database: Database) -> None:
    before = await database.pool.fetch("SELECT name FROM schema_migration ORDER BY name")
    assert len(before) >= 4
    await migrate(database.pool)
    assert await database.pool.fetch("SELECT name FROM schema_migration ORDER BY name") == before
