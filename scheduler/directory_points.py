"""Points from the rows of a directory file, onto what is known of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from core.model import Unit
from scheduler.directory_cells import ERASE, equipment_of, kbps_of, seats_of
from scheduler.directory_columns import BACKUP, LINE, OPERATORS, Column, LineColumns, OperatorColumns
from scheduler.directory_file import Row
from scheduler.directory_model import Line, Operator, PointRecord


class Report(Protocol):
    """Where problems go: row, column, code, message, and what the file says there."""

    def add(self, row: int, column: str, code: str, message: str, value: str = "") -> None: ...


def kept(text: str, old: str) -> str:
    """A new value, nothing for the erasing sign, and the old value for an empty cell."""
    return "" if text == ERASE else text or old


def kept_kbps(text: str, old: int | None) -> int | None:
    """The same for a bandwidth."""
    return kbps_of(text) if text else old


def read_points(
    rows: Iterable[Row],
    present: Mapping[str, PointRecord],
    units: Mapping[str, Unit],
    spoilt: frozenset[str],
    problems: Report,
) -> dict[str, PointRecord]:
    """The points that the rows describe, by code; a code may stand in one row only.

    Points of a `spoilt` unit, whose own row is reported, are not reported for it once more.
    """
    points: dict[str, PointRecord] = {}
    first: dict[str, int] = {}
    for row in rows:
        code = row[Column.CODE]
        if not code:
            continue
        if code in first:
            message = f"Code {code} is already in row {first[code]}."
            problems.add(row.number, Column.CODE, "duplicate_code", message, value=code)
            continue
        first[code] = row.number
        point = _point(row, present.get(code), units, spoilt, problems)
        if point is not None:
            points[code] = point
    return points


def _point(
    row: Row, old: PointRecord | None, units: Mapping[str, Unit], spoilt: frozenset[str], problems: Report
) -> PointRecord | None:
    name = row[Column.NAME] or (old.name if old else "")
    unit = row[Column.UNIT] or (old.unit if old else "")
    if not name:
        problems.add(row.number, Column.NAME, "missing_value", "A new point needs a name.")
    if not unit:
        problems.add(row.number, Column.UNIT, "missing_value", "A new point needs a unit.")
    elif unit not in units and unit not in spoilt:
        problems.add(row.number, Column.UNIT, "unknown_unit", f"There is no unit {unit}.", value=unit)
    if not name or unit not in units:
        return None
    seats = seats_of(row[Column.SEATS])
    return PointRecord(
        code=row[Column.CODE],
        name=name,
        unit=unit,
        seats=seats if seats is not None else (old.seats if old else 0),
        contact=kept(row[Column.CONTACT], old.contact if old else ""),
        number=old.number if old else 0,
        address=kept(row[Column.ADDRESS], old.address if old else ""),
        equipment=_equipment(row[Column.EQUIPMENT], old),
        operators=_operators(row, old, problems),
        line=_line(row, LINE, old.line if old else None),
        backup=_line(row, BACKUP, old.backup if old else None),
    )


def _equipment(text: str, old: PointRecord | None) -> tuple[str, ...]:
    if text == ERASE:
        return ()
    return equipment_of(text) if text else (old.equipment if old else ())


def _operators(row: Row, old: PointRecord | None, problems: Report) -> tuple[Operator, ...]:
    """Operators by their places; one who is erased makes room for the next."""
    before = old.operators if old else ()
    people: list[Operator] = []
    for place, columns in enumerate(OPERATORS):
        person = _operator(row, columns, before[place] if place < len(before) else None, problems)
        if person is not None:
            people.append(person)
    return tuple(people)


def _operator(row: Row, columns: OperatorColumns, old: Operator | None, problems: Report) -> Operator | None:
    told, phone, email = (row[column] for column in columns)
    if told == ERASE:
        return None
    name = told or (old.name if old else "")
    if not name:
        if phone or email:
            problems.add(row.number, columns.name, "missing_value", "An operator needs a name.")
        return None
    if told and old and told != old.name:
        # Somebody else: the predecessor's telephone is not theirs.
        old = None
    return Operator(name=name, phone=kept(phone, old.phone if old else ""), email=kept(email, old.email if old else ""))


def _line(row: Row, columns: LineColumns, old: Line | None) -> Line | None:
    provider, up, down = (row[column] for column in columns)
    if not provider and not up and not down:
        return old
    line = Line(
        provider=kept(provider, old.provider if old else ""),
        up_kbps=kept_kbps(up, old.up_kbps if old else None),
        down_kbps=kept_kbps(down, old.down_kbps if old else None),
    )
    return line if line != Line() else None
