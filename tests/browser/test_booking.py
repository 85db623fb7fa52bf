"""Booking in one page: the clash list that follows the choice, and booking all but the clashing points."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from core.database import Database
from core.model import Role
from tests.support.organizer import Desk, next_week, organizer


async def _filled(
    desk: Desk, title: str, start: str = "09:00", stop: str = "11:00", day: datetime | None = None
) -> None:
    await desk.at("title").fill(title)
    await desk.at("day").fill((day or next_week()).strftime("%d/%m/%Y"))
    await desk.at("start").fill(start)
    await desk.at("stop").fill(stop)


async def test_the_clash_list_follows_and_all_but_the_clashing_points_are_booked(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.book("Họp tổng kết", next_week(10), "d2")
        await desk.open("/organizer/new")
        await desk.at("select-all").wait_for()
        await _filled(desk, "Giao ban")
        await desk.at("select-all").click()
        await desk.until("clashes", "data-count", "1")
        assert "Điểm 2" in await desk.at("clashes").inner_text()
        assert "Họp tổng kết" in await desk.at("clashes").inner_text()
        assert await desk.at("book").is_disabled()
        await desk.at("stop").fill("09:30")
        await desk.until("clashes", "data-count", "0")
        await desk.at("stop").fill("11:00")
        await desk.until("clashes", "data-count", "1")
        await desk.at("leave-out").check()
        await desk.at("book").click()
        await desk.at("conference-title").wait_for()
        held = await database.pool.fetch(
            "SELECT bridge_point.code FROM reservation JOIN conference ON conference.id = reservation.conference"
            " JOIN bridge_point ON bridge_point.number = reservation.point WHERE title = 'Giao ban' ORDER BY 1"
        )
        assert [row["code"] for row in held] == ["d1", "d3"]


async def test_a_whole_province_but_one_commune_is_chosen_in_the_tree(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path, points=5) as desk:
        await desk.open("/organizer/new")
        await desk.at("select-unit:p").check()
        await desk.at("tree-search").fill("diem 4")
        await desk.at("select-point:d4").uncheck()
        await _filled(desk, "Toàn tỉnh trừ một xã")
        await desk.until("clashes", "data-count", "0")
        await desk.at("tree-search").press("Enter")
        assert await desk.at("book").is_enabled()
        assert not await database.pool.fetchval("SELECT EXISTS (SELECT FROM conference)")
        await desk.at("book").press("Enter")
        await desk.at("conference-title").wait_for()
        points = await database.pool.fetchval("SELECT count(*) FROM reservation")
        assert points == 4
        assert not await database.pool.fetchval(
            "SELECT EXISTS (SELECT FROM reservation JOIN bridge_point ON number = point WHERE code = 'd4')"
        )


async def test_free_time_is_found_for_the_chosen_points_and_taken_into_the_form(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        monday = next_week(8)
        monday += timedelta(days=-monday.weekday() % 7)
        await desk.book("Họp sáng thứ Hai", monday, "d2")
        await desk.open("/organizer/new")
        await desk.at("select-all").click()
        await _filled(desk, "Giao ban", "08:00", "10:00", day=monday)
        await desk.at("options-open").click()
        await desk.at("setup").select_option("30")
        await desk.until("clashes", "data-count", "1")
        await desk.at("free-open").click()
        await desk.at("free-find").click()
        await desk.at("free-window").first.click()
        await desk.until("clashes", "data-count", "0")
        assert await desk.at("day").input_value() == monday.strftime("%d/%m/%Y")
        # The morning is d2's until 10:00, and the new doors open an hour before the start with the set-up.
        assert await desk.at("start").input_value() >= "11:00"


async def test_chosen_points_are_kept_as_a_group_and_chosen_again(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path, points=4) as desk:
        await desk.open("/organizer/new")
        await desk.at("select-point:d1").check()
        await desk.at("select-point:d3").check()
        await desk.at("audiences-open").click()
        await desk.at("audience-name").fill("Hai xã")
        await desk.at("audience-save").click()
        await desk.at("audience").first.wait_for()
        await desk.open("/organizer/new")
        await desk.at("audiences-open").click()
        await desk.at("audience").get_by_role("button").first.click()
        await desk.page.get_by_test_id("select-point:d3").and_(desk.page.locator(":checked")).wait_for()
        assert await desk.at("select-point:d1").is_checked()
        assert not await desk.at("select-point:d2").is_checked()


async def test_points_and_title_of_a_booking_are_changed_and_the_change_undone(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path, points=4) as desk:
        await desk.book("Họp tổng kết", next_week(10), "d3")
        id = await desk.book("Giao ban", next_week(9), "d1", "d2")
        await desk.open(f"/organizer/conference/{id}")
        await desk.at("edit").click()
        await desk.at("edit-title").fill("Giao ban mở rộng")
        await desk.at("select-point:d1").uncheck()
        await desk.at("select-point:d3").check()
        await desk.at("select-point:d4").check()
        await desk.until("clashes", "data-count", "1")
        assert await desk.at("edit-save").is_disabled()
        await desk.at("edit-leave-out").check()
        await desk.at("edit-save").click()
        await desk.page.get_by_role("heading", name="Giao ban mở rộng").wait_for()
        assert await _points_of(desk, id) == ["d2", "d4"]
        await desk.page.get_by_role("button", name="Hoàn tác").click()
        await desk.page.get_by_role("heading", name="Giao ban", exact=True).wait_for()
        assert await _points_of(desk, id) == ["d1", "d2"]


async def _points_of(desk: Desk, id: str) -> list[str]:
    found = await desk.made(f"/api/conferences/{id}", method="GET")
    return [point["code"] for point in found["points"]]


async def test_a_conference_is_booked_again_at_its_hour_with_its_chair(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.site.signed_in(Role.CHAIR, username="minh")
        id = await desk.book("Giao ban", next_week(9), "d1", chair="minh")
        await desk.open(f"/organizer/conference/{id}")
        await desk.at("booked-by").get_by_text("Người organizer", exact=True).wait_for()
        await desk.at("book-again").click()
        assert await desk.at("again-start").input_value() == "09:00"
        await desk.at("again-day").fill(next_week(days=15).strftime("%d/%m/%Y"))
        await desk.page.locator("[data-testid=chair] option[value=minh]").wait_for(state="attached")
        assert await desk.at("chair").input_value() == "minh"
        await desk.at("again-book").click()
        await desk.page.wait_for_url(lambda url: id not in url)
        await desk.at("chair-now").get_by_text("Người minh").wait_for()
