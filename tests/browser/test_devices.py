"""Camera and microphone during the conference: pulled out, plugged in, refused and let through, without leaving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.installation import Installation, installed
from tests.support.pages import enter_by_link, why_no_moving_picture, why_not_state
from tests.support.polling import eventually

HALL = point_participant("p1")
PLUGS = Path(__file__).parents[1] / "support" / "plugged.js"


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


@asynccontextmanager
async def hall_page(tmp_path: Path) -> AsyncIterator[Page]:
    """A hall's browser whose plugs a test can pull."""
    async with chromium(draw_camera(tmp_path / "hall.y4m")) as browser, visitor(browser) as page:
        await page.add_init_script(f"({PLUGS.read_text()})()")
        yield page


async def says(page: Page, device: str, state: str) -> None:
    await eventually(lambda: why_not_state(page, f"own-{device}", state), units=10)


async def test_a_camera_that_was_pulled_out_is_taken_again_when_it_is_plugged_in(
    installation: Installation, tmp_path: Path
) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(hall_page(tmp_path))
        other = await stack.enter_async_context(visitor(await stack.enter_async_context(chromium())))
        await enter_by_link(hall, installation, conference, "p1")
        await other.goto(f"{installation.base_url}/j/{tokens['p2']}")
        await other.get_by_test_id("join").click()
        await says(hall, "camera", "waiting")
        token = await installation.token(conference.id, Role.CHAIR)
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, token))
        await chair.command(GrantFloor(participant=HALL))
        await says(hall, "camera", "on")

        await hall.evaluate("window.__plugs.pull('video')")
        await says(hall, "camera", "none")
        assert "Kiểm tra dây cắm" in await hall.get_by_test_id("device-problem").inner_text()
        await hall.evaluate("window.__plugs.plug('video')")
        await says(hall, "camera", "on")
        assert await hall.get_by_test_id("device-problem").count() == 0
        bars: set[int] = set()
        await eventually(lambda: why_no_moving_picture(other, bars), units=20)


async def test_devices_that_were_refused_are_had_in_the_conference_once_they_are_allowed(
    installation: Installation, tmp_path: Path
) -> None:
    conference = await installation.book_now()
    async with hall_page(tmp_path) as hall:
        await hall.add_init_script("window.__plugs.refuse(true)")
        await enter_by_link(hall, installation, conference, "p1")
        await says(hall, "camera", "blocked")
        await says(hall, "microphone", "blocked")
        assert await hall.get_by_test_id("device-problem").count() == 0
        await hall.get_by_test_id("devices").click()
        await hall.get_by_test_id("device-problem").wait_for()
        await hall.evaluate("window.__plugs.refuse(false)")
        await hall.get_by_test_id("device-problem").get_by_role("button").click()
        await says(hall, "camera", "waiting")
        await says(hall, "microphone", "waiting")
        await hall.keyboard.press("Escape")
        await hall.get_by_test_id("devices-done").wait_for(state="detached")
