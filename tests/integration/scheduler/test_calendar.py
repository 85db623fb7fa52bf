"""What the calendar shows of a unit: conferences in any state, maintenance and holidays, counted under it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, NotFound
from core.settings import Limits
from scheduler.calendar import Calendar
from scheduler.maintenance import Maintenance, MaintenanceRequest
from scheduler.model import BookingRequest, RequestedTimes
from scheduler.service import Scheduler
from tests.support.directory import scheduler_of

START = datetime(2031, 4, 28, 1, tzinfo=UTC)
WEEK = (datetime(2031, 4, 27, 17, tzinfo=UTC), datetime(2031, 5, 4, 17, tzinfo=UTC))


@pytest.fixture
async def scheduler(database: Database, bus: Bus) -> Scheduler:
    """A centre `tw` with a hall, over the provinces `t1` and `t2`; a commune and its hall in each."""
    units = [("tw", None), ("t1", "tw"), ("t2", "tw"), ("x1", "t1"), ("x2", "t2")]
    await database.pool.executemany(
        "INSERT INTO unit (code, name, kind, parent) VALUES ($1, $1, 'province', $2)", units
    )
    points = [("dw", "tw"), ("d1", "x1"), ("d2", "x2")]
    await database.pool.executemany("INSERT INTO bridge_point (code, name, unit) VALUES ($1, $1, $2)", points)
    return scheduler_of(database, bus, ManualClock(START - timedelta(days=1)))


@pytest.fixture
def calendar(database: Database) -> Calendar:
    return Calendar(database, "Asia/Ho_Chi_Minh")


def _booking(title: str, *points: str, after: int = 0, draft: bool = False) -> BookingRequest:
    start = START + timedelta(hours=after)
    stop = start + timedelta(hours=1)
    times = RequestedTimes(can_join_after=start, start=start, stop=stop, must_join_before=stop)
    return BookingRequest(title=title, times=times, points=points, draft=draft)


async def test_events_are_counted_under_the_unit_and_named_by_the_units_right_below(
    scheduler: Scheduler, calendar: Calendar
) -> None:
    await scheduler.book(_booking("all", "dw", "d1", "d2"), "lan")
    await scheduler.book(_booking("one", "d2", after=2), "lan")
    page = await calendar.page(*WEEK, "tw", by_unit=True)
    assert [(e.title, e.points, e.units) for e in page.events] == [("all", 3, ("t1", "t2", "tw")), ("one", 1, ("t2",))]
    page = await calendar.page(*WEEK, "t1", by_unit=True)
    assert [(e.title, e.points, e.units) for e in page.events] == [("all", 1, ("x1",))]
    page = await calendar.page(*WEEK, by_unit=True)
    assert [(e.title, e.units) for e in page.events] == [("all", ("tw",)), ("one", ("tw",))]
    assert [e.units for e in (await calendar.page(*WEEK)).events] == [(), ()]


async def test_cancelled_conferences_drafts_and_maintenance_are_shown_with_what_they_are(
    database: Database, scheduler: Scheduler, calendar: Calendar
) -> None:
    gone = await scheduler.book(_booking("gone", "d1"), "lan")
    await scheduler.cancel(gone.id, "lan")
    await scheduler.book(_booking("draft", "d1", after=1, draft=True), "lan")
    maintenance = Maintenance(database, ManualClock(START - timedelta(days=1)), Limits())
    request = MaintenanceRequest(reason="điện", start=START, stop=START + timedelta(days=9), points=("d2",))
    await maintenance.announce(request, "lan")
    events = (await calendar.page(*WEEK)).events
    assert {(e.title, e.state) for e in events} == {("gone", "cancelled"), ("draft", "draft"), ("điện", None)}
    assert [e.title for e in (await calendar.page(*WEEK, "t2")).events] == ["điện"]


async def test_holidays_of_the_local_days_are_named_in_both_languages(calendar: Calendar) -> None:
    page = await calendar.page(*WEEK)
    assert [(h.day, h.worked) for h in page.holidays] == [(date(2031, 4, 30), False), (date(2031, 5, 1), False)]
    assert (page.holidays[1].name, page.holidays[1].name_en) == ("Ngày Quốc tế Lao động", "International Labor Day")
    eve = (datetime(2031, 4, 29, 17, tzinfo=UTC), datetime(2031, 4, 30, 17, tzinfo=UTC))
    assert [h.day for h in (await calendar.page(*eve)).holidays] == [date(2031, 4, 30)]


async def test_too_long_a_time_and_an_unknown_unit_are_refused(calendar: Calendar) -> None:
    await calendar.page(START, START + timedelta(days=45))
    with pytest.raises(BadInput, match="45 days"):
        await calendar.page(START, START + timedelta(days=45, seconds=1))
    with pytest.raises(BadInput):
        await calendar.page(START, START)
    with pytest.raises(NotFound):
        await calendar.page(*WEEK, "nowhere")


async def test_a_units_own_points_can_be_listed_alone(scheduler: Scheduler) -> None:
    assert [point.code for point in await scheduler.points("tw")] == ["d1", "d2", "dw"]
    assert [point.code for point in await scheduler.points("tw", direct=True)] == ["dw"]
