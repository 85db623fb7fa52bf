"""How long one point's month takes to read, over HTTP as the page asks for it, out of a year of minutes.

Run as `python -m bench.monitor_month`; `measure` is for the bench of the whole monitor.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from bench.monitor_year import FULL_POINT, POINTS, Year, fill
from bench.scheduler_book import embedded_database
from core.clock import SystemClock
from core.database import Database
from core.model import Role
from tests.support.website import Visitor, running_website

ASKED = 200
FULL_ASKED = 10
_SEED = 542


async def measure(database: Database, year: Year) -> dict[str, float]:
    """`point_month_ms`: p95 of months of points at random, each asked for once; with it the median, the worst case (a
    month of minutes day and night), and how many minutes the year holds."""
    random, months = Random(_SEED), list(pairwise(year.months))
    with tempfile.TemporaryDirectory(prefix="diemcau-month-") as folder:
        async with running_website(database, Path(folder)) as site:
            page = await site.signed_in(Role.TECHNICIAN, username="technician")
            await _asked(page, FULL_POINT, *map(_text, months[0]))  # the first question opens the connection
            took = []
            for _ in range(ASKED):
                begins, ends = random.choice(months)
                took.append(await _asked(page, f"yr{random.randint(1, POINTS - 1)}", _text(begins), _text(ends)))
            full = [await _asked(page, FULL_POINT, *map(_text, months[-1])) for _ in range(FULL_ASKED)]
    return {
        "point_month_ms": round(statistics.quantiles(took, n=20)[-1], 1),
        "point_month_ms_p50": round(statistics.median(took), 1),
        "point_full_month_ms": round(max(full), 1),
        "year_minutes": year.minutes,
    }


def _text(moment: object) -> str:
    return str(moment).replace(" ", "T")


async def _asked(page: Visitor, point: str, begins: str, ends: str) -> float:
    """Milliseconds from the question to the last byte, read as JSON."""
    began = time.perf_counter()
    reply = await page.get(f"/api/points/{point}/record?{urlencode({'begins': begins, 'ends': ends})}")
    took = (time.perf_counter() - began) * 1_000
    if reply.status != 200 or not reply.json["moments"]:
        raise RuntimeError(f"{point} has no month: {reply.status}")
    return took


async def main() -> None:
    async with embedded_database(8) as database:
        print(json.dumps(await measure(database, await fill(database, SystemClock().now()))))


if __name__ == "__main__":
    asyncio.run(main())
