"""Maintenance windows hold points as conferences do: each refuses the other, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, Conflict, NotFound
from core.settings import Limits
from scheduler.maintenance import Maintenance, MaintenanceRequest
from scheduler.model import ClashRequest
from scheduler.service import Scheduler
from scheduler.timeline import Timeline
from tests.support.directory import NOON, booking_of, load_points, times

HOUR = timedelta(hours=1)


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 4)
    return scheduler


@pytest.fixture
def maintenance(database: Database, clock: ManualClock, scheduler: Scheduler) -> Maintenance:
    return Maintenance(database, clock, Limits())


def request(*points: str, hours: float = 2, after: float = 1, reason: str = "New camera") -> MaintenanceRequest:
    start = NOON + after * HOUR
    return MaintenanceRequest(reason=reason, start=start, stop=start + hours * HOUR, points=points)


async def test_a_booking_in_a_window_is_refused_and_the_maintenance_named(
    scheduler: Scheduler, maintenance: Maintenance
) -> None:
    window = await maintenance.announce(request("P000", "P001"), "lan")
    assert (window.points, window.reason, window.booked_by) == (("P000", "P001"), "New camera", "lan")
    with pytest.raises(Conflict) as caught:
        await scheduler.book(booking_of("t", NOON + 2 * HOUR, ["P001", "P002"]), "minh")
    assert caught.value.code == "booking.clash"
    [clash] = caught.value.data["clashes"]
    assert (clash["point"], clash["conference"], clash["maintenance"]) == ("P001", None, window.id)
    assert clash["title"] == "New camera"
    await scheduler.book(booking_of("t", NOON + 3 * HOUR, ["P001", "P002"]), "minh")


async def test_the_preview_names_both_kinds(scheduler: Scheduler, maintenance: Maintenance) -> None:
    window = await maintenance.announce(request("P000"), "lan")
    conference = await scheduler.book(booking_of("t", NOON + HOUR, ["P001"]), "minh")
    wanted = ClashRequest(times=times(NOON + HOUR), points=("P000", "P001", "P002"))
    report = await scheduler.clashes(wanted)
    assert {(c.point, c.conference, c.maintenance) for c in report.clashes} == {
        ("P000", None, window.id),
        ("P001", conference.id, None),
    }
    moved = await scheduler.clashes(wanted.model_copy(update={"ignore": conference.id}))
    assert [c.point for c in moved.clashes] == ["P000"]


async def test_maintenance_of_a_booked_point_is_refused_and_holds_nothing(
    scheduler: Scheduler, maintenance: Maintenance
) -> None:
    conference = await scheduler.book(booking_of("Session", NOON + HOUR, ["P001"]), "minh")
    with pytest.raises(Conflict) as caught:
        await maintenance.announce(request("P000", "P001"), "lan")
    assert [c["conference"] for c in caught.value.data["clashes"]] == [conference.id]
    assert await maintenance.windows(NOON, NOON + 9 * HOUR) == []
    await scheduler.book(booking_of("Other", NOON + HOUR, ["P000"]), "minh")


async def test_a_moved_conference_meets_the_window_too(scheduler: Scheduler, maintenance: Maintenance) -> None:
    await maintenance.announce(request("P000"), "lan")
    conference = await scheduler.book(booking_of("t", NOON + 4 * HOUR, ["P000"]), "minh")
    with pytest.raises(Conflict, match=r"booking\.clash"):
        await scheduler.reschedule(conference.id, times(NOON + 2 * HOUR), "minh")


async def test_windows_are_listed_by_time_and_unit(maintenance: Maintenance) -> None:
    late = await maintenance.announce(request("P000", after=5), "lan")
    early = await maintenance.announce(request("P000", "P003", after=1), "lan")
    assert await maintenance.windows(NOON, NOON + 9 * HOUR) == [early, late]
    assert await maintenance.windows(NOON, NOON + 9 * HOUR, "CITY") == [early, late]
    assert await maintenance.windows(NOON, NOON + 9 * HOUR, "NOWHERE") == []
    assert await maintenance.windows(NOON + 4 * HOUR, NOON + 9 * HOUR) == [late]


async def test_a_window_to_come_is_withdrawn(scheduler: Scheduler, maintenance: Maintenance) -> None:
    window = await maintenance.announce(request("P000"), "lan")
    await maintenance.end(window.id)
    with pytest.raises(NotFound):
        await maintenance.window(window.id)
    await scheduler.book(booking_of("t", NOON + HOUR, ["P000"]), "minh")


async def test_a_running_window_ends_now_and_is_over_then(
    scheduler: Scheduler, maintenance: Maintenance, clock: ManualClock
) -> None:
    window = await maintenance.announce(request("P000"), "lan")
    clock.advance(1.5 * 3600)
    await maintenance.end(window.id)
    assert (await maintenance.window(window.id)).stop == clock.now()
    with pytest.raises(Conflict) as caught:
        await maintenance.end(window.id)
    assert caught.value.code == "maintenance.over"
    await scheduler.book(booking_of("t", clock.now(), ["P000"]), "minh")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (request("P000", reason="  "), "maintenance.reason"),
        (request("P000", reason="x" * 201), "maintenance.reason"),
        (request("P000", reason="a\nb"), "maintenance.reason"),
        (request("P000", hours=0), "maintenance.times"),
        (request("P000", after=-3), "maintenance.times"),
        (request("P000", hours=24 * 400), "maintenance.times"),
        (request(), "booking.no_points"),
        (request("P999"), "booking.unknown_point"),
    ],
)
async def test_what_cannot_be_is_named(maintenance: Maintenance, wanted: MaintenanceRequest, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        await maintenance.announce(wanted, "lan")
    assert caught.value.code == code


@pytest.mark.parametrize("id", ["", "x", "00000000-0000-4000-8000-000000000001"])
async def test_a_window_that_is_none_is_not_found(maintenance: Maintenance, id: str) -> None:
    with pytest.raises(NotFound):
        await maintenance.end(id)


async def test_the_timeline_has_conferences_and_maintenance_of_a_unit_only(database: Database) -> None:
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('tl', 'Tỉnh', 'province')")
    await database.pool.execute("INSERT INTO bridge_point (code, name, unit) VALUES ('tl1', 'Một', 'tl')")
    await database.pool.execute(
        "WITH w AS (INSERT INTO maintenance (id, reason, during, booked_by, booked_at)"
        " VALUES (gen_random_uuid(), 'sửa điện', tstzrange('2031-05-01Z', '2031-05-02Z'), 'x', now()) RETURNING id)"
        " INSERT INTO reservation (maintenance, point, during)"
        " SELECT w.id, number, tstzrange('2031-05-01Z', '2031-05-02Z') FROM w, bridge_point WHERE code = 'tl1'"
    )
    timeline = Timeline(database)
    start = datetime(2031, 4, 30, tzinfo=UTC)
    [held] = await timeline.held(start, start + timedelta(days=7), "tl")
    assert (held.title, held.points, held.conference) == ("sửa điện", ("tl1",), None)
    assert await timeline.held(start + timedelta(days=7), start + timedelta(days=8), "tl") == []
    with pytest.raises(BadInput, match="45 days"):
        await timeline.held(start, start + timedelta(days=46))
    with pytest.raises(NotFound):
        await timeline.held(start, start + timedelta(days=1), "nowhere")
