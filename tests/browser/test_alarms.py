"""An administrator has a machine told of incidents; a technician limits a hall and has it connect anew."""

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
from tests.support.receiver import receiver

HALL = point_participant("p1")


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path, DIEMCAU_WEBHOOK_NETWORKS='["127.0.0.0/8"]') as installation:
        yield installation


async def test_an_administrator_adds_a_receiver_tests_it_and_takes_a_removal_back(installation: Installation) -> None:
    async with receiver() as server, chromium() as browser, visitor(browser) as page:
        await sign_in(page, installation, Role.ADMINISTRATOR, "/alarms")
        await page.get_by_test_id("alarm-add").click()
        await page.get_by_test_id("alarm-name").fill("Trung tâm giám sát")
        await page.get_by_test_id("alarm-target").fill(server.url)
        await page.get_by_test_id("alarm-scope-unit").check()
        await page.get_by_test_id("alarm-unit").select_option("79")
        await page.get_by_test_id("alarm-later").check()
        await page.get_by_test_id("alarm-save").click()
        server.secret = await page.get_by_test_id("alarm-secret").inner_text()
        await page.get_by_test_id("alarm-secret-done").click()
        await page.get_by_test_id("alarm-test").click()
        await page.locator('[data-testid=alarm-delivery][data-state=sent][data-kind="test"]').wait_for()
        assert (server.types(), server.unsigned) == (["test"], 0)

        await page.get_by_test_id("alarm-remove").click()
        await page.get_by_test_id("alarm").wait_for(state="detached")
        await page.get_by_role("button", name="Hoàn tác").click()
        await page.get_by_test_id("alarm").get_by_text("Thành phố Hồ Chí Minh").wait_for()


async def _why_media_not(page: Page, state: str) -> str | None:
    now = await page.get_by_test_id("connection").get_attribute("data-media")
    return None if now == state else f"media is {now}"


async def _why_not_graded(page: Page, profile: str) -> str | None:
    now = await page.get_by_test_id("grading").input_value()
    return None if now == profile else f"the page shows {now}"


async def test_a_technician_limits_a_hall_and_has_it_connect_anew(installation: Installation) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(browser))
        technician = await stack.enter_async_context(visitor(browser))
        await enter_by_link(hall, installation, conference, "p1")
        await eventually(lambda: _why_media_not(hall, "connected"), units=20)
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").click()
        await technician.get_by_test_id("limit-sound").click()
        await hall.get_by_test_id("limited").wait_for()
        await technician.locator('[data-testid=limit-sound][aria-pressed="true"]').wait_for()
        await technician.get_by_role("button", name="Hoàn tác").click()
        await hall.get_by_test_id("limited").wait_for(state="detached")

        await technician.get_by_test_id("reconnect").click()
        await eventually(lambda: _why_media_not(hall, "connected"), units=20)
        async with technician.expect_response(lambda reply: reply.request.method == "PUT" and "grading" in reply.url):
            await technician.get_by_test_id("grading").select_option("teams")
        await technician.reload()
        await technician.get_by_test_id("grading").wait_for()
        await eventually(lambda: _why_not_graded(technician, "teams"))
