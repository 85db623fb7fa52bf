"""Halls of one installation: pages in both browsers, and headless ones beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from pydantic import TypeAdapter

from bridge.endpoint.clips import ClipLibrary
from core.messages import Reached
from core.model import ConferenceId, Role, SlotName, Track
from core.session_messages import PictureLimit
from diemcau.demo.halls import VirtualHall
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.firefox import firefox
from tests.support.installation import Installation
from tests.support.line import Line
from tests.support.polling import eventually
from tests.support.watching import Seat, media_state, seat_of
from web.routes_actions import LimitRequest

BOTH_WAYS = [("firefox", "chromium"), ("chromium", "firefox")]
"""Which of the two browsers does what."""


@asynccontextmanager
async def pages() -> AsyncIterator[dict[str, Seat]]:
    """A page in each browser."""
    async with chromium() as browser, visitor(browser) as page, firefox() as fox:
        yield {"chromium": seat_of(page), "firefox": seat_of(await fox.tab())}


async def enter(seat: Seat, installation: Installation, token: str, *scripts: str) -> None:
    """Opens a point's link in a prepared page, and joins with media."""
    for script in scripts:
        await seat.prepare(script)
    await seat.open(f"{installation.base_url}/j/{token}")
    await seat.click("join")

    async def why_not() -> str | None:
        state = await media_state(seat)
        return None if state == "connected" else f"the page's media is {state}"

    await eventually(why_not, units=20)


class LedClient(SignalingClient):
    """A client whose media goes through `line` instead of straight to the node."""

    def __init__(self, url: str, token: str, line: Line) -> None:
        super().__init__(url, token)
        self.line = line
        self.offers = 0
        """How often it has connected its media, or tried another way."""

    async def connect_media(self, sdp: str, receive: dict[str, SlotName], send: dict[str, Track]) -> str:
        self.offers += 1
        return self.line.rewrite(await super().connect_media(sdp, receive, send))

    async def restart_media(self, sdp: str) -> str:
        self.offers += 1
        return self.line.rewrite(await super().restart_media(sdp))


@asynccontextmanager
async def headless_halls(
    installation: Installation, tokens: dict[str, str], points: Iterable[str], lines: Mapping[str, Line] | None = None
) -> AsyncIterator[dict[str, VirtualHall]]:
    """Halls without a page at these points, connected; the media of those in `lines` goes through a line."""
    clips, gate = ClipLibrary({}), asyncio.Semaphore(4)
    url, behind = installation.signaling_url, lines or {}
    halls = {
        point: VirtualHall(
            point,
            LedClient(url, tokens[point], behind[point]) if point in behind else SignalingClient(url, tokens[point]),
            clips,
        )
        for point in points
    }
    stays = [asyncio.create_task(hall.run(gate)) for hall in halls.values()]

    def why_not() -> str | None:
        missing = [point for point, hall in halls.items() if not hall.connected]
        return f"not in: {missing}" if missing else None

    try:
        await eventually(why_not, units=20 + len(halls))
        yield halls
    finally:
        for stay in stays:
            stay.cancel()
        await asyncio.gather(*stays, return_exceptions=True)


async def limit_pictures(installation: Installation, conference: ConferenceId, point: str, limit: PictureLimit) -> None:
    """What a technician does for a hall whose line or computer is too weak."""
    path = f"/api/conferences/{conference}/points/{point}/limit"
    async with installation.api(Role.TECHNICIAN) as client:
        await client._call("POST", path, TypeAdapter(Reached), LimitRequest(limit=limit))
