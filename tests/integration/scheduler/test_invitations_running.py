"""The secretary and the postman as they run in an installation: by themselves, through changes and outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from scheduler.diagnosis import Diagnosis
from scheduler.invitations.model import InviteRequest
from scheduler.invitations.postman import Postman
from scheduler.invitations.secretary import Secretary
from scheduler.invitations.service import Invitations
from tests.support.directory import SIGNER, booking_of, scheduler_of, times
from tests.support.inviting import Office, office
from tests.support.mailbox import event_of
from tests.support.outage import Outage
from tests.support.polling import eventually

AN = "an@xa.example"


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Office]:
    """On the machine's clock."""
    async with office(database) as made:
        clock = SystemClock()
        settings = Settings(smtp=made.box.smtp)
        made.scheduler = scheduler_of(database, made.bus, clock)
        made.invitations = Invitations(database, clock, SIGNER, settings)
        made.diagnosis = Diagnosis(database, made.bus, clock, settings)
        made.secretary = Secretary(database, made.bus, clock, SIGNER, settings, made.diagnosis)
        made.postman = Postman(database, clock, made.box.smtp)
        yield made


@asynccontextmanager
async def running(desk: Office) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(desk.secretary.run()), asyncio.create_task(desk.postman.run())]
    try:
        yield
        assert not any(task.done() for task in tasks), "a part has ended by itself"
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def received(desk: Office, count: int) -> str | None:
    return None if desk.box.count() >= count else f"{desk.box.count()} of {count} mails have come"


async def test_a_change_is_told_within_seconds_of_its_news(desk: Office) -> None:
    points = await desk.points(AN)
    start = SystemClock().now() + timedelta(days=3)
    made = await desk.scheduler.book(booking_of("Họp", start, points), "lan")
    async with running(desk):
        await desk.invitations.send(made.id, InviteRequest(), "lan")
        await eventually(lambda: received(desk, 1))
        await desk.scheduler.reschedule(made.id, times(start + timedelta(hours=1)), "lan")
        await eventually(lambda: received(desk, 2))
        await desk.scheduler.cancel(made.id, "lan")
        await eventually(lambda: received(desk, 3))
    methods = [event_of(message)[0] for message in desk.box.messages(AN)]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]


async def test_they_outlive_a_database_that_goes_and_comes_back(
    desk: Office, database: Database, postgres_url: str
) -> None:
    points = await desk.points(AN)
    start = SystemClock().now() + timedelta(days=3)
    made = await desk.scheduler.book(booking_of("Họp", start, points), "lan")
    outage = await Outage.of(database, postgres_url)
    async with running(desk):
        await outage.begin()
        await desk.secretary.look()
        await outage.end()

        async def sent() -> str | None:
            try:
                await desk.invitations.send(made.id, InviteRequest(), "lan")
            except Exception as exc:
                return f"the database is still away: {type(exc).__name__}"
            return None

        await eventually(sent, units=20)
        await eventually(lambda: received(desk, 1), units=20)


async def test_a_conference_that_cannot_be_told_holds_up_no_other(desk: Office, database: Database) -> None:
    points = await desk.points(AN)
    start = SystemClock().now() + timedelta(days=3)
    broken, sound = [
        await desk.scheduler.book(booking_of("Họp", start + n * timedelta(hours=2), points), "lan") for n in (0, 1)
    ]
    for made in (broken, sound):
        await desk.invitations.send(made.id, InviteRequest(), "lan")
    await database.pool.execute("UPDATE invitation SET facts = '{}' WHERE conference = $1", broken.id)
    for made in (broken, sound):
        await desk.scheduler.cancel(made.id, "lan")
    await desk.secretary.look()
    behind = await database.pool.fetch(
        "SELECT conference FROM invited_conference JOIN conference ON id = conference"
        " WHERE invited_conference.version <> conference.version"
    )
    assert [str(row["conference"]) for row in behind] == [broken.id]
