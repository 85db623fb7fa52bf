from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.bus import Bus, Subscription
from core.clock import ManualClock
from core.database import Database
from core.messages import CONFERENCE_WARNING, ConferenceWarning
from core.model import ConferenceState
from core.settings import Limits
from scheduler.clockwork import Clockwork
from scheduler.model import ConferenceChange, ExtendRequest
from scheduler.series import SeriesBook
from scheduler.series_model import Scope, SeriesChange, SeriesRequest
from scheduler.service import Scheduler
from tests.support.clockwork import Doors, reaches, running
from tests.support.directory import NOON, booking_of, load_points, times

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def heard(news: Subscription[ConferenceWarning]) -> ConferenceWarning:
    async with asyncio.timeout(10):
        return await anext(aiter(news))


async def test_a_running_conference_is_warned_at_15_5_and_1_minutes(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await scheduler.book(booking_of("Họp", NOON, await load_points(scheduler, 2)), "lan")
    with bus.subscribe(CONFERENCE_WARNING) as news:
        async with running(database, bus, clock, scheduler) as clockwork:
            await reaches(scheduler, made.id, ConferenceState.OPEN)
            for minutes, ahead in ((15, 45), (5, 10), (1, 4)):
                clock.advance(ahead * 60)
                clockwork.wake()
                warning = await heard(news)
                assert (warning.conference, warning.minutes_left) == (made.id, minutes)
                assert (warning.stop, warning.at, warning.may_extend_until) == (made.times.stop, clock.now(), None)
            clock.advance(60)
            clockwork.wake()
            await reaches(scheduler, made.id, ConferenceState.CLOSED)


async def test_the_warning_says_until_when_it_may_be_extended(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    codes = await load_points(scheduler, 3)
    made = await scheduler.book(booking_of("Họp", NOON, codes), "lan")
    await scheduler.book(booking_of("Sau", NOON + 2 * HOUR, codes[:1]), "lan")
    await scheduler.book(booking_of("Gần hơn", NOON + HOUR + 40 * MINUTE, codes[2:], minutes=10), "lan")
    with bus.subscribe(CONFERENCE_WARNING) as news:
        async with running(database, bus, clock, scheduler) as clockwork:
            await reaches(scheduler, made.id, ConferenceState.OPEN)
            clock.advance(45 * 60)
            clockwork.wake()
            until = (await heard(news)).may_extend_until
            assert until == NOON + HOUR + 40 * MINUTE
            await scheduler.reschedule(made.id, times(NOON, minutes=100), "lan")
            assert (await heard(news)).moved
            clock.advance(40 * 60)
            clockwork.wake()
            again = await heard(news)
            assert (again.minutes_left, again.stop, again.may_extend_until) == (15, until, until)


async def test_who_was_warned_hears_that_the_stop_has_moved_and_who_was_not_does_not(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await scheduler.book(booking_of("Họp", NOON, await load_points(scheduler, 1)), "lan")
    with bus.subscribe(CONFERENCE_WARNING) as news:
        async with running(database, bus, clock, scheduler) as clockwork:
            await reaches(scheduler, made.id, ConferenceState.OPEN)
            await scheduler.bookings.extend(made.id, ExtendRequest(minutes=10), "lan")
            clock.advance(55 * 60)
            clockwork.wake()
            assert not (await heard(news)).moved
            for minutes, left in ((15, 30), (20, 50)):
                await scheduler.bookings.extend(made.id, ExtendRequest(minutes=minutes), "lan")
                correction = await heard(news)
                assert (correction.moved, correction.minutes_left) == (True, left)
                assert correction.stop == (await scheduler.conference(made.id)).times.stop


@pytest.mark.parametrize("scope", list(Scope))
async def test_who_was_warned_hears_it_when_the_stop_moves_with_the_whole_series(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors, scope: Scope
) -> None:
    series = SeriesBook(database, bus, clock, Limits())
    weekly = SeriesRequest(
        title="Giao ban",
        first=times(NOON),
        rule="FREQ=WEEKLY;COUNT=3",
        points=tuple(await load_points(scheduler, 1)),
    )
    first, *later = (await series.book(weekly, "lan")).series.occurrences
    with bus.subscribe(CONFERENCE_WARNING) as news:
        async with running(database, bus, clock, scheduler) as clockwork:
            await reaches(scheduler, first.id, ConferenceState.OPEN)
            clock.advance(50 * 60)
            clockwork.wake()
            assert not (await heard(news)).moved
            longer = ConferenceChange(times=times(NOON, minutes=90))
            await series.change(first.id, SeriesChange(scope=scope, change=longer), "lan")
            correction = await heard(news)
            assert (correction.conference, correction.moved, correction.minutes_left) == (first.id, True, 40)
            assert correction.stop == NOON + 90 * MINUTE
    stops = {(await scheduler.conference(one.id)).times.stop - one.times.start for one in later}
    assert stops == {(60 if scope is Scope.THIS else 90) * MINUTE}


async def test_many_clockworks_warn_once(
    database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler, doors: Doors
) -> None:
    made = await scheduler.book(booking_of("Họp", NOON, await load_points(scheduler, 1)), "lan")
    async with running(database, bus, clock, scheduler):
        await reaches(scheduler, made.id, ConferenceState.OPEN)
    clock.advance(59 * 60)
    with bus.subscribe(CONFERENCE_WARNING) as news:
        passes = [Clockwork(database, bus, clock, scheduler)._pass(clock.now()) for _ in range(4)]
        await asyncio.gather(*passes)
        assert (await heard(news)).minutes_left == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(aiter(news))
    assert len(doors.opened) >= 1
