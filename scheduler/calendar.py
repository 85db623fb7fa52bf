"""What a calendar shows of a unit: its conferences, maintenance and Vietnam's holidays, without the points' names."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from core.database import Database, load_queries
from core.errors import BadInput, NotFound
from core.model import ConferenceId, ConferenceState, Model
from scheduler.working_time import Holiday, holidays_between

SQL = load_queries("scheduler", "calendar.sql")
LONGEST = timedelta(days=45)
LIMIT = 2_000


class CalendarEvent(Model):
    """A conference, or a maintenance (its reason is the `title`), with the number of its points under the unit.

    `units`: the units directly under the asked one that take part, when they were asked for.
    """

    conference: ConferenceId | None
    maintenance: str | None
    title: str
    state: ConferenceState | None
    start: AwareDatetime
    stop: AwareDatetime
    series: str | None
    points: int
    units: tuple[str, ...] = ()


class CalendarPage(Model):
    """What happens in a time, earliest first, and its holidays. `cut`: there is more than is shown."""

    events: tuple[CalendarEvent, ...]
    holidays: tuple[Holiday, ...]
    cut: bool


class Calendar:
    """Answers what happens when, unit by unit."""

    def __init__(self, database: Database, time_zone: str) -> None:
        self._pool = database.pool
        self._zone = ZoneInfo(time_zone)

    async def page(
        self, start: datetime, stop: datetime, unit: str | None = None, *, by_unit: bool = False
    ) -> CalendarPage:
        """Everything in any state that touches the time and has a point in the unit's subtree; at most 2,000.

        Raises `BadInput` `calendar.range` for more than 45 days or none, `NotFound` `unit.unknown`.
        """
        if not timedelta() < stop - start <= LONGEST:
            message = f"A calendar shows at most {LONGEST.days} days, and its stop comes after its start."
            raise BadInput("calendar.range", message, limit_days=LONGEST.days)
        if unit is not None and not await self._pool.fetchval(SQL["unit_exists"], unit):
            raise NotFound("unit.unknown", "There is no such unit.")
        rows = await self._pool.fetch(SQL["events"], unit, start, stop, by_unit, LIMIT + 1)
        return CalendarPage(
            events=tuple(CalendarEvent(**row) for row in rows[:LIMIT]),
            holidays=holidays_between(self._day(start), self._day(stop - timedelta(microseconds=1))),
            cut=len(rows) > LIMIT,
        )

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()
