"""The calendar by week and month over units: what it shows, how it is moved, and where it leads."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from core.database import Database
from tests.support.organizer import ZONE, Desk, organizer
from tests.support.website import times_of

NATIONAL_DAY = datetime(datetime.now(ZONE).year + 1, 9, 2, tzinfo=ZONE)
MORNING = (NATIONAL_DAY - timedelta(days=1)).replace(hour=8)


def _address(day: datetime) -> str:
    return f"/organizer/calendar?day={day:%d-%m-%Y}"


async def _scene(desk: Desk) -> tuple[str, str, str]:
    """A series of three weeks of all points, a maintenance of one, and a cancelled conference; their ids."""
    rule = {"title": "Giao ban tuần", "first": times_of(MORNING), "rule": "FREQ=WEEKLY;COUNT=3", "units": ["p"]}
    series = await desk.made("/api/series", rule)
    later = MORNING + timedelta(hours=4)
    hall = {"reason": "Thay máy chiếu", "start": later.isoformat(), "points": ["d2"]}
    window = await desk.made("/api/maintenance", {**hall, "stop": (later + timedelta(hours=2)).isoformat()})
    gone = await desk.book("Họp đã hủy", MORNING + timedelta(hours=8), "d1")
    await desk.made(f"/api/conferences/{gone}/cancel")
    return series["series"]["occurrences"][0]["id"], window["id"], gone


async def test_a_week_shows_series_maintenance_and_holidays_and_leads_to_the_conference_and_back(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        first, window, gone = await _scene(desk)
        await desk.open(_address(MORNING))
        card = desk.at(f"calendar-{first}")
        await card.wait_for()
        assert "Giao ban tuần" in await card.inner_text()
        assert await card.get_by_test_id("conference-state").get_attribute("data-state") == "confirmed"
        assert "Họp lặp lại" in (await card.get_attribute("title") or "")
        assert "Bảo trì: Thay máy chiếu" in await desk.at(f"calendar-{window}").inner_text()
        assert (
            "Quốc khánh"
            in await desk.page.locator(f"[data-day='{NATIONAL_DAY:%d-%m-%Y}'] [data-testid=holiday]").inner_text()
        )
        assert await desk.at(f"calendar-{gone}").count() == 0
        await desk.at("calendar-cancelled").check()
        await desk.at(f"calendar-{gone}").wait_for()
        await desk.at("calendar-month").click()
        await card.click()
        await desk.at("conference-title").wait_for()
        await desk.page.go_back()
        await card.wait_for()
        assert await desk.at("calendar-month").get_attribute("aria-pressed") == "true"


async def test_keys_go_through_days_weeks_and_months(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/calendar?day=15-09-2031")
        shown, keyboard = desk.at("calendar-range"), desk.page.keyboard
        await desk.at("calendar").wait_for()
        assert await shown.inner_text() == "15/09/2031 – 21/09/2031"
        await keyboard.press("n")
        assert await shown.inner_text() == "22/09/2031 – 28/09/2031"
        await keyboard.press("ArrowUp")
        await keyboard.press("ArrowLeft")
        assert await shown.inner_text() == "08/09/2031 – 14/09/2031"
        await keyboard.press("m")
        assert await desk.at("calendar-day").count() == 35
        await keyboard.press("p")
        assert await shown.inner_text() == "Tháng 08/2031"
        await keyboard.press("t")
        assert await desk.page.locator("[data-testid=calendar-day][aria-current=date]").count() == 1


async def test_a_unit_is_found_by_a_part_of_its_name_and_units_can_be_compared(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.book("Họp xã 1", MORNING, "d1")
        await desk.book("Họp xã 2", MORNING, "d2")
        await desk.open(_address(MORNING))
        cards = desk.page.locator("a[data-testid^=calendar-][href*='/conference/']")
        await cards.nth(1).wait_for()
        await desk.at("calendar-unit").click()
        await desk.at("calendar-unit-search").fill("xa 2")
        await desk.page.keyboard.press("Enter")
        await desk.until("calendar-unit", "data-value", "c2")
        await desk.page.get_by_text("Họp xã 1").wait_for(state="detached")
        assert await cards.count() == 1
        await desk.at("calendar-unit").click()
        await desk.at("calendar-unit-all").click()
        await desk.at("calendar-by-unit").click()
        row = desk.at("calendar-unit-c1")
        await row.get_by_role("link").wait_for()
        assert "Họp xã 1" in await row.inner_text()
        assert "Họp xã 1" not in await desk.at("calendar-unit-c2").inner_text()


async def test_an_empty_day_says_so_and_offers_to_book_on_it(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open(_address(MORNING) + "&unit=c1")
        await desk.page.get_by_text("Xã 1 không có hội nghị nào").wait_for()
        await desk.at(f"calendar-new-{MORNING:%d-%m-%Y}").click()
        await desk.at("select-all").wait_for()
        assert await desk.at("day").input_value() == f"{MORNING:%d/%m/%Y}"
        assert "1/3" in (await desk.at("selected-count").inner_text()).replace(" trên ", "/")
