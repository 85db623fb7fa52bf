"""Units and points in full, read from and written to PostgreSQL within the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from core.database import load_queries
from scheduler.directory import Directory
from scheduler.directory_model import Line, Operator, PointRecord, UnitRecord
from scheduler.reservations import Connection

SQL = load_queries("scheduler", "directory.sql")
IMPORT_LOCK = 7_205_759_404


async def lock_directory(connection: Connection) -> None:
    """Makes other changes of the directory wait until this transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", IMPORT_LOCK)


async def read_directory(connection: Connection) -> Directory:
    """Everything."""
    units = [UnitRecord(**row) for row in await connection.fetch(SQL["all_units"])]
    points = await _complete(connection, await connection.fetch(SQL["all_points"]), None)
    merged = {row["code"]: row["successor"] for row in await connection.fetch(SQL["merged_units"])}
    return Directory({unit.code: unit for unit in units}, {point.code: point for point in points}, merged)


async def read_point(connection: Connection, code: str) -> PointRecord | None:
    """One point; None when there is none."""
    rows = await connection.fetch(SQL["point_by_code"], code)
    points = await _complete(connection, rows, [row["number"] for row in rows])
    return points[0] if points else None


async def _complete(connection: Connection, rows: Sequence[Any], numbers: list[int] | None) -> list[PointRecord]:
    operators: dict[int, list[Operator]] = defaultdict(list)
    for row in await connection.fetch(SQL["operators"], numbers):
        operators[row["point"]].append(Operator(name=row["name"], phone=row["phone"], email=row["email"]))
    lines: dict[tuple[int, bool], Line] = {}
    for row in await connection.fetch(SQL["lines"], numbers):
        line = Line(provider=row["provider"], up_kbps=row["up_kbps"], down_kbps=row["down_kbps"])
        lines[row["point"], row["backup"]] = line
    return [
        PointRecord(
            **row,
            operators=tuple(operators.get(row["number"], ())),
            line=lines.get((row["number"], False)),
            backup=lines.get((row["number"], True)),
        )
        for row in rows
    ]


async def write_units(connection: Connection, units: Sequence[UnitRecord]) -> None:
    """Adds and changes units; a new parent comes with them or is there."""
    rows = [(unit.code, unit.name, unit.kind.value, unit.parent, unit.uplink_kbps) for unit in units]
    await connection.execute(SQL["put_units"], *_columns(rows, 5))


async def write_points(connection: Connection, points: Sequence[PointRecord]) -> None:
    """Adds and changes points, with their operators and lines."""
    codes = [point.code for point in points]
    facts = [(p.code, p.name, p.unit, p.seats, p.contact, p.address, "\n".join(p.equipment)) for p in points]
    await connection.execute(SQL["put_points"], *_columns(facts, 7))
    await connection.execute(SQL["clear_operators"], codes)
    await connection.execute(SQL["clear_lines"], codes)
    people = [
        (point.code, place, person.name, person.phone, person.email)
        for point in points
        for place, person in enumerate(point.operators, start=1)
    ]
    await connection.execute(SQL["put_operators"], *_columns(people, 5))
    lines = [
        (point.code, backup, line.provider, line.up_kbps, line.down_kbps)
        for point in points
        for backup, line in ((False, point.line), (True, point.backup))
        if line is not None
    ]
    await connection.execute(SQL["put_lines"], *_columns(lines, 5))


def _columns(rows: Iterable[tuple[object, ...]], count: int) -> list[list[object]]:
    """Rows to one list per column, also when there are none."""
    columns: list[list[object]] = [[] for _ in range(count)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns
