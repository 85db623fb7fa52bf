"""A console in Firefox looks at a page of 25 halls: each tile moves, and shows the hall that it names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.endpoint.pictures import background
from core.database import Database
from core.model import ParticipantId, Role, point_participant
from tests.support.firefox import Tab, firefox
from tests.support.halls import headless_halls
from tests.support.installation import Installation, installed
from tests.support.polling import eventually

PAGE = 25
TILE_LINES = 180
COLOUR_TOLERANCE = 30
_TILES = """(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 32; canvas.height = 18;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return [...document.querySelectorAll("[data-testid^=tile][data-participant]")]
    .filter((video) => video.dataset.participant)
    .map((video) => {
      if (video.shown === undefined) {
        const note = () => { video.shown += 1; video.requestVideoFrameCallback(note); };
        video.shown = 0;
        video.requestVideoFrameCallback(note);
      }
      context.drawImage(video, 0, 0, 32, 18);
      return { who: video.dataset.participant, lines: video.videoHeight,
               frames: video.shown,
               colour: [...context.getImageData(31, 6, 1, 1).data].slice(0, 3),
               doubt: video.parentElement.querySelector(".over, .note")?.innerText ?? "" };
    });
})()"""
"""Of each tile: whom it names, lines, frames shown (of a stream Firefox's playback quality counts none), the colour
beside the hall's name, and what the page says over it."""


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    async with installed(database.url, tmp_path, points=PAGE, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        yield installation


async def sign_in(tab: Tab, installation: Installation, role: Role) -> None:
    account = installation.accounts[role]
    await tab.fill("username", account.username)
    await tab.fill("password", account.password)
    await tab.click("sign-in")


def _shows_itself(tile: dict[str, Any]) -> bool:
    wanted = background(ParticipantId(tile["who"]))
    return all(abs(seen - drawn) <= COLOUR_TOLERANCE for seen, drawn in zip(tile["colour"], wanted, strict=True))


def _why_not_shown(tile: dict[str, Any], first_frames: int) -> str | None:
    if tile["doubt"]:
        return f"{tile['doubt']}"
    if not 0 < tile["lines"] <= TILE_LINES:
        return f"{tile['lines']} lines"
    if tile["frames"] < first_frames + 10:
        return f"{tile['frames'] - first_frames} new frames"
    return None if _shows_itself(tile) else f"the colour {tile['colour']}"


async def all_shown(tab: Tab, count: int) -> None:
    """Until so many tiles at once have had ten new frames each, and the last of them was of the hall they name."""
    first: dict[str, int] = {}

    async def why_not() -> str | None:
        tiles = {tile["who"]: tile for tile in await tab.run(_TILES)}
        for who, tile in tiles.items():
            first.setdefault(who, tile["frames"])
        missing = {who: why for who, tile in tiles.items() if (why := _why_not_shown(tile, first[who]))}
        return None if len(tiles) == count and not missing else f"{len(tiles)} tiles; not shown: {missing}"

    await eventually(why_not, units=60)


@pytest.mark.timeout(300)
async def test_a_console_in_firefox_shows_a_page_of_25_halls(installation: Installation) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    async with headless_halls(installation, tokens, tokens) as halls, firefox() as browser:
        tab = await browser.tab()
        await tab.open(f"{installation.base_url}/chair/{conference.id}")
        await sign_in(tab, installation, Role.CHAIR)
        await tab.click("join")
        await tab.click("wall")
        await all_shown(tab, PAGE)
        shown = {tile["who"] for tile in await tab.run(_TILES)}
        assert shown == {point_participant(point) for point in halls}
        # None of them stands afterwards: the same once more, from here on.
        await all_shown(tab, PAGE)
