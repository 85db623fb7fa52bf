"""What the monitor costs with the whole country, how fast it can go beside a bare COPY, and how late a page hears.

Run as `python -m bench.monitor_ingest`; `measure` is for the bench of the whole monitor.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from yarl import URL

from bench.monitor_load import PERIOD, POINTS, Load
from bench.monitor_wall import book
from bench.scheduler_book import embedded_database
from core.bus import Bus
from core.clock import SystemClock
from core.database import Database
from core.memory import expect_many_messages
from core.messages import SAMPLES
from core.model import ConferenceId, Grade, Role
from core.settings import Settings
from monitor.service import Monitor
from monitor.store import Store, sample_record
from tests.support.website import running_website

ROUNDS = 3
BATCHES = 12
"""Whole periods of the country that are pushed through in one round."""


async def measure(database: Database, *, seconds: float = 20) -> dict[str, float]:
    """All figures of ingest, one after the other on the same database."""
    expect_many_messages()
    figures = await cores(database, seconds)
    figures |= await against_copy(database)
    return figures | await lag(database, seconds)


async def cores(database: Database, seconds: float) -> dict[str, float]:
    """CPU of this process while the country's samples come, less what making them takes. PostgreSQL's is not in it."""
    async with watching(database) as (monitor, bus):
        clock, load = SystemClock(), Load(ConferenceId(str(uuid4())))
        load.arrive(bus, clock.now())
        await load.run(bus, clock.now, 2)  # new lines, first intervals
        wall, cpu, making = time.monotonic(), time.process_time(), load.cpu_seconds
        sent = await load.run(bus, clock.now, round(seconds / PERIOD))
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        cpu -= load.cpu_seconds - making
        await _stored(monitor)
    return {"ingest_cores_3356": round(cpu / wall, 3), "ingest_us_per_sample": round(cpu / sent * 1e6, 1)}


async def against_copy(database: Database) -> dict[str, float]:
    """Rows a second through the whole monitor, and by COPY of the same rows alone, in turns; the medians."""
    through, bare = [], []
    for _ in range(ROUNDS):
        load = Load(ConferenceId(str(uuid4())))
        begin = SystemClock().now()
        batches = [load.batch(load.halls, begin + i * timedelta(seconds=PERIOD)) for i in range(BATCHES)]
        copies = [[sample_record(sample, Grade.GOOD) for sample in batch.samples] for batch in batches]
        await _empty(database)
        began = time.monotonic()
        for records in copies:
            await Store(database).copy_samples(records)
        bare.append(BATCHES * POINTS / (time.monotonic() - began))
        await _empty(database)
        async with watching(database) as (monitor, bus):
            load.arrive(bus, begin - timedelta(seconds=PERIOD))
            await asyncio.sleep(1)
            began = time.monotonic()
            for batch in batches:
                bus.publish(SAMPLES, batch)
                await asyncio.sleep(0.001)
                while monitor._writer.waiting_samples > 2 * POINTS:
                    await asyncio.sleep(0.001)
            await _stored(monitor)
            through.append(BATCHES * POINTS / (time.monotonic() - began))
        kept = await database.pool.fetchval("SELECT count(*) FROM link_sample")
        if kept != BATCHES * POINTS:
            raise RuntimeError(f"{kept} rows are stored, not {BATCHES * POINTS}")
    return {
        "ingest_rows_per_s": round(statistics.median(through)),
        "copy_rows_per_s": round(statistics.median(bare)),
        "ingest_ratio_to_copy": round(statistics.median(through) / statistics.median(bare), 3),
    }


async def lag(database: Database, seconds: float) -> dict[str, float]:
    """From a sample's time, before its batch is made, until a page's process has its event whole."""
    with tempfile.TemporaryDirectory(prefix="diemcau-lag-") as folder:
        limits = {"points_per_conference": POINTS}
        async with running_website(database, Path(folder), limits=limits) as site:
            await site.add_points(POINTS)
            load = Load(await book(site))
            page = await site.signed_in(Role.TECHNICIAN, username="technician")
            cookies = {c.key: c.value for c in page.http.cookie_jar.filter_cookies(URL(site.base)).values()}
            url = f"{site.base}/api/conferences/{load.conference}/feed"
            load.arrive(site.bus, site.clock.now())
            await load.run(site.bus, site.clock.now, 1)
            pipe = asyncio.subprocess.PIPE
            reader = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.monitor_feed", stdin=pipe, stdout=pipe
            )
            asked = json.dumps({"url": url, "cookies": cookies, "seconds": seconds - 2}) + "\n"
            answer = asyncio.create_task(reader.communicate(asked.encode()))
            await load.run(site.bus, site.clock.now, round(seconds / PERIOD) + 1)
            out, _ = await asyncio.wait_for(answer, 60)
    ages: list[float] = json.loads(out)
    return {
        "lag_ms_p50": round(statistics.median(ages), 1),
        "lag_ms_p99": round(statistics.quantiles(ages, n=100)[-1], 1),
        "lag_samples": len(ages),
    }


@asynccontextmanager
async def watching(database: Database) -> AsyncIterator[tuple[Monitor, Bus]]:
    """A running monitor and its bus."""
    bus = Bus()
    monitor = Monitor(database, bus, SystemClock(), Settings())
    task = asyncio.create_task(monitor.run())
    try:
        await monitor.ready.wait()
        yield monitor, bus
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _stored(monitor: Monitor) -> None:
    while monitor._writer.waiting_samples:
        await asyncio.sleep(0.001)


async def _empty(database: Database) -> None:
    await database.pool.execute("TRUNCATE link_sample, presence_interval")


async def main() -> None:
    async with embedded_database(8) as database:
        print(json.dumps(await measure(database)))


if __name__ == "__main__":
    asyncio.run(main())
