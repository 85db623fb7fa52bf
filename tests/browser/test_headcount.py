"""A hall's operator declares how many are there, and the chair sees the sum and the quorum."""

from __future__ import annotations

from pathlib import Path

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.pages import enter_by_link, sign_in, why_not_state
from tests.support.polling import eventually


async def test_the_chair_sees_what_the_operator_declares(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        chromium() as browser,
        visitor(browser) as hall,
        visitor(browser) as chair,
        visitor(browser) as organizer,
    ):
        conference = await installation.book_now()
        await database.pool.execute("UPDATE bridge_point SET seats = 35")
        await sign_in(organizer, installation, Role.ORGANIZER, f"/organizer/conference/{conference.id}/attendance")
        await organizer.get_by_test_id("quorum-of").select_option("delegates")
        await organizer.get_by_test_id("quorum-percent").fill("30")
        await organizer.get_by_test_id("quorum-save").click()
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()
        await chair.get_by_test_id("quorum").wait_for()
        assert await why_not_state(chair, "quorum", "short") is None

        await enter_by_link(hall, installation, conference, "p1")
        await hall.get_by_test_id("headcount-edit").click()
        await hall.keyboard.press("Escape")
        await hall.locator("[data-testid=headcount-edit]:focus").click()
        await hall.locator("[data-testid=headcount-number]:focus").wait_for()
        await hall.get_by_test_id("headcount-number").fill("32")
        await hall.get_by_test_id("headcount-save").click()
        await eventually(lambda: why_not_state(hall, "headcount", "said"))
        assert "32 / 35" in await hall.get_by_test_id("headcount").inner_text()

        await eventually(lambda: why_not_state(chair, "quorum", "reached"), units=10)
        assert await chair.get_by_test_id("headcount-total").get_attribute("data-declared") == "32"

        await organizer.get_by_test_id("correct-p1").click()
        await organizer.get_by_test_id("correct-declared").fill("30")
        await organizer.get_by_test_id("correct-why").fill("đếm lại")
        await organizer.get_by_test_id("correct-save").click()
        await eventually(lambda: why_not_state(chair, "quorum", "short"), units=10)
        await organizer.get_by_test_id("correct-p1").click()
        await organizer.get_by_test_id("headcount-history").wait_for()
        assert await organizer.get_by_test_id("headcount-history").locator("li").count() == 2
