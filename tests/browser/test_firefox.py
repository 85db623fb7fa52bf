"""Two engines nobody here wrote, in one conference: each is given the floor and watched by the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.messages import GrantFloor
from core.model import Role, point_participant
from diemcau.network import own_addresses
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.firefox import Tab, firefox
from tests.support.installation import Installation, installed
from tests.support.pages import LOOK, STAGE, enter_by_link, shows_camera
from tests.support.polling import eventually

IN_FIREFOX, IN_CHROMIUM = point_participant("p1"), point_participant("p2")
_STATS = "window.__diemcau.stats()?.slots?.stage ?? null"


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    addresses = "[" + ",".join(f'"{a}"' for a in own_addresses()) + "]"
    async with installed(
        database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0", DIEMCAU_ADVERTISED_ADDRESSES=addresses
    ) as installation:
        yield installation


class Watcher:
    """A page's stage, in whichever browser: decoded frames, and whether it shows the drawn camera."""

    def __init__(self, page: Any) -> None:
        self._page = page

    async def look(self) -> Any:
        if isinstance(self._page, Tab):
            return await self._page.look(STAGE, LOOK)
        return await self._page.locator(STAGE).evaluate(LOOK)

    async def figures(self) -> Any:
        run = self._page.run if isinstance(self._page, Tab) else self._page.evaluate
        return await run(_STATS)

    async def sees(self, *, drawn: bool) -> None:
        """Waits until 15 new frames of the wanted picture have been decoded."""
        before: list[int] = []

        async def why_not() -> str | None:
            seen = await self.look()
            if seen is None or seen["width"] == 0 or shows_camera(seen) is not drawn:
                return f"the stage shows {seen}"
            figures = await self.figures()
            if figures is None:
                return "nothing was measured yet"
            decoded = figures["framesDecoded"]
            before.append(decoded)
            return None if decoded >= before[0] + 15 else f"{decoded - before[0]} new frames"

        await eventually(why_not, units=30)


async def test_firefox_and_chromium_watch_each_other_through_floor_switches(
    installation: Installation, tmp_path: Path
) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    chair_token = await installation.token(conference.id, Role.CHAIR)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium(draw_camera(tmp_path / "hall.y4m")))
        fox = await stack.enter_async_context(firefox())
        page = await stack.enter_async_context(visitor(browser))
        tab = await fox.tab()
        await tab.open(f"{installation.base_url}/j/{tokens['p1']}")
        await tab.click("join")
        await enter_by_link(page, installation, conference, "p2")
        await page.locator("[data-media=connected]").wait_for()
        in_firefox, in_chromium = Watcher(tab), Watcher(page)

        async def why_not_in() -> str | None:
            state = await tab.look("[data-testid=connection]", "(e) => e.dataset.media")
            return None if state == "connected" else f"Firefox's media is {state}"

        await eventually(why_not_in, units=20)
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, chair_token))
        for _ in range(3):
            await chair.command(GrantFloor(participant=IN_FIREFOX))
            await in_chromium.sees(drawn=False)
            await chair.command(GrantFloor(participant=IN_CHROMIUM))
            await in_firefox.sees(drawn=True)
        for watcher in (in_firefox, in_chromium):
            figures = await watcher.figures()
            assert figures["packetsLost"] == 0, figures
