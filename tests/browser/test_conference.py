"""One conference as people see it: an operator and a chair in Chromium, then the technician."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from core.database import Database
from core.model import Role, point_participant
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.installation import Installation, installed
from tests.support.pages import enter_by_link, sign_in, why_no_moving_picture, why_not_state
from tests.support.polling import eventually

HALL = point_participant("p1")


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def test_the_chair_gives_the_floor_and_sees_the_hall_and_the_technician_sees_its_line(
    installation: Installation, tmp_path: Path
) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        hall_browser = await stack.enter_async_context(chromium(draw_camera(tmp_path / "hall.y4m")))
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(hall_browser))
        chair = await stack.enter_async_context(visitor(browser))

        await enter_by_link(hall, installation, conference, "p1")
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()
        await hall.get_by_test_id("request-floor").click()
        await chair.get_by_test_id(f"waiting-{HALL}").wait_for()
        assert await why_not_state(hall, "own-camera", "waiting") is None

        await chair.get_by_test_id(f"grant-{HALL}").first.click()
        bars: set[int] = set()
        await eventually(lambda: why_no_moving_picture(chair, bars), units=20)
        assert await chair.get_by_test_id("floor-holder-name").inner_text() == "Phường 1"
        assert await why_not_state(hall, "own-camera", "on") is None

        await chair.get_by_test_id("mute-all").click()
        await chair.locator("[data-testid=mute-all][aria-pressed=true]").wait_for()
        await hall.locator("[data-testid=floor-mine][data-unheard='']").wait_for()
        await chair.get_by_test_id(f"microphone-{HALL}").click()
        await hall.locator("[data-testid=floor-mine][data-unheard=muted]").wait_for()
        await chair.get_by_test_id("unmute-holder").click()
        await hall.locator("[data-testid=floor-mine][data-unheard='']").wait_for()
        await chair.get_by_test_id("holder-muted").wait_for(state="detached")

        await chair.keyboard.press("s")
        await chair.get_by_test_id("snapshot-item").fill("Biểu quyết")
        await chair.get_by_test_id("snapshot-take").click()
        await chair.get_by_test_id("snapshot-1").wait_for()
        await chair.keyboard.press("Escape")

        async def why_not_filled(wanted: bool) -> str | None:
            stage = "[data-testid=stage-video]"
            filled = await hall.evaluate(f"!!document.fullscreenElement?.querySelector('{stage}')")
            return None if filled == wanted else f"fills the screen: {filled}"

        for wanted in (True, False):
            await hall.get_by_test_id("fill-screen").click()
            await eventually(partial(why_not_filled, wanted))

        technician = await stack.enter_async_context(visitor(browser, language="en"))
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await technician.get_by_test_id("tab-list").click()
        tile = technician.get_by_test_id(f"link-{HALL}")
        await tile.wait_for()

        async def why_no_bitrate() -> str | None:
            text = await tile.get_by_test_id("kbps-up").inner_text()
            number = "".join(c for c in text if c.isdigit())
            return None if number and int(number) > 0 else f"the tile says {text!r}"

        await eventually(why_no_bitrate, units=15)
        await chair.get_by_test_id("revoke-floor").click()
        await eventually(lambda: why_not_state(hall, "own-camera", "waiting"))
