"""A line that carries no picture at all: the page says so, the sound goes on, and the picture comes back by itself.

And one that carries a small picture: what it carries is measured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from diemcau.network import own_addresses
from signaling.client import SignalingClient
from tests.support.halls import BOTH_WAYS, enter, pages
from tests.support.installation import installed
from tests.support.line import NO_FAULTS, Faults, Line
from tests.support.polling import eventually
from tests.support.watching import Seat, canvas_camera, kit, picture, sound

SPEAKER, WATCHER = point_participant("p1"), point_participant("p2")
TOO_THIN = Faults(kbps=90)
"""Enough for sound and reports, not for the smallest layer of a camera."""
NARROW = Faults(kbps=400)
_SAYS = """document.querySelector("[data-testid=stage-paused]")?.innerText ?? "" """


async def moves(seat: Seat, *, units: float) -> None:
    """Until the page says nothing over the stage and has decoded 15 more frames."""
    before: list[int] = []

    async def why_not() -> str | None:
        said, now = await seat.run(_SAYS), await picture(seat)
        before.append(now.decoded)
        return None if not said and now.decoded >= before[0] + 15 else f"{said!r}, {now}"

    await eventually(why_not, units=units)


async def hears(seat: Seat) -> None:
    """Until two seconds of sound have come of which next to nothing was made up."""
    before = await sound(seat)

    async def why_not() -> str | None:
        now = await sound(seat)
        if now.packets < before.packets + 100:
            return f"from {before} to {now}"
        assert now.energy > before.energy
        assert now.concealed - before.concealed < 0.05 * (now.samples - before.samples), (before, now)
        return None

    await eventually(why_not, units=10)


both_ways = pytest.mark.parametrize(("speaks", "watches"), BOTH_WAYS)


@asynccontextmanager
async def watching(url: str, folder: Path, speaks: str, watches: str) -> AsyncIterator[tuple[Seat, Line]]:
    """One browser has the floor, the other watches it over the line; its picture moves."""
    host = own_addresses()[0]
    # Firefox reaches a node on its own machine only at an address that is not loopback.
    async with installed(url, folder, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        token = await installation.token(conference.id, Role.CHAIR)
        async with (
            Line(installation.settings.media_port, host=host, seed=5) as line,
            pages() as seats,
            SignalingClient(installation.signaling_url, token) as chair,
        ):
            await enter(seats[speaks], installation, tokens["p1"], kit(), canvas_camera())
            await enter(seats[watches], installation, tokens["p2"], kit((host, line.port)))
            await chair.command(GrantFloor(participant=SPEAKER))
            await moves(seats[watches], units=30)
            yield seats[watches], line


@pytest.mark.timeout(180)
@both_ways
async def test_a_line_without_room_for_a_picture_keeps_its_sound_and_says_so(
    database: Database, tmp_path: Path, speaks: str, watches: str
) -> None:
    async with watching(database.url, tmp_path, speaks, watches) as (watcher, line):
        line.down.faults = TOO_THIN

        async def why_not_told() -> str | None:
            said = await watcher.run(_SAYS)
            return None if "Phường 1" in said else f"{said!r}, {await picture(watcher)}"

        await eventually(why_not_told, units=20)
        # What the full queue still holds of the picture is not its return.
        await eventually(lambda: f"{line.under_way} packets under way" if line.under_way > 5 else None, units=5)
        still = await picture(watcher)
        await hears(watcher)
        assert (await picture(watcher)).decoded <= still.decoded + 2

        line.down.faults = NO_FAULTS
        await moves(watcher, units=30)


@pytest.mark.timeout(180)
@both_ways
async def test_what_a_narrow_line_carries_is_measured(
    database: Database, tmp_path: Path, speaks: str, watches: str
) -> None:
    newest = (
        "SELECT limit_down_kbps FROM link_sample WHERE participant = $1 AND limit_down_kbps IS NOT NULL"
        " ORDER BY at DESC LIMIT 1"
    )
    async with watching(database.url, tmp_path, speaks, watches) as (_, line):
        line.down.faults = NARROW

        async def why_not_measured() -> str | None:
            told = await database.pool.fetchval(newest, WATCHER)
            return None if told is not None and abs(told - 400) <= 0.1 * 400 else f"{told} of 400 kbit/s"

        await eventually(why_not_measured, units=30)
