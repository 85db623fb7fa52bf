"""What a directory file changes: rows against the directory as it is give a plan, or problems. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.model import BridgePoint, Unit, UnitKind
from scheduler.directory_file import Column, FileRefused, Row, fold
from scheduler.model import ImportProblem, ImportReport

PROBLEMS_SHOWN = 200
ERASE = "-"
"""In `contact` and `parent_unit`: make it empty. An empty cell leaves what is there."""

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SEATS = range(100_001)
_LENGTHS = {Column.NAME: 200, Column.UNIT_NAME: 200, Column.CONTACT: 200}
_KINDS = {
    **{kind.value: kind for kind in UnitKind},
    "center": UnitKind.CENTRE,
    "trung uong": UnitKind.CENTRE,
    "tinh": UnitKind.PROVINCE,
    "thanh pho": UnitKind.PROVINCE,
    "ward": UnitKind.COMMUNE,
    "xa": UnitKind.COMMUNE,
    "phuong": UnitKind.COMMUNE,
    "dac khu": UnitKind.COMMUNE,
}


class Problems:
    """Collects what is wrong; keeps the first 200 and counts the rest."""

    def __init__(self) -> None:
        self.shown: list[ImportProblem] = []
        self.count = 0

    def add(self, row: int, column: str, code: str, message: str) -> None:
        self.count += 1
        if len(self.shown) < PROBLEMS_SHOWN:
            self.shown.append(ImportProblem(row=row, column=column, code=f"directory.{code}", message=message))


@dataclass(frozen=True)
class Directory:
    """The directory as it is, by code."""

    units: Mapping[str, Unit]
    points: Mapping[str, BridgePoint]


@dataclass
class _UnitDraft:
    row: int
    cells: dict[Column, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportPlan:
    """What to write (only what is new or different), and the report of it, not yet applied."""

    units: tuple[Unit, ...]
    points: tuple[BridgePoint, ...]
    report: ImportReport


def plan_import(rows: Iterable[Row], present: Directory) -> ImportPlan:
    """Checks every row and works out the changes; with any problem the plan writes nothing."""
    problems = Problems()
    kept, count = _readable(rows, problems)
    units = _units(kept, present, problems)
    known = {**present.units, **units}
    _check_tree(units, known, kept, problems)
    points = _points(kept, present, known, problems)
    changed_units = tuple(unit for code, unit in units.items() if present.units.get(code) != unit)
    changed_points = tuple(point for code, point in points.items() if present.points.get(code) != point)
    units_new = sum(unit.code not in present.units for unit in changed_units)
    points_new = sum(point.code not in present.points for point in changed_points)
    report = ImportReport(
        applied=False,
        rows=count,
        units_new=units_new,
        units_updated=len(changed_units) - units_new,
        points_new=points_new,
        points_updated=len(changed_points) - points_new,
        points_unchanged=len(points) - len(changed_points),
        problems=tuple(problems.shown),
        problem_count=problems.count,
    )
    if problems.count:
        return ImportPlan((), (), report)
    return ImportPlan(changed_units, changed_points, report)


def _readable(rows: Iterable[Row], problems: Problems) -> tuple[list[Row], int]:
    """The rows whose cells can be used, and how many rows there were."""
    kept: list[Row] = []
    count = 0
    try:
        for row in rows:
            count += 1
            if _cells_are_good(row, problems):
                kept.append(row)
    except FileRefused as exc:
        problems.add(exc.row, exc.column, exc.code.removeprefix("directory."), exc.message)
    return kept, count


def _cells_are_good(row: Row, problems: Problems) -> bool:
    before = problems.count
    for column, text in row.cells.items():
        _check_cell(row.number, column, text, problems)
    if not row[Column.CODE] and not row[Column.UNIT]:
        problems.add(row.number, Column.CODE, "missing_value", "This row names neither a point nor a unit.")
    return problems.count == before


def _check_cell(number: int, column: Column, text: str, problems: Problems) -> None:
    if not text:
        return
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        problems.add(number, column, "control_character", "There is an invisible control character or a line break.")
    elif column in _LENGTHS and len(text) > _LENGTHS[column]:
        problems.add(number, column, "too_long", f"{len(text)} characters; at most {_LENGTHS[column]} are allowed.")
    elif column in (Column.CODE, Column.UNIT) or (column is Column.PARENT_UNIT and text != ERASE):
        if not _CODE.fullmatch(text):
            problems.add(
                number, column, "bad_code", "A code has 1 to 64 letters A-Z, digits, dots, hyphens, underscores."
            )
    elif column is Column.SEATS and _seats(text) is None:
        problems.add(number, column, "bad_seats", "Seats must be a whole number from 0 to 100,000.")
    elif column is Column.UNIT_KIND and fold(text) not in _KINDS:
        problems.add(number, column, "bad_kind", "The kind must be centre, province or commune.")


def _seats(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    return int(text) if int(text) in _SEATS else None


def _units(rows: list[Row], present: Directory, problems: Problems) -> dict[str, Unit]:
    """The units that the file describes; several rows may describe one unit if they agree."""
    drafts: dict[str, _UnitDraft] = {}
    for row in rows:
        code = row[Column.UNIT]
        told = {c: row[c] for c in (Column.UNIT_NAME, Column.UNIT_KIND, Column.PARENT_UNIT) if row[c]}
        if not code or not (told or not row[Column.CODE]):
            continue
        draft = drafts.setdefault(code, _UnitDraft(row.number))
        for column, text in told.items():
            if draft.cells.setdefault(column, text) != text:
                message = f"Unit {code} is described differently in row {draft.row}."
                problems.add(row.number, column, "unit_disagrees", message)
    units = {code: _unit(code, draft, present.units.get(code), problems) for code, draft in drafts.items()}
    return {code: unit for code, unit in units.items() if unit is not None}


def _unit(code: str, draft: _UnitDraft, old: Unit | None, problems: Problems) -> Unit | None:
    name = draft.cells.get(Column.UNIT_NAME) or (old.name if old else "")
    told_kind = draft.cells.get(Column.UNIT_KIND)
    kind = _KINDS[fold(told_kind)] if told_kind else (old.kind if old else None)
    if not name:
        problems.add(draft.row, Column.UNIT_NAME, "missing_value", f"Unit {code} is new and needs a name.")
    if kind is None:
        problems.add(draft.row, Column.UNIT_KIND, "missing_value", f"Unit {code} is new and needs a kind.")
    if not name or kind is None:
        return None
    parent = _kept(draft.cells.get(Column.PARENT_UNIT, ""), (old.parent if old else None) or "")
    return Unit(code=code, name=name, kind=kind, parent=parent or None)


def _kept(text: str, old: str) -> str:
    """A new value, nothing for the erasing sign, and the old value for an empty cell."""
    return "" if text == ERASE else text or old


def _check_tree(units: dict[str, Unit], known: Mapping[str, Unit], rows: list[Row], problems: Problems) -> None:
    """Every parent is known, and no unit is above itself."""
    row_of = {row[Column.UNIT]: row.number for row in reversed(rows)}
    for unit in units.values():
        if unit.parent and unit.parent not in known:
            problems.add(row_of[unit.code], Column.PARENT_UNIT, "unknown_unit", f"There is no unit {unit.parent}.")
        elif _is_above_itself(unit, known):
            problems.add(row_of[unit.code], Column.PARENT_UNIT, "unit_circle", f"Unit {unit.code} is above itself.")


def _is_above_itself(unit: Unit, known: Mapping[str, Unit]) -> bool:
    seen = {unit.code}
    above = known.get(unit.parent or "")
    while above is not None:
        if above.code == unit.code:
            return True
        if above.code in seen:
            return False
        seen.add(above.code)
        above = known.get(above.parent or "")
    return False


def _points(
    rows: list[Row], present: Directory, units: Mapping[str, Unit], problems: Problems
) -> dict[str, BridgePoint]:
    points: dict[str, BridgePoint] = {}
    first: dict[str, int] = {}
    for row in rows:
        code = row[Column.CODE]
        if not code:
            continue
        if code in first:
            message = f"Code {code} is already in row {first[code]}."
            problems.add(row.number, Column.CODE, "duplicate_code", message)
            continue
        first[code] = row.number
        point = _point(row, present.points.get(code), units, problems)
        if point is not None:
            points[code] = point
    return points


def _point(row: Row, old: BridgePoint | None, units: Mapping[str, Unit], problems: Problems) -> BridgePoint | None:
    name = row[Column.NAME] or (old.name if old else "")
    unit = row[Column.UNIT] or (old.unit if old else "")
    if not name:
        problems.add(row.number, Column.NAME, "missing_value", "A new point needs a name.")
    if not unit:
        problems.add(row.number, Column.UNIT, "missing_value", "A new point needs a unit.")
    elif unit not in units:
        problems.add(row.number, Column.UNIT, "unknown_unit", f"There is no unit {unit}.")
    if not name or unit not in units:
        return None
    seats = _seats(row[Column.SEATS])
    return BridgePoint(
        code=row[Column.CODE],
        name=name,
        unit=unit,
        seats=seats if seats is not None else (old.seats if old else 0),
        contact=_kept(row[Column.CONTACT], old.contact if old else ""),
        number=old.number if old else 0,
    )
