"""What the clockwork has to do, in PostgreSQL: so that it is still to be done after a crash."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.database import Database
from core.model import ConferenceId
from scheduler.reservations import SQL


class Agenda:
    """Due work by kind, and the marks that it is done. `running` says that the bridge may have the conference."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def next_due(self, after: datetime) -> datetime | None:
        """The first moment after `after` at which a conference opens or stops."""
        due: datetime | None = await self._pool.fetchval(SQL["next_due"], after)
        return due

    async def to_open(self, now: datetime) -> list[ConferenceId]:
        """Confirmed conferences whose doors should be open."""
        return await self._ids("due_to_open", now)

    async def to_tell(self, now: datetime) -> list[ConferenceId]:
        """Open conferences that the bridge must hear about again."""
        return await self._ids("due_to_tell", now)

    async def to_close(self, now: datetime) -> list[ConferenceId]:
        """Conferences whose stop has come."""
        return await self._ids("due_to_close", now)

    async def to_stop(self) -> list[ConferenceId]:
        """Conferences that are over but may still run on the bridge."""
        return await self._ids("due_to_stop")

    async def mark_open_stale(self) -> None:
        """Every open conference is to be told to the bridge again."""
        await self._pool.execute(SQL["mark_open_stale"])

    async def mark_told(self, id: ConferenceId, version: int) -> None:
        """The bridge knows this version."""
        await self._pool.execute(SQL["mark_told"], UUID(id), version)

    async def mark_running(self, id: ConferenceId) -> None:
        """The bridge is about to be asked to open it."""
        await self._pool.execute(SQL["mark_running"], UUID(id))

    async def mark_stopped(self, id: ConferenceId) -> None:
        """The bridge has let go of it."""
        await self._pool.execute(SQL["mark_stopped"], UUID(id))

    async def _ids(self, query: str, *parameters: datetime) -> list[ConferenceId]:
        return [ConferenceId(str(row["id"])) for row in await self._pool.fetch(SQL[query], *parameters)]
