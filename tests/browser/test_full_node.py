"""The leg too many: its page says why, the others see nothing of it, and it comes in once there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.halls import enter, headless_halls
from tests.support.installation import installed
from tests.support.polling import UNIT, eventually
from tests.support.watching import kit, picture, seat_of, watch

_SAID = "Máy chủ đã đủ số kết nối."
_LONGEST_GAP = 1000 * UNIT
"""Between two frames, ms."""


@pytest.mark.timeout(180)
async def test_who_finds_the_node_full_is_told_so_and_the_others_see_nothing_of_it(
    database: Database, tmp_path: Path
) -> None:
    async with (
        installed(database.url, tmp_path, DIEMCAU_LIMITS__LEGS="2") as installation,
        chromium() as browser,
        visitor(browser) as late,
    ):
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        token = await installation.token(conference.id, Role.CHAIR)
        async with (
            headless_halls(installation, tokens, ["p1"]),
            SignalingClient(installation.signaling_url, token) as chair,
        ):
            await chair.command(GrantFloor(participant=point_participant("p1")))
            async with visitor(browser) as inside:
                seat = seat_of(inside)
                await enter(seat, installation, tokens["p2"], kit())

                async def decoded(more: int) -> None:
                    start: list[int] = []

                    async def why_not() -> str | None:
                        now = await picture(seat)
                        start.append(now.decoded)
                        return None if now.decoded >= start[0] + more else f"{now}"

                    await eventually(why_not, units=20)

                await decoded(20)
                await watch(seat)
                before = await picture(seat)
                await late.goto(f"{installation.base_url}/j/{tokens['p3']}")
                await late.get_by_test_id("join").click()
                await late.get_by_text(_SAID).wait_for()
                await decoded(40)
                after = await picture(seat)
                assert (after.lost - before.lost, after.asked - before.asked) == (0, 0), (before, after)
                assert after.gap < _LONGEST_GAP, after
                assert await late.locator("[data-media=connected]").count() == 0
            # One has left: the page that waited comes in by itself.
            await late.locator("[data-media=connected]").wait_for(timeout=60_000 * UNIT)
            await late.get_by_text(_SAID).wait_for(state="detached")
