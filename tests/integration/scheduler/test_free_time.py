"""Free time in a real book: conferences, maintenance, the chair, and who is in the way."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput
from core.settings import Limits
from scheduler.choosing import Choosing
from scheduler.choosing_model import Choice
from scheduler.free_time_model import FreeTimeRequest
from scheduler.free_time_search import FreeTime
from scheduler.maintenance import Maintenance, MaintenanceRequest
from scheduler.model import ConferenceChange
from scheduler.service import Scheduler
from scheduler.working_time import DaySpan, WorkingHours
from tests.support.directory import booking_of, load_points

MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
"""Seven in the morning in Vietnam."""
MORNING = WorkingHours(parts=(DaySpan(start=time(8), stop=time(11)),))
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 3)
    return scheduler


@pytest.fixture
def free_time(database: Database, clock: ManualClock, scheduler: Scheduler) -> FreeTime:
    return FreeTime(database, clock, Choosing(database, clock, Limits()), "Asia/Ho_Chi_Minh")


def request(**changes: object) -> FreeTimeRequest:
    return FreeTimeRequest.model_validate(
        {
            "minutes": 120,
            "earliest": MONDAY,
            "latest": MONDAY + timedelta(days=2),
            "choice": Choice(units=("CITY",)),
            "hours": MORNING,
            **changes,
        }
    )


def hour(of: datetime) -> float:
    """Hours since that Monday's seven o'clock."""
    return (of - MONDAY) / HOUR


async def test_the_first_time_when_all_are_free(scheduler: Scheduler, free_time: FreeTime) -> None:
    await scheduler.book(booking_of("Early", MONDAY + 1 * HOUR, ["P000"], minutes=30), "lan")
    found = await free_time.find(request())
    assert (found.points, found.blockers) == (3, ())
    assert [(hour(w.start), hour(w.stop), hour(w.until)) for w in found.windows] == [(1.5, 3.5, 4), (25, 27, 28)]
    [only] = (await free_time.find(request(count=1))).windows
    assert only == found.windows[0]
    others = await free_time.find(request(choice=Choice(points=("P001",)), count=1))
    assert hour(others.windows[0].start) == 1


async def test_doors_and_tear_down_must_be_free_but_need_not_be_working_time(
    scheduler: Scheduler, free_time: FreeTime
) -> None:
    await scheduler.book(booking_of("Dawn", MONDAY, ["P000"], minutes=45), "lan")
    [first] = (await free_time.find(request(before_minutes=30, count=1))).windows
    assert hour(first.start) == 1.25
    [first] = (await free_time.find(request(before_minutes=15, after_minutes=180, count=1))).windows
    assert hour(first.start) == 1


async def test_maintenance_is_busy_and_a_cancelled_conference_is_not(
    scheduler: Scheduler, free_time: FreeTime, database: Database, clock: ManualClock
) -> None:
    maintenance = Maintenance(database, clock, Limits())
    await maintenance.announce(
        MaintenanceRequest(reason="r", start=MONDAY, stop=MONDAY + 3 * HOUR, points=("P001",)), "lan"
    )
    booked = await scheduler.book(booking_of("Off", MONDAY + 25 * HOUR, ["P002"]), "lan")
    await scheduler.cancel(booked.id, "lan")
    assert [hour(w.start) for w in (await free_time.find(request())).windows] == [25]


async def test_where_nothing_is_free_the_blockers_and_the_near_misses_are_named(
    scheduler: Scheduler, free_time: FreeTime
) -> None:
    await scheduler.book(booking_of("All", MONDAY + HOUR, ["P000", "P001"], minutes=180), "lan")
    await scheduler.book(booking_of("One", MONDAY + 25 * HOUR, ["P000"], minutes=120), "lan")
    found = await free_time.find(request())
    assert (found.windows, found.starts) == ((), 10)
    assert [(b.point.code, b.blocked) for b in found.blockers if b.point] == [("P000", 10), ("P001", 5)]
    near = found.near_misses[0]
    assert (hour(near.start), near.busy, near.chair_busy) == (25, 1, False)
    assert [point.code for point in near.points] == ["P000"]


async def test_the_chair_is_a_person_with_a_diary(scheduler: Scheduler, free_time: FreeTime) -> None:
    asked = booking_of("Elsewhere", MONDAY + HOUR, ["P000"], minutes=180).model_copy(update={"chair": "minh"})
    booked = await scheduler.book(asked, "lan")
    alone = {"choice": Choice(points=("P001",)), "before_minutes": 60, "after_minutes": 60}
    assert hour((await free_time.find(request(**alone))).windows[0].start) == 1
    assert [hour(w.start) for w in (await free_time.find(request(**alone, chair="minh"))).windows] == [25]
    blocked = await free_time.find(request(**alone, chair="minh", latest=MONDAY + timedelta(days=1)))
    assert [(b.point, b.blocked) for b in blocked.blockers] == [(None, 5)]
    assert blocked.near_misses[0].chair_busy
    await scheduler.bookings.change(booked.id, ConferenceChange(chair=""), "lan")
    assert hour((await free_time.find(request(**alone, chair="minh"))).windows[0].start) == 1


async def test_the_past_is_not_free(free_time: FreeTime, clock: ManualClock) -> None:
    clock.advance(1.4 * 3600)
    [first] = (await free_time.find(request(count=1, earliest=MONDAY - timedelta(days=30)))).windows
    assert hour(first.start) == 1.5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"latest": MONDAY - HOUR}, "free_time.range"),
        ({"latest": MONDAY + timedelta(days=401)}, "free_time.range"),
        ({"minutes": 181}, "free_time.longer_than_day"),
        ({"chair": "\x00"}, "free_time.chair"),
        ({"choice": Choice()}, "booking.no_points"),
    ],
)
async def test_a_question_without_an_answer_is_refused(
    free_time: FreeTime, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await free_time.find(request(**changes))
    assert caught.value.code == code


async def test_without_working_hours_any_time_will_do(free_time: FreeTime) -> None:
    found = await free_time.find(request(hours=None, minutes=24 * 60))
    assert [(hour(w.start), hour(w.until)) for w in found.windows] == [(0, 48)]
