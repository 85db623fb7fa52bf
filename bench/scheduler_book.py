"""A nation with a year of bookings, in an embedded PostgreSQL of its own."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from core.database import Database, migrate, open_pool, start_embedded

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 365
SLOTS_UTC = (1.0, 3.0, 6.5, 8.5)
"""Hours at which conferences of two hours begin: 8:00, 10:00, 13:30 and 15:30 in Vietnam."""
_SEED = 20_250_701


@asynccontextmanager
async def embedded_database(connections: int) -> AsyncIterator[Database]:
    """A migrated, empty database that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="diemcau-bench-"))
    server: Any = await asyncio.to_thread(start_embedded, folder / "postgres")
    url = server.get_uri()
    pool = await open_pool(url, max_size=connections)
    database = Database(pool, url, server)
    try:
        await migrate(pool)
        yield database
    finally:
        await database.close()
        shutil.rmtree(folder, ignore_errors=True)


async def fill_year(database: Database, reservations: int) -> int:
    """Conferences of two hours, each of a whole province, until there are so many reservations; their exact number."""
    rows = await database.pool.fetch(
        "SELECT unit.parent, bridge_point.number FROM bridge_point JOIN unit ON unit.code = bridge_point.unit"
        " ORDER BY unit.parent, bridge_point.number"
    )
    provinces = [[row["number"] for row in group] for _, group in groupby(rows, key=lambda row: row["parent"])]
    rng = random.Random(_SEED)
    free = {i: _starts(rng) for i in range(len(provinces))}
    conferences: list[tuple[UUID, datetime]] = []
    held: list[tuple[UUID, int, datetime]] = []
    turn = 0
    while len(held) < reservations:
        province = turn % len(provinces)
        id, start = UUID(int=rng.getrandbits(128), version=4), free[province].pop()
        conferences.append((id, start))
        held += [(id, number, start) for number in provinces[province]]
        turn += 1
    await _insert(database, conferences, held)
    return len(held)


def _starts(rng: random.Random) -> list[datetime]:
    days = [NEW_YEAR + timedelta(days=day) for day in range(DAYS)]
    starts = [day + timedelta(hours=hour) for day in days if day.weekday() < 5 for hour in SLOTS_UTC]
    rng.shuffle(starts)
    return starts


async def _insert(
    database: Database, conferences: list[tuple[UUID, datetime]], held: list[tuple[UUID, int, datetime]]
) -> None:
    began = time.monotonic()
    async with database.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by,"
            " booked_at, changed_by, changed_at) SELECT id, 'Giao ban', 'confirmed', start, start,"
            " start + interval '2 hours', start + interval '2 hours', 'bench', now(), 'bench', now()"
            " FROM unnest($1::uuid[], $2::timestamptz[]) AS given (id, start)",
            [id for id, _ in conferences],
            [start for _, start in conferences],
            timeout=600,
        )
        for i in range(0, len(held), 20_000):
            part = held[i : i + 20_000]
            await connection.execute(
                "INSERT INTO reservation (conference, point, during)"
                " SELECT id, point, tstzrange(start, start + interval '2 hours')"
                " FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS given (id, point, start)",
                [id for id, _, _ in part],
                [point for _, point, _ in part],
                [start for _, _, start in part],
                timeout=600,
            )
        await connection.execute("ANALYZE", timeout=600)
    print(f"{len(held):,} reservations of {len(conferences):,} conferences in {time.monotonic() - began:.0f} s")
