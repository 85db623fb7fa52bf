"""A hall that only ever watches: its page lets the node know what its line carries before anything is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.firefox import firefox
from tests.support.halls import enter, headless_halls
from tests.support.installation import installed
from tests.support.polling import eventually
from tests.support.watching import Seat, kit, picture, seat_of

SPEAKER, WATCHER = point_participant("p1"), point_participant("p2")


@asynccontextmanager
async def page_in(browser: str) -> AsyncIterator[Seat]:
    async with AsyncExitStack() as stack:
        if browser == "firefox":
            yield seat_of(await (await stack.enter_async_context(firefox())).tab())
        else:
            playwright = await stack.enter_async_context(chromium())
            yield seat_of(await stack.enter_async_context(visitor(playwright)))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
async def test_a_page_that_has_only_watched_says_what_its_line_carries(
    database: Database, tmp_path: Path, browser: str
) -> None:
    async with AsyncExitStack() as stack:
        # Firefox reaches a node on its own machine only at an address that is not loopback.
        place = await stack.enter_async_context(installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0"))
        conference = await place.book_now()
        tokens = await place.link_tokens(conference.id)
        await stack.enter_async_context(headless_halls(place, tokens, ["p1"]))
        seat = await stack.enter_async_context(page_in(browser))
        await enter(seat, place, tokens["p2"], kit())
        token = await place.token(conference.id, Role.CHAIR)
        chair = await stack.enter_async_context(SignalingClient(place.signaling_url, token))
        await chair.command(GrantFloor(participant=SPEAKER))

        async def why_no_picture() -> str | None:
            seen = await picture(seat)
            return None if seen.decoded > 20 else f"{seen}"

        await eventually(why_no_picture, units=20)

        async def why_not_told() -> str | None:
            query = "SELECT remb_down_kbps FROM link_sample WHERE participant = $1"
            samples = [row["remb_down_kbps"] for row in await database.pool.fetch(query, WATCHER)]
            return None if any(samples) else f"no estimate in {len(samples)} samples"

        await eventually(why_not_told, units=15)
