"""Taking a real database away and giving it back."""

from __future__ import annotations

import asyncpg

from core.database import Database


class Outage:
    """From `begin` to `end` the database cuts every connection and lets nobody in."""

    def __init__(self, admin_url: str, name: str) -> None:
        self._admin_url = admin_url
        self._name = name

    @classmethod
    async def of(cls, database: Database, postgres_url: str) -> Outage:
        """The outage of `database`, ordered through the server's own database."""
        name = await database.pool.fetchval("SELECT current_database()")
        return cls(postgres_url.replace("{name}", "postgres"), name)

    async def cut(self) -> int:
        """Cuts the connections of this moment; returns how many there were."""
        admin = await asyncpg.connect(self._admin_url)
        cut = await admin.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1", self._name
        )
        await admin.close()
        assert isinstance(cut, int)
        return cut

    async def begin(self) -> None:
        """Takes the database away."""
        await self._allow(connections=False)
        await self.cut()

    async def end(self) -> None:
        """Gives it back."""
        await self._allow(connections=True)

    async def _allow(self, *, connections: bool) -> None:
        admin = await asyncpg.connect(self._admin_url)
        await admin.execute(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS {connections}")
        await admin.close()
