"""Two processes run the clockwork on one database, and one is killed in the middle of its work."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.model import ConferenceId
from scheduler.service import Scheduler
from tests.support.directory import booking_of, load_points, scheduler_of
from tests.support.polling import UNIT, eventually
from tests.support.workers import JOURNAL, worker

CONFERENCES = 24


async def booked(scheduler: Scheduler, seconds: float, lasting: float) -> list[ConferenceId]:
    """One conference per point; all begin at the same moment, so that the processes meet."""
    codes = await load_points(scheduler, CONFERENCES)
    start = SystemClock().now() + timedelta(seconds=seconds * UNIT)
    requests = [booking_of(f"Họp {code}", start, [code], minutes=lasting * UNIT / 60) for code in codes]
    return [(await scheduler.book(request, "lan")).id for request in requests]


async def count(database: Database, query: str) -> int:
    found = await database.pool.fetchval(f"SELECT count(*) FROM {query}")
    assert isinstance(found, int)
    return found


async def test_each_conference_is_opened_and_closed_exactly_once_though_one_process_is_killed(
    database: Database, bus: Bus
) -> None:
    await database.pool.execute(JOURNAL)
    scheduler = scheduler_of(database, bus, SystemClock())
    async with worker("clockwork", database.url, "1") as dying, worker("clockwork", database.url, "2"):
        ids = await booked(scheduler, seconds=3, lasting=6)

        async def some_are_open() -> str | None:
            some = await count(database, "journal WHERE what = 'open' AND worker = 1")
            return None if some else "the first process has opened nothing yet"

        await eventually(some_are_open, units=30)
        dying.kill()

        async def over() -> str | None:
            left = await count(database, "conference WHERE state <> 'closed' OR running")
            return f"{left} conferences are not over" if left else None

        await eventually(over, units=30)
    history = await database.pool.fetch(
        "SELECT conference, action, count(*) AS n FROM conference_history GROUP BY 1, 2"
    )
    for action in ("opened", "closed"):
        told = {str(row["conference"]): row["n"] for row in history if row["action"] == action}
        assert told == dict.fromkeys(ids, 1)
    # The bridge hears of a conference from one process; only what the killed one was at, it hears again.
    opened = await database.pool.fetch(
        "SELECT conference, count(*) AS n, bool_or(worker = 1) AS first FROM journal WHERE what = 'open' GROUP BY 1"
    )
    assert {row["conference"] for row in opened} == set(ids)
    assert all(row["n"] == 1 or row["first"] for row in opened)
    stopped = await database.pool.fetch("SELECT conference, count(*) AS n FROM journal WHERE what = 'stop' GROUP BY 1")
    assert {row["conference"]: row["n"] for row in stopped} == dict.fromkeys(ids, 1)


async def test_two_living_processes_do_nothing_twice(database: Database, bus: Bus) -> None:
    await database.pool.execute(JOURNAL)
    scheduler = scheduler_of(database, bus, SystemClock())
    async with worker("clockwork", database.url, "1"), worker("clockwork", database.url, "2"):
        ids = await booked(scheduler, seconds=3, lasting=5)

        async def over() -> str | None:
            left = await count(database, "conference WHERE state <> 'closed' OR running")
            news = await count(database, "journal WHERE what = 'news closed'")
            return f"{left} conferences are not over, {news} endings were told" if left or news < 2 * len(ids) else None

        await eventually(over, units=30)
    for what, processes in (("open", 1), ("stop", 1), ("news open", 2), ("news closed", 2)):
        told = await database.pool.fetch(
            "SELECT conference, count(*) AS n, count(DISTINCT worker) AS workers FROM journal"
            " WHERE what = $1 GROUP BY 1",
            what,
        )
        heard = {row["conference"]: (row["n"], row["workers"]) for row in told}
        assert heard == dict.fromkeys(ids, (processes, processes)), what


async def test_what_a_killed_process_had_claimed_is_taken_over_at_once(database: Database, bus: Bus) -> None:
    await database.pool.execute(JOURNAL)
    scheduler = scheduler_of(database, bus, SystemClock())
    async with (
        worker("clockwork", database.url, "1") as dying,
        database.pool.acquire() as connection,
        connection.transaction(),
    ):
        # The bridge's answer waits for a lock on its journal: the process is killed in the middle of opening.
        await connection.execute("LOCK journal IN EXCLUSIVE MODE")
        [id, *_] = await booked(scheduler, seconds=0.1, lasting=60)

        async def opening() -> str | None:
            marked = await count(database, "conference WHERE running")
            return None if marked else "nothing is being opened"

        await eventually(opening, units=40)
        dying.kill()
        await dying.wait()
    async with worker("clockwork", database.url, "2"):

        async def opened() -> str | None:
            left = await count(database, "conference WHERE state <> 'open'")
            return f"{left} conferences are not open" if left else None

        started = asyncio.get_running_loop().time()
        await eventually(opened, units=20)
        assert asyncio.get_running_loop().time() - started < 10 * UNIT
    assert (await scheduler.conference(id)).state.value == "open"
