"""Reports: the same figures in every format, from a real database and over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest

from core.database import Database
from core.model import ConferenceId, Departure, Role
from monitor.reports import press
from monitor.reports.charts import charts
from monitor.reports.files import text_of
from monitor.reports.paper import printed_text
from monitor.reports.tables import tables
from monitor.reports.texts import Language
from tests.support.website import Website, running_website

CONFERENCE = ConferenceId("00000000-0000-0000-0000-000000000042")
START = datetime(2026, 11, 23, 1, tzinfo=UTC)
STOP = START + timedelta(hours=2)
PERSONS = {1: (0, 7200, "ended"), 2: (600, 7200, "ended"), 3: (0, 3600, "departed")}


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(4)
        await _raise_the_tree(database)
        await _hold(database)
        yield site


async def _raise_the_tree(database: Database) -> None:
    """Three levels: the country, above the province of the first three points and another one of the last."""
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('vn', 'Trung ương', 'centre')")
    await database.pool.execute("UPDATE unit SET parent = 'vn' WHERE code = 'p'")
    await database.pool.execute("INSERT INTO unit VALUES ('q', 'Tỉnh Vĩnh Long', 'province', 'vn')")
    await database.pool.execute("UPDATE unit SET parent = 'q' WHERE code = 'c4'")


async def _hold(database: Database) -> None:
    """A conference that is over, written at once: the site's keeper is at work already."""
    async with database.pool.acquire() as connection, connection.transaction():
        await _write(connection)


async def _write(pool: Any) -> None:
    """A conference of four points that is over: one on time, one late, one that left early, one that never came."""
    await pool.execute(
        "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at,"
        " changed_by, changed_at) VALUES ($1, '=Hội nghị', 'closed', $2, $2, $3, $3, 'o', $2, 'o', $2)",
        CONFERENCE,
        START,
        STOP,
    )
    await pool.execute(
        "INSERT INTO reservation (conference, point, during) SELECT $1, number, tstzrange($2, $3) FROM bridge_point",
        CONFERENCE,
        START,
        STOP,
    )
    for n, (came, left, how) in PERSONS.items():
        await pool.execute(
            "INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at,"
            " how) VALUES ($1, $2, 'x', 'operator', $3, $4, $5, $5, $6)",
            CONFERENCE,
            f"point:d{n}",
            f"d{n}",
            START + timedelta(seconds=came),
            START + timedelta(seconds=left),
            how,
        )
        await pool.execute(
            "INSERT INTO link_sample (conference, participant, leg, at, kbps_up, kbps_down, loss_down, rtt_ms,"
            " transport, relayed, grade) SELECT $1, $2, 'leg', $3::timestamptz + n * interval '2 s', 5, 900, $4, 20,"
            " 'udp', CASE WHEN $5::int = 1 THEN true END, CASE WHEN n % 4 < $5 THEN 'poor' ELSE 'good' END"
            " FROM generate_series(1, 100) n",
            CONFERENCE,
            f"point:d{n}",
            START,
            n / 100,
            n - 1,
        )
    await _measure_clocks(pool)
    await pool.execute(
        "INSERT INTO minute_due (conference, minute) SELECT DISTINCT conference, date_trunc('minute', at)"
        " FROM link_sample"
    )
    await _tell(pool)
    events = [{"type": "floor_granted", "participant": "point:d2"}, {"type": "closed", "by": "chair"}]
    for seq, event in enumerate(events, start=1):
        await pool.execute("INSERT INTO conference_event VALUES ($1, $2, $3, $4)", CONFERENCE, seq, STOP, event)


async def _tell(pool: Any) -> None:
    """Delegates in every state, a snapshot, an incident that is over and one that is open."""
    await pool.execute(
        "INSERT INTO delegate (conference, point, code, name, position, organisation, state, reason, way, at, by)"
        " SELECT $1, number, code || '-' || n, '=Nguyễn Văn ' || n, 'Ủy viên', 'HĐND xã',"
        " (ARRAY['present', 'absent', 'awaited'])[n], CASE n WHEN 2 THEN 'Ốm' ELSE '' END,"
        " CASE n WHEN 3 THEN NULL ELSE 'desk' END, CASE n WHEN 3 THEN NULL ELSE $2::timestamptz END, 'x'"
        " FROM bridge_point, generate_series(1, 3) n",
        CONFERENCE,
        START,
    )
    sums = {"points": 4, "answered": 0, "present": 2, "expected": 12, "declared": 0, "verified": 4, "absent": 4}
    await pool.execute(
        "INSERT INTO headcount_snapshot VALUES ($1, 1, 'Biểu quyết', $2, 'o', $3, $4, '[]')",
        CONFERENCE,
        START + timedelta(hours=1),
        sums,
        {"of": "points", "share": 0.5, "needed": 2, "have": 2, "reached": True},
    )
    await pool.execute("INSERT INTO account VALUES ('lan', 'Trực kỹ thuật', 'x', '{technician}')")
    for n, (state, closed, owner) in enumerate((("closed", STOP, "lan"), ("open", None, "left")), start=1):
        await pool.execute(
            "INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed, figures,"
            " opened_at, closed_at, owner)"
            " VALUES ($1, 'unit', $2, $2, $3, 'path_loss', 'major', 1, 1, '{}', $4, $5, $6)",
            UUID(int=n),
            f"c{n}",
            state,
            START,
            closed,
            owner,
        )
        await pool.execute(
            "INSERT INTO incident_member (incident, point, conference, since, condition)"
            " VALUES ($1, 'd1', $2, $3, 'poor')",
            UUID(int=n),
            CONFERENCE,
            START,
        )


async def _measure_clocks(pool: Any) -> None:
    """The first point's clock is three minutes slow, the second's right, the third's two minutes fast; the first is
    connected by Wi-Fi."""
    for n, skew, network in ((1, -180_000.0, "wifi"), (2, 0.0, None), (3, 120_000.0, None)):
        await pool.execute(
            "INSERT INTO endpoint_sample (conference, participant, at, seconds, freezes, frozen_share, fps,"
            " cpu_limited, camera, microphone, network, skew_ms)"
            " SELECT $1, $2, $3::timestamptz + n * interval '1 min', 2, n, n * 0.1, 20 + n, n = 1, 'ok',"
            " CASE n WHEN 1 THEN 'silent' ELSE 'ok' END, $4, $5 FROM generate_series(0, 3) n",
            CONFERENCE,
            f"point:d{n}",
            START + timedelta(seconds=4),
            network,
            skew,
        )


def _squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_figures_are_the_same_in_every_format(site: Website, language: Language) -> None:
    visitor = await site.signed_in(Role.TECHNICIAN)
    base = f"/api/conferences/{CONFERENCE}/report"
    report = await site.monitor.reports.report(CONFERENCE)
    shown = tables(report, language, ZoneInfo(site.settings.time_zone))
    book_file = await visitor.get(f"{base}.xlsx?language={language}")
    pdf_file = await visitor.get(f"{base}.pdf?language={language}")
    assert (book_file.status, pdf_file.status) == (200, 200)
    book = openpyxl.load_workbook(io.BytesIO(book_file.body))
    pages = pypdf.PdfReader(io.BytesIO(pdf_file.body)).pages
    printed = _squeezed(" ".join(page.extract_text() for page in pages))
    assert _squeezed(report.title) in printed
    for table, sheet in zip(shown, book.worksheets, strict=True):
        reply = await visitor.get(f"{base}.csv?section={table.section}&language={language}")
        header, *lines = csv.reader(io.StringIO(reply.body.decode("utf-8-sig")))
        sheet_header, *sheet_rows = sheet.iter_rows(values_only=True)
        assert tuple(header) == sheet_header == table.header
        # When the report was made moves on between the requests.
        # The title stands alone on the title page.
        wanted = [row for n, row in enumerate(table.rows) if (table.section, n) not in (("summary", 0), ("summary", 3))]
        assert len(lines) == len(sheet_rows) == len(table.rows)
        for row in wanted:
            place = table.rows.index(row)
            assert [line.removeprefix("'") for line in lines[place]] == [text_of(value) for value in row]
            assert [_same(value) for value in sheet_rows[place]] == [_same(value) for value in row]
            day = date.min if table.section == "summary" else START.date()
            assert _squeezed("".join(printed_text(value, language, day) for value in row)) in printed


def _same(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


async def test_the_figures_are_those_of_the_history(site: Website) -> None:
    report = await site.monitor.reports.report(CONFERENCE)
    assert (report.total.points, report.total.came, report.total.late, report.total.early) == (4, 3, 1, 1)
    late, gone, never = report.points[1], report.points[2], report.points[3]
    assert (late.late, late.minutes) == (timedelta(minutes=10), 110.0)
    assert (gone.early, gone.how) == (timedelta(hours=1), Departure.DEPARTED)
    assert (never.came, never.line) == (False, None)
    assert [(p.attended.point, p.line and p.line.poor_percent) for p in report.worst] == [("d3", 50.0), ("d2", 25.0)]
    assert gone.line is not None
    assert gone.line.loss_down == 3.0
    assert report.points[0].line is not None
    seen = report.points[0].line.seen
    assert (seen.freezes, seen.frozen, seen.fps, seen.concealed) == (6, 15.0, 21.5, None)
    assert (seen.cpu_limited, seen.camera_ill, seen.microphone_ill) == (25.0, 0.0, 25.0)
    assert [p.line and p.line.relayed for p in report.points] == [None, True, None, None]
    assert (report.curve[0], max(report.curve), report.curve[-1]) == (2, 3, 2)
    assert [unit.unit.code for unit in report.units] == ["vn", "p", "c1", "c2", "c3", "q", "c4"]
    total = report.total
    assert (total.expected, total.listed, total.verified, total.absent) == (12, 12, 4, 4)
    assert [(i.name, i.points, i.minutes) for i in report.incidents] == [("c1", 1, 120.0), ("c2", 1, None)]
    assert [i.owner for i in report.incidents] == ["Trực kỹ thuật", "left"]
    assert [(s.item, s.verified, s.quorum) for s in report.snapshots] == [("Biểu quyết", 4, True)]
    assert [one.late_by_own_clock for one in report.points] == [-3.0, 10.0, 2.0, None]
    assert [one.early_by_own_clock for one in report.points] == [None, None, 58.0, None]
    assert [p.origin and [w.kind for w in p.origin.stretches] for p in report.points] == [
        [("udp", False, "wifi")],
        [("udp", True, None)],
        [("udp", False, None)],
        None,
    ]
    drawn = charts(report, "en", UTC)
    assert [chart.title for chart in drawn][:2] == ["How points arrived", "Delegates by unit"]
    assert [bar.told for bar in drawn[0].bars] == ["2", "0", "1", "0", "1"]
    assert [bar.told for bar in drawn[1].bars] == ["3 · 0 / 9", "1 · 0 / 3"]
    assert all(0 <= span.begin <= span.end <= 1 for chart in drawn for bar in chart.bars for span in bar.spans)


async def _connect(pool: Any, leg: str, since: int, until: int, **way: Any) -> None:
    """The second point has a connection of its own from so many seconds after the start on."""
    facts = {"transport": "udp", "relayed": None, "network": None} | way
    await pool.execute(
        "INSERT INTO link_sample (conference, participant, leg, at, kbps_up, kbps_down, transport, relayed, grade)"
        " SELECT $1, 'point:d2', $2, $3::timestamptz + n * interval '2 s', 5, 900, $6,"
        " CASE WHEN n > $4 / 2 + 1 THEN $7::boolean END, 'good' FROM generate_series($4 / 2, $5 / 2) n",
        CONFERENCE,
        leg,
        START,
        since,
        until,
        facts["transport"],
        facts["relayed"],
    )
    await pool.execute(
        "INSERT INTO endpoint_sample (conference, participant, at, seconds, freezes, camera, microphone, network)"
        " VALUES ($1, 'point:d2', $2, 2, 0, 'ok', 'ok', $3)",
        CONFERENCE,
        START + timedelta(seconds=until),
        facts["network"],
    )
    await pool.execute(
        "INSERT INTO minute_due (conference, minute) SELECT DISTINCT conference, date_trunc('minute', at)"
        " FROM link_sample ON CONFLICT DO NOTHING"
    )


async def test_every_connection_s_way_is_kept_with_its_times(site: Website, database: Database) -> None:
    async with database.pool.acquire() as connection, connection.transaction():
        await _connect(connection, "b", 1200, 1790, transport="udp6", relayed=True, network="cellular")
        await _connect(connection, "c", 1800, 2380, transport="udp6", relayed=True, network="cellular")
        await _connect(connection, "d", 2400, 3000, relayed=False, network="ethernet")
    report = await site.monitor.reports.report(CONFERENCE)
    # What is kept outlives the samples.
    await database.pool.execute("DELETE FROM link_sample")
    await database.pool.execute("DELETE FROM endpoint_sample")
    again = await site.monitor.reports.report(CONFERENCE)
    for one in (report, again):
        origin = one.points[1].origin
        assert origin is not None
        assert len(origin.ways) == 4
        assert [(*w.kind, _after(w.began), _after(w.ended)) for w in origin.stretches] == [
            ("udp", True, None, 2, 200),
            ("udp6", True, "cellular", 1200, 2380),
            ("udp", False, "ethernet", 2400, 3000),
        ]
    [attendance] = [table for table in tables(again, "en", UTC) if table.section == "attendance"]
    assert attendance.rows[1][-1] == (
        "01:00–01:03 IPv4, through TURN; 01:20–01:39 IPv6, through TURN, mobile network; 01:40–01:50 IPv4, cable"
    )


def _after(moment: datetime) -> float:
    return (moment - START).total_seconds()


async def test_an_unknown_conference_has_no_report(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER)
    for form in ("csv", "xlsx", "pdf"):
        reply = await visitor.get(f"/api/conferences/00000000-0000-0000-0000-000000000001/report.{form}")
        assert reply.code == "conference.unknown"


async def test_a_document_that_cannot_be_printed_is_refused_in_words(
    site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "MOST_SECONDS", 0.001)
    visitor = await site.signed_in(Role.ORGANIZER)
    reply = await visitor.get(f"/api/conferences/{CONFERENCE}/report.pdf")
    assert (reply.status, reply.code) == (503, "report.not_printed")
    assert (await visitor.get(f"/api/conferences/{CONFERENCE}/report.xlsx")).status == 200


async def test_what_the_typesetter_says_comes_back() -> None:
    with pytest.raises(press.PressFailed, match="tables"):
        await press.printed(b"{}")


async def test_a_report_is_not_for_operators(site: Website) -> None:
    visitor = await site.signed_in(Role.OPERATOR)
    assert (await visitor.get(f"/api/conferences/{CONFERENCE}/report.pdf")).code == "role.missing"
