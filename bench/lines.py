"""What people see and hear over bad lines: two pages of the product in Chromium, one behind a line emulator.

Run as `python -m bench.lines`; the last line is one JSON object. A hall on the bad line has the floor: its own page
shows what comes down the line (the chair), the chair's page what went up it (the hall). Everything is done twice, with
packets repaired (NACK and retransmission) and without, and once more with a headless hall on the bad line. Each
condition has connections of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from playwright.async_api import Browser, Page

from bench.lines_devices import WIDTH, draw_detailed_camera, record_voice
from bench.lines_figures import figures
from bench.lines_headless import measure_headless
from bench.lines_page import lead, read, watch
from bench.lines_rows import (
    CONDITIONS,
    DOWN,
    DROP,
    DROP_SECONDS,
    NARROW,
    RETURN_SECONDS,
    SETTLE_SECONDS,
    UP,
    Row,
    drop_row,
    printed,
)
from bench.lines_verdicts import verdicts
from core.database import start_embedded
from core.model import Role, point_participant
from scheduler.model import Conference
from tests.support.chromium import chromium, visitor
from tests.support.installation import Installation, installed
from tests.support.line import NO_FAULTS, Faults, Line, LineModel

_HALL = point_participant("p1")
_PICTURE_WITHIN = 15.0


class Pair:
    """The hall on its line and the chair, both connected."""

    def __init__(self, line: Line, hall: Page, chair: Page, *, repair: bool) -> None:
        self.line = line
        self.pages = {DOWN: hall, UP: chair}
        self.repair = repair

    def model(self, direction: str) -> LineModel:
        """The direction of the line that this picture comes over."""
        return self.line.down if direction == DOWN else self.line.up

    async def whole(self) -> None:
        """Waits until both pictures come in their largest layer: what was before must not count against what comes."""
        deadline = asyncio.get_running_loop().time() + _PICTURE_WITHIN
        for direction, page in self.pages.items():
            while (reading := await read(page, self.model(direction))).frames < 30 or reading.width < WIDTH:
                if asyncio.get_running_loop().time() > deadline:
                    print(f"WARNING: {direction} begins with a picture {reading.width} wide", flush=True)
                    break
                await asyncio.sleep(0.2)

    async def measure(self, name: str, direction: str | None, seconds: float) -> list[Row]:
        """The rows of one condition; `direction` is the one that becomes narrow, where only one does."""
        if direction is not None:
            return [await self.drop(direction)]
        return await self.steady(name, CONDITIONS[name], seconds)

    async def steady(self, condition: str, faults: Faults, seconds: float) -> list[Row]:
        """Both directions under the same faults, after they have had time to settle."""
        await self.whole()
        self.line.up.faults = self.line.down.faults = faults
        await asyncio.sleep(SETTLE_SECONDS)
        seen = await watch(self.pages, self.model, seconds)
        self.line.up.faults = self.line.down.faults = NO_FAULTS
        return [Row(condition, direction, self.repair, figures(readings)) for direction, readings in seen.items()]

    async def drop(self, direction: str) -> Row:
        """One direction becomes narrow, and wide again."""
        page, model = {direction: self.pages[direction]}, self.model(direction)
        await self.whole()
        before = (await watch(page, self.model, SETTLE_SECONDS))[direction]
        model.faults = NARROW
        narrow = (await watch(page, self.model, DROP_SECONDS))[direction]
        model.faults = NO_FAULTS
        after = (await watch(page, self.model, RETURN_SECONDS))[direction]
        return drop_row(direction, self.repair, narrow, after, before[-1].width, "browser")


@asynccontextmanager
async def joined(
    installation: Installation, conference: Conference, browser: Browser, *, repair: bool
) -> AsyncIterator[Pair]:
    """The two pages, the hall with the floor, both pictures moving."""
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Line(installation.settings.media_port, seed=11))
        clear = await stack.enter_async_context(Line(installation.settings.media_port, seed=12))
        hall = await stack.enter_async_context(visitor(browser))
        chair = await stack.enter_async_context(visitor(browser))
        await lead(hall, line.port, repair=repair)
        await lead(chair, clear.port, repair=repair)
        tokens = await installation.link_tokens(conference.id)
        await hall.goto(f"{installation.base_url}/j/{tokens['p1']}")
        await hall.get_by_test_id("join").click()
        await _enter_as_chair(chair, installation, conference)
        await hall.get_by_test_id("request-floor").click()
        await chair.get_by_test_id(f"grant-{_HALL}").first.click()
        pair = Pair(line, hall, chair, repair=repair)
        await pair.whole()
        yield pair


async def _enter_as_chair(page: Page, installation: Installation, conference: Conference) -> None:
    account = installation.accounts[Role.CHAIR]
    await page.goto(f"{installation.base_url}/chair/{conference.id}")
    await page.get_by_test_id("username").fill(account.username)
    await page.get_by_test_id("password").fill(account.password)
    await page.get_by_test_id("sign-in").click()
    await page.get_by_test_id("join").click()


async def measure(seconds: float, conditions: Sequence[str], repairs: Sequence[bool]) -> list[Row]:
    """The whole table."""
    folder = Path(tempfile.mkdtemp(prefix="diemcau-lines-"))
    server = await asyncio.to_thread(start_embedded, folder / "postgres")
    rows: list[Row] = []
    try:
        async with AsyncExitStack() as stack:
            installation = await stack.enter_async_context(installed(server.get_uri(), folder / "data"))
            conference = await installation.book_now()
            devices = draw_detailed_camera(folder / "camera.y4m"), record_voice(folder / "voice.wav")
            for repair in repairs:
                for name, direction in _begun_anew(conditions):
                    # A browser of its own: what one connection learnt about the line must not help or hinder the next.
                    async with (
                        chromium(*devices) as browser,
                        joined(installation, conference, browser, repair=repair) as pair,
                    ):
                        rows += printed(await pair.measure(name, direction, seconds))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def _begun_anew(conditions: Sequence[str]) -> list[tuple[str, str | None]]:
    """What gets a connection of its own: each steady condition, and each direction that becomes narrow."""
    steady: list[tuple[str, str | None]] = [(name, None) for name in CONDITIONS if name in conditions]
    return steady + [(DROP, direction) for direction in (DOWN, UP) if DROP in conditions]


def main() -> None:
    names = [*CONDITIONS, DROP]
    parser = argparse.ArgumentParser(prog="python -m bench.lines", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each steady condition is watched")
    parser.add_argument("--only", action="append", choices=names, help="only this condition; may be repeated")
    parser.add_argument("--repair", choices=("both", "on", "off"), default="both", help="with NACK, without, or both")
    parser.add_argument("--endpoint", choices=("both", "browser", "headless"), default="both")
    given = parser.parse_args()
    if not 2 <= given.seconds <= 60:
        parser.error("--seconds must be 2..60")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    repairs = {"both": (True, False), "on": (True,), "off": (False,)}[given.repair]
    rows: list[Row] = []
    if given.endpoint != "headless":
        rows += asyncio.run(measure(given.seconds, given.only or names, repairs))
    if given.endpoint != "browser":
        rows += asyncio.run(measure_headless(given.seconds, given.only or names, repairs))
    told = [row.json() for row in rows]
    print(json.dumps(verdicts(told) | {"rows": told}, ensure_ascii=False))


if __name__ == "__main__":
    main()
