"""The conferences' event logs in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from bridge.conference.events import LogEntry
from core.database import Database, load_queries
from core.model import ConferenceId

_SQL = load_queries("bridge")


class EventLog:
    """Appends and reads log entries. An entry that two writers number alike is refused by the primary key."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def append(self, conference: ConferenceId, entries: list[LogEntry]) -> None:
        """Writes all of `entries` or none."""
        rows = [(UUID(conference), e.seq, e.at, e.event.model_dump(mode="json")) for e in entries]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.executemany(_SQL["append_event"], rows)

    async def read(self, conference: ConferenceId) -> list[LogEntry]:
        """The whole log in order; empty when the conference never opened."""
        rows = await self._pool.fetch(_SQL["read_events"], UUID(conference))
        return [LogEntry.model_validate({"seq": r["seq"], "at": r["at"], "event": r["event"]}) for r in rows]

    async def is_closed(self, conference: ConferenceId) -> bool:
        """Whether the log ends with the closing."""
        return bool(await self._pool.fetchval(_SQL["is_closed"], UUID(conference)))

    async def unfinished(self) -> list[ConferenceId]:
        """Conferences that opened and have not closed."""
        return [ConferenceId(str(r["conference"])) for r in await self._pool.fetch(_SQL["unfinished"])]
