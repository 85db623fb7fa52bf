"""Choosing points: by unit and subtree, by saved audience, by a pasted list, less what is left out."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import PointRef
from core.settings import Limits
from scheduler import booking
from scheduler.choosing_model import (
    AmbiguousLine,
    Audience,
    AudienceRequest,
    Candidate,
    Choice,
    Chosen,
    MergedUnit,
    UnknownLine,
)
from scheduler.choosing_names import Matches, Named, NameIndex, match_lines
from scheduler.directory_store import ChosenPoint, is_text

log = structlog.get_logger("choosing")

SQL = load_queries("scheduler", "choosing.sql")
DEEPEST = 5
"""Audiences within audiences."""
_NAMED_IN_ERROR = 20


class _Gathered:
    """What resolving a choice has come to so far."""

    def __init__(self) -> None:
        self.points: dict[str, ChosenPoint] = {}
        self.matches = Matches()
        self.merged: dict[str, str] = {}


class Choosing:
    """Resolves choices and keeps audiences."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._pool = database.pool
        self._clock = clock
        self._limits = limits

    async def resolve(self, choice: Choice) -> Chosen:
        """The points of a choice, for a live count; none at all is a fine answer.

        Raises `BadInput` `booking.unknown_unit`, `.unknown_point`, `choosing.unknown_audience`, `.audience_circle`.
        """
        gathered = await self._gather(choice)
        return Chosen(
            count=len(gathered.points),
            points=tuple(PointRef(code=point.code, name=point.name) for point in gathered.points.values()),
            unknown=tuple(UnknownLine(line=line, text=text) for line, text in gathered.matches.unknown),
            ambiguous=tuple(
                AmbiguousLine(line=line, text=text, candidates=tuple(_candidate(entry) for entry in entries))
                for line, text, entries in gathered.matches.ambiguous
            ),
            merged=tuple(MergedUnit(code=old, successor=new) for old, new in sorted(gathered.merged.items())),
        )

    async def points(self, choice: Choice) -> list[ChosenPoint]:
        """The points of a choice to be booked; raises as `resolve`, and when it cannot be followed to the letter:

        `BadInput` `choosing.unclear` (a pasted line is unknown or ambiguous), `booking.no_points`, `.too_many_points`.
        """
        gathered = await self._gather(choice)
        unclear = [*gathered.matches.unknown, *((line, text) for line, text, _ in gathered.matches.ambiguous)]
        if unclear:
            lines = [line for line, _ in sorted(unclear)]
            message = f"{len(lines)} of the pasted lines are unknown or ambiguous."
            raise BadInput("choosing.unclear", message, lines=lines[:_NAMED_IN_ERROR], count=len(lines))
        booking.check_point_count(len(gathered.points), self._limits.points_per_conference)
        return list(gathered.points.values())

    async def audiences(self) -> list[Audience]:
        """All saved audiences by name."""
        return [_audience(row) for row in await self._pool.fetch(SQL["audiences"])]

    async def audience(self, id: str) -> Audience:
        """One audience; raises `NotFound` `choosing.unknown_audience`."""
        row = await self._pool.fetchrow(SQL["audience"], _key(id))
        if row is None:
            raise _unknown()
        return _audience(row)

    async def save(self, request: AudienceRequest, by: str) -> Audience:
        """Keeps a new audience; raises as `resolve`, `BadInput` `choosing.name`, `Conflict` `choosing.name_taken`."""
        id = uuid4()
        name, choice = await self._checked(request)
        try:
            await self._pool.execute(SQL["add_audience"], id, name, choice, by, self._clock.now())
        except asyncpg.UniqueViolationError as exc:
            raise _taken() from exc
        return await self.audience(str(id))

    async def change(self, id: str, request: AudienceRequest, by: str) -> Audience:
        """Gives an audience another name or choice; raises as `save`, `NotFound`, `Conflict` `choosing.changed`."""
        present = await self.audience(id)
        name, choice = await self._checked(request, within=[_key(id)])
        version = present.version if request.version is None else request.version
        try:
            status = await self._pool.execute(
                SQL["change_audience"], _key(id), name, choice, by, self._clock.now(), version
            )
        except asyncpg.UniqueViolationError as exc:
            raise _taken() from exc
        if status != "UPDATE 1":
            raise Conflict("choosing.changed", "Somebody has changed this audience meanwhile. Look at it again.")
        return await self.audience(id)

    async def drop(self, id: str) -> None:
        """Forgets an audience; what was booked with it stays. Raises `NotFound`."""
        if await self._pool.execute(SQL["drop_audience"], _key(id)) != "DELETE 1":
            raise _unknown()

    async def _checked(self, request: AudienceRequest, within: list[UUID] | None = None) -> tuple[str, dict[str, Any]]:
        name = request.name.strip()
        if not 1 <= len(name) <= 200 or not name.isprintable():
            raise BadInput("choosing.name", "Give the audience a name of 1 to 200 characters, on one line.")
        await self._gather(request.choice, within)
        return name, request.choice.model_dump(mode="json")

    async def _gather(self, choice: Choice, within: list[UUID] | None = None) -> _Gathered:
        gathered = _Gathered()
        for point in await self._resolved(choice, gathered, within or []):
            gathered.points[point.code] = point
        return gathered

    async def _resolved(self, choice: Choice, gathered: _Gathered, within: list[UUID]) -> list[ChosenPoint]:
        """The points of one choice; `within` are the audiences that it is part of."""
        units, points = set(choice.units), set(choice.points)
        if choice.pasted.strip():
            matches = await self._matched(choice.pasted)
            gathered.matches.unknown += matches.unknown
            gathered.matches.ambiguous += matches.ambiguous
            units |= matches.units
            points |= matches.points
        for name in choice.audiences:
            points |= {point.code for point in await self._audience_points(name, gathered, within)}
        units = await self._present(units, gathered)
        left_out = await self._present(set(choice.except_units), gathered)
        await self._refuse_unknown_points({*choice.points, *choice.except_points})
        rows = await self._pool.fetch(SQL["chosen"], list(units), list(points), list(left_out), choice.except_points)
        return [ChosenPoint(**row) for row in rows]

    async def _audience_points(self, name: str, gathered: _Gathered, within: list[UUID]) -> list[ChosenPoint]:
        row = await self._pool.fetchrow(SQL["audience_by_name"], name.strip()) if is_text(name) else None
        if row is None:
            raise BadInput("choosing.unknown_audience", f"There is no audience “{name}”.", audience=name)
        if row["id"] in within or len(within) >= DEEPEST:
            message = f"The audience “{name}” contains itself, or audiences more than {DEEPEST} deep."
            raise BadInput("choosing.audience_circle", message, audience=name)
        return await self._resolved(Choice.model_validate(row["choice"]), gathered, [*within, row["id"]])

    async def _matched(self, pasted: str) -> Matches:
        rows = await self._pool.fetch(SQL["directory_names"])
        entries = [Named(row["code"], row["name"], row["parent"], row["is_point"], row["place"]) for row in rows]
        return await asyncio.to_thread(lambda: match_lines(pasted, NameIndex(entries)))

    async def _present(self, codes: set[str], gathered: _Gathered) -> set[str]:
        """The units that stand for the codes today; raises `booking.unknown_unit`."""
        if not all(is_text(code) for code in codes):
            raise BadInput("booking.unknown_unit", "A unit's code is not readable text.")
        rows = await self._pool.fetch(SQL["present_units"], sorted(codes))
        found = {row["asked"]: row["code"] for row in rows}
        missing = sorted(codes - set(found))[:_NAMED_IN_ERROR]
        if missing:
            raise BadInput("booking.unknown_unit", f"There is no unit {', '.join(missing)}.", units=missing)
        gathered.merged |= {old: new for old, new in found.items() if old != new}
        return set(found.values())

    async def _refuse_unknown_points(self, codes: set[str]) -> None:
        if not all(is_text(code) for code in codes):
            raise BadInput("booking.unknown_point", "A bridge point's code is not readable text.")
        rows = await self._pool.fetch(SQL["known_points"], sorted(codes))
        missing = sorted(codes - {row["code"] for row in rows})[:_NAMED_IN_ERROR]
        if missing:
            raise BadInput("booking.unknown_point", f"There is no bridge point {', '.join(missing)}.", points=missing)


def _candidate(entry: Named) -> Candidate:
    return Candidate(code=entry.code, name=entry.name, above=entry.above, place=entry.place, is_point=entry.is_point)


def _audience(row: Any) -> Audience:
    return Audience(**{**row, "id": str(row["id"])})


def _key(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise _unknown() from exc


def _unknown() -> NotFound:
    return NotFound("choosing.unknown_audience", "There is no such audience.")


def _taken() -> Conflict:
    return Conflict("choosing.name_taken", "Another audience has this name already.")
