"""A shared screen: asked for, granted, seen large by the others, and ended."""

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
CONTENT = "[data-testid=content-video]"
_SIZE = "v => [v.videoWidth, v.videoHeight, v.getVideoPlaybackQuality().totalVideoFrames, v.clientWidth]"


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def _why_not_shown(page: Page) -> str | None:
    """The screen arrives whole, moves, and has the largest place on the page."""
    if await page.locator(CONTENT).count() == 0:
        return "no place for it on the page"
    width, height, frames, shown = await page.locator(CONTENT).evaluate(_SIZE)
    stage = await page.locator("[data-testid=stage-video]").evaluate("v => v.clientWidth")
    if min(width, height) < 360 or frames < 5:
        return f"{width}x{height}, {frames} frames"
    return None if shown > stage else f"{shown} wide beside a stage of {stage}"


async def test_a_hall_shares_its_screen_when_the_chair_lets_it(installation: Installation) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(browser))
        chair = await stack.enter_async_context(visitor(browser))
        await enter_by_link(hall, installation, conference, "p1")
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()

        await hall.get_by_test_id("share-screen").click()
        await hall.locator("[data-testid=content-state][data-state=waiting]").wait_for()
        await chair.get_by_test_id(f"grant-content-{HALL}").click()
        await hall.locator("[data-testid=content-state][data-state=mine]").wait_for()
        await eventually(lambda: _why_not_shown(chair), units=20)

        await chair.get_by_test_id("revoke-content").click()
        await hall.get_by_test_id("share-screen").wait_for()
        await chair.locator(CONTENT).wait_for(state="detached")
