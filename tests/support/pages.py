"""What a person does on the pages in Chromium, and what is seen in a picture."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from core.model import Role
from scheduler.model import Conference
from tests.support.chromium import LEFT, RIGHT
from tests.support.installation import Installation

STAGE = "[data-testid=stage-video]"
_COLOUR_TOLERANCE = 45

LOOK = """(video) => {
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
"""A picture's size, decoded frames, the colours of its halves, and where its brightest column is."""


async def sign_in(page: Page, installation: Installation, role: Role, path: str) -> None:
    """Signs in on the way to a page."""
    account = installation.accounts[role]
    await page.goto(installation.base_url + path)
    await page.get_by_test_id("username").fill(account.username)
    await page.get_by_test_id("password").fill(account.password)
    await page.get_by_test_id("sign-in").click()


async def enter_by_link(page: Page, installation: Installation, conference: Conference, point: str) -> None:
    """Opens a point's join link and enters."""
    tokens = await installation.link_tokens(conference.id)
    await page.goto(f"{installation.base_url}/j/{tokens[point]}")
    await page.get_by_test_id("join").click()


async def why_not_state(page: Page, testid: str, state: str) -> str | None:
    """Why an element's `data-state` is not `state`."""
    now = await page.get_by_test_id(testid).get_attribute("data-state")
    return None if now == state else f"{testid} is {now}"


def shows_camera(seen: Any) -> bool:
    """Whether a picture has the colours that `draw_camera` drew."""
    return _near(seen["left"], LEFT) and _near(seen["right"], RIGHT)


def _near(colour: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(seen - drawn) <= _COLOUR_TOLERANCE for seen, drawn in zip(colour, wanted, strict=True))


async def why_no_moving_picture(page: Page, bars: set[int]) -> str | None:
    """Why the stage does not show the drawn camera moving; `bars` gathers where its bar has been seen."""
    seen = await page.locator(STAGE).evaluate(LOOK)
    if not shows_camera(seen):
        return f"the stage shows {seen}"
    bars.add(seen["bar"])
    return None if len(bars) >= 3 and seen["frames"] > 20 else f"it does not move: {bars}, {seen}"
