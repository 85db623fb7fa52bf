"""Mergers and renames of units: what was stays known, what is booked stays booked."""

from __future__ import annotations

from typing import Any

import structlog

from core.clock import Clock
from core.database import Database
from core.errors import BadInput, Conflict, NotFound
from scheduler.directory import Directory, units_above
from scheduler.directory_model import MergeRequest, PastUnit, UnitRecord
from scheduler.directory_records import SQL, lock_directory, read_directory, write_units
from scheduler.directory_store import is_text

log = structlog.get_logger("directory")


class Mergers:
    """Merges units, renames them, and tells what they were."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._pool = database.pool
        self._clock = clock

    async def merge(self, request: MergeRequest) -> UnitRecord:
        """Merges units into one, present or new, in one transaction; a request for one unit alone renames or moves it.

        Raises `BadInput` `directory.unknown_unit`, `.merge_incomplete` (a new unit needs name and kind),
        `.unit_circle`, `.merge_future`, and `Conflict` `directory.merged_unit` (the new unit's code was merged away).
        """
        effective = request.effective or self._clock.now()
        if effective > self._clock.now():
            raise BadInput("directory.merge_future", "Record a merger when it has become valid.", field="effective")
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_directory(connection)
            present = await read_directory(connection)
            successor = _successor(request, present)
            ended = sorted({code for code in request.units if code != request.into})
            await connection.execute(SQL["set_effective"], effective)
            await write_units(connection, [successor])
            for code in ended:
                await connection.execute(SQL["merge_unit"], code, request.into)
        log.info("units_merged", units=len(ended), into=request.into)
        return successor

    async def history(self, code: str) -> list[PastUnit]:
        """What a unit was before, oldest first; raises `NotFound` when it neither is nor was."""
        rows = await self._pool.fetch(SQL["unit_history"], code) if is_text(code) else []
        if not rows and not await self._is_present(code):
            raise NotFound("directory.unknown_unit", "There is and was no such unit.")
        return [PastUnit(**row) for row in rows]

    async def predecessors(self, code: str) -> list[PastUnit]:
        """The units that went into this one, directly or by way of others, the latest first."""
        rows = await self._pool.fetch(SQL["predecessors"], code) if is_text(code) else []
        return [PastUnit(**row) for row in rows]

    async def _is_present(self, code: str) -> bool:
        if not is_text(code):
            return False
        found: bool = await self._pool.fetchval("SELECT EXISTS (SELECT FROM unit WHERE code = $1)", code)
        return found


def _successor(request: MergeRequest, present: Directory) -> UnitRecord:
    """The unit as it will be; raises what `Mergers.merge` says."""
    missing = sorted(code for code in request.units if code not in present.units)
    if missing:
        raise BadInput("directory.unknown_unit", f"There is no unit {', '.join(missing[:20])}.", units=missing[:20])
    old = present.units.get(request.into)
    if old is None and request.into in present.merged:
        raise Conflict("directory.merged_unit", f"Unit {request.into} was itself merged away; use another code.")
    told = {"name": request.name, "kind": request.kind, "parent": request.parent}
    facts = {**(old.model_dump() if old else {}), **{key: value for key, value in told.items() if value is not None}}
    if not facts.get("name") or not facts.get("kind"):
        raise BadInput("directory.merge_incomplete", "A new unit needs a name and a kind.")
    successor = _validated({"code": request.into, **facts})
    return _placed(successor, frozenset(request.units) - {request.into}, present)


def _validated(facts: dict[str, Any]) -> UnitRecord:
    try:
        return UnitRecord(**facts)
    except ValueError as exc:
        raise BadInput("directory.merge_incomplete", "The new unit's code or name is too long or not allowed.") from exc


def _placed(successor: UnitRecord, ended: frozenset[str], present: Directory) -> UnitRecord:
    """Under the nearest unit above that does not end."""
    known = {**present.units, successor.code: successor}
    if successor.parent is not None and successor.parent not in known:
        raise BadInput("directory.unknown_unit", f"There is no unit {successor.parent}.", units=[successor.parent])
    above = list(units_above(successor, known))
    if any(unit.code == successor.code for unit in above):
        raise BadInput("directory.unit_circle", f"Unit {successor.code} would be above itself.")
    staying = next((unit.code for unit in above if unit.code not in ended), None)
    return successor.model_copy(update={"parent": staying})
