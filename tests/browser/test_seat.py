"""An operator with an account finds the way to a point without knowing its code, by keyboard alone."""

from __future__ import annotations

from pathlib import Path

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.pages import sign_in


async def test_a_point_is_found_by_some_letters_and_remembered_for_the_next_time(
    database: Database, tmp_path: Path
) -> None:
    async with installed(database.url, tmp_path, points=60) as installation, chromium() as browser:
        conference = await installation.book_now()
        async with visitor(browser) as page:
            await sign_in(page, installation, Role.OPERATOR, "/")
            await page.get_by_test_id(f"pick-seat-{conference.id}").press("Enter")
            await page.get_by_test_id("seat-p1").wait_for()
            assert await page.get_by_test_id("seat-search").evaluate("(field) => field === document.activeElement")
            assert await page.get_by_test_id("seat-p59").count() == 0  # too many to show all
            await page.keyboard.type("phuong 59")
            await page.get_by_test_id("seat-p59").wait_for()
            await page.keyboard.press("Enter")
            await page.get_by_text("Điểm cầu p59").wait_for()
            assert page.url.endswith(f"/operator/{conference.id}/p59")

            await page.goto(installation.base_url)
            await page.get_by_test_id(f"pick-seat-{conference.id}").click()
            first = page.locator("dialog li").first
            assert await first.get_by_role("link").get_attribute("data-testid") == "seat-p59"
