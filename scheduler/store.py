"""Conferences and reservations in PostgreSQL: the shell around the decisions of `booking`.

Everything that writes reservations locks the conference's row first (if it exists), then the stripes of its
points; see `lock_stripes` in queries.sql. The exclusion constraint stays the truth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from core.database import Database, load_queries
from core.errors import Conflict, NotFound, Unavailable
from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import booking
from scheduler.model import Clash, Conference, ConferenceSummary

log = structlog.get_logger("scheduler")

SQL = load_queries("scheduler")
Connection = Any
"""An asyncpg connection, straight or from the pool."""

_STRIPES = 7_205
_LOCK_WAIT = "5s"
LIST_LIMIT = 1_000
"""Conferences in one list; enough for years of them."""


class Store:
    """Reads and writes conferences; each method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def conferences(self) -> list[ConferenceSummary]:
        """The latest conferences, newest start first."""
        rows = await self._pool.fetch(SQL["conferences"], LIST_LIMIT)
        return [ConferenceSummary(**_facts(row), points=row["points"]) for row in rows]

    async def conference(self, id: ConferenceId) -> Conference:
        """One conference; raises `NotFound`."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            row = await connection.fetchrow(SQL["conference"], _key(id))
            return _conference(row, await _points(connection, id))

    async def book(
        self, id: ConferenceId, title: str, times: ConferenceTimes, numbers: Sequence[int], by: str, now: datetime
    ) -> None:
        """Writes the conference and its reservations, or raises `Conflict` `booking.clash` and writes nothing."""
        async with self._writing() as connection:
            await _lock(connection, numbers)
            await connection.execute(SQL["insert_conference"], _key(id), title, *_columns(times), by, now)
            await _reserve(connection, id, numbers, times)

    async def clashes(
        self, numbers: Sequence[int], times: ConferenceTimes, ignore: ConferenceId | None
    ) -> tuple[Clash, ...]:
        """Who holds the points in these times, other than the conference `ignore`."""
        return await _clashes(self._pool, numbers, times, ignore)

    async def cancel(self, id: ConferenceId, by: str, now: datetime) -> None:
        """Cancels and frees the points; raises `NotFound`, `Conflict` `conference.over`."""
        async with self._writing() as connection:
            conference, numbers = await _locked(connection, id)
            booking.refuse_if_over(conference.state)
            await _lock(connection, numbers)
            await connection.execute(SQL["cancel"], _key(id), by, now)
            await connection.execute(SQL["let_go"], _key(id))

    async def move(self, id: ConferenceId, times: ConferenceTimes, version: int, by: str, now: datetime) -> None:
        """Gives the conference other times, if it still is at `version` and no other one is hit.

        Raises `NotFound`, `Conflict` `conference.changed`, `conference.over`, `booking.clash`.
        """
        async with self._writing() as connection:
            conference, numbers = await _locked(connection, id)
            booking.refuse_if_over(conference.state)
            if conference.version != version:
                message = "Somebody has changed this conference meanwhile. Look at it again."
                raise Conflict("conference.changed", message, version=conference.version)
            await _lock(connection, numbers)
            await connection.execute(SQL["move"], _key(id), *_columns(times), by, now)
            await connection.execute(SQL["release"], _key(id))
            await _reserve(connection, id, numbers, times)

    async def open(self, id: ConferenceId, by: str, now: datetime) -> bool:
        """Confirmed becomes open; False when it was not (any more) confirmed."""
        return _changed(await self._pool.execute(SQL["open"], _key(id), by, now))

    async def close(self, id: ConferenceId, by: str, at: datetime) -> bool:
        """Confirmed or open becomes closed, and its points are free from `at`; False when it was over already."""
        async with self._writing() as connection:
            row = await connection.fetchrow(SQL["conference_for_update"], _key(id))
            if row is None or not _changed(await connection.execute(SQL["close"], _key(id), by, at)):
                return False
            await _lock(connection, [point["number"] for point in await _point_rows(connection, id)])
            await connection.execute(SQL["cut_short"], _key(id), at)
            return True

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                yield connection
        except asyncpg.LockNotAvailableError as exc:
            log.warning("booking_busy")
            raise Unavailable("booking.busy", "Too many people are booking these points. Try again.") from exc


async def _locked(connection: Connection, id: ConferenceId) -> tuple[ConferenceSummary, list[int]]:
    row = await connection.fetchrow(SQL["conference_for_update"], _key(id))
    if row is None:
        raise _unknown()
    numbers = [point["number"] for point in await _point_rows(connection, id)]
    return ConferenceSummary(**_facts(row), points=len(numbers)), numbers


async def _lock(connection: Connection, numbers: Sequence[int]) -> None:
    await connection.execute(SQL["lock_stripes"], _STRIPES, numbers)


async def _reserve(connection: Connection, id: ConferenceId, numbers: Sequence[int], times: ConferenceTimes) -> None:
    """Reserves all the points; raises `booking.clash` (and so undoes the transaction) when one is taken."""
    status = await connection.execute(SQL["reserve"], _key(id), numbers, times.can_join_after, times.stop)
    if _count(status) != len(numbers):
        raise booking.clash_error(await _clashes(connection, numbers, times, id))


async def _clashes(
    connection: Connection, numbers: Sequence[int], times: ConferenceTimes, ignore: ConferenceId | None
) -> tuple[Clash, ...]:
    key = _key(ignore) if ignore is not None else None
    rows = await connection.fetch(SQL["clashes"], numbers, times.can_join_after, times.stop, key)
    return tuple(Clash(**{**row, "conference": str(row["conference"])}) for row in rows)


async def _point_rows(connection: Connection, id: ConferenceId) -> list[Any]:
    rows: list[Any] = await connection.fetch(SQL["conference_points"], _key(id))
    return rows


async def _points(connection: Connection, id: ConferenceId) -> tuple[PointRef, ...]:
    return tuple(PointRef(code=row["code"], name=row["name"]) for row in await _point_rows(connection, id))


def _conference(row: Any, points: tuple[PointRef, ...]) -> Conference:
    if row is None:
        raise _unknown()
    return Conference(**_facts(row), points=points)


def _facts(row: Any) -> dict[str, Any]:
    """The columns that a summary and a whole conference share."""
    return {
        "id": ConferenceId(str(row["id"])),
        "title": row["title"],
        "state": ConferenceState(row["state"]),
        "times": ConferenceTimes(**{name: row[name] for name in ConferenceTimes.model_fields}),
        "version": row["version"],
        "booked_by": row["booked_by"],
    }


def _columns(times: ConferenceTimes) -> tuple[datetime, datetime, datetime, datetime]:
    return times.can_join_after, times.start, times.stop, times.must_join_before


def _key(id: ConferenceId) -> UUID:
    """The database's key; an id of another form belongs to no conference."""
    try:
        return UUID(id)
    except ValueError as exc:
        raise _unknown() from exc


def _unknown() -> NotFound:
    return NotFound("conference.unknown", "There is no such conference.")


def _count(status: str) -> int:
    """The number of rows in a command's status, such as "INSERT 0 168"."""
    return int(status.rpartition(" ")[2])


def _changed(status: str) -> bool:
    return _count(status) > 0
