"""Maintenance windows: times in which halls cannot be used. They hold points exactly as conferences do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import AwareDatetime

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import Model
from core.settings import Limits
from scheduler.booking import LONGEST, clash_error
from scheduler.directory_store import DirectoryStore
from scheduler.reservations import clashes, lock_points, writing

log = structlog.get_logger("maintenance")

SQL = load_queries("scheduler", "maintenance.sql")
LIST_LIMIT = 1_000
MAX_REASON = 200


class MaintenanceRequest(Model):
    """Takes every point of the subtrees of `units`, and `points`, out of use from `start` to `stop`."""

    reason: str
    start: AwareDatetime
    stop: AwareDatetime
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


class MaintenanceWindow(Model):
    """A window with the codes of its points."""

    id: str
    reason: str
    start: AwareDatetime
    stop: AwareDatetime
    points: tuple[str, ...]
    booked_by: str


class Maintenance:
    """Announces, lists and ends maintenance windows. Booking needs no knowledge of them: the constraint has it."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._pool = database.pool
        self._directory = DirectoryStore(database)
        self._clock = clock
        self._limits = limits

    async def announce(self, request: MaintenanceRequest, by: str) -> MaintenanceWindow:
        """Takes the points out of use, or raises `Conflict` `booking.clash` naming what holds them, and does nothing.

        Raises `BadInput` `maintenance.reason`, `.times`, and as `DirectoryStore.chosen`.
        """
        reason = _checked_reason(request.reason)
        _check_times(request, self._clock.now())
        points = await self._directory.chosen(request.units, request.points, self._limits.points_per_conference)
        numbers = [point.number for point in points]
        id, span = uuid4(), (request.start, request.stop)
        async with writing(self._pool) as connection:
            await lock_points(connection, numbers)
            await connection.execute(SQL["insert_window"], id, reason, *span, by, self._clock.now())
            status = await connection.execute(SQL["hold"], id, numbers, *span)
            if int(status.rpartition(" ")[2]) != len(numbers):
                raise clash_error(await clashes(connection, numbers, *span, id))
        log.info("maintenance_announced", window=str(id), points=len(numbers))
        return await self.window(str(id))

    async def windows(self, start: datetime, stop: datetime, unit: str | None = None) -> list[MaintenanceWindow]:
        """The windows that touch a time, with a point in a unit's subtree; earliest first, at most 1,000."""
        rows = await self._pool.fetch(SQL["windows"], start, stop, unit, LIST_LIMIT)
        return [_window(row) for row in rows]

    async def window(self, id: str) -> MaintenanceWindow:
        """One window; raises `NotFound` `maintenance.unknown`."""
        row = await self._pool.fetchrow(SQL["window"], _key(id))
        if row is None:
            raise _unknown()
        return _window(row)

    async def end(self, id: str) -> None:
        """Frees the points from now on: a window to come is withdrawn, a running one keeps what has passed.

        Raises `NotFound` `maintenance.unknown`, `Conflict` `maintenance.over`.
        """
        window, now = await self.window(id), self._clock.now()
        if window.stop <= now:
            raise Conflict("maintenance.over", "This maintenance is over.")
        if now <= window.start:
            await self._pool.execute(SQL["delete_window"], _key(id))
        else:
            await self._pool.execute(SQL["cut_window"], _key(id), now)
        log.info("maintenance_ended", window=id)


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        message = f"Say in 1 to {MAX_REASON} characters, on one line, what the maintenance is for."
        raise BadInput("maintenance.reason", message, limit=MAX_REASON)
    return reason


def _check_times(request: MaintenanceRequest, now: datetime) -> None:
    if request.stop <= request.start:
        raise BadInput("maintenance.times", "The maintenance must end after it begins.", field="stop")
    if request.stop <= now:
        raise BadInput("maintenance.times", "The maintenance is in the past.", field="stop")
    if request.stop - request.start > 12 * LONGEST:
        raise BadInput("maintenance.times", f"A maintenance lasts at most {12 * LONGEST.days} days.", field="stop")


def _window(row: Any) -> MaintenanceWindow:
    return MaintenanceWindow(**{**row, "id": str(row["id"]), "points": tuple(row["points"])})


def _key(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise _unknown() from exc


def _unknown() -> NotFound:
    return NotFound("maintenance.unknown", "There is no such maintenance window.")
