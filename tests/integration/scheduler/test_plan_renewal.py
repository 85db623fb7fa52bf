"""Plans are made anew when a node or a line no longer carries them: once, and only those."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.bus import Bus
from core.clock import ManualClock, SystemClock
from core.database import Database
from core.model import ConferenceId
from scheduler.plan.model import MediaNode, NodeMaintenance, ProfileName
from scheduler.plan.renewal import AGAIN, Renewal
from scheduler.plan.service import Plans
from tests.support.directory import NOON, booking_of, load_points, scheduler_of
from tests.support.plans import LIGHT

HOUR = timedelta(hours=1)
WARD = MediaNode(code="ward", name="Ward", unit="WARD", legs=50, kbps=500_000)
CITY = MediaNode(code="city", name="City", unit="CITY", legs=50, kbps=500_000)


class House:
    """Four points under a ward with a node, below a city with another; two conferences, today and tomorrow."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self.clock = ManualClock(NOON)
        self.scheduler = scheduler_of(database, bus, self.clock)
        self.plans = Plans(database, self.clock)

    async def furnish(self, *nodes: MediaNode) -> tuple[ConferenceId, ConferenceId]:
        codes = await load_points(self.scheduler, 4)
        for node in nodes:
            await self.plans.put_node(node)
        made = [
            await self.scheduler.book(booking_of("Briefing", NOON + hours * HOUR, codes), "lan") for hours in (2, 26)
        ]
        return made[0].id, made[1].id

    def desk(self) -> Renewal:
        return Renewal(self.database, self.clock)

    async def nodes_of(self, id: ConferenceId) -> set[str]:
        return {item.node for item in (await self.plans.get(id)).plan.assignments}


async def test_maintenance_renews_the_plans_of_its_time_once_and_leaves_the_others(
    database: Database, bus: Bus
) -> None:
    house = House(database, bus)
    today, tomorrow = await house.furnish(WARD, CITY)
    assert await house.nodes_of(today) == await house.nodes_of(tomorrow) == {"ward"}
    await house.plans.add_window(NodeMaintenance(node="ward", start=NOON + 2 * HOUR, stop=NOON + 3 * HOUR))
    renewed = await asyncio.gather(*(house.desk().look() for _ in range(3)))
    assert [id for found in renewed for id in found] == [today]
    assert await house.nodes_of(today) == {"city"}
    assert await house.nodes_of(tomorrow) == {"ward"}
    assert [plan.number for plan in await house.plans.numbers(today)] == [2, 1]
    assert await house.plans.problems(today) == ()
    assert await house.desk().look() == []


async def test_a_node_that_is_dead_is_planned_around_for_what_begins_within_the_hour(
    database: Database, bus: Bus
) -> None:
    house = House(database, bus)
    house.clock = ManualClock(SystemClock().now())
    house.scheduler, house.plans = scheduler_of(database, bus, house.clock), Plans(database, house.clock)
    codes = await load_points(house.scheduler, 4)
    for node in (WARD, CITY):
        await house.plans.put_node(node)
    starts = (house.clock.now() + timedelta(minutes=40), house.clock.now() + timedelta(days=2))
    soon, later = [(await house.scheduler.book(booking_of("Briefing", start, codes), "lan")).id for start in starts]
    await database.pool.execute("INSERT INTO bridge_process VALUES ('1', 'ward', now(), now())")
    assert await house.desk().look() == []
    await database.pool.execute("UPDATE bridge_process SET seen_at = now() - interval '1 min'")
    assert await house.desk().look() == [soon]
    assert await house.nodes_of(soon) == {"city"}
    assert await house.nodes_of(later) == {"ward"}
    assert await house.desk().look() == []


async def test_a_thinner_line_gives_a_lighter_plan(database: Database, bus: Bus) -> None:
    house = House(database, bus)
    today, tomorrow = await house.furnish(CITY)
    await database.pool.execute(
        "UPDATE unit SET uplink_kbps = $1 WHERE code = 'WARD'", 4 * LIGHT.down_kbps + LIGHT.up_kbps
    )
    assert await house.desk().look() == [today, tomorrow]
    plan = (await house.plans.get(today)).plan
    assert {item.profile for item in plan.assignments} == {ProfileName.LIGHT}
    assert await house.desk().look() == []


async def test_what_fits_nowhere_keeps_its_plan_is_diagnosed_and_tried_again_later(
    database: Database, bus: Bus
) -> None:
    house = House(database, bus)
    today, _ = await house.furnish(WARD)
    await house.plans.put_node(WARD.model_copy(update={"active": False}))
    desk = house.desk()
    assert await desk.look() == []
    assert (await house.plans.get(today)).number == 1
    assert await house.plans.problems(today) == ("Media node ward is not in service.",)
    await house.plans.put_node(CITY)
    assert await desk.look() == []
    house.clock.advance(AGAIN.total_seconds())
    assert today in await desk.look()
    assert await house.nodes_of(today) == {"city"}
