"""A series booked on the page: the occurrence that clashes is named, and without a clash all are booked."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Page

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import Installation, installed
from tests.support.organizer import next_week, organizer
from tests.support.pages import sign_in
from tests.support.polling import eventually
from tests.support.website import times_of

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def _first() -> datetime:
    """Nine o'clock in eight days: its whole day is ahead, wherever the test runs."""
    return (datetime.now(_ZONE) + timedelta(days=8)).replace(hour=9, minute=0, second=0, microsecond=0)


async def _fill_booking(page: Page, title: str, start: datetime) -> None:
    await page.get_by_test_id("title").fill(title)
    await page.get_by_test_id("day").fill(start.strftime("%d/%m/%Y"))
    await page.get_by_test_id("start").fill("09:00")
    await page.get_by_test_id("stop").fill("11:00")
    await page.get_by_test_id("select-all").click()


async def _fill_weekly(page: Page, start: datetime) -> None:
    await _fill_booking(page, "Giao ban tuần", start)
    await page.get_by_test_id("repeat").select_option("weekly")
    await page.get_by_test_id("repeat-count").fill("3")
    await page.get_by_test_id("skip-holidays").uncheck()


async def _book(page: Page) -> None:
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("conference-title").wait_for()


async def _why_not_clashing(page: Page, count: int) -> str | None:
    seen = await page.get_by_test_id("occurrences").get_attribute("data-clashing")
    return None if seen == str(count) else f"{seen} occurrences clash"


async def _open_booking(page: Page, installation: Installation) -> None:
    await page.goto(f"{installation.base_url}/organizer/new")
    await page.get_by_test_id("select-all").wait_for()


async def test_the_clashing_occurrence_is_named_and_without_it_all_three_are_booked(
    database: Database, tmp_path: Path
) -> None:
    start = _first()
    second = start + timedelta(weeks=1)
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        await sign_in(page, installation, Role.ORGANIZER, "/organizer/new")
        await _fill_booking(page, "Họp tổng kết", second)
        await _book(page)
        await _open_booking(page, installation)
        await _fill_weekly(page, start)
        await eventually(lambda: _why_not_clashing(page, 1))
        rows = page.get_by_test_id("occurrence")
        assert await rows.evaluate_all("rows => rows.map((row) => row.dataset.count)") == ["0", "3", "0"]
        named = await rows.nth(1).inner_text()
        assert second.strftime("%d/%m/%Y") in named
        assert "Họp tổng kết" in named
        assert await page.get_by_test_id("book").is_disabled()
        await database.pool.execute("DELETE FROM reservation")
        await page.get_by_test_id("repeat-count").fill("2")
        await page.get_by_test_id("repeat-count").fill("3")
        await eventually(lambda: _why_not_clashing(page, 0))
        await _book(page)
        starts = await database.pool.fetch(
            "SELECT start FROM conference WHERE title = 'Giao ban tuần' AND series IS NOT NULL ORDER BY start"
        )
        assert [row["start"] for row in starts] == [start + timedelta(weeks=n) for n in range(3)]


async def test_a_template_saved_while_booking_is_booked_again(database: Database, tmp_path: Path) -> None:
    start = _first()
    again = start + timedelta(days=1)
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        await sign_in(page, installation, Role.ORGANIZER, "/organizer/new")
        await _fill_booking(page, "Giao ban", start)
        await page.get_by_test_id("options-open").click()
        await page.get_by_test_id("template-name").fill("Giao ban sáng")
        await page.get_by_test_id("profile").select_option("light")
        await _book(page)
        await page.goto(f"{installation.base_url}/organizer/templates")
        await page.get_by_test_id("again").click()
        await page.get_by_test_id("again-day").fill(again.strftime("%d/%m/%Y"))
        await page.get_by_test_id("again-start").fill("09:00")
        await page.get_by_test_id("again-book").click()
        await page.get_by_test_id("conference-title").wait_for()
        booked = await database.pool.fetch("SELECT start, stop, profile FROM conference ORDER BY start")
        hours = timedelta(hours=2)
        assert [tuple(row) for row in booked] == [(at, at + hours, "light") for at in (start, again)]


async def test_an_occurrence_and_those_after_it_are_cancelled_together(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        await sign_in(page, installation, Role.ORGANIZER, "/organizer/new")
        await _fill_weekly(page, _first())
        await eventually(lambda: _why_not_clashing(page, 0))
        await _book(page)
        series = page.get_by_test_id("series")
        await series.locator("summary").click()
        await series.get_by_role("link").first.click()
        await page.locator("[data-testid=series][data-place='2']").wait_for()
        await page.get_by_test_id("cancel-conference").click()
        await page.get_by_test_id("scope").select_option("following")
        await page.get_by_test_id("confirm-cancel").click()
        await page.get_by_test_id("cancel-conference").wait_for(state="detached")
        states = await database.pool.fetch("SELECT state FROM conference ORDER BY start")
        assert [row["state"] for row in states] == ["confirmed", "cancelled", "cancelled"]


async def test_all_the_following_and_one_occurrence_are_moved(database: Database, tmp_path: Path) -> None:
    start = next_week(days=8)
    weeks = [start + timedelta(weeks=n) for n in range(3)]

    async def why_not(hours: list[int]) -> str | None:
        rows = await database.pool.fetch("SELECT start FROM conference ORDER BY recurrence_id")
        wanted = [day.replace(hour=hour) for day, hour in zip(weeks, hours, strict=True)]
        found = [row["start"] for row in rows]
        return None if found == wanted else f"they start at {found}"

    async with organizer(database, tmp_path) as desk:
        rule = {"title": "Giao ban", "first": times_of(start), "rule": "FREQ=WEEKLY;COUNT=3", "points": ["d1"]}
        occurrences = (await desk.made("/api/series", rule))["series"]["occurrences"]
        for number, scope, hour, hours in (
            (0, "all", 8, [8, 8, 8]),
            (1, "following", 13, [8, 13, 13]),
            (2, "this", 15, [8, 13, 15]),
        ):
            await desk.open(f"/organizer/conference/{occurrences[number]['id']}")
            await desk.at("reschedule").click()
            await desk.at("start").fill(f"{hour:02}:00")
            await desk.at("stop").fill(f"{hour + 2:02}:00")
            await desk.at("scope").select_option(scope)
            await desk.until("clashes", "data-count", "0")
            await desk.at("confirm-reschedule").click()
            await desk.at("confirm-reschedule").wait_for(state="detached")
            await eventually(partial(why_not, hours))
