"""Conferences read from PostgreSQL, and the clockwork's two steps: opening and closing.

Everything else that is written goes through `ledger`. The exclusion constraint is the truth about who holds what.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.database import Database
from core.model import ConferenceId, PointRef
from scheduler.ledger import count, facts, key, unknown
from scheduler.model import Clash, Conference, ConferenceSummary, HistoryEntry
from scheduler.reservations import SQL, clashes, lock_points, writing

LIST_LIMIT = 1_000
"""Conferences in one list; enough for years of them."""


class Store:
    """Reads conferences; opens and closes them."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def conferences(self) -> list[ConferenceSummary]:
        """The latest conferences, newest start first."""
        rows = await self._pool.fetch(SQL["conferences"], LIST_LIMIT)
        return [ConferenceSummary(**facts(row), points=row["points"]) for row in rows]

    async def conference(self, id: ConferenceId) -> Conference:
        """One conference; raises `NotFound`."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            row = await connection.fetchrow(SQL["conference"], key(id))
            if row is None:
                raise unknown()
            points = await connection.fetch(SQL["conference_points"], key(id))
        return Conference(**facts(row), points=tuple(PointRef(code=p["code"], name=p["name"]) for p in points))

    async def history(self, id: ConferenceId) -> list[HistoryEntry]:
        """Every version of the conference, the first one first; raises `NotFound`."""
        rows = await self._pool.fetch(SQL["history"], key(id))
        if not rows and await self._pool.fetchrow(SQL["conference"], key(id)) is None:
            raise unknown()
        return [HistoryEntry(**row) for row in rows]

    async def clashes(
        self, numbers: Sequence[int], start: datetime, stop: datetime, ignore: ConferenceId | None
    ) -> tuple[Clash, ...]:
        """Who holds the points between `start` and `stop`, other than the conference `ignore`."""
        but: UUID | None = key(ignore) if ignore is not None else None
        return await clashes(self._pool, numbers, start, stop, but)

    async def open(self, id: ConferenceId, by: str, now: datetime) -> bool:
        """Confirmed becomes open; False when it was not (any more) confirmed."""
        return count(await self._pool.execute(SQL["open"], key(id), by, now)) > 0

    async def close(self, id: ConferenceId, by: str, at: datetime, *, unless_extended: bool = False) -> bool:
        """Confirmed or open becomes closed, its points free after the tear-down; False when it was over already.

        With `unless_extended` also when its stop has come to lie after `at`.
        """
        async with writing(self._pool) as connection:
            row = await connection.fetchrow(SQL["conference_for_update"], key(id))
            if row is None or (unless_extended and row["stop"] > at):
                return False
            if count(await connection.execute(SQL["close"], key(id), by, at)) == 0:
                return False
            points = await connection.fetch(SQL["conference_points"], key(id))
            await lock_points(connection, [point["number"] for point in points])
            await connection.execute(SQL["cut_short"], key(id), at)
            return True
