"""Capacity promised at booking time: plans stored, counted together, refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, DiemcauError
from core.model import ConferenceId
from core.settings import Limits
from scheduler.model import Conference, ConferenceChange, StepRequest
from scheduler.plan.model import MediaNode, NodeMaintenance, PlanOutcome, PlanWish, ProfileName
from scheduler.plan.service import PlanRef, Plans
from scheduler.series import SeriesBook
from scheduler.series_model import SeriesRequest
from scheduler.service import Scheduler
from tests.support.directory import NOON, booking_of, load_points, scheduler_of, times
from tests.support.plans import FULL, PROFILES, STANDARD, VOICE

HOUR = timedelta(hours=1)
POINTS = 12


class House:
    """A city above a ward with twelve points; the ward's line carries four points in the standard profile."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        clock = ManualClock(NOON)
        self.scheduler: Scheduler = scheduler_of(database, bus, clock)
        self.plans = Plans(database, clock)
        self.codes: list[str] = []

    async def furnish(self, uplink: int = 4 * STANDARD.down_kbps) -> None:
        self.codes = await load_points(self.scheduler, POINTS)
        await self.database.pool.execute("UPDATE unit SET uplink_kbps = $1 WHERE code = 'WARD'", uplink)
        await self.plans.put_node(MediaNode(code="city", name="City", unit="CITY", legs=100, kbps=1_000_000))

    async def book(self, first: int, count: int, start: datetime = NOON + HOUR, minutes: float = 60) -> Conference:
        codes = self.codes[first : first + count]
        return await self.scheduler.book(booking_of(f"{first}+{count}", start, codes, minutes=minutes), "lan")

    async def wish(self, id: ConferenceId, wish: PlanWish) -> PlanOutcome:
        """Changes what a conference wants; what its new plan came to."""
        changed = await self.scheduler.bookings.change(id, ConferenceChange(wish=wish), "lan")
        assert changed.plan is not None
        return changed.plan

    async def profile(self, conference: Conference) -> ProfileName:
        return (await self.plans.get(conference.id)).plan.profile

    async def given(self, conference: Conference) -> set[ProfileName]:
        return {item.profile for item in (await self.plans.get(conference.id)).plan.assignments}

    async def only(self, conference: Conference, profile: ProfileName) -> None:
        await self.wish(conference.id, PlanWish(profile=profile, lightest=profile))


@pytest.fixture
def house(database: Database, bus: Bus) -> House:
    return House(database, bus)


async def code_of(asked: Awaitable[object]) -> str:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value.code


async def test_the_released_profiles_are_those_of_the_tests(house: House) -> None:
    assert await house.plans.profiles() == PROFILES


async def test_without_registered_nodes_nothing_is_planned(house: House) -> None:
    house.codes = await load_points(house.scheduler, POINTS)
    made = await house.book(0, 12)
    assert await code_of(house.plans.get(made.id)) == "plan.none"
    assert not (await house.plans.plan(made.id)).planned
    assert await house.plans.problems(made.id) == ()


async def test_a_booking_is_planned_and_its_plan_can_be_read(house: House) -> None:
    await house.furnish()
    made = await house.book(0, 3)
    stored = await house.plans.get(made.id)
    assert (stored.number, stored.current, stored.plan.profile) == (1, True, ProfileName.STANDARD)
    assert [item.point for item in stored.plan.assignments] == house.codes[:3]
    [link] = stored.plan.links
    assert (link.unit, link.down_kbps, link.legs) == ("WARD", 3 * STANDARD.down_kbps, 3)
    assert await house.plans.problems(made.id) == ()
    assert "city" in (await house.plans.explain(made.id, house.codes[0])).sentence


async def test_overlapping_bookings_are_counted_together(house: House) -> None:
    await house.furnish(uplink=4 * STANDARD.down_kbps + 400)
    first = await house.book(0, 3)
    second = await house.book(3, 3)
    assert await house.given(first) == {ProfileName.STANDARD}
    assert await house.given(second) == {ProfileName.LIGHT}
    [lighter] = (await house.plans.get(second.id)).plan.lightened
    assert lighter.limit.code == "WARD"
    assert (lighter.limit.free, lighter.limit.needed) == (STANDARD.down_kbps + 400, 3 * STANDARD.down_kbps)
    after = await house.book(3, 3, NOON + 2 * HOUR)
    assert await house.given(after) == {ProfileName.STANDARD}


async def test_each_instant_is_counted_not_the_whole_day(house: House) -> None:
    await house.furnish()
    await house.book(0, 2, NOON + HOUR)
    await house.book(2, 2, NOON + 2 * HOUR)
    across = await house.book(4, 2, NOON + HOUR, minutes=120)
    assert await house.given(across) == {ProfileName.STANDARD}


async def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(house: House) -> None:
    await house.furnish(uplink=6 * VOICE.down_kbps + 10)
    await house.book(0, 4)
    with pytest.raises(Conflict) as refused:
        await house.book(4, 4)
    assert refused.value.code == "plan.over_capacity"
    [limit] = refused.value.data["limits"]
    assert (limit["kind"], limit["code"], limit["direction"]) == ("link", "WARD", "down")
    assert (limit["needed"], limit["short"]) == (4 * VOICE.down_kbps, 2 * VOICE.down_kbps - 10)
    assert len(await house.scheduler.conferences()) == 1
    assert await house.database.pool.fetchval("SELECT count(*) FROM reservation") == 4


async def test_a_cancelled_conference_gives_its_capacity_back(house: House) -> None:
    await house.furnish()
    first = await house.book(0, 4)
    await house.scheduler.bookings.cancel(first.id, StepRequest(), "lan")
    assert await house.given(await house.book(4, 4)) == {ProfileName.STANDARD}


async def test_many_bookers_at_once_never_promise_the_line_twice(house: House) -> None:
    await house.furnish(uplink=5 * VOICE.down_kbps)
    asked = [house.book(number, 1) for number in range(POINTS)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    refused = [item for item in done if isinstance(item, Conflict)]
    assert {item.code for item in refused} == {"plan.over_capacity"}
    assert len(done) - len(refused) >= 1
    used = await house.database.pool.fetchval("SELECT sum(down_kbps) FROM plan_link_load WHERE unit = 'WARD'")
    assert 0 < used <= 5 * VOICE.down_kbps


async def test_a_change_of_points_plans_anew_and_a_move_keeps_the_plan(house: House) -> None:
    await house.furnish()
    made = await house.book(0, 2)
    change = ConferenceChange(add_points=(house.codes[2],))
    await house.scheduler.bookings.change(made.id, change, "lan")
    stored = await house.plans.get(made.id)
    assert (stored.number, len(stored.plan.assignments), stored.plan.changed) == (2, 3, 0)
    await house.scheduler.reschedule(made.id, times(NOON + 5 * HOUR), "lan")
    assert (await house.plans.get(made.id)).number == 2
    difference = await house.plans.compare(PlanRef(conference=made.id, number=1), PlanRef(conference=made.id))
    assert [moved.point for moved in difference.moved] == [house.codes[2]]
    assert [plan.number for plan in await house.plans.numbers(made.id)] == [2, 1]


async def test_a_move_into_a_crowded_hour_is_refused_or_lightened(house: House) -> None:
    await house.furnish()
    await house.book(0, 4)
    later = await house.book(4, 2, NOON + 3 * HOUR)
    await house.only(later, ProfileName.STANDARD)
    assert await code_of(house.scheduler.reschedule(later.id, times(NOON + HOUR), "lan")) == "plan.over_capacity"
    assert (await house.scheduler.conference(later.id)).times.start == NOON + 3 * HOUR


async def test_a_wish_is_heeded_or_changes_nothing(house: House) -> None:
    await house.furnish()
    made = await house.book(0, 1)
    outcome = await house.wish(made.id, PlanWish(profile=ProfileName.FULL, lightest=ProfileName.FULL))
    assert outcome.profile is ProfileName.FULL
    [link] = (await house.plans.get(made.id)).plan.links
    assert link.down_kbps == FULL.down_kbps
    crowded = await house.book(1, 1)
    wish = PlanWish(profile=ProfileName.FULL, lightest=ProfileName.FULL)
    assert await code_of(house.wish(crowded.id, wish)) == "plan.over_capacity"
    assert (await house.scheduler.conference(crowded.id)).wish == PlanWish()
    upside_down = PlanWish(profile=ProfileName.LIGHT, lightest=ProfileName.FULL)
    assert await code_of(house.wish(crowded.id, upside_down)) == "plan.lightest"
    nowhere = PlanWish(chair_unit="NOWHERE")
    assert await code_of(house.wish(crowded.id, nowhere)) == "plan.unknown_unit"
    nobody = ConferenceId("00000000-0000-4000-8000-000000000000")
    assert await code_of(house.wish(nobody, PlanWish())) == "conference.unknown"


async def test_a_node_in_maintenance_is_avoided_and_missed(house: House) -> None:
    await house.furnish()
    await house.plans.put_node(MediaNode(code="ward", name="Ward", unit="WARD", legs=50, kbps=500_000))
    made = await house.book(0, 4)
    assert {item.node for item in (await house.plans.get(made.id)).plan.assignments} == {"ward"}
    window = NodeMaintenance(node="ward", start=NOON, stop=NOON + 90 * HOUR / 60, reason="new disks")
    stored, hit = await house.plans.add_window(window)
    assert hit == [made.id]
    assert await house.plans.windows("ward") == [stored]
    assert await house.plans.problems(made.id) == ("Media node ward is not in service.",)
    outcome = await house.plans.plan(made.id)
    assert outcome.changed == 4
    assert await house.plans.problems(made.id) == ()
    assert {item.node for item in (await house.plans.get(made.id)).plan.assignments} == {"city"}
    await house.plans.remove_window(stored.id)
    assert await code_of(house.plans.remove_window(stored.id)) == "plan.unknown_window"


async def test_nodes_are_registered_changed_and_removed(house: House) -> None:
    await house.furnish()
    made = await house.book(0, 2)
    assert await code_of(house.plans.remove_node("city")) == "plan.node_in_use"
    smaller = MediaNode(code="city", name="City", unit="CITY", legs=3, kbps=1_000_000)
    assert await house.plans.put_node(smaller) == [made.id]
    assert await house.plans.nodes() == [smaller]
    [problem] = await house.plans.problems(made.id)
    assert "lacks 1 legs" in problem
    await house.scheduler.cancel(made.id, "lan")
    await house.plans.remove_node("city")
    assert await code_of(house.plans.remove_node("city")) == "plan.unknown_node"
    astray = MediaNode(code="x", name="x", unit="NOWHERE", legs=1, kbps=1)
    assert await code_of(house.plans.put_node(astray)) == "plan.unknown_unit"
    backwards = NodeMaintenance(node="city", start=NOON, stop=NOON)
    assert await code_of(house.plans.add_window(backwards)) == "plan.window"
    unknown = NodeMaintenance(node="city", start=NOON, stop=NOON + HOUR)
    assert await code_of(house.plans.add_window(unknown)) == "plan.unknown_node"


async def test_with_every_node_out_of_service_a_booking_is_refused(house: House) -> None:
    await house.furnish()
    await house.plans.put_node(MediaNode(code="city", name="City", unit="CITY", legs=9, kbps=9, active=False))
    with pytest.raises(Conflict) as refused:
        await house.book(0, 1)
    assert refused.value.data["limits"][0]["kind"] == "no_node"


async def test_only_the_latest_plans_are_kept(house: House) -> None:
    await house.furnish(uplink=1_000_000)
    made = await house.book(0, 1)
    for number in range(1, 8):
        await house.scheduler.bookings.change(made.id, ConferenceChange(add_points=(house.codes[number],)), "lan")
    assert [plan.number for plan in await house.plans.numbers(made.id)] == [8, 7, 6, 5, 4]
    assert await code_of(house.plans.get(made.id, 1)) == "plan.none"


async def test_the_occurrences_of_a_series_are_planned_alike(house: House, database: Database, bus: Bus) -> None:
    await house.furnish()
    await house.plans.put_node(MediaNode(code="twin", name="Twin", unit="CITY", legs=100, kbps=1_000_000))
    series = SeriesBook(database, bus, ManualClock(NOON), Limits())
    request = SeriesRequest(
        title="Weekly", first=times(NOON + HOUR), rule="FREQ=WEEKLY;COUNT=3", points=tuple(house.codes[:3])
    )
    await series.book(request, "lan")
    plans = [(await house.plans.get(item.id)).plan for item in await house.scheduler.conferences()]
    assert len(plans) == 3
    assert {plan.assignments for plan in plans} == {plans[0].assignments}


async def test_a_series_that_exceeds_a_line_in_one_week_is_refused_whole(
    house: House, database: Database, bus: Bus
) -> None:
    await house.furnish(uplink=4 * VOICE.down_kbps)
    await house.book(0, 3, NOON + HOUR + timedelta(days=7))
    series = SeriesBook(database, bus, ManualClock(NOON), Limits())
    request = SeriesRequest(
        title="Weekly", first=times(NOON + HOUR), rule="FREQ=WEEKLY;COUNT=3", points=tuple(house.codes[3:6])
    )
    assert await code_of(series.book(request, "lan")) == "plan.over_capacity"
    assert len(await house.scheduler.conferences()) == 1
