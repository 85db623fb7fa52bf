from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database, open_pool
from core.errors import Conflict, DiemcauError, NotFound, Refused
from core.identity import Principal
from core.messages import CONFERENCE_CHANGED
from core.model import ConferenceId, ConferenceState, Role
from core.settings import Limits
from scheduler.model import Booked, BookingRequest, ClashRequest, Conference, ConferenceChange, EnterRequest
from scheduler.series import SeriesBook
from scheduler.series_model import Scope, SeriesBooked, SeriesChange, SeriesRequest
from scheduler.service import Scheduler
from scheduler.store import Store
from tests.support.directory import NOON, SIGNER, booking_of, load_points, scheduler_of, times

HOUR = timedelta(hours=1)
NOBODY = ConferenceId("00000000-0000-4000-8000-000000000000")


async def code_of(asked: Awaitable[object]) -> str:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value.code


async def test_a_booking_is_stored_with_its_points_and_announced(scheduler: Scheduler, bus: Bus) -> None:
    codes = await load_points(scheduler, 3)
    with bus.subscribe(CONFERENCE_CHANGED) as news:
        made = await scheduler.book(booking_of("  Họp giao ban ", NOON + HOUR, codes), "lan")
        announced = await anext(aiter(news))
    assert announced.conference == made.id
    assert announced.state is ConferenceState.CONFIRMED
    assert made == await scheduler.conference(made.id)
    assert [p.code for p in made.points] == codes
    assert (made.title, made.booked_by, made.version) == ("Họp giao ban", "lan", 1)
    [summary] = await scheduler.conferences()
    assert (summary.id, summary.points) == (made.id, 3)
    assert (await scheduler.spec(made.id)).points == made.points


async def test_units_mean_every_point_below_them_each_once(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 4)
    request = BookingRequest(title="All", times=times(NOON + HOUR), units=("CITY", "WARD"), points=("P001",))
    assert [p.code for p in (await scheduler.book(request, "lan")).points] == codes


async def test_the_list_shows_the_newest_start_first(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 1)
    for hours in (2, 6, 4):
        await scheduler.book(booking_of(str(hours), NOON + hours * HOUR, codes), "lan")
    assert [c.title for c in await scheduler.conferences()] == ["6", "4", "2"]


async def test_a_refusal_names_each_point_the_conference_that_holds_it_and_until_when(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 4)
    first = await scheduler.book(booking_of("First", NOON + HOUR, codes[:1]), "lan")
    second = await scheduler.book(booking_of("Second", NOON + HOUR, codes[1:2], minutes=90), "lan")
    with pytest.raises(Conflict) as caught:
        await scheduler.book(booking_of("Third", NOON + 1.5 * HOUR, codes), "lan")
    assert caught.value.code == "booking.clash"
    assert caught.value.problem()["data"]["clashes"] == [
        {
            "point": "P000",
            "name": "Hall P000",
            "conference": first.id,
            "maintenance": None,
            "title": "First",
            "since": "2026-09-01T13:00:00Z",
            "until": "2026-09-01T14:00:00Z",
        },
        {
            "point": "P001",
            "name": "Hall P001",
            "conference": second.id,
            "maintenance": None,
            "title": "Second",
            "since": "2026-09-01T13:00:00Z",
            "until": "2026-09-01T14:30:00Z",
        },
    ]
    assert len(await scheduler.conferences()) == 2
    free = ClashRequest(times=times(NOON + 1.5 * HOUR), points=tuple(codes[2:]))
    assert (await scheduler.clashes(free)).clashes == ()


async def test_points_are_held_from_the_doors_until_the_stop_and_not_an_instant_longer(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 1)
    await scheduler.book(booking_of("First", NOON + 2 * HOUR, codes), "lan")
    await scheduler.book(booking_of("After", NOON + 3 * HOUR, codes), "lan")
    early = BookingRequest(title="Before", times=times(NOON + 1 * HOUR, doors=5), points=tuple(codes))
    await scheduler.book(early, "lan")
    doors = BookingRequest(title="Doors", times=times(NOON + 4 * HOUR, doors=5), points=tuple(codes))
    assert await code_of(scheduler.book(doors, "lan")) == "booking.clash"


async def test_a_preview_says_the_same_and_ignores_the_conference_that_is_being_moved(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 3)
    held = await scheduler.book(booking_of("Held", NOON + HOUR, codes[:2]), "lan")
    request = ClashRequest(times=times(NOON + HOUR), units=("WARD",))
    report = await scheduler.clashes(request)
    assert report.points == 3
    assert [(c.point, c.conference, c.until) for c in report.clashes] == [
        (code, held.id, held.times.stop) for code in codes[:2]
    ]
    assert (await scheduler.clashes(request.model_copy(update={"ignore": held.id}))).clashes == ()


async def test_what_cannot_be_booked_is_refused_by_name(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 1)
    good = booking_of("Good", NOON + HOUR, codes)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"title": ""}, "booking.title"),
        ({"times": times(NOON - HOUR)}, "booking.past"),
        ({"times": times(NOON + HOUR, minutes=-1)}, "booking.times"),
        ({"points": ()}, "booking.no_points"),
        ({"points": ("P000", "NONE")}, "booking.unknown_point"),
        ({"points": ("\x00",)}, "booking.unknown_point"),
        ({"units": ("NONE",)}, "booking.unknown_unit"),
        ({"points": tuple(f"N{i}" for i in range(3_322))}, "booking.too_many_points"),
    ]
    for changes, code in refused:
        asked = scheduler.book(good.model_copy(update=changes), "lan")
        assert await code_of(asked) == code
    assert await scheduler.conferences() == []


async def test_exactly_the_limit_of_points_passes_and_one_more_does_not(
    database: Database, bus: Bus, clock: ManualClock
) -> None:
    scheduler = scheduler_of(database, bus, clock, Limits(points_per_conference=3))
    codes = await load_points(scheduler, 4)
    assert await code_of(scheduler.book(booking_of("Four", NOON + HOUR, codes), "lan")) == "booking.too_many_points"
    whole = BookingRequest(title="Unit", times=times(NOON + HOUR), units=("CITY",))
    assert await code_of(scheduler.book(whole, "lan")) == "booking.too_many_points"
    assert len((await scheduler.book(booking_of("Three", NOON + HOUR, codes[:3]), "lan")).points) == 3


async def test_a_cancelled_conference_frees_its_points_and_stays_to_be_seen(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 2)
    made = await scheduler.book(booking_of("First", NOON + HOUR, codes), "lan")
    cancelled = await scheduler.cancel(made.id, "lan")
    assert (cancelled.state, cancelled.points) == (ConferenceState.CANCELLED, made.points)
    await scheduler.book(booking_of("Second", NOON + HOUR, codes), "lan")
    assert await code_of(scheduler.cancel(made.id, "lan")) == "conference.over"
    assert await code_of(scheduler.reschedule(made.id, times(NOON + 5 * HOUR), "lan")) == "conference.over"
    assert await code_of(scheduler.links(made.id, "")) == "conference.over"


async def test_a_conference_moves_even_onto_its_own_former_time(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 2)
    made = await scheduler.book(booking_of("First", NOON + HOUR, codes), "lan")
    moved = await scheduler.reschedule(made.id, times(NOON + 1.5 * HOUR), "mai")
    assert (moved.times.start, moved.version, moved.points) == (NOON + 1.5 * HOUR, 2, made.points)
    await scheduler.book(booking_of("Before", NOON + 0.5 * HOUR, codes), "lan")


async def test_a_move_onto_another_conference_is_refused_whole(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 3)
    first = await scheduler.book(booking_of("First", NOON + HOUR, codes), "lan")
    other = await scheduler.book(booking_of("Other", NOON + 3 * HOUR, codes[2:]), "lan")
    with pytest.raises(Conflict) as caught:
        await scheduler.reschedule(first.id, times(NOON + 2.5 * HOUR), "lan")
    assert [c["conference"] for c in caught.value.data["clashes"]] == [other.id]
    assert await scheduler.conference(first.id) == first
    assert await code_of(scheduler.book(booking_of("Again", NOON + HOUR, codes[:1]), "lan")) == "booking.clash"


async def test_a_change_on_top_of_an_unseen_change_is_refused(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 1)
    made = await scheduler.book(booking_of("First", NOON + HOUR, codes), "lan")
    await scheduler.reschedule(made.id, times(NOON + 2 * HOUR), "lan", version=1)
    late = scheduler.reschedule(made.id, times(NOON + 3 * HOUR), "mai", version=1)
    assert await code_of(late) == "conference.changed"


async def test_an_open_conference_is_extended_unless_the_next_booking_is_hit(
    scheduler: Scheduler, database: Database, clock: ManualClock
) -> None:
    codes = await load_points(scheduler, 2)
    made = await scheduler.book(booking_of("Now", NOON, codes), "lan")
    after = await scheduler.book(booking_of("Next", NOON + 2 * HOUR, codes[1:]), "lan")
    assert await Store(database).open(made.id, "clockwork", NOON)
    clock.advance(1_800)
    longer = await scheduler.reschedule(made.id, times(NOON, minutes=120), "lan")
    assert (longer.state, longer.times.stop) == (ConferenceState.OPEN, NOON + 2 * HOUR)
    with pytest.raises(Conflict) as caught:
        await scheduler.reschedule(made.id, times(NOON, minutes=121), "lan")
    assert [(c["point"], c["conference"]) for c in caught.value.data["clashes"]] == [("P001", after.id)]
    assert await code_of(scheduler.reschedule(made.id, times(NOON + HOUR), "lan")) == "conference.running"


async def test_a_conference_that_ended_early_holds_its_points_no_longer(
    scheduler: Scheduler, database: Database, clock: ManualClock
) -> None:
    codes = await load_points(scheduler, 1)
    made = await scheduler.book(booking_of("Short", NOON, codes), "lan")
    store = Store(database)
    assert await store.open(made.id, "clockwork", NOON)
    clock.advance(600)
    assert await store.close(made.id, "chair", clock.now())
    assert not await store.close(made.id, "chair", clock.now())
    await scheduler.book(booking_of("Next", clock.now(), codes), "lan")


async def test_an_unknown_conference_is_not_found_whatever_its_id_looks_like(scheduler: Scheduler) -> None:
    for id in (NOBODY, ConferenceId("x"), ConferenceId("'; --"), ConferenceId("")):
        for asked in (
            scheduler.conference(id),
            scheduler.cancel(id, "lan"),
            scheduler.reschedule(id, times(NOON), "lan"),
            scheduler.links(id, ""),
        ):
            with pytest.raises(NotFound):
                await asked


async def test_links_and_consoles_carry_rights_to_this_conference(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 2)
    made = await scheduler.book(booking_of("First", NOON + HOUR, codes), "lan")
    rights = [SIGNER.join_right(link.url[3:], NOON) for link in await scheduler.links(made.id, "")]
    assert [(r.conference, r.participant.point) for r in rights] == [(made.id, code) for code in codes]
    chair = Principal(username="mai", name="Mai", roles=frozenset({Role.CHAIR}))
    token = await scheduler.enter(made.id, chair, EnterRequest(role=Role.CHAIR))
    assert SIGNER.join_right(token, NOON).conference == made.id
    with pytest.raises(Refused):
        await scheduler.enter(made.id, chair, EnterRequest(role=Role.TECHNICIAN))
    await scheduler.cancel(made.id, "lan")
    assert await code_of(scheduler.enter(made.id, chair, EnterRequest(role=Role.CHAIR))) == "conference.over"


async def double_bookings(database: Database) -> int:
    count = await database.pool.fetchval(
        "SELECT count(*) FROM reservation a JOIN reservation b"
        " ON a.point = b.point AND a.conference < b.conference AND a.during && b.during AND a.held AND b.held"
    )
    assert isinstance(count, int)
    return count


async def test_200_bookers_at_once_never_share_a_point_and_every_loser_is_told_why(
    database: Database, bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the last of two hundred may wait longer than people would; that refusal has its own test.
    monkeypatch.setattr("scheduler.reservations._LOCK_WAIT", "60s")
    chance = random.Random(168)
    crowd = Database(await open_pool(database.url, max_size=40), database.url)
    scheduler = scheduler_of(crowd, bus, clock)
    series = SeriesBook(crowd, bus, clock, Limits())
    codes = await load_points(scheduler, 60)
    moving = [await scheduler.book(booking_of("Moves", NOON + (50 + i) * HOUR, codes), "lan") for i in range(10)]

    def some_time() -> datetime:
        return NOON + chance.randrange(1, 12) * HOUR / 2

    async def tried(asked: Awaitable[object]) -> object:
        try:
            return await asked
        except Conflict as refusal:
            return refusal

    async def book() -> Conference:
        return await scheduler.book(booking_of("Rush", some_time(), chance.sample(codes, 12)), "lan")

    async def move(conference: Conference) -> Booked:
        start = NOON + chance.randrange(24, 30) * HOUR
        change = ConferenceChange(times=times(start), remove_points=tuple(chance.sample(codes, 20)))
        return await scheduler.bookings.change(conference.id, change, "lan")

    async def daily() -> SeriesBooked:
        points = tuple(chance.sample(codes, 8))
        first = times(some_time() + chance.randrange(3) * 24 * HOUR)
        request = SeriesRequest(title="Daily", first=first, rule="FREQ=DAILY;COUNT=3", points=points)
        booked = await series.book(request, "lan")
        change = ConferenceChange(times=times(first.start + HOUR))
        await tried(series.change(booked.series.occurrences[0].id, SeriesChange(scope=Scope.ALL, change=change), "lan"))
        return booked

    asked = [*(book() for _ in range(180)), *(daily() for _ in range(10)), *(move(one) for one in moving)]
    chance.shuffle(asked)
    outcomes = await asyncio.gather(*(tried(one) for one in asked))
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert {type(outcome) for outcome in outcomes} == {Conference, SeriesBooked, Booked, Conflict}
    assert {refusal.code for refusal in lost} <= {"booking.clash", "series.clash"}
    assert all(refusal.data.get("clashes") or refusal.data.get("occurrences") for refusal in lost)
    assert await double_bookings(database) == 0
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await database.pool.fetchval(deadlocks) == 0
    assert await unheld_points(database) == 0
    await crowd.close()


async def unheld_points(database: Database) -> int:
    """Points that were booked, by what was told in the history, and are not held now: half-booked conferences."""
    count = await database.pool.fetchval(
        "SELECT sum(told.points - (SELECT count(*) FROM reservation WHERE held AND conference = told.conference))"
        " FROM (SELECT conference, sum(jsonb_array_length(change->'new') - jsonb_array_length(change->'old'))"
        " AS points FROM conference_history, jsonb_array_elements(changes) AS change"
        " WHERE change->>'field' = 'points' GROUP BY conference) AS told"
    )
    return int(count)


async def test_two_national_bookings_at_once_fit_the_lock_table(
    database: Database, bus: Bus, clock: ManualClock
) -> None:
    scheduler = scheduler_of(database, bus, clock)
    assert (await scheduler.load_nation()).points_new == 3_321
    request = BookingRequest(title="Nation", times=times(NOON + HOUR), units=("VN",))
    later = request.model_copy(update={"times": times(NOON + 3 * HOUR)})
    outcomes = await asyncio.gather(*(scheduler.book(r, "lan") for r in (request, later)))
    assert [len(c.points) for c in outcomes] == [3_321, 3_321]
    with pytest.raises(Conflict) as caught:
        await scheduler.book(request, "lan")
    assert len(caught.value.data["clashes"]) == 3_321


async def test_a_busy_point_is_refused_in_time_and_not_waited_for_forever(
    scheduler: Scheduler, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.reservations._LOCK_WAIT", "100ms")
    codes = await load_points(scheduler, 1)
    async with database.pool.acquire() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(7205, stripe) FROM generate_series(0, 63) AS stripe")
        assert await code_of(scheduler.book(booking_of("Busy", NOON + HOUR, codes), "lan")) == "booking.busy"
    await scheduler.book(booking_of("Free", NOON + HOUR, codes), "lan")
