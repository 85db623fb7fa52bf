"""How long a report takes: 542 points, three hours, one row a minute for each, and its events.

Run as `python -m bench.monitor_reports`; `measure` is for the bench of the whole monitor.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bench.scheduler_book import embedded_database
from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.model import ConferenceId
from core.settings import Settings
from monitor.service import Monitor

POINTS = 542
HOURS = 3
START = datetime(2026, 11, 23, 1, tzinfo=UTC)


async def fill(database: Database) -> ConferenceId:
    """A province with a conference that is over; its points came, were measured, and left."""
    key, stop = uuid4(), START + timedelta(hours=HOURS)
    pool = database.pool
    await pool.execute("INSERT INTO unit (code, name, kind) VALUES ('rp', 'Tỉnh', 'province')")
    await pool.execute(
        "INSERT INTO bridge_point (code, name, unit) SELECT 'rp' || n, 'Xã ' || n, 'rp' FROM generate_series(1, $1) n",
        POINTS,
    )
    await pool.execute(
        "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at,"
        " changed_by, changed_at) VALUES ($1, 'Hội nghị', 'closed', $2, $2, $3, $3, 'o', $2, 'o', $2)",
        key,
        START,
        stop,
    )
    await pool.execute(
        "INSERT INTO reservation (conference, point, during) SELECT $1, number, tstzrange($2, $3)"
        " FROM bridge_point WHERE unit = 'rp'",
        key,
        START,
        stop,
    )
    await pool.execute(
        "INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how)"
        " SELECT $1, 'point:' || code, name, 'operator', code, $2::timestamptz + number % 300 * interval '1 s',"
        " $3, $3, 'ended' FROM bridge_point WHERE unit = 'rp'",
        key,
        START,
        stop,
    )
    await pool.execute(
        "INSERT INTO line_minute (conference, participant, minute, samples, good, fair, poor, kbps_up, kbps_down,"
        " loss_up, loss_down, rtt_ms, reports) SELECT $1, 'point:' || code, at, 30, 30 - ill, 0, ill, 5, 900,"
        " random() / 50, random() / 50, 20, 30 FROM bridge_point,"
        " generate_series($2::timestamptz, $3::timestamptz, interval '1 min') at,"
        " LATERAL (SELECT (random() * 3 * extract(minute FROM at) / 59)::int AS ill) spread WHERE unit = 'rp'",
        key,
        START,
        stop,
    )
    await pool.execute(
        "INSERT INTO conference_event (conference, seq, at, event) SELECT $1, n, $2::timestamptz + n * interval '9 s',"
        " jsonb_build_object('type', 'floor_granted', 'participant', 'point:rp' || n % 542 + 1)"
        " FROM generate_series(1, 1100) n",
        key,
        START,
    )
    await pool.execute("ANALYZE")
    return ConferenceId(str(key))


async def measure(database: Database) -> dict[str, float]:
    """`report_s`: the figures as a workbook; `pdf_s`: as a document. Each from the request to the last byte."""
    conference = await fill(database)
    clock = ManualClock(START + timedelta(hours=HOURS + 1))
    reports = Monitor(database, Bus(), clock, Settings()).reports
    began = time.perf_counter()
    await reports.xlsx(conference, "vi")
    report_s = time.perf_counter() - began
    began = time.perf_counter()
    await reports.pdf(conference, "vi")
    return {"report_s": round(report_s, 2), "pdf_s": round(time.perf_counter() - began, 2)}


async def main() -> None:
    async with embedded_database(4) as database:
        print(json.dumps(await measure(database)))


if __name__ == "__main__":
    asyncio.run(main())
