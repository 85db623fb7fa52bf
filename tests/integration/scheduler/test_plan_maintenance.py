"""Media nodes in maintenance: named while one still chooses and when a booking is refused; what the others carry."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict
from core.settings import Limits
from scheduler.model import BookingRequest, ClashReport, ClashRequest, ConferenceChange
from scheduler.plan.model import LimitKind, MediaNode, NodeMaintenance, PlanWish, ProfileName
from scheduler.plan.service import Plans
from scheduler.series import SeriesBook
from scheduler.series_model import OnClash, SeriesRequest, SkipReason
from scheduler.service import Scheduler
from tests.support.directory import NOON, booking_of, load_points, scheduler_of, times
from tests.support.plans import LIGHT, STANDARD

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
POINTS = 4
START = NOON + HOUR
ANY = PlanWish()
STANDARD_ONLY = PlanWish(profile=ProfileName.STANDARD, lightest=ProfileName.STANDARD)


class House:
    """A large node in the city, and a small one in the ward that carries the four points only in the light profile."""

    def __init__(self, database: Database, bus: Bus) -> None:
        clock = ManualClock(NOON)
        self.scheduler: Scheduler = scheduler_of(database, bus, clock)
        self.bookings = self.scheduler.bookings
        self.plans = Plans(database, clock)
        self.series = SeriesBook(database, bus, clock, Limits())
        self.codes: list[str] = []

    async def furnish(self) -> None:
        self.codes = await load_points(self.scheduler, POINTS)
        await self.plans.put_node(MediaNode(code="big", name="Máy lớn", unit="CITY", legs=100, kbps=1_000_000))
        small = MediaNode(code="small", name="Máy nhỏ", unit="WARD", legs=100, kbps=9 * LIGHT.down_kbps)
        await self.plans.put_node(small)

    async def close(self, node: str, start: datetime, hours: float = 1) -> None:
        window = NodeMaintenance(node=node, start=start, stop=start + hours * HOUR, reason="Thay nguồn")
        await self.plans.add_window(window)

    async def preview(self, wish: PlanWish = ANY, start: datetime = START) -> ClashReport:
        return await self.scheduler.clashes(ClashRequest(times=times(start), points=tuple(self.codes), wish=wish))

    def booking(self, wish: PlanWish = ANY, start: datetime = START) -> BookingRequest:
        return booking_of("Họp", start, self.codes).model_copy(update={"wish": wish})


@pytest.fixture
async def house(database: Database, bus: Bus) -> House:
    made = House(database, bus)
    await made.furnish()
    return made


async def test_a_closed_node_is_named_and_the_others_are_said_to_carry_the_conference(house: House) -> None:
    await house.close("small", START + HOUR / 2, hours=3)
    seen = await house.preview()
    [closed] = seen.closed
    assert (closed.node, closed.name, closed.reason) == ("small", "Máy nhỏ", "Thay nguồn")
    assert (closed.since, closed.until) == (START + HOUR / 2, START + 3.5 * HOUR)
    assert seen.outlook is not None
    assert (seen.outlook.carried, seen.outlook.profile, seen.outlook.limits) == (True, ProfileName.STANDARD, ())
    booked = await house.bookings.book(house.booking(), "lan")
    assert booked.plan is not None
    assert [node.node for node in booked.plan.closed] == ["small"]


async def test_before_and_after_the_window_nothing_is_said(house: House) -> None:
    await house.close("big", START + HOUR)
    for start in (START, START + 2 * HOUR):
        seen = await house.preview(start=start)
        assert (seen.closed, seen.outlook) == ((), None)
    assert (await house.preview(start=START + HOUR)).closed != ()


async def test_what_the_others_carry_only_lighter_says_so_before_it_is_booked(house: House) -> None:
    await house.close("big", START)
    seen = await house.preview()
    assert seen.outlook is not None
    assert (seen.outlook.carried, seen.outlook.profile) == (True, ProfileName.LIGHT)
    [limit] = seen.outlook.limits
    assert (limit.kind, limit.code, limit.name) == (LimitKind.NODE_KBPS, "small", "Máy nhỏ")
    booked = await house.bookings.book(house.booking(), "lan")
    assert booked.plan is not None
    assert (booked.plan.profile, booked.plan.degraded_by) == (seen.outlook.profile, seen.outlook.limits)


async def test_what_the_others_do_not_carry_is_refused_by_name_as_the_preview_said(house: House) -> None:
    await house.close("big", START, hours=2)
    seen = await house.preview(STANDARD_ONLY)
    assert seen.outlook is not None
    assert not seen.outlook.carried
    with pytest.raises(Conflict) as refused:
        await house.bookings.book(house.booking(STANDARD_ONLY), "lan")
    assert refused.value.code == "plan.over_capacity"
    assert [node["name"] for node in refused.value.data["closed"]] == ["Máy lớn"]
    assert refused.value.data["closed"][0]["until"] == "2026-09-01T15:00:00Z"
    [limit] = refused.value.data["limits"]
    [foreseen] = seen.outlook.limits
    needed = (POINTS + 2) * STANDARD.down_kbps
    assert (limit["name"], limit["needed"], limit["needed"]) == ("Máy nhỏ", needed, foreseen.needed)
    assert "Media node Máy lớn is in maintenance at that time." in refused.value.detail
    assert await house.scheduler.conferences() == []


async def test_with_every_node_closed_there_is_none_to_carry_it(house: House) -> None:
    await house.close("big", START)
    await house.close("small", START)
    seen = await house.preview()
    assert [node.node for node in seen.closed] == ["big", "small"]
    assert seen.outlook is not None
    assert [limit.kind for limit in seen.outlook.limits] == [LimitKind.NO_NODE]


async def test_a_conference_is_not_moved_into_a_window_that_it_does_not_survive(house: House) -> None:
    booked = await house.bookings.book(house.booking(STANDARD_ONLY), "lan")
    await house.close("big", START + 5 * HOUR, hours=2)
    asked = ClashRequest(
        times=times(START + 5 * HOUR), points=tuple(house.codes), wish=STANDARD_ONLY, ignore=booked.conference.id
    )
    outlook = (await house.scheduler.clashes(asked)).outlook
    assert outlook is not None
    assert not outlook.carried
    with pytest.raises(Conflict) as refused:
        await house.bookings.change(booked.conference.id, ConferenceChange(times=asked.times), "lan")
    assert refused.value.data["closed"][0]["node"] == "big"
    assert (await house.scheduler.conference(booked.conference.id)).times.start == START


async def test_only_the_points_that_are_free_are_to_be_carried(house: House) -> None:
    voice = PlanWish(profile=ProfileName.VOICE, lightest=ProfileName.VOICE)
    other = booking_of("Khác", START, house.codes[1:]).model_copy(update={"wish": voice})
    await house.bookings.book(other, "mai")
    await house.close("big", START)
    seen = await house.preview(STANDARD_ONLY)
    assert len(seen.clashes) == 3
    assert seen.outlook is not None
    assert seen.outlook.carried


async def test_the_occurrence_that_is_not_carried_is_shown_refused_by_name_or_left_out(house: House) -> None:
    await house.close("big", START + WEEK, hours=2)
    request = SeriesRequest(
        title="Giao ban",
        first=times(START),
        rule="FREQ=WEEKLY;COUNT=3",
        points=tuple(house.codes),
        wish=STANDARD_ONLY,
    )
    shown = (await house.series.preview(request)).occurrences
    assert [[node.node for node in one.closed] for one in shown] == [[], ["big"], []]
    assert [one.outlook and one.outlook.carried for one in shown] == [None, False, None]
    with pytest.raises(Conflict) as refused:
        await house.series.book(request, "lan")
    assert refused.value.code == "plan.over_capacity"
    assert refused.value.data["start"] == (START + WEEK).isoformat()
    assert [node["node"] for node in refused.value.data["closed"]] == ["big"]
    skipping = request.model_copy(update={"on_clash": OnClash.SKIP_OCCURRENCE})
    booked = await house.series.book(skipping, "lan")
    assert [one.times.start for one in booked.series.occurrences] == [START, START + 2 * WEEK]
    [skipped] = booked.skipped
    assert (skipped.recurrence_id, skipped.reason) == (START + WEEK, SkipReason.CAPACITY)
    assert [limit.name for limit in skipped.limits] == ["Máy nhỏ"]
