"""Two engines nobody here wrote, in one conference: each is given the floor and watched by the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from bridge.endpoint.clips import ClipLibrary
from core.database import Database
from core.messages import GrantFloor
from core.model import ParticipantId, Role, point_participant
from diemcau.demo.halls import HallLink, VirtualHall
from diemcau.network import own_addresses
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.firefox import firefox
from tests.support.installation import Installation, installed
from tests.support.line import Line
from tests.support.pages import shows_camera
from tests.support.polling import UNIT, eventually
from tests.support.watching import (
    Picture,
    Seat,
    canvas_camera,
    kit,
    look,
    media_state,
    picture,
    seat_of,
    sound,
    watch,
)

SPEAKER, OTHER = point_participant("p1"), point_participant("p3")
WHOLE = 540
"""Lines of the largest layer."""
LONGEST_GAP = 1000 * UNIT
"""Between two frames, ms. A decoder that cannot go on waits longer, and asks for a key frame besides."""


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    async with installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        yield installation


@asynccontextmanager
async def pages() -> AsyncIterator[dict[str, Seat]]:
    """A page in each browser."""
    async with chromium() as browser, visitor(browser) as page, firefox() as fox:
        yield {"chromium": seat_of(page), "firefox": seat_of(await fox.tab())}


@asynccontextmanager
async def headless_hall(installation: Installation, token: str) -> AsyncIterator[None]:
    """Point p3, which speaks in between."""
    hall = VirtualHall(
        HallLink(point="p3", name="Phường 3", token=token), installation.signaling_url, ClipLibrary({}), None
    )
    stay = asyncio.create_task(hall.run(asyncio.Semaphore(1)))
    try:
        await eventually(lambda: None if hall.connected else "the headless hall is not in", units=20)
        yield
    finally:
        stay.cancel()
        with suppress(asyncio.CancelledError):
            await stay


class Watcher:
    """The page that watches, behind its line."""

    def __init__(self, seat: Seat, line: Line) -> None:
        self.seat = seat
        self.line = line

    async def sees(self, *, drawn: bool) -> None:
        """Waits until 15 new frames of the wanted picture have been decoded."""
        before: list[int] = []

        async def why_not() -> str | None:
            seen, now = await look(self.seat), await picture(self.seat)
            if seen is None or seen["width"] == 0 or shows_camera(seen) is not drawn:
                return f"the stage shows {seen}, {now}"
            before.append(now.decoded)
            return None if now.decoded >= before[0] + 15 else f"{now.decoded - before[0]} new frames"

        await eventually(why_not, units=30)

    async def shows(self, *, whole: bool) -> None:
        """Waits for the largest layer, or for a smaller one."""

        async def why_not() -> str | None:
            now = await picture(self.seat)
            return None if (now.height >= WHOLE) is whole and now.height else f"{now}"

        await eventually(why_not, units=30)

    async def hears(self) -> None:
        """Waits for sound that is not silence."""
        before = await sound(self.seat)

        async def why_not() -> str | None:
            now = await sound(self.seat)
            heard = now.packets > before.packets + 50 and now.energy > before.energy
            return None if heard else f"from {before} to {now}"

        await eventually(why_not, units=20)


def assert_flowed(before: Picture, after: Picture) -> None:
    """Nothing was lost, nothing had to be asked for again, and the picture never stood still."""
    assert (after.lost - before.lost, after.asked - before.asked) == (0, 0), (before, after)
    assert after.gap < LONGEST_GAP, after


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("speaks", "watches"), [("firefox", "chromium"), ("chromium", "firefox")])
async def test_one_browser_watches_the_other_through_floor_switches_without_a_freeze(
    installation: Installation, speaks: str, watches: str
) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    chair_token = await installation.token(conference.id, Role.CHAIR)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(headless_hall(installation, tokens["p3"]))
        host = own_addresses()[0]
        line = await stack.enter_async_context(Line(installation.settings.media_port, host=host))
        seats = await stack.enter_async_context(pages())
        speaker, watcher = seats[speaks], Watcher(seats[watches], line)
        await enter(speaker, installation, tokens["p1"], kit(), canvas_camera())
        await enter(watcher.seat, installation, tokens["p2"], kit((host, line.port)))
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, chair_token))

        async def give_floor(participant: ParticipantId) -> None:
            await chair.command(GrantFloor(participant=participant))
            await watcher.sees(drawn=participant == SPEAKER)

        await give_floor(SPEAKER)
        await watcher.shows(whole=True)
        await watcher.hears()
        await watch(watcher.seat)
        before = await picture(watcher.seat)
        for participant in (OTHER, SPEAKER, OTHER, SPEAKER):
            await give_floor(participant)
        assert_flowed(before, await picture(watcher.seat))


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
