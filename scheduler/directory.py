"""What a directory file changes: rows against the directory as it is give a plan, or problems. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.spreadsheet import FileRefused, Problems
from scheduler.directory_cells import fault_of, kind_of
from scheduler.directory_columns import Column
from scheduler.directory_file import Row
from scheduler.directory_model import PointRecord, UnitRecord
from scheduler.directory_points import kept, kept_kbps, read_points
from scheduler.model import ImportReport

PROBLEMS_SHOWN = 20_000
"""As many as a file may have rows; a report of more helps nobody."""
UNMENTIONED_SHOWN = 200

_UNIT_COLUMNS = (Column.UNIT_NAME, Column.UNIT_KIND, Column.PARENT_UNIT, Column.UPLINK_KBPS)


@dataclass(frozen=True)
class Directory:
    """The directory as it is, by code; `merged` are units that are no more, and their successors."""

    units: Mapping[str, UnitRecord]
    points: Mapping[str, PointRecord]
    merged: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _UnitDraft:
    row: int
    cells: dict[Column, str] = field(default_factory=dict)


@dataclass
class _SortedRows:
    """The file's rows by what they can be used for.

    `readable` have no bad cell. `describing` describe a unit and have no bad cell about it, whatever else is wrong
    with them, so that one wrong telephone number does not make all halls of the unit nobody's. `described` are the
    units that any row describes, well or badly.
    """

    count: int = 0
    readable: list[Row] = field(default_factory=list)
    describing: list[Row] = field(default_factory=list)
    described: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class ImportPlan:
    """What to write (only what is new or different), and the report of it, not yet applied."""

    units: tuple[UnitRecord, ...]
    points: tuple[PointRecord, ...]
    report: ImportReport


def plan_import(rows: Iterable[Row], present: Directory) -> ImportPlan:
    """Checks every row and works out the changes; with any problem the plan writes nothing."""
    problems = Problems("directory", PROBLEMS_SHOWN)
    sorted_rows = _sorted(rows, present, problems)
    readable, count = sorted_rows.readable, sorted_rows.count
    units = _units(sorted_rows.describing, present, problems)
    known = {**present.units, **units}
    spoilt = frozenset(sorted_rows.described - known.keys())
    _check_tree(units, known, spoilt, sorted_rows.describing, problems)
    points = read_points(readable, present.points, known, spoilt, problems)
    changed_units = tuple(unit for code, unit in units.items() if present.units.get(code) != unit)
    changed_points = tuple(point for code, point in points.items() if present.points.get(code) != point)
    units_new = sum(unit.code not in present.units for unit in changed_units)
    points_new = sum(point.code not in present.points for point in changed_points)
    unmentioned = sorted(_unmentioned(readable, present))
    report = ImportReport(
        applied=False,
        rows=count,
        units_new=units_new,
        units_updated=len(changed_units) - units_new,
        points_new=points_new,
        points_updated=len(changed_points) - points_new,
        points_unchanged=len(points) - len(changed_points),
        points_unmentioned=len(unmentioned),
        unmentioned=tuple(unmentioned[:UNMENTIONED_SHOWN]),
        problems=tuple(problems.shown),
        problem_count=problems.count,
    )
    if problems.count:
        return ImportPlan((), (), report)
    return ImportPlan(changed_units, changed_points, report)


def _sorted(rows: Iterable[Row], present: Directory, problems: Problems) -> _SortedRows:
    found = _SortedRows()
    try:
        for row in rows:
            found.count += 1
            faulty = _faulty_columns(row, present, problems)
            if not faulty:
                found.readable.append(row)
            if _describes_unit(row):
                found.described.add(row[Column.UNIT])
                if faulty.isdisjoint({Column.UNIT, *_UNIT_COLUMNS}):
                    found.describing.append(row)
    except FileRefused as exc:
        problems.refuse(exc)
    return found


def _describes_unit(row: Row) -> bool:
    return bool(row[Column.UNIT]) and (not row[Column.CODE] or any(row[column] for column in _UNIT_COLUMNS))


def _faulty_columns(row: Row, present: Directory, problems: Problems) -> set[Column]:
    """Reports the cells that cannot be used, and names their columns."""
    faulty: set[Column] = set()
    for column, text in row.cells.items():
        fault = fault_of(column, text)
        if fault is not None:
            problems.add(row.number, column, *fault, value=text)
            faulty.add(column)
    if not row[Column.CODE] and not row[Column.UNIT]:
        problems.add(row.number, Column.CODE, "missing_value", "This row names neither a point nor a unit.")
        faulty.add(Column.CODE)
    for column in (Column.UNIT, Column.PARENT_UNIT):
        successor = present.merged.get(row[column])
        if successor is not None:
            message = f"Unit {row[column]} was merged into {successor}."
            problems.add(row.number, column, "merged_unit", message, value=f"{row[column]} → {successor}")
            faulty.add(column)
    return faulty


def _units(rows: list[Row], present: Directory, problems: Problems) -> dict[str, UnitRecord]:
    """The units that the file describes; several rows may describe one unit if they agree."""
    drafts: dict[str, _UnitDraft] = {}
    for row in rows:
        code = row[Column.UNIT]
        told = {column: row[column] for column in _UNIT_COLUMNS if row[column]}
        draft = drafts.setdefault(code, _UnitDraft(row.number))
        for column, text in told.items():
            if draft.cells.setdefault(column, text) != text:
                message = f"Unit {code} is described differently in row {draft.row}."
                problems.add(row.number, column, "unit_disagrees", message, value=text)
    units = {code: _unit(code, draft, present.units.get(code), problems) for code, draft in drafts.items()}
    return {code: unit for code, unit in units.items() if unit is not None}


def _unit(code: str, draft: _UnitDraft, old: UnitRecord | None, problems: Problems) -> UnitRecord | None:
    name = draft.cells.get(Column.UNIT_NAME) or (old.name if old else "")
    told_kind = draft.cells.get(Column.UNIT_KIND)
    kind = kind_of(told_kind) if told_kind else (old.kind if old else None)
    if not name:
        problems.add(draft.row, Column.UNIT_NAME, "missing_value", f"Unit {code} is new and needs a name.")
    if kind is None:
        problems.add(draft.row, Column.UNIT_KIND, "missing_value", f"Unit {code} is new and needs a kind.")
    if not name or kind is None:
        return None
    parent = kept(draft.cells.get(Column.PARENT_UNIT, ""), (old.parent if old else None) or "")
    uplink = kept_kbps(draft.cells.get(Column.UPLINK_KBPS, ""), old.uplink_kbps if old else None)
    return UnitRecord(code=code, name=name, kind=kind, parent=parent or None, uplink_kbps=uplink)


def _check_tree(
    units: dict[str, UnitRecord],
    known: Mapping[str, UnitRecord],
    spoilt: frozenset[str],
    rows: list[Row],
    problems: Problems,
) -> None:
    """Every parent is known (or `spoilt`: its own row is reported), and no unit is above itself."""
    row_of = {row[Column.UNIT]: row.number for row in reversed(rows)}
    for unit in units.values():
        if unit.parent and unit.parent not in known:
            if unit.parent not in spoilt:
                message = f"There is no unit {unit.parent}."
                problems.add(row_of[unit.code], Column.PARENT_UNIT, "unknown_unit", message, value=unit.parent)
        elif any(above.code == unit.code for above in units_above(unit, known)):
            problems.add(
                row_of[unit.code], Column.PARENT_UNIT, "unit_circle", f"Unit {unit.code} is above itself.", unit.code
            )


def units_above(unit: UnitRecord, known: Mapping[str, UnitRecord]) -> Iterator[UnitRecord]:
    """The units above, nearest first; ends where a circle closes."""
    seen: set[str] = set()
    above = known.get(unit.parent or "")
    while above is not None and above.code not in seen:
        seen.add(above.code)
        yield above
        above = known.get(above.parent or "")


def _unmentioned(rows: list[Row], present: Directory) -> Iterator[str]:
    """Points that no row has though one has their unit or a unit above it: left as they are, and perhaps gone."""
    mentioned = {row[Column.CODE] for row in rows}
    touched = {row[Column.UNIT] for row in rows}
    cache: dict[str, bool] = {}
    for point in present.points.values():
        if point.code in mentioned:
            continue
        if point.unit not in cache:
            unit = present.units[point.unit]
            cache[point.unit] = unit.code in touched or any(
                above.code in touched for above in units_above(unit, present.units)
            )
        if cache[point.unit]:
            yield point.code
