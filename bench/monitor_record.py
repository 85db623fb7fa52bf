"""A conference of a real day on record: 542 halls of all 34 provinces, three hours, 5,000 delegates by name.

Everything that reports and archive tell is there, with the country's own long names.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from core.database import Database
from core.model import ConferenceId
from scheduler.directory_columns import Column
from scheduler.provinces import CENTRE_CODE, nation_rows

POINTS = 542
DELEGATES = 5_000
HOURS = 3
START = datetime(2026, 11, 23, 1, tzinfo=UTC)
STOP = START + timedelta(hours=HOURS)
TITLE = "Hội nghị toàn quốc quán triệt, triển khai thực hiện nghị quyết"

_CONFERENCE = """
    INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at,
                            changed_by, changed_at)
    VALUES ($1, $4, 'closed', $2, $2, $3, $3, 'bench', $2, 'bench', $2)
"""
_RESERVATIONS = """
    INSERT INTO reservation (conference, point, during) SELECT $1, number, tstzrange($2, $3) FROM bridge_point
"""
# One hall in 60 never comes, one in 40 is cut off in the middle and comes back.
_PRESENCE = """
    INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how)
    SELECT $1, 'point:' || code, name, 'operator', code, joined, until, until, how
    FROM bridge_point, LATERAL (
        VALUES ($2::timestamptz - interval '20 min' + number * 7 % 1500 * interval '1 s',
                CASE WHEN number % 40 = 3 THEN $2::timestamptz + interval '1 hour' ELSE $3::timestamptz END,
                CASE WHEN number % 40 = 3 THEN 'failed' ELSE 'ended' END),
               ($2::timestamptz + interval '65 min', $3::timestamptz, 'ended')
    ) span (joined, until, how)
    WHERE number % 60 <> 7 AND (how <> 'ended' OR number % 40 <> 3 OR joined > $2::timestamptz + interval '1 hour')
      AND (number % 40 = 3 OR joined <= $2::timestamptz + interval '1 hour')
"""
_MINUTES = """
    INSERT INTO line_minute (
        conference, participant, minute, leg, transport, relayed, samples, good, fair, poor, kbps_up, kbps_down,
        loss_up, loss_down, jitter_up_ms, jitter_down_ms, rtt_ms, audio_loss_up, video_loss_up, audio_loss_down,
        video_loss_down, bytes_up, bytes_down, nacks_up, nacks_down, key_frames_up, key_frames_down, paused, layers,
        reports, freezes, frozen_share, concealed, fps, height, cpu_limited, camera_ill, microphone_ill,
        skew_ms
    )
    SELECT $1, 'point:' || code, minute, 'leg-' || code, CASE number % 9 WHEN 0 THEN 'udp6' ELSE 'udp' END,
           number % 12 = 0, 30, 30 - 2 * ill, ill, ill, 30 + 20 * chance, 1200 + 400 * chance,
           ill * chance / 50, ill * chance / 40, 4 + chance, 5 + chance, 15 + 20 * chance, chance / 70, NULL,
           ill * chance / 80, ill * chance / 60, 225000, 9000000, 0, ill * 9, 0, ill, 0, ARRAY['stage h'],
           30, ill, ill * chance / 90, ill * chance / 90, 24 + chance, 720,
           CASE WHEN number % 50 = 1 THEN 12 ELSE 0 END,
           CASE WHEN number % 70 = 2 THEN 15 ELSE 0 END, CASE WHEN number % 90 = 3 THEN 30 ELSE 0 END, 12 * chance
    FROM bridge_point
    CROSS JOIN generate_series($2::timestamptz, $3::timestamptz - interval '1 min', interval '1 min') minute
    CROSS JOIN LATERAL (
        SELECT random() AS chance, (random() * (number % 10) * extract(minute FROM minute) / 59)::int AS ill
    ) x
    WHERE number % 60 <> 7
"""
_EVENTS = """
    INSERT INTO conference_event (conference, seq, at, event)
    SELECT $1, n, $2::timestamptz + n * interval '9 s',
           jsonb_build_object('type', (ARRAY['floor_requested', 'floor_granted', 'floor_released'])[n % 3 + 1],
                              'participant', 'point:' || code)
    FROM generate_series(1, 1100) n
    JOIN (SELECT code, row_number() OVER (ORDER BY code) AS place FROM bridge_point) p ON p.place = n / 3 % $3 + 1
"""
_HEADCOUNTS = """
    INSERT INTO headcount (conference, point, expected, declared, at, by, why)
    SELECT $1, number, CASE n WHEN 2 THEN 10 END, 8 + n % 2, $2::timestamptz + n * interval '1 min',
           'point:' || code, ''
    FROM bridge_point, generate_series(1, 3) n
"""
_DELEGATES = """
    INSERT INTO delegate (conference, point, code, name, position, organisation, state, reason, way, at, by)
    SELECT $1, p.number, 'DB' || n,
           (ARRAY['Nguyễn', 'Trần', 'Lê', 'Phạm', 'Hoàng'])[n % 5 + 1] || ' Thị ' ||
           (ARRAY['An', 'Bình', 'Phương Thảo', 'Hạnh'])[n % 4 + 1], 'Phó Chủ tịch Hội đồng nhân dân',
           'Ủy ban nhân dân ' || p.name,
           (ARRAY['present', 'present', 'absent', 'awaited'])[n % 4 + 1],
           CASE n % 4 WHEN 2 THEN 'Đi công tác' ELSE '' END,
           CASE n % 4 WHEN 3 THEN NULL ELSE 'desk' END, CASE n % 4 WHEN 3 THEN NULL ELSE $2::timestamptz END,
           CASE n % 4 WHEN 3 THEN NULL ELSE 'point:' || p.code END
    FROM generate_series(1, $3) n
    JOIN (SELECT *, row_number() OVER (ORDER BY code) AS place FROM bridge_point) p ON p.place = n % $4 + 1
"""
_WORDS = """
    INSERT INTO delegate_word (delegate, state, reason, way, at, by)
    SELECT number, state, reason, 'desk', at, by FROM delegate WHERE conference = $1 AND state <> 'awaited'
"""
_SNAPSHOTS = """
    INSERT INTO headcount_snapshot (conference, number, item, at, by, total, quorum, rows)
    SELECT $1, n, 'Nội dung số ' || n || ': thảo luận và biểu quyết', $2::timestamptz + n * interval '15 min', 'bench',
           jsonb_build_object('points', $3::int, 'answered', $3::int, 'present', $3::int - n, 'expected', 5000,
                              'declared', 4800, 'listed', 5000, 'verified', 2500, 'absent', 1250),
           '{"of": "delegates", "share": 0.6666666667, "needed": 3334, "have": 4800, "reached": true}',
           (SELECT jsonb_agg(jsonb_build_object('point', code, 'name', name, 'expected', 10, 'declared', 9,
                                                'verified', 5, 'absent', 2, 'present', true)) FROM bridge_point)
    FROM generate_series(1, 10) n
"""
_INCIDENTS = """
    INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed, figures,
                          opened_at, closed_at)
    SELECT md5('incident' || number)::uuid, 'line', code, name, 'closed', 'path_loss',
           (ARRAY['minor', 'major', 'critical'])[number % 3 + 1], 1, 1, '{}',
           $1::timestamptz + number % 150 * interval '1 min',
           $1::timestamptz + (number % 150 + 12) * interval '1 min'
    FROM bridge_point WHERE number % 10 = 9
"""
_MEMBERS = """
    INSERT INTO incident_member (incident, point, conference, since, until, condition)
    SELECT i.id, i.code, $1, i.opened_at, i.closed_at, 'poor' FROM incident i
"""
_INCIDENT_EVENTS = """
    INSERT INTO incident_event (incident, number, at, kind)
    SELECT id, n, opened_at + (n - 1) * interval '6 min', (ARRAY['opened', 'closed'])[n]
    FROM incident, generate_series(1, 2) n
"""


async def fill(database: Database) -> ConferenceId:
    """Into an empty database. The conference is over; its halls came, were measured and counted, and left."""
    pool, key = database.pool, uuid4()
    await _directory(database)
    await pool.execute(_CONFERENCE, key, START, STOP, TITLE)
    await pool.execute(_RESERVATIONS, key, START, STOP)
    await pool.execute(_PRESENCE, key, START, STOP)
    await pool.execute(_MINUTES, key, START, STOP)
    await pool.execute(_EVENTS, key, START, POINTS)
    await _people(database, key)
    await pool.execute(_INCIDENTS, START)
    await pool.execute(_MEMBERS, key)
    await pool.execute(_INCIDENT_EVENTS)
    await pool.execute("ANALYZE")
    return ConferenceId(str(key))


async def _directory(database: Database) -> None:
    """The centre, the provinces, and every sixth commune with its hall: `POINTS` of them from all over the country."""
    rows = [{key: row.cells.get(key, "") for key in Column} for row in nation_rows()]
    above = [row for row in rows if not row[Column.CODE]]
    halls = [row for row in rows if row[Column.CODE]]
    halls = [halls[n * len(halls) // POINTS] for n in range(POINTS)]
    units = [
        (row[Column.UNIT], row[Column.UNIT_NAME], row[Column.UNIT_KIND], row[Column.PARENT_UNIT] or None)
        for row in (*sorted(above, key=lambda row: row[Column.UNIT] != CENTRE_CODE), *halls)
    ]
    pool = database.pool
    await pool.executemany("INSERT INTO unit (code, name, kind, parent) VALUES ($1, $2, $3, $4)", units)
    points = [(row[Column.CODE], row[Column.NAME], row[Column.UNIT]) for row in halls]
    await pool.executemany("INSERT INTO bridge_point (code, name, unit, seats) VALUES ($1, $2, $3, 12)", points)


async def _people(database: Database, key: UUID) -> None:
    pool = database.pool
    await pool.execute(_HEADCOUNTS, key, START)
    await pool.execute(_DELEGATES, key, START, DELEGATES, POINTS)
    await pool.execute(_WORDS, key)
    await pool.execute("INSERT INTO headcount_quorum VALUES ($1, 'delegates', 0.6666666667)", key)
    await pool.execute(_SNAPSHOTS, key, START, POINTS)
