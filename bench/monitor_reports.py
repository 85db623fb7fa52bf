"""How long the record of a real day takes (`bench.monitor_record`): workbook, document, archive.

Run as `python -m bench.monitor_reports`; `measure` is for the bench of the whole monitor.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import tempfile
import time
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from bench import monitor_record
from bench.scheduler_book import embedded_database
from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.identity import Signer
from core.model import ConferenceId
from core.settings import Settings
from monitor.service import Monitor
from scheduler.office import open_office
from scheduler.service import Scheduler
from web.accounts import Accounts
from web.archive.collecting import pack
from web.context import Context
from web.feed import FeedHub
from web.linetests import LineTesting

_MIB = 1024 * 1024
_SECRET = "a secret of the benches, at least 32 long"
T = TypeVar("T")


async def measure(database: Database) -> dict[str, float]:
    """Seconds from the request to the last byte: `report_s` (workbook), `pdf_s` (document), `archive_s` (everything).

    `archive_peak_mib`: how far the memory of this process rose while the archive was made; `press_peak_mib`: the most
    that one printing process took, which is gone afterwards.
    """
    conference = await monitor_record.fill(database)
    with tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder:
        context = _context(database, Path(folder))
        reports = context.monitor.reports
        report_s, _ = await _timed(reports.xlsx(conference, "vi"))
        pdf_s, _ = await _timed(reports.pdf(conference, "vi"))
        return {"report_s": report_s, "pdf_s": pdf_s} | await _archive(context, conference)


async def _archive(context: Context, conference: ConferenceId) -> dict[str, float]:
    gc.collect()
    _forget_peak()
    before = _resident("VmRSS")
    with tempfile.TemporaryFile() as file:
        seconds, _ = await _timed(pack(context, conference, file))
        size = file.seek(0, os.SEEK_END)
    return {
        "archive_s": seconds,
        "archive_mib": round(size / _MIB, 1),
        "archive_peak_mib": round((_resident("VmHWM") - before) / 1024, 1),
        "press_peak_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
    }


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = await work
    return round(time.perf_counter() - began, 2), result


def _forget_peak() -> None:
    """The kernel forgets the highest resident size that it has seen of this process."""
    Path("/proc/self/clear_refs").write_text("5")


def _resident(what: str) -> int:
    """KiB, from the kernel."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def _context(database: Database, folder: Path) -> Context:
    bus, signer, settings = Bus(), Signer(_SECRET), Settings(data_dir=folder)
    clock = ManualClock(monitor_record.STOP + timedelta(hours=1))
    scheduler = Scheduler(database, bus, clock, signer, settings.limits)
    monitor = Monitor(database, bus, clock, settings)
    office = open_office(database, bus, clock, signer, settings, scheduler.bookings)
    accounts = Accounts(database, clock, settings.limits.sign_in_attempts_per_minute)
    testing = LineTesting(settings, bus, clock, monitor.line_tests, office.plans)
    return Context(settings, clock, signer, scheduler, office, monitor, accounts, FeedHub(bus), testing, database)


async def main() -> None:
    async with embedded_database(4) as database:
        print(json.dumps(await measure(database)))


if __name__ == "__main__":
    asyncio.run(main())
