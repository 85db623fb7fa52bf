"""A console walks the halls by pages of 25 small pictures, one from Firefox; who is not looked at sends nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.database import Database
from core.model import Role, point_participant
from diemcau.demo.halls import VirtualHall
from tests.support.chromium import chromium, visitor
from tests.support.firefox import firefox
from tests.support.halls import enter, headless_halls
from tests.support.installation import Installation, installed
from tests.support.pages import sign_in
from tests.support.polling import eventually
from tests.support.watching import CAMERA, Seat, canvas_camera, kit, seat_of, sent

POINTS, PAGE = 27, 25
FOX = "p1"
TILE_LINES = 180
_TILES = """() => Object.fromEntries([...document.querySelectorAll("[data-testid^=tile][data-participant]")]
  .filter((video) => video.dataset.participant)
  .map((video) => [video.dataset.participant,
                   [video.videoHeight, video.getVideoPlaybackQuality().totalVideoFrames]]))"""
"""Of each tile that shows somebody: lines and frames."""


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    async with installed(database.url, tmp_path, points=POINTS, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        yield installation


def watched_and_not(halls: dict[str, VirtualHall], shown: Collection[str]) -> tuple[list[int], list[int]]:
    """What the headless halls on the page have sent, and the others."""
    counts = {point_participant(point): hall.figures().sent for point, hall in halls.items()}
    return [n for who, n in counts.items() if who in shown], [n for who, n in counts.items() if who not in shown]


async def shows(chair: Page, count: int) -> set[str]:
    """Until so many tiles move, each as small as it is shown; returns whose they are."""
    first: dict[str, int] = {}

    async def why_not() -> str | None:
        tiles = await chair.evaluate(_TILES)
        for who, (_, frames) in tiles.items():
            first.setdefault(who, frames)
        still = {who: (lines, frames) for who, (lines, frames) in tiles.items() if frames < first[who] + 5 or not lines}
        return f"{len(tiles)} tiles, without a picture: {still}" if still or len(tiles) != count else None

    await eventually(why_not, units=60)
    tiles = await chair.evaluate(_TILES)
    assert all(0 < lines <= TILE_LINES for lines, _ in tiles.values()), tiles
    return set(tiles)


async def turned(chair: Page, page: int) -> None:
    async def why_not() -> str | None:
        now = await chair.get_by_test_id("tile-wall").get_attribute("data-page")
        return None if now == str(page) else f"page {now}"

    await eventually(why_not, units=30)


async def idle(halls: dict[str, VirtualHall], fox: Seat, shown: Collection[str]) -> None:
    """Until nobody but those `shown` sends, while these do."""
    before: list[tuple[list[int], list[int], int]] = []

    async def why_not() -> str | None:
        on, off = watched_and_not(halls, shown)
        foxed = (await sent(fox, CAMERA)).packets
        fox_quiet = point_participant(FOX) in shown or (before and before[0][2] == foxed)
        if not before or before[0][1] != off or not fox_quiet:
            before[:] = [(on, off, foxed)]
            return f"sent by those who are not looked at: {off}, Firefox {foxed}"
        more = [now - then for now, then in zip(on, before[0][0], strict=True)]
        return None if all(each > 15 for each in more) else f"sent by those on the page: {more}"

    await eventually(why_not, units=30)


async def _why_not_dark(fox: Seat) -> str | None:
    """After the black picture that every connection begins with, no layer is sent and the count stands."""
    now = await sent(fox, CAMERA)
    return None if now.rids == () and 0 < now.packets < 40 else f"{now}"


@pytest.mark.timeout(300)
async def test_the_chair_tours_the_halls_by_pages_and_only_the_page_in_view_is_sent(installation: Installation) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    headless = [point for point in tokens if point != FOX]
    async with (
        chromium() as browser,
        visitor(browser) as chair,
        firefox() as foxes,
        headless_halls(installation, tokens, headless) as halls,
    ):
        fox = seat_of(await foxes.tab())
        await enter(fox, installation, tokens[FOX], kit(), canvas_camera())
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()
        await chair.locator("[data-media=connected]").wait_for()
        assert watched_and_not(halls, ()) == ([], [0] * (POINTS - 1))
        await eventually(lambda: _why_not_dark(fox), units=10)

        await chair.get_by_test_id("wall").click()
        first = await shows(chair, PAGE)
        assert point_participant(FOX) in first
        small = await sent(fox, CAMERA)
        assert (small.rids, small.fps) == (("l",), 7), small
        _, others = watched_and_not(halls, first)
        assert others == [0] * (POINTS - PAGE)

        await chair.get_by_test_id("tile-wall").locator("select").select_option("5")
        await chair.get_by_test_id("tour").click()
        await turned(chair, 2)
        # Stopped there, so that all of it can be looked at.
        await chair.get_by_test_id("tour").click()
        second = await shows(chair, POINTS - PAGE)
        assert not first & second
        await idle(halls, fox, second)
        assert (await sent(fox, CAMERA)).rids == ()

        await chair.get_by_test_id("tour").click()
        await turned(chair, 1)
        await chair.get_by_test_id("tour").click()
        assert await shows(chair, PAGE) == first
        await idle(halls, fox, first)
