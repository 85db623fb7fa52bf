"""The monitor with the whole country: ingest, the wall, a year of minutes, reports, faults, one after the other.

Run as `python -m bench.monitor`; the last line is one JSON object. A part that fails gives nulls, and exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bench import monitor_faults, monitor_ingest, monitor_month, monitor_reports, monitor_wall, monitor_year
from bench.scheduler_book import embedded_database
from core.clock import SystemClock

CONNECTIONS = 8
Part = Callable[[], Awaitable[dict[str, float]]]


async def ingest(seconds: float) -> dict[str, float]:
    async with embedded_database(CONNECTIONS) as database:
        return await monitor_ingest.measure(database, seconds=seconds)


async def wall(seconds: int) -> dict[str, float]:
    async with embedded_database(CONNECTIONS) as database:
        return await monitor_wall.measure(database, seconds=seconds)


async def year() -> dict[str, float]:
    async with embedded_database(CONNECTIONS) as database:
        kept = await monitor_year.fill(database, SystemClock().now())
        return await monitor_month.measure(database, kept)


async def reports() -> dict[str, float]:
    async with embedded_database(CONNECTIONS) as database:
        return await monitor_reports.measure(database)


async def faults(scenarios: int) -> dict[str, float]:
    return monitor_faults.measure(scenarios)


async def run(seconds: int, scenarios: int) -> tuple[dict[str, Any], bool]:
    """The figures, and whether every part ran to its end."""
    parts: tuple[tuple[Part, tuple[str, ...]], ...] = (
        (lambda: ingest(seconds), ("ingest_cores_3356", "ingest_ratio_to_copy", "lag_ms_p99")),
        (lambda: wall(seconds), ("wall_open_long_task_ms_max", "wall_long_task_ms_max", "wall_long_tasks")),
        (year, ("point_month_ms", "point_full_month_ms")),
        (reports, ("report_s", "pdf_s", "archive_s", "archive_mib", "archive_peak_mib", "press_peak_mib")),
        (lambda: faults(scenarios), ("fault_localised_ratio",)),
    )
    figures: dict[str, Any] = {}
    whole = True
    for part, names in parts:
        began = time.monotonic()
        try:
            found: dict[str, Any] = {**await part()}
        except Exception:
            traceback.print_exc()
            found, whole = dict.fromkeys(names), False
        print(f"{found} in {time.monotonic() - began:.0f} s", flush=True)
        figures |= found
    return figures | {"fault_scenarios": scenarios, "load_average": round(os.getloadavg()[1], 1)}, whole


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.monitor", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="how long ingest, the feed and the wall are watched")
    parser.add_argument("--scenarios", type=int, default=monitor_faults.SCENARIOS, help="random faults to localise")
    given = parser.parse_args()
    if not (8 <= given.seconds <= 600 and 1 <= given.scenarios <= 10_000):
        parser.error("--seconds must be 8..600, --scenarios 1..10,000")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures, whole = asyncio.run(run(given.seconds, given.scenarios))
    print(json.dumps(figures))
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
