"""The delegates' file: its columns, and what it would change. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.settings import Limits
from core.spreadsheet import FileRefused, Layout, Problems, Row
from monitor.delegates.model import DelegateImport

PROBLEMS_SHOWN = 200
MOST_DELEGATES = 20_000
"""Of one conference."""


class Column(StrEnum):
    """The columns of a delegates' file, by their English header."""

    CODE = "code"
    NAME = "name"
    POINT = "point"
    POSITION = "position"
    ORGANISATION = "organisation"


HEADERS: dict[str, Column | None] = {
    **{column.value: column for column in Column},
    "delegate code": Column.CODE,
    "ma": Column.CODE,
    "ma dai bieu": Column.CODE,
    "ho ten": Column.NAME,
    "ho va ten": Column.NAME,
    "dai bieu": Column.NAME,
    "ten dai bieu": Column.NAME,
    "point code": Column.POINT,
    "diem cau": Column.POINT,
    "ma diem cau": Column.POINT,
    "chuc vu": Column.POSITION,
    "chuc danh": Column.POSITION,
    "title": Column.POSITION,
    "don vi": Column.ORGANISATION,
    "co quan": Column.ORGANISATION,
    "don vi cong tac": Column.ORGANISATION,
    # What people keep for themselves, and what the exported file has besides: accepted, not read.
    **dict.fromkeys(("stt", "no", "ghi chu", "note", "point name", "state", "reason", "at", "by", "link")),
}
REQUIRED = (Column.CODE, Column.NAME, Column.POINT)
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_LETTERS = 200


def layout(limits: Limits) -> Layout[Column]:
    """What a delegates' file may look like."""
    return Layout("delegates", HEADERS, REQUIRED, limits.directory_bytes, limits.directory_rows)


@dataclass(frozen=True)
class Listed:
    """A delegate as a file describes one."""

    code: str
    name: str
    point: str
    position: str = ""
    organisation: str = ""


@dataclass(frozen=True)
class Plan:
    """The delegates that are new or different, and the report."""

    changed: tuple[Listed, ...]
    report: DelegateImport


def plan_import(rows: Iterable[Row[Column]], present: Mapping[str, Listed], points: Iterable[str]) -> Plan:
    """What the file changes, given the conference's delegates by code and its booked points' codes.

    A file adds and updates by code and takes nobody away. An empty cell changes nothing in somebody known.
    """
    problems, booked = Problems("delegates", PROBLEMS_SHOWN), frozenset(points)
    listed: dict[str, Listed] = {}
    first: dict[str, int] = {}
    count = 0
    try:
        for row in rows:
            count += 1
            one = _one(row, present, booked, problems)
            if row[Column.CODE] in first:
                message = f"Delegate {row[Column.CODE]} is in row {first[row[Column.CODE]]} already."
                problems.add(row.number, Column.CODE, "duplicate_code", message)
            elif row[Column.CODE]:
                first[row[Column.CODE]] = row.number
            if one is not None:
                listed.setdefault(one.code, one)
    except FileRefused as exc:
        problems.refuse(exc)
    if len({*listed, *present}) > MOST_DELEGATES:
        problems.add(0, "", "too_many", f"A conference has at most {MOST_DELEGATES:,} delegates.")
    return _plan(listed, present, first, count, problems)


def _plan(
    listed: Mapping[str, Listed],
    present: Mapping[str, Listed],
    first: Mapping[str, int],
    count: int,
    problems: Problems,
) -> Plan:
    changed = tuple(one for code, one in listed.items() if present.get(code) != one)
    added = sum(one.code not in present for one in changed)
    report = DelegateImport(
        applied=False,
        rows=count,
        added=added,
        updated=len(changed) - added,
        unchanged=len(listed) - len(changed),
        unmentioned=len(set(present).difference(first)),
        problems=tuple(sorted(problems.shown, key=lambda one: one.row)),
        problem_count=problems.count,
    )
    return Plan(() if problems.count else changed, report)


def _one(row: Row[Column], present: Mapping[str, Listed], booked: frozenset[str], problems: Problems) -> Listed | None:
    """The delegate of one row; None, with every problem told, when it cannot be used."""
    before, old = problems.count, present.get(row[Column.CODE])
    for column, text in row.cells.items():
        if len(text) > _MOST_LETTERS:
            problems.add(row.number, column, "too_long", f"At most {_MOST_LETTERS} characters.")
        elif any(unicodedata.category(letter) == "Cc" for letter in text):
            problems.add(row.number, column, "control_character", "There is a line break or a tab inside.")
    if row[Column.CODE] and _CODE.fullmatch(row[Column.CODE]) is None:
        problems.add(row.number, Column.CODE, "bad_code", "A code has 1 to 64 of A-Z a-z 0-9 . _ -")
    name, point = (row[column] or (getattr(old, column.value) if old else "") for column in REQUIRED[1:])
    for column, text in ((Column.CODE, row[Column.CODE]), (Column.NAME, name), (Column.POINT, point)):
        if not text:
            problems.add(row.number, column, "missing_value", "This cell must be filled.")
    if point and point not in booked:
        message = f"Point {point[:64]} does not take part in this conference."
        problems.add(row.number, Column.POINT, "unknown_point", message)
    if problems.count > before:
        return None
    position, organisation = (
        row[column] or (getattr(old, column.value) if old else "") for column in (Column.POSITION, Column.ORGANISATION)
    )
    return Listed(row[Column.CODE], name, point, position, organisation)
