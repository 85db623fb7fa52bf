from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from core.bus import Bus
from core.clock import ManualClock, SystemClock
from core.database import Database
from core.messages import (
    CONFERENCE_CHANGED,
    ConferenceChanged,
)
from core.model import ConferenceId, ConferenceState
from scheduler.model import Conference
from scheduler.service import Scheduler
from tests.support.clockwork import Doors, reaches, running
from tests.support.directory import NOON, booking_of, load_points, scheduler_of, times
from tests.support.outage import Outage
from tests.support.polling import eventually

HOUR = timedelta(hours=1)


async def booked(scheduler: Scheduler, *, hours: float = 1, minutes: float = 60) -> Conference:
    codes = [p.code for p in await scheduler.points()] or await load_points(scheduler, 2)
    return await scheduler.book(booking_of("Họp", NOON + hours * HOUR, codes, minutes=minutes), "lan")


async def test_it_opens_at_the_doors_time_and_closes_at_the_stop_and_says_so(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    with bus.subscribe(CONFERENCE_CHANGED) as news:
        async with running(database, bus, clock, scheduler) as clockwork:
            clock.advance(3_600)
            clockwork.wake()
            await reaches(scheduler, made.id, ConferenceState.OPEN)
            assert doors.opened == [await scheduler.spec(made.id)]
            assert doors.stopped == []
            clock.advance(3_600)
            clockwork.wake()
            await reaches(scheduler, made.id, ConferenceState.CLOSED)
            await eventually(lambda: None if doors.stopped == [made.id] else f"stopped {doors.stopped}")
        heard = aiter(news)
        assert [(await anext(heard)).state for _ in range(2)] == [ConferenceState.OPEN, ConferenceState.CLOSED]


async def test_before_the_doors_time_nothing_is_opened(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    early = await booked(scheduler, hours=1)
    due = await booked(scheduler, hours=3)
    clock.advance(3_600 - 1)
    async with running(database, bus, clock, scheduler):
        now = await booked(scheduler, hours=5)
        await scheduler.reschedule(now.id, times(clock.now(), minutes=0.01), "lan")
        await reaches(scheduler, now.id, ConferenceState.OPEN)
        assert [spec.id for spec in doors.opened] == [now.id]
        assert (await scheduler.conference(early.id)).state is ConferenceState.CONFIRMED
        assert (await scheduler.conference(due.id)).state is ConferenceState.CONFIRMED


async def test_on_real_time_it_wakes_by_itself_when_something_is_due(
    database: Database, bus: Bus, doors: Doors
) -> None:
    clock = SystemClock()
    scheduler = scheduler_of(database, bus, clock)
    codes = await load_points(scheduler, 1)
    start = clock.now() + timedelta(seconds=0.6)
    async with running(database, bus, clock, scheduler):
        made = await scheduler.book(booking_of("Soon", start, codes, minutes=0.01), "lan")
        await reaches(scheduler, made.id, ConferenceState.CLOSED)
        await eventually(lambda: None if doors.stopped == [made.id] else f"stopped {doors.stopped}")
        assert [spec.id for spec in doors.opened] == [made.id]
        assert clock.now() - made.times.stop < timedelta(seconds=5)


async def test_a_bridge_that_is_away_is_asked_again_until_it_answers(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    doors.away = True
    async with running(database, bus, clock, scheduler):
        await eventually(lambda: None if doors.refused >= 2 else f"asked {doors.refused} times")
        assert (await scheduler.conference(made.id)).state is ConferenceState.CONFIRMED
        doors.away = False
        await reaches(scheduler, made.id, ConferenceState.OPEN)
    assert len(doors.opened) == 1


async def test_a_stop_that_the_bridge_did_not_hear_is_said_again_though_the_conference_is_closed(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    async with running(database, bus, clock, scheduler) as clockwork:
        await reaches(scheduler, made.id, ConferenceState.OPEN)
        doors.away = True
        clock.advance(3_600)
        clockwork.wake()
        await reaches(scheduler, made.id, ConferenceState.CLOSED)
        await eventually(lambda: None if doors.refused else "not asked to stop")
    assert doors.stopped == []
    doors.away = False
    async with running(database, bus, clock, scheduler):
        await eventually(lambda: None if doors.stopped == [made.id] else "not stopped after the restart")


async def test_after_a_restart_open_conferences_are_opened_again_on_the_bridge(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    async with running(database, bus, clock, scheduler):
        await reaches(scheduler, made.id, ConferenceState.OPEN)
    async with running(database, bus, clock, scheduler):
        await eventually(lambda: None if len(doors.opened) == 2 else f"opened {len(doors.opened)} times")
    assert [spec.id for spec in doors.opened] == [made.id, made.id]
    assert (await scheduler.conference(made.id)).state is ConferenceState.OPEN


async def test_the_chairs_closing_is_recorded_and_frees_the_points(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    async with running(database, bus, clock, scheduler):
        await reaches(scheduler, made.id, ConferenceState.OPEN)
        clock.advance(60)
        closed = ConferenceChanged(conference=made.id, state=ConferenceState.CLOSED, at=clock.now())
        bus.publish(CONFERENCE_CHANGED, closed)
        await reaches(scheduler, made.id, ConferenceState.CLOSED)
        codes = [p.code for p in made.points]
        await scheduler.book(booking_of("Next", clock.now(), codes, minutes=30), "lan")


async def test_cancelling_an_open_conference_stops_it(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    async with running(database, bus, clock, scheduler):
        await reaches(scheduler, made.id, ConferenceState.OPEN)
        await scheduler.cancel(made.id, "lan")
        await eventually(lambda: None if doors.stopped == [made.id] else "not stopped")
    assert (await scheduler.conference(made.id)).state is ConferenceState.CANCELLED


async def test_cancelling_while_the_bridge_opens_it_stops_it_too(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3_600)
    doors.hold = asyncio.Event()
    async with running(database, bus, clock, scheduler):
        await eventually(lambda: None if doors.opened else "not asked to open")
        await scheduler.cancel(made.id, "lan")
        doors.hold.set()
        await eventually(lambda: None if doors.stopped == [made.id] else "not stopped")


async def test_an_extension_reaches_the_bridge_and_moves_the_stop(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    codes = await load_points(scheduler, 3)
    made = await scheduler.book(booking_of("Long", NOON + HOUR, codes[:2]), "lan")
    beside = await scheduler.book(booking_of("Beside", NOON + 2 * HOUR, codes[2:]), "lan")
    longer = times(made.times.start, minutes=90)
    clock.advance(3_600)
    async with running(database, bus, clock, scheduler) as clockwork:
        await reaches(scheduler, made.id, ConferenceState.OPEN)
        await scheduler.reschedule(made.id, longer, "lan")
        await eventually(lambda: None if doors.opened[-1].times.stop == longer.stop else "the bridge has the old stop")
        clock.advance(3_600)
        clockwork.wake()
        await reaches(scheduler, beside.id, ConferenceState.OPEN)
        assert (await scheduler.conference(made.id)).state is ConferenceState.OPEN
        clock.advance(1_800)
        clockwork.wake()
        await reaches(scheduler, made.id, ConferenceState.CLOSED)


async def test_a_conference_whose_whole_time_was_missed_is_closed_without_being_opened(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    clock.advance(3 * 3_600)
    async with running(database, bus, clock, scheduler):
        await reaches(scheduler, made.id, ConferenceState.CLOSED)
    assert (doors.opened, doors.stopped) == ([], [])


async def test_it_outlives_a_database_that_goes_and_comes_back(
    database: Database, postgres_url: str, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    outage = await Outage.of(database, postgres_url)
    async with running(database, bus, clock, scheduler) as clockwork:
        await outage.begin()
        clock.advance(3_600)
        clockwork.wake()
        await eventually(lambda: None if clockwork.failing else "the outage was not noticed")
        await outage.end()
        observer = await asyncpg.connect(database.url)

        async def opened() -> str | None:
            state = await observer.fetchval("SELECT state FROM conference WHERE id = $1", made.id)
            return None if state == "open" else f"the conference is {state}"

        await eventually(opened, units=20)
        await observer.close()


async def test_news_of_a_conference_that_nobody_booked_harms_nothing(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await booked(scheduler)
    async with running(database, bus, clock, scheduler):
        for id in ("not an id", "00000000-0000-4000-8000-000000000000"):
            news = ConferenceChanged(conference=ConferenceId(id), state=ConferenceState.CLOSED, at=clock.now())
            bus.publish(CONFERENCE_CHANGED, news)
        clock.advance(3_600)
        await scheduler.book(booking_of("Other", NOON + 4 * HOUR, [p.code for p in made.points]), "lan")
        await reaches(scheduler, made.id, ConferenceState.OPEN)
