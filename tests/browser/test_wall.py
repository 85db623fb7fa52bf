"""The technician's wall: every point at once, the worst first, by hand and by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.database import Database
from core.model import Role, point_participant
from tests.support.chromium import chromium, visitor
from tests.support.installation import Installation, installed
from tests.support.pages import enter_by_link, sign_in
from tests.support.polling import eventually

HALL = point_participant("p1")


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def _why_not_first(page: Page, participant: str) -> str | None:
    first = await page.get_by_test_id("mosaic").get_attribute("data-first")
    return None if first == participant else f"first on the wall is {first}"


async def test_a_technician_walks_the_wall_by_keys_and_reads_what_happened_to_a_point(
    installation: Installation,
) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(browser))
        technician = await stack.enter_async_context(visitor(browser))
        await enter_by_link(hall, installation, conference, "p1")
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        # Those who are in stand before those who are not.
        await eventually(lambda: _why_not_first(technician, HALL), units=20)

        await technician.get_by_test_id("mosaic").focus()
        await technician.keyboard.press("Enter")
        detail = technician.get_by_test_id("point-detail")
        await detail.wait_for()
        await detail.get_by_test_id("point-story").get_by_text("vào họp").wait_for()
        await detail.get_by_test_id("comparison").wait_for()

        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").wait_for()


async def test_a_technician_looks_through_a_points_month_and_one_of_its_days(
    database: Database, installation: Installation
) -> None:
    conference = await installation.book_now()
    await database.pool.execute(
        "INSERT INTO line_minute (conference, participant, minute, samples, good, fair, poor, kbps_up, kbps_down,"
        " loss_down, rtt_ms, reports)"
        " SELECT $1::text::uuid, $2, date_trunc('month', now(), 'Asia/Ho_Chi_Minh') + day * interval '1 day'"
        " + n * interval '1 min', 30, 30 - 20 * day, 0, 20 * day, 40, 900, 0.1 * day, 20, 0"
        " FROM generate_series(0, 1) day, generate_series(480, 600) n",
        conference.id,
        HALL,
    )
    async with chromium() as browser, visitor(browser) as technician:
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").click()
        await technician.get_by_test_id("range-month").click()
        record = technician.get_by_test_id("line-record")
        days = record.get_by_test_id("record-days")
        await days.locator('[data-grade="good"]').wait_for()
        assert await days.locator('[data-grade="poor"]').count() == 1
        await record.locator("canvas").first.wait_for()
        await days.locator('[data-grade="poor"]').click()
        await record.get_by_test_id("record-whole").wait_for()
        await record.locator("canvas").first.wait_for()
        await record.get_by_test_id("record-whole").click()
        await record.get_by_test_id("record-conferences").get_by_text(conference.title).wait_for()
