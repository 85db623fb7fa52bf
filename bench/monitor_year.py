"""A year that a province's monitor has kept: 542 points, all of them three hours in conference, three days a week.

Minutes exist only while a conference runs. Day and night they would be 285 million; nine hours a week are 15 million,
and more than a province holds in earnest. The last point has its last month without a gap besides: the most that one
point's month can be.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from core.database import Database

POINTS = 542
HOURS = 3
MONTHS = 12
AT_ONCE = 2
FIRST_HOUR = 1
"""8:00 in Vietnam."""
FULL_POINT = f"yr{POINTS}"

_TIMES = """
    SELECT md5('year' || day)::uuid AS id, day + $3 * interval '1 hour' AS start, day + $4 * interval '1 hour' AS stop
    FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 day', interval '1 day') day
    WHERE extract(isodow FROM day AT TIME ZONE 'UTC') IN (1, 3, 5)
"""
# As the roll-up stores them: a minute of all points, then the next one.
_MINUTES = f"""
    INSERT INTO {{table}} (
        conference, participant, minute, leg, transport, relayed, samples, good, fair, poor, kbps_up, kbps_down,
        loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms, audio_loss_up, video_loss_up, audio_loss_down,
        video_loss_down, bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down, paused, layers,
        reports, freezes, frozen_share, concealed, fps, height, cpu_limited, skew_ms
    )
    SELECT id, who, minute, 'leg-' || who, 'udp', false, 30, 30 - ill, 0, ill, 30 + 20 * chance, 1200 + 400 * chance,
           chance / 50, chance / 60, 4 + chance, 5 + chance, 15 + 20 * chance, chance / 70, NULL, chance / 80,
           chance / 60, 225000, 9000000, 0, ill * 9, 0, ill, 0, ARRAY['stage h'],
           30, ill, chance / 90, chance / 90, 24 + chance, 720, 0, 12 * chance
    FROM (
        SELECT *, random() AS chance, (random() * 3 * extract(minute FROM minute) / 59)::int AS ill
        FROM (
            SELECT t.id, minute, 'point:' || code AS who
            FROM ({_TIMES}) t
            CROSS JOIN LATERAL generate_series(t.start, t.stop - interval '1 min', interval '1 min') minute
            CROSS JOIN bridge_point WHERE unit = 'yr'
            UNION ALL
            SELECT md5('full')::uuid, minute, 'point:' || $5::text
            FROM generate_series($6::timestamptz, $2::timestamptz - interval '1 min', interval '1 min') minute
            WHERE $6 = $1
            ORDER BY minute
        ) ordered
    ) drawn
"""


@dataclass(frozen=True)
class Year:
    """What was filled in: the months' first moments, with that of the first month not kept; one of its conferences."""

    months: tuple[datetime, ...]
    conference: str
    minutes: int


async def fill(database: Database, now: datetime) -> Year:
    """The twelve whole months before `now`."""
    this = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [this]
    while len(months) <= MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    await _conferences(database, months[0], months[-1])
    gate = asyncio.Semaphore(AT_ONCE)
    counts = await asyncio.gather(
        *(_month(database, gate, begins, ends, months[-2]) for begins, ends in pairwise(months))
    )
    await database.pool.execute("VACUUM ANALYZE", timeout=600)
    last = await database.pool.fetchval("SELECT id FROM conference ORDER BY start DESC LIMIT 1")
    return Year(tuple(months), str(UUID(str(last))), sum(counts))


async def _conferences(database: Database, begins: datetime, ends: datetime) -> None:
    """Conferences that are over; their points came, and left; one line in eighty had an incident."""
    times = (begins, ends, FIRST_HOUR, FIRST_HOUR + HOURS)
    async with database.pool.acquire() as connection:
        await connection.execute("INSERT INTO unit (code, name, kind) VALUES ('yr', 'Tỉnh', 'province')")
        await connection.execute(
            "INSERT INTO bridge_point (code, name, unit)"
            " SELECT 'yr' || n, 'Xã ' || n, 'yr' FROM generate_series(1, $1) n",
            POINTS,
        )
        for statement in _STATEMENTS:
            await connection.execute(f"WITH t AS ({_TIMES}) {statement}", *times, timeout=600)


_STATEMENTS = (
    "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at,"
    " changed_by, changed_at)"
    " SELECT id, 'Hội nghị', 'closed', start, start, stop, stop, 'o', start, 'o', start FROM t",
    "INSERT INTO reservation (conference, point, during)"
    " SELECT id, number, tstzrange(start, stop) FROM t, bridge_point WHERE unit = 'yr'",
    "INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how)"
    " SELECT id, 'point:' || code, name, 'operator', code, start + number % 300 * interval '1 s', stop, stop, 'ended'"
    " FROM t, bridge_point WHERE unit = 'yr'",
    "INSERT INTO conference_event (conference, seq, at, event)"
    " SELECT id, n, start + n * interval '9 s',"
    " jsonb_build_object('type', 'floor_granted', 'participant', 'point:yr' || n % 542 + 1)"
    " FROM t, generate_series(1, 1100) n",
    "INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed, figures, opened_at,"
    " closed_at) SELECT md5(id::text || code)::uuid, 'line', code, name, 'closed', 'path_loss', 'minor', 1, 1, '{}',"
    " start + interval '1 h', start + interval '80 min' FROM t, bridge_point"
    " WHERE unit = 'yr' AND (number + extract(doy FROM start)::int) % 80 = 0",
    "INSERT INTO incident_member (incident, point, conference, since, until, condition)"
    " SELECT md5(id::text || code)::uuid, code, id, start + interval '1 h', start + interval '80 min', 'poor'"
    " FROM t, bridge_point WHERE unit = 'yr' AND (number + extract(doy FROM start)::int) % 80 = 0",
)


async def _month(database: Database, gate: asyncio.Semaphore, begins: datetime, ends: datetime, full: datetime) -> int:
    """A month's partition is filled before its indexes are made: so it takes a minute and not ten."""
    table = f"line_minute_m{begins:%Y%m}"
    async with gate, database.pool.acquire() as connection:
        await connection.execute(f"CREATE TABLE {table} (LIKE line_minute INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        given = (begins, ends, FIRST_HOUR, FIRST_HOUR + HOURS, FULL_POINT, full)
        done = await connection.execute(_MINUTES.format(table=table), *given, timeout=600)
        await connection.execute(
            f"ALTER TABLE line_minute ATTACH PARTITION {table}"
            f" FOR VALUES FROM ('{begins.isoformat()}') TO ('{ends.isoformat()}')",
            timeout=600,
        )
    return int(done.split()[-1])
