"""Conferences and reservations in PostgreSQL: the shell around the decisions of `booking`.

Everything that writes reservations locks the conference's row first (if it exists), then its points
(`reservations.lock_points`). The exclusion constraint stays the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Database
from core.errors import Conflict, NotFound
from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import booking
from scheduler.model import Clash, Conference, ConferenceSummary
from scheduler.reservations import SQL, Connection, clashes, lock_points, writing

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
        async with writing(self._pool) as connection:
            await lock_points(connection, numbers)
            await connection.execute(SQL["insert_conference"], _key(id), title, *_columns(times), by, now)
            await _reserve(connection, id, numbers, times)

    async def clashes(
        self, numbers: Sequence[int], times: ConferenceTimes, ignore: ConferenceId | None
    ) -> tuple[Clash, ...]:
        """Who holds the points in these times, other than the conference `ignore`."""
        return await clashes(
            self._pool, numbers, times.can_join_after, times.stop, _key(ignore) if ignore is not None else None
        )

    async def cancel(self, id: ConferenceId, by: str, now: datetime) -> None:
        """Cancels and frees the points; raises `NotFound`, `Conflict` `conference.over`."""
        async with writing(self._pool) as connection:
            conference, numbers = await _locked(connection, id)
            booking.refuse_if_over(conference.state)
            await lock_points(connection, numbers)
            await connection.execute(SQL["cancel"], _key(id), by, now)
            await connection.execute(SQL["let_go"], _key(id))

    async def move(self, id: ConferenceId, times: ConferenceTimes, version: int, by: str, now: datetime) -> None:
        """Gives the conference other times, if it still is at `version` and no other one is hit.

        Raises `NotFound`, `Conflict` `conference.changed`, `conference.over`, `booking.clash`.
        """
        async with writing(self._pool) as connection:
            conference, numbers = await _locked(connection, id)
            booking.refuse_if_over(conference.state)
            if conference.version != version:
                message = "Somebody has changed this conference meanwhile. Look at it again."
                raise Conflict("conference.changed", message, version=conference.version)
            await lock_points(connection, numbers)
            await connection.execute(SQL["move"], _key(id), *_columns(times), by, now)
            await connection.execute(SQL["release"], _key(id))
            await _reserve(connection, id, numbers, times)

    async def open(self, id: ConferenceId, by: str, now: datetime) -> bool:
        """Confirmed becomes open; False when it was not (any more) confirmed."""
        return _changed(await self._pool.execute(SQL["open"], _key(id), by, now))

    async def close(self, id: ConferenceId, by: str, at: datetime) -> bool:
        """Confirmed or open becomes closed, and its points are free from `at`; False when it was over already."""
        async with writing(self._pool) as connection:
            row = await connection.fetchrow(SQL["conference_for_update"], _key(id))
            if row is None or not _changed(await connection.execute(SQL["close"], _key(id), by, at)):
                return False
            await lock_points(connection, [point["number"] for point in await _point_rows(connection, id)])
            await connection.execute(SQL["cut_short"], _key(id), at)
            return True


async def _locked(connection: Connection, id: ConferenceId) -> tuple[ConferenceSummary, list[int]]:
    row = await connection.fetchrow(SQL["conference_for_update"], _key(id))
    if row is None:
        raise _unknown()
    numbers = [point["number"] for point in await _point_rows(connection, id)]
    return ConferenceSummary(**_facts(row), points=len(numbers)), numbers


async def _reserve(connection: Connection, id: ConferenceId, numbers: Sequence[int], times: ConferenceTimes) -> None:
    """Reserves all the points; raises `booking.clash` (and so undoes the transaction) when one is taken."""
    status = await connection.execute(SQL["reserve"], _key(id), numbers, times.can_join_after, times.stop)
    if _count(status) != len(numbers):
        taken = await clashes(connection, numbers, times.can_join_after, times.stop, _key(id))
        raise booking.clash_error(taken)


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
