"""The report's sums up the unit tree: in every format the same, and the sums of what the points' own rows say."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any

import openpyxl
import pypdf
import pytest

from core.model import Role
from tests.integration.test_monitor_reports import CONFERENCE, site  # noqa: F401
from tests.support.website import Visitor, Website

BASE = f"/api/conferences/{CONFERENCE}"
TREE = {"vn": None, "p": "vn", "c1": "p", "c2": "p", "c3": "p", "q": "vn", "c4": "q"}
"""As the report has it: each unit before those under it, siblings as in a dictionary."""
LEVELS = {"vn": 1, "q": 2, "p": 2, "c1": 3, "c2": 3, "c3": 3, "c4": 3}
UNITS = {"d1": "c1", "d2": "c2", "d3": "c3", "d4": "c4"}
COUNTED = ("points", "came", "late", "early", "expected", "declared", "verified", "absent")


@pytest.fixture
async def organizer(site: Website) -> Visitor:  # noqa: F811
    return await site.signed_in(Role.ORGANIZER)


async def table(organizer: Visitor, section: str) -> list[list[str]]:
    reply = await organizer.get(f"{BASE}/report.csv?section={section}&language=en")
    return list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))[1:]


async def own_sums(organizer: Visitor) -> dict[str, list[int]]:
    """By unit, from the points' rows alone."""
    sums = {unit: [0] * len(COUNTED) for unit in TREE}
    for row in await table(organizer, "attendance"):
        expected, declared, verified, absent = (int(cell or 0) for cell in row[3:7])
        late, early = (bool(float(cell)) for cell in row[11:13])
        unit: str | None = UNITS[row[0]]
        while unit is not None:
            facts = (1, row[7] != "", late, early, expected, declared, verified, absent)
            sums[unit] = [one + int(more) for one, more in zip(sums[unit], facts, strict=True)]
            unit = TREE[unit]
    return sums


async def test_csv_workbook_document_and_json_have_the_points_sums_for_every_unit(organizer: Visitor) -> None:
    wanted = await own_sums(organizer)
    assert wanted["vn"] == [4, 3, 1, 1, 12, 0, 4, 4]
    assert (wanted["p"], wanted["q"]) == ([3, 3, 1, 1, 9, 0, 3, 3], [1, 0, 0, 0, 3, 0, 1, 1])
    told = {code: (parent or "", level, sums) async for code, parent, level, sums in _from_csv(organizer)}
    assert told == {code: (TREE[code] or "", LEVELS[code], wanted[code]) for code in TREE}
    assert list(told) == list(TREE)
    assert [sums async for *_, sums in _from_csv(organizer, total=True)] == [wanted["vn"]]
    assert await _from_workbook(organizer) == {code: (LEVELS[code] - 1, wanted[code]) for code in TREE}
    whole, units = await _from_archive(organizer)
    assert whole == wanted["vn"]
    assert units == [(code, TREE[code], LEVELS[code], wanted[code]) for code in TREE]
    assert await _from_document(organizer) == wanted


async def _from_csv(organizer: Visitor, total: bool = False) -> Any:
    for name, code, parent, level, *sums in await table(organizer, "units"):
        if total == (name == "Total"):
            yield code, parent, int(level or 0), [int(cell) for cell in sums]


async def _from_workbook(organizer: Visitor) -> dict[str, tuple[int, list[int]]]:
    """By unit how far it is set in, which is how deep it folds, and its figures."""
    reply = await organizer.get(f"{BASE}/report.xlsx?language=en")
    sheet = openpyxl.load_workbook(io.BytesIO(reply.body))["Sums by unit"]
    found: dict[str, tuple[int, list[int]]] = {}
    for number in range(2, sheet.max_row):
        row: Any = sheet[number]
        depth = sheet.row_dimensions[number].outlineLevel
        assert depth == int(row[0].alignment.indent)
        found[row[1].value] = (depth, [cell.value for cell in row[4:]])
    assert [cell.value for cell in sheet[sheet.max_row][4:]] == found["vn"][1]
    assert sheet.auto_filter.ref == f"A1:L{sheet.max_row - 1}"
    return found


async def _from_archive(organizer: Visitor) -> tuple[list[int], list[Any]]:
    archive = zipfile.ZipFile(io.BytesIO((await organizer.get(f"{BASE}/archive.zip")).body))
    sums = json.loads(archive.read("sums.json"))

    def counted(of: dict[str, int]) -> list[int]:
        return [of[name] for name in COUNTED]

    units = [(one["code"], one["parent"], one["level"], counted(one["sum"])) for one in sums["units"]]
    return counted(sums["total"]), units


async def _from_document(organizer: Visitor) -> dict[str, list[int]]:
    """Each unit's figures stand behind its code, that of the unit above, and its level."""
    reply = await organizer.get(f"{BASE}/report.pdf?language=en")
    pages = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(reply.body)).pages)
    words = " ".join(" ".join(pages).split())
    found = {}
    for code, parent in TREE.items():
        place = re.search(rf" {code} {f'{parent} ' if parent else ''}{LEVELS[code]}((?: \d+){{8}})", words)
        assert place, f"{code} in {words}"
        found[code] = [int(figure) for figure in place[1].split()]
    return found


async def test_a_unit_of_the_document_stands_further_right_than_the_one_above_it(organizer: Visitor) -> None:
    reply = await organizer.get(f"{BASE}/report.pdf?language=vi")
    placed: dict[str, float] = {}

    def see(text: str, matrix: Any, *_: Any) -> None:
        placed.setdefault(text.strip(), matrix[4])

    for page in pypdf.PdfReader(io.BytesIO(reply.body)).pages:
        if "Mã cấp trên" in page.extract_text():
            page.extract_text(visitor_text=see)
    assert placed["Trung ương"] < placed["Tỉnh Vĩnh Long"] < placed["Xã 4"] == placed["Xã 1"]
