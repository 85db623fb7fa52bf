"""What the organizer's pages do: invitations and answers, diagnosis, timeline; and the warning before the stop."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.pages import enter_by_link, sign_in, why_not_state
from tests.support.polling import eventually


async def _why_not_shown(page: Page, testid: str) -> str | None:
    return None if await page.get_by_test_id(testid).count() else f"{testid} is not shown"


async def test_points_are_invited_and_an_answer_by_telephone_is_counted(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        conference = await installation.book_now()
        await sign_in(page, installation, Role.ORGANIZER, f"/organizer/conference/{conference.id}/invitations")
        await page.get_by_test_id("invite").click()
        await eventually(lambda: why_not_state(page, "answer-p1", "waiting"))
        await page.get_by_test_id("note-yes-p1").click()
        await eventually(lambda: why_not_state(page, "answer-p1", "confirmed"))
        await page.get_by_test_id("answer-filter").select_option("missing")
        assert await page.get_by_test_id("answer-p1").count() == 0
        assert await page.get_by_test_id("answer-counts").get_attribute("data-missing") == "2"


async def test_a_proposed_time_is_refused_with_a_reason(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        conference = await installation.book_now()
        await sign_in(page, installation, Role.ORGANIZER, f"/organizer/conference/{conference.id}/invitations")
        await page.get_by_test_id("invite").click()
        await eventually(lambda: why_not_state(page, "answer-p1", "waiting"))
        await database.pool.execute(
            "UPDATE invitation SET answer = 'proposed', answered_at = now(), proposed_start = now() + interval '1 day',"
            " proposed_stop = now() + interval '2 days' FROM bridge_point AS p WHERE p.number = point AND p.code = 'p1'"
        )
        await page.reload()
        await eventually(lambda: why_not_state(page, "answer-p1", "proposed"))
        line = page.get_by_test_id("answer-p1")
        await line.locator("summary").click()
        await line.locator("input").fill("Phòng họp đã kín lịch.")
        await page.get_by_test_id("refuse-p1").click()
        await eventually(lambda: why_not_state(page, "answer-p1", "waiting"))
        assert "đã báo không đổi giờ" in await line.inner_text()


async def test_a_diagnosis_is_run_and_the_timeline_shows_the_booking(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        conference = await installation.book_now("Hội nghị trên dòng thời gian")
        await sign_in(page, installation, Role.ORGANIZER, f"/organizer/conference/{conference.id}/diagnosis")
        await page.get_by_test_id("diagnose").click()
        await eventually(lambda: _why_not_shown(page, "findings"))
        await page.goto(f"{installation.base_url}/organizer/timeline")
        bar = page.get_by_test_id("timeline-p2").get_by_role("link")
        await bar.wait_for()
        assert "Hội nghị trên dòng thời gian" in (await bar.get_attribute("aria-label") or "")


async def test_the_chair_extends_from_the_warning_that_halls_see_too(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser:
        conference = await installation.book_now()
        async with visitor(browser) as chair, visitor(browser) as hall:
            await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
            await chair.get_by_test_id("join").click()
            await chair.get_by_test_id("leave").wait_for()
            await enter_by_link(hall, installation, conference, "p1")
            await hall.get_by_test_id("leave").wait_for()
            await database.pool.execute(
                "UPDATE conference SET can_join_after = now() - interval '20 min', start = now() - interval '10 min',"
                " stop = now() + interval '14 min', must_join_before = now() + interval '14 min' WHERE id = $1",
                conference.id,
            )
            await eventually(lambda: _why_not_shown(hall, "stop-notice"))
            assert await hall.get_by_test_id("extend-by-15").count() == 0
            await chair.get_by_test_id("extend-by-15").click()
            await chair.get_by_test_id("stop-notice").wait_for(state="detached")
            await hall.get_by_test_id("stop-moved").wait_for()
            assert await hall.get_by_test_id("stop-notice").count() == 0
        left = await database.pool.fetchval("SELECT stop - now() > interval '20 min' FROM conference")
        assert left
