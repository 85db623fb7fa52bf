"""One conference as people see it: an operator and a chair in Chromium, then the technician."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.database import Database
from core.model import Role, point_participant
from scheduler.model import Conference
from tests.support.chromium import LEFT, RIGHT, chromium, draw_camera, visitor
from tests.support.installation import Installation, installed
from tests.support.polling import eventually

HALL = point_participant("p1")
STAGE = "[data-testid=stage-video]"
_COLOUR_TOLERANCE = 45

_LOOK = """(video) => {
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 36);
  const pixels = context.getImageData(0, 0, 64, 36).data;
  const side = (from, to) => {
    const columns = [];
    for (let x = from; x < to; x++) columns.push([...pixels.slice((2 * 64 + x) * 4, (2 * 64 + x) * 4 + 3)]);
    const middle = (n) => columns.map((c) => c[n]).sort((a, b) => a - b)[columns.length >> 1];
    return [middle(0), middle(1), middle(2)];
  };
  const whitest = Array.from({length: 64}, (_, x) => pixels[(18 * 64 + x) * 4] + pixels[(18 * 64 + x) * 4 + 2]);
  return { width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames,
           left: side(4, 28), right: side(36, 60), bar: whitest.indexOf(Math.max(...whitest)) };
}"""


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def sign_in(page: Page, installation: Installation, role: Role, path: str) -> None:
    account = installation.accounts[role]
    await page.goto(installation.base_url + path)
    await page.get_by_test_id("username").fill(account.username)
    await page.get_by_test_id("password").fill(account.password)
    await page.get_by_test_id("sign-in").click()


async def enter_by_link(page: Page, installation: Installation, conference: Conference, point: str) -> None:
    tokens = await installation.link_tokens(conference.id)
    await page.goto(f"{installation.base_url}/j/{tokens[point]}")
    await page.get_by_test_id("join").click()


def _near(colour: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(seen - drawn) <= _COLOUR_TOLERANCE for seen, drawn in zip(colour, wanted, strict=True))


async def _why_no_moving_picture(page: Page, bars: set[int]) -> str | None:
    """The hall's colours are on the stage, and its bar has been seen at three places."""
    seen = await page.locator(STAGE).evaluate(_LOOK)
    if not (_near(seen["left"], LEFT) and _near(seen["right"], RIGHT)):
        return f"the stage shows {seen}"
    bars.add(seen["bar"])
    return None if len(bars) >= 3 and seen["frames"] > 20 else f"it does not move: {bars}, {seen}"


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
        assert await _why_not_state(hall, "own-camera", "waiting") is None

        await chair.get_by_test_id(f"grant-{HALL}").first.click()
        bars: set[int] = set()
        await eventually(lambda: _why_no_moving_picture(chair, bars), units=20)
        assert await chair.get_by_test_id("floor-holder-name").inner_text() == "Phường 1"
        assert await _why_not_state(hall, "own-camera", "on") is None

        technician = await stack.enter_async_context(visitor(browser, language="en"))
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        tile = technician.get_by_test_id(f"link-{HALL}")
        await tile.wait_for()

        async def why_no_bitrate() -> str | None:
            text = await tile.get_by_test_id("kbps-up").inner_text()
            number = "".join(c for c in text if c.isdigit())
            return None if number and int(number) > 0 else f"the tile says {text!r}"

        await eventually(why_no_bitrate, units=15)
        await chair.get_by_test_id("revoke-floor").click()
        await eventually(lambda: _why_not_state(hall, "own-camera", "waiting"))


async def _why_not_state(page: Page, testid: str, state: str) -> str | None:
    now = await page.get_by_test_id(testid).get_attribute("data-state")
    return None if now == state else f"{testid} is {now}"
