"""A console's wall of small pictures."""

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
TILE = "[data-testid=tile1-video]"


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def _why_no_small_picture(chair: Page) -> str | None:
    if await chair.locator(TILE).count() == 0:
        return "no tile on the page"
    shown = await chair.locator(TILE).get_attribute("data-participant")
    height, frames = await chair.locator(TILE).evaluate(
        "v => [v.videoHeight, v.getVideoPlaybackQuality().totalVideoFrames]"
    )
    return None if shown == HALL and 0 < height <= 180 and frames > 10 else f"{shown}: {height} lines, {frames} frames"


async def _why_not_camera(hall: Page, state: str) -> str | None:
    now = await hall.get_by_test_id("own-camera").get_attribute("data-state")
    return None if now == state else f"the hall's camera is {now}"


async def test_the_chair_looks_at_a_page_of_halls_and_they_send_only_while_it_looks(
    installation: Installation,
) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(browser))
        chair = await stack.enter_async_context(visitor(browser))
        await enter_by_link(hall, installation, conference, "p1")
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()
        await eventually(lambda: _why_not_camera(hall, "waiting"))

        await chair.get_by_test_id("wall").click()
        await eventually(lambda: _why_no_small_picture(chair), units=20)
        assert await _why_not_camera(hall, "on") is None
        await chair.keyboard.press("w")
        await eventually(lambda: _why_not_camera(hall, "waiting"))
