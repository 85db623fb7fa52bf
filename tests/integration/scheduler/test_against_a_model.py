"""Random books of bookings, changes, series and crashes: the database and a list in memory always agree.

A crash is a process that dies after some of the messages that a step sends (its line to the database breaks), or a
connection that the server ends between two statements. Afterwards either all of the step is there or nothing; and a
booking asked for again with its key is there once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import DiemcauError
from core.model import ConferenceId
from tests.support.book import Book, Held
from tests.support.book_steps import NEW, POINTS, STEPS, Desk, Do, Refusal, Step, expected
from tests.support.directory import NOON, load_points, scheduler_of
from tests.support.severed import SeveredLine


async def held(database: Database) -> Held:
    """Who holds which point from when until when, as the database has it."""
    rows = await database.pool.fetch(
        "SELECT code, conference, lower(during) AS since, upper(during) AS until"
        " FROM reservation JOIN bridge_point ON number = point WHERE held"
    )
    return {(row["code"], ConferenceId(str(row["conference"])), row["since"], row["until"]) for row in rows}


Facts = tuple[str, datetime, datetime, frozenset[str]]


async def facts(database: Database) -> dict[ConferenceId, Facts]:
    """Every conference's state, start, stop and points, as the database has them."""
    rows = await database.pool.fetch(
        "SELECT id, state, start, stop, array(SELECT code FROM reservation JOIN bridge_point ON number = point"
        " WHERE conference = id) AS points FROM conference"
    )
    return {ConferenceId(str(row["id"])): _facts(row) for row in rows}


def _facts(row: Any) -> Facts:
    return row["state"], row["start"], row["stop"], frozenset(row["points"])


async def crashed(database: Database, do: Do, step: Step) -> None:
    """Takes the step in a process that dies, or whose connection is ended, in the middle; or succeeds before that."""
    async with SeveredLine(database) as line:
        desk = Desk(line.database)
        if step.crash:
            line.cut_after(step.crash, terminated=step.terminated)
        else:
            line.cut_at_commit()
        try:
            await do(desk)
        except (OSError, DiemcauError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return


async def outcome(do: Do, desk: Desk) -> tuple[Refusal, list[ConferenceId]]:
    try:
        ids = await do(desk)
    except DiemcauError as refusal:
        return named(refusal), []
    return None, ids if isinstance(ids, list) else []


def named(refusal: DiemcauError) -> Refusal:
    if refusal.code == "booking.clash":
        found = refusal.data["clashes"]
    elif refusal.code == "series.clash":
        found = [clash for one in refusal.data["occurrences"] for clash in one["clashes"]]
    else:
        return refusal.code
    return frozenset((clash["point"], clash["conference"]) for clash in found)


async def take(database: Database, book: Book, step: Step, key: str) -> Book:
    """Takes the step in both, with a crash before it if it has one, and compares; the book afterwards."""
    wanted = expected(book, step, key)
    if wanted is None:
        return book
    if step.crash is not None:
        await crashed(database, wanted.do, step)
        if step.kind not in NEW:
            return wanted.then if await agrees(database, wanted.then) and not wanted.refused else book
    refused, ids = await outcome(wanted.do, Desk(database))
    assert refused == wanted.refused
    if refused:
        return book
    for one, id in zip(wanted.made, ids, strict=False):
        one.id = id
    return wanted.then


async def agrees(database: Database, book: Book) -> bool:
    """Whether both say the same about every point and every conference."""
    told = {one.id: (one.state.value, one.start, one.stop, frozenset(one.points)) for one in book.conferences}
    return await held(database) == book.held() and await facts(database) == told


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_scheduler_and_a_simple_model_agree(database: Database, steps: list[Step]) -> None:
    await database.pool.execute(
        "TRUNCATE unit, bridge_point, conference, reservation, series, idempotent_reply CASCADE"
    )
    await load_points(scheduler_of(database, Bus(), ManualClock(NOON)), len(POINTS))
    book = Book()
    for number, step in enumerate(steps):
        book = await take(database, book, step, f"key-{number}")
        assert await held(database) == book.held()
        assert await agrees(database, book)
    assert await versions_without_history(database) == 0


async def versions_without_history(database: Database) -> int:
    count = await database.pool.fetchval(
        "SELECT sum(version - (SELECT count(*) FROM conference_history WHERE conference = id)) FROM conference"
    )
    return int(count or 0)
