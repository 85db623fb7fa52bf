"""What holds the points of a unit in a stretch of time: conferences and maintenance, set-up and tear-down included."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from core.database import Database, load_queries
from core.errors import BadInput, NotFound
from core.model import ConferenceId, ConferenceState, Model

SQL = load_queries("scheduler", "timeline.sql")
LONGEST = timedelta(days=45)
LIMIT = 5_000


class Held(Model):
    """Points that one conference or maintenance (its reason is the `title`) holds from `since` until `until`.

    `start` and `stop` are the holder's own; what lies outside them are doors, set-up and tear-down.
    """

    conference: ConferenceId | None
    maintenance: str | None
    title: str
    state: ConferenceState | None
    start: AwareDatetime
    stop: AwareDatetime
    since: AwareDatetime
    until: AwareDatetime
    points: tuple[str, ...]


class Timeline:
    """Answers who holds what when."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def held(self, start: datetime, stop: datetime, unit: str | None = None) -> list[Held]:
        """Everything that touches the time and holds a point of the unit's subtree; earliest first, at most 5,000.

        Raises `BadInput` `timeline.range` for more than 45 days or none, `NotFound` `unit.unknown`.
        """
        if not timedelta() < stop - start <= LONGEST:
            message = f"A timeline shows at most {LONGEST.days} days, and its stop comes after its start."
            raise BadInput("timeline.range", message, limit_days=LONGEST.days)
        if unit is not None and not await self._pool.fetchval(SQL["unit_exists"], unit):
            raise NotFound("unit.unknown", "There is no such unit.")
        return [Held(**row) for row in await self._pool.fetch(SQL["holders"], unit, start, stop, LIMIT)]
