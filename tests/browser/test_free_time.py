"""Free time for a city's 168 halls and its chair: searched, filled into the form and booked; blockers named."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.database import Database
from core.model import Role
from tests.support.organizer import ZONE, Desk, next_week, organizer

POINTS = 168


def _monday() -> datetime:
    """Six o'clock of a Monday more than a week ahead."""
    day = next_week(6)
    return day + timedelta(days=-day.weekday() % 7)


def _all_day(start: datetime, days: int = 1) -> dict[str, str]:
    stop = start + timedelta(days=days - 1, hours=12)
    return {
        "can_join_after": start.isoformat(),
        "start": start.isoformat(),
        "stop": stop.isoformat(),
        "must_join_before": stop.isoformat(),
    }


async def _taken(desk: Desk, title: str, times: dict[str, str], *points: str, **more: Any) -> None:
    await desk.made("/api/bookings", {"title": title, "times": times, "points": points, **more})


async def _asked(desk: Desk, day: datetime) -> None:
    await desk.open("/organizer/new")
    await desk.at("select-all").click()
    await desk.at("title").fill("Giao ban thành phố")
    await desk.at("day").fill(day.strftime("%d/%m/%Y"))
    await desk.at("start").fill("09:00")
    await desk.at("stop").fill("11:00")
    await desk.at("free-open").click()


async def test_a_window_for_168_points_and_the_chair_is_filled_in_and_booked(
    database: Database, tmp_path: Path
) -> None:
    monday = _monday()
    async with organizer(database, tmp_path, points=POINTS) as desk:
        await desk.site.signed_in(Role.CHAIR, username="minh")
        await _taken(desk, "Một xã bận", _all_day(monday), "d97")
        await _taken(desk, "Chủ tọa bận", _all_day(monday + timedelta(days=1)), chair="minh", units=["c1"])
        await _asked(desk, monday)
        await desk.at("chair").select_option("minh")
        await desk.at("free-find").click()
        await desk.at("free-window").first.wait_for()
        assert f"{POINTS} điểm cầu và chủ tọa" in await desk.page.locator("details[open]").inner_text()
        await desk.at("free-window").first.click()
        day = datetime.strptime(await desk.at("day").input_value(), "%d/%m/%Y").replace(tzinfo=ZONE)
        assert day.date() >= (monday + timedelta(days=2)).date(), "a day on which a hall or the chair is busy"
        await desk.until("clashes", "data-count", "0")
        await desk.at("book").click()
        await desk.at("conference-title").wait_for()
        await desk.at("chair-now").filter(has_text="Người minh").wait_for()
        row = await database.pool.fetchrow(
            "SELECT start, stop, chair, (SELECT count(*) FROM reservation WHERE conference = id) AS points"
            " FROM conference WHERE title = 'Giao ban thành phố'"
        )
        assert row is not None
        assert (row["chair"], row["points"], row["stop"] - row["start"]) == ("minh", POINTS, timedelta(hours=2))
        assert row["start"].astimezone(ZONE).date() == day.date()


async def test_where_no_window_is_free_the_blockers_are_named_and_the_best_of_the_rest_is_filled_in(
    database: Database, tmp_path: Path
) -> None:
    monday = _monday()
    async with organizer(database, tmp_path, points=POINTS) as desk:
        await _taken(desk, "Đợt tập huấn", _all_day(monday - timedelta(days=1), days=10), "d97", "d98")
        await _asked(desk, monday)
        await desk.page.locator("select").filter(has_text="30 ngày").select_option("7")
        await desk.at("free-find").click()
        await desk.at("free-none").wait_for()
        assert f"{POINTS} điểm cầu" in await desk.at("free-none").inner_text()
        blockers = await desk.at("free-blocker").all_inner_texts()
        assert [text.split(":")[0] for text in blockers] == ["Điểm 97", "Điểm 98"]
        near = desk.at("free-near").first
        assert "2 nơi bận: Điểm 97, Điểm 98" in await near.inner_text()
        await near.click()
        await desk.until("clashes", "data-count", "2")
        await desk.at("leave-out").check()
        await desk.at("book").click()
        await desk.at("conference-title").wait_for()
        held = await database.pool.fetchval(
            "SELECT count(*) FROM reservation JOIN conference ON id = conference WHERE title = 'Giao ban thành phố'"
        )
        assert held == POINTS - 2
