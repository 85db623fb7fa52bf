"""The technician's wall in Chromium: 3,356 tiles, one update a second, and how long the page's tasks are."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zlib import crc32

from playwright.async_api import Page

from core.bus import Bus
from core.database import Database
from core.messages import PRESENCE, SAMPLES, PresenceChanged, SampleBatch
from core.model import ConferenceId, LegId, LinkSample, Participant, Presence, Role, point_participant
from tests.support.chromium import chromium, visitor
from tests.support.polling import eventually
from tests.support.website import PASSWORD, Website, running_website, times_of

SEED = 3_356
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.longTasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
"""


async def measure(database: Database, *, points: int = 3_356, seconds: int = 20) -> dict[str, float]:
    """Figures of one run: the longest task in ms (0: none was over 50 ms) and how many there were, both while the page
    opened (`wall_open_…`: from its address to three seconds after the first whole picture) and while it was watched
    afterwards; and the open incidents at the end, which come while it is watched."""
    with tempfile.TemporaryDirectory(prefix="diemcau-wall-") as folder:
        shutil.copytree(Path("web/static"), Path(folder) / "static")
        limits = {"points_per_conference": points}
        async with running_website(database, Path(folder), limits=limits, sample_seconds=1.0) as site:
            await site.add_points(points)
            conference = await book(site)
            halls = [
                Participant(id=point_participant(f"d{n}"), role=Role.OPERATOR, name=f"Điểm {n}", point=f"d{n}")
                for n in range(1, points + 1)
            ]
            for hall in halls:
                now = site.clock.now()
                news = PresenceChanged(conference=conference, participant=hall, presence=Presence.PRESENT, at=now)
                site.bus.publish(PRESENCE, news)
            return await _watch(site, conference, halls, seconds)


async def book(site: Website) -> ConferenceId:
    """A conference of every point of the province."""
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    reply = await organizer.post("/api/conferences", {"title": "Hội nghị toàn quốc", "times": times, "units": ["p"]})
    return ConferenceId(reply.json["id"])


async def _watch(site: Website, conference: ConferenceId, halls: list[Participant], seconds: int) -> dict[str, float]:
    await site.signed_in(Role.TECHNICIAN, username="technician")
    async with chromium() as browser, visitor(browser) as page:
        await page.set_viewport_size({"width": 1366, "height": 768})
        await page.add_init_script(_WATCH)
        await page.goto(f"{site.base}/technician/{conference}")
        await page.get_by_test_id("username").fill("technician")
        await page.get_by_test_id("password").fill(PASSWORD)
        await page.get_by_test_id("sign-in").click()
        random = Random(SEED)
        pump = asyncio.create_task(_pump(site.bus, conference, halls, random, site.clock.now))
        try:
            await eventually(lambda: _why_not_full(page, len(halls)), units=60)
            await asyncio.sleep(3)
            opened: float = await page.evaluate("performance.now()")
            await asyncio.sleep(seconds)
            tasks: list[tuple[float, float]] = await page.evaluate("window.longTasks")
            incidents = int(await page.get_by_test_id("incidents").get_attribute("data-incidents") or 0)
        finally:
            pump.cancel()
    opening = [duration for start, duration in tasks if start < opened]
    watched = [duration for start, duration in tasks if start >= opened]
    return {
        "wall_open_long_task_ms_max": max(opening, default=0.0),
        "wall_open_long_tasks": len(opening),
        "wall_long_task_ms_max": max(watched, default=0.0),
        "wall_long_tasks": len(watched),
        "wall_incidents": incidents,
    }


async def _why_not_full(page: Page, wanted: int) -> str | None:
    mosaic = page.get_by_test_id("mosaic")
    if await mosaic.count() == 0:
        return "no wall on the page"
    shown = await mosaic.get_attribute("data-tiles")
    known = await page.get_by_test_id("filter-unknown").inner_text()
    return None if shown == str(wanted) and known.split()[-1] == "0" else f"{shown} tiles, unknown: {known}"


async def _pump(
    bus: Bus, conference: ConferenceId, halls: list[Participant], random: Random, now: Callable[[], datetime]
) -> None:
    while True:
        begun = asyncio.get_running_loop().time()
        at = now()
        bus.publish(SAMPLES, SampleBatch(at=at, samples=tuple(_sample(conference, h, at, random) for h in halls)))
        await asyncio.sleep(max(0.0, 1 - (asyncio.get_running_loop().time() - begun)))


def _sample(conference: ConferenceId, hall: Participant, at: datetime, random: Random) -> LinkSample:
    """Most lines are well, one in twelve loses packets, and each second other figures."""
    ill = crc32(hall.id.encode()) % 12 == 0
    return LinkSample(
        conference=conference,
        participant=hall.id,
        leg=LegId(f"leg-{hall.point}"),
        at=at,
        kbps_up=random.uniform(20, 60),
        kbps_down=random.uniform(1_200, 1_600),
        loss_down=random.uniform(0.05, 0.12) if ill else random.uniform(0, 0.002),
        jitter_down_ms=random.uniform(1, 8),
        rtt_ms=random.uniform(8, 40),
    )
