"""Units and points in PostgreSQL: the shell around the decisions of `directory`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from core.database import Database
from core.errors import BadInput, NotFound
from core.model import BridgePoint
from scheduler import booking
from scheduler.directory import Directory, plan_import
from scheduler.directory_export import write_csv, write_xlsx
from scheduler.directory_file import Row
from scheduler.directory_model import PointRecord
from scheduler.directory_records import lock_directory, read_directory, read_point, write_points, write_units
from scheduler.model import ImportReport, UnitSummary
from scheduler.reservations import SQL

log = structlog.get_logger("directory")


@dataclass(frozen=True)
class ChosenPoint:
    """A point that a booking means."""

    number: int
    code: str
    name: str


class DirectoryStore:
    """Reads and writes the directory; an import is one transaction."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def units(self) -> list[UnitSummary]:
        """All units by code, with the number of points in their subtrees."""
        return [UnitSummary(**row) for row in await self._pool.fetch(SQL["units"])]

    async def points(self, unit: str | None, q: str, *, direct: bool = False) -> list[BridgePoint]:
        """Points by code, of a unit's subtree (`direct`: of itself) and with `q` in code or name."""
        if not is_text(q) or not is_text(unit or ""):
            return []
        rows = await self._pool.fetch(SQL["points"], unit, q.strip() or None, direct)
        return [BridgePoint(**row) for row in rows]

    async def chosen(self, units: Sequence[str], points: Sequence[str], limit: int) -> list[ChosenPoint]:
        """The points of the subtrees of `units` and `points`, each once, in order of code.

        Raises `BadInput` `booking.unknown_unit`, `.unknown_point`, `.no_points`, `.too_many_points`.
        """
        points = sorted(set(points))
        units = sorted(set(units))
        if not all(is_text(code) for code in units):
            raise BadInput("booking.unknown_unit", "A unit's code is not readable text.")
        if not all(is_text(code) for code in points):
            raise BadInput("booking.unknown_point", "A bridge point's code is not readable text.")
        if len(points) > limit:
            booking.check_point_count(len(points), limit)
        await self._refuse_unknown(units, points)
        rows = await self._pool.fetch(SQL["chosen_points"], units, points, limit + 1)
        booking.check_point_count(len(rows), limit)
        return [ChosenPoint(**row) for row in rows]

    async def run_by(self, codes: Sequence[str], username: str, name: str) -> set[str]:
        """Those of the points that the directory says this person operates."""
        return {row["code"] for row in await self._pool.fetch(SQL["run_by"], codes, username, name)}

    async def _refuse_unknown(self, units: Sequence[str], points: Sequence[str]) -> None:
        missing = [row["code"] for row in await self._pool.fetch(SQL["unknown_units"], units)]
        if missing:
            raise BadInput("booking.unknown_unit", f"There is no unit {', '.join(missing)}.", units=missing)
        missing = [row["code"] for row in await self._pool.fetch(SQL["unknown_points"], points)]
        if missing:
            raise BadInput("booking.unknown_point", f"There is no bridge point {', '.join(missing)}.", points=missing)

    async def point(self, code: str) -> PointRecord:
        """One point in full; raises `NotFound` `directory.unknown_point`."""
        point = await read_point(self._pool, code) if is_text(code) else None
        if point is None:
            raise NotFound("directory.unknown_point", "There is no such bridge point.")
        return point

    async def apply(self, rows: Callable[[], Iterable[Row]], dry_run: bool) -> ImportReport:
        """Reads the rows (in a thread), plans the changes, and writes them unless there is a problem or `dry_run`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_directory(connection)
            present = await read_directory(connection)
            plan = await asyncio.to_thread(lambda: plan_import(rows(), present))
            report = plan.report
            if not dry_run and report.problem_count == 0:
                await write_units(connection, plan.units)
                await write_points(connection, plan.points)
                report = report.model_copy(update={"applied": True})
        log.info(
            "directory_import",
            applied=report.applied,
            rows=report.rows,
            problems=report.problem_count,
            codes=sorted({problem.code for problem in report.problems}),
        )
        return report

    async def csv(self) -> str:
        """The whole directory as a directory file."""
        present = await self._whole()
        return await asyncio.to_thread(write_csv, present.units.values(), present.points.values())

    async def xlsx(self) -> bytes:
        """The whole directory as a spreadsheet."""
        present = await self._whole()
        return await asyncio.to_thread(write_xlsx, present.units.values(), present.points.values())

    async def _whole(self) -> Directory:
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            return await read_directory(connection)


def is_text(value: str) -> bool:
    """Whether PostgreSQL can take it: no NUL, no lone surrogates."""
    return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
