"""Writing reservations without deadlocks, and naming who holds what: shared by conferences and maintenance.

The exclusion constraint is the truth; the locks only keep its waits short. Everything that writes reservations
locks the conference's row first (if it exists), then the stripes of its points; see `lock_stripes` in queries.sql.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from core.database import load_queries
from core.errors import Unavailable
from core.model import ConferenceId
from scheduler.model import Clash

log = structlog.get_logger("scheduler")

SQL = load_queries("scheduler")
Connection = Any
"""An asyncpg connection, straight or from the pool; a pool where one query suffices."""

_STRIPES = 7_205
_LOCK_WAIT = "5s"


@asynccontextmanager
async def writing(pool: asyncpg.Pool[Any]) -> AsyncIterator[Connection]:
    """A transaction whose waits for locks are short; raises `Unavailable` `booking.busy` where they are not."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
            yield connection
    except asyncpg.LockNotAvailableError as exc:
        log.warning("booking_busy")
        raise Unavailable("booking.busy", "Too many people are booking these points. Try again.") from exc


async def lock_points(connection: Connection, numbers: Sequence[int]) -> None:
    """Locks the points against other writers until the transaction ends; once per transaction, with all its points."""
    await connection.execute(SQL["lock_stripes"], _STRIPES, numbers)


async def clashes(
    connection: Connection, numbers: Sequence[int], start: datetime, stop: datetime, ignore: UUID | None = None
) -> tuple[Clash, ...]:
    """Who holds the points between `start` and `stop`, other than the conference or maintenance `ignore`."""
    rows = await connection.fetch(SQL["clashes"], numbers, start, stop, ignore)
    return tuple(_clash(row) for row in rows)


def _clash(row: Any) -> Clash:
    conference, maintenance = row["conference"], row["maintenance"]
    return Clash(
        point=row["point"],
        name=row["name"],
        conference=ConferenceId(str(conference)) if conference is not None else None,
        maintenance=str(maintenance) if maintenance is not None else None,
        title=row["title"],
        since=row["since"],
        until=row["until"],
    )
