"""Reports while a conference is running: interim, up to now, and the same figures in every format."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from core.database import Database
from core.model import Role
from monitor.reports.files import text_of
from monitor.reports.texts import TEXTS, Language
from tests.support.polling import eventually
from tests.support.province import HALLS, ILL, add_country, booked, taking_part
from tests.support.website import Visitor, running_website

SECTIONS = ("summary", "attendance", "incidents", "quality")


async def _as_csv(visitor: Visitor, base: str, section: str, language: Language) -> list[list[str]]:
    reply = await visitor.get(f"{base}.csv?section={section}&language={language}")
    assert reply.status == 200, reply.body
    return list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))


def _alike(cell: str, value: Any) -> bool:
    """The same figure, a moment later: the halls are still there."""
    try:
        return abs(float(cell) - float(value)) <= 0.5
    except (TypeError, ValueError):
        return cell == text_of(value)


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_report_of_a_running_conference_is_interim_and_alike_in_every_format(
    database: Database, tmp_path: Path, language: Language
) -> None:
    def word(key: str) -> str:
        return TEXTS[key][language == "en"]

    await add_country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        technician = await site.signed_in(Role.TECHNICIAN)
        conference = await booked(site)
        # It began ten minutes ago.
        await database.pool.execute(
            "UPDATE conference SET can_join_after = now() - interval '15 min', start = now() - interval '10 min'"
        )
        base = f"/api/conferences/{conference}/report"
        async with taking_part(site, conference, ILL):

            async def why_no_incident() -> str | None:
                rows = await _as_csv(technician, base, "incidents", language)
                return None if len(rows) == 2 else f"{rows}"

            await eventually(why_no_incident, units=60)
        # The halls stay; only their lines are not sampled any more.
        found = {section: await _as_csv(technician, base, section, language) for section in SECTIONS}
        summary = dict(row for row in found["summary"][1:])
        assert summary[word("summary.state")] == word("conference.running")
        assert summary[word("summary.came")] == str(HALLS)
        header, *rows = found["attendance"]
        left, minutes = header.index(word("column.last_left")), header.index(word("column.minutes"))
        assert [row[left] for row in rows] == [""] * HALLS
        assert all(float(row[minutes]) > 0 for row in rows), rows
        header, incident = found["incidents"]
        assert incident[header.index(word("column.closed"))] == ""
        assert "Tỉnh p1" in incident[header.index(word("column.incident"))]

        book = openpyxl.load_workbook(io.BytesIO((await technician.get(f"{base}.xlsx?language={language}")).body))
        for section, lines in found.items():
            sheet = list(book[word(section)].iter_rows(values_only=True))
            assert len(sheet) == len(lines)
            for line, row in zip(lines, sheet, strict=True):
                now = word("summary.made_at") == line[0]
                assert now or all(map(_alike, line, row)), (line, row)
        pdf = await technician.get(f"{base}.pdf?language={language}")
        first = pypdf.PdfReader(io.BytesIO(pdf.body)).pages[0].extract_text()
        assert word("conference.running") in first
