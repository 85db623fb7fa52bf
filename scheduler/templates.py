"""Templates: bookings to be made again under a name; and booking a conference again without one."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from pydantic import AwareDatetime

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId, ConferenceTimes, Model
from scheduler import ledger
from scheduler.bookings import Bookings
from scheduler.model import Booked, BookingRequest, ChairName, RequestedTimes
from scheduler.plan.model import PlanWish
from scheduler.store import Store

SQL = load_queries("scheduler", "templates.sql")
LIST_LIMIT = 1_000
MAX_NAME = 200


class TemplateFacts(Model):
    """A template's name and what a booking from it is like. Durations are ISO 8601 ("PT1H30M").

    Doors open `doors` before the start; it lasts `length`; the last moment to join is `last_join` after the start.
    """

    id: str
    name: str
    title: str
    doors: timedelta
    length: timedelta
    last_join: timedelta
    setup_minutes: int
    teardown_minutes: int
    wish: PlanWish
    chair: str | None = None
    made_by: str
    made_at: AwareDatetime


class TemplateSummary(TemplateFacts):
    """A template as a list shows it; `points` is their number."""

    points: int


class Template(TemplateFacts):
    """A template with the codes of its points; points that have left the directory have left it too."""

    points: tuple[str, ...]


class SaveTemplate(Model):
    """Keeps a conference's points, chair, title and durations under a name."""

    conference: ConferenceId
    name: str


class AgainRequest(Model):
    """Books the same at another start; another `title`, `wish` or `chair`, drafts and clashes as in `BookingRequest`.

    An empty `chair` books without the former one.
    """

    start: AwareDatetime
    title: str | None = None
    wish: PlanWish | None = None
    chair: ChairName | None = None
    leave_out_clashing: bool = False
    draft: bool = False


class Templates:
    """Keeps templates and books from them."""

    def __init__(self, database: Database, clock: Clock, bookings: Bookings) -> None:
        self._pool = database.pool
        self._store = Store(database)
        self._clock = clock
        self._bookings = bookings

    async def save(self, request: SaveTemplate, by: str) -> Template:
        """Makes a template of a conference, in whatever state it is.

        Raises `NotFound` `conference.unknown`, `BadInput` `template.name`, `Conflict` `template.name_taken`.
        """
        name = _checked_name(request.name)
        conference = await self._store.conference(request.conference)
        id, times = uuid4(), conference.times
        durations = (times.start - times.can_join_after, times.stop - times.start, times.must_join_before - times.start)
        buffers = (conference.setup_minutes, conference.teardown_minutes)
        wish, chair = ledger.wish_columns(conference.wish), conference.chair
        facts = (name, conference.title, *durations, *buffers, *wish, chair)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL["insert_template"], id, *facts, by, self._clock.now())
                await connection.execute(SQL["insert_points"], id, [point.code for point in conference.points])
        except asyncpg.UniqueViolationError as exc:
            raise Conflict("template.name_taken", "There is a template of that name.", name=name) from exc
        return await self.template(str(id))

    async def templates(self) -> list[TemplateSummary]:
        """All templates, by name."""
        return [TemplateSummary(**_facts(row)) for row in await self._pool.fetch(SQL["templates"], LIST_LIMIT)]

    async def template(self, id: str) -> Template:
        """One template; raises `NotFound` `template.unknown`."""
        row = await self._pool.fetchrow(SQL["template"], _key(id))
        if row is None:
            raise _unknown()
        return Template(**_facts(row))

    async def delete(self, id: str) -> None:
        """Forgets a template; what was booked from it stays. Raises `NotFound` `template.unknown`."""
        if await self._pool.execute(SQL["delete_template"], _key(id)) == "DELETE 0":
            raise _unknown()

    async def book(self, id: str, request: AgainRequest, by: str, key: str | None = None) -> Booked:
        """Books from a template; raises `NotFound` `template.unknown` and as `Bookings.book`."""
        found = await self.template(id)
        times = _times(request.start, found.doors, found.length, found.last_join)
        asked = BookingRequest(
            title=found.title if request.title is None else request.title,
            times=times,
            points=found.points,
            setup_minutes=found.setup_minutes,
            teardown_minutes=found.teardown_minutes,
            wish=found.wish if request.wish is None else request.wish,
            chair=found.chair if request.chair is None else request.chair,
            leave_out_clashing=request.leave_out_clashing,
            draft=request.draft,
        )
        return await self._bookings.book(asked, by, key)

    async def again(self, id: ConferenceId, request: AgainRequest, by: str, key: str | None = None) -> Booked:
        """Books a conference again, over or not; raises `NotFound` `conference.unknown` and as `Bookings.book`."""
        former = await self._store.conference(id)
        asked = BookingRequest(
            title=former.title if request.title is None else request.title,
            times=_shifted(former.times, request.start),
            points=tuple(point.code for point in former.points),
            setup_minutes=former.setup_minutes,
            teardown_minutes=former.teardown_minutes,
            wish=former.wish if request.wish is None else request.wish,
            chair=former.chair if request.chair is None else request.chair,
            leave_out_clashing=request.leave_out_clashing,
            draft=request.draft,
        )
        return await self._bookings.book(asked, by, key)


def _shifted(times: ConferenceTimes, start: datetime) -> RequestedTimes:
    last_join = times.must_join_before - times.start
    return _times(start, times.start - times.can_join_after, times.stop - times.start, last_join)


def _times(start: datetime, doors: timedelta, length: timedelta, last_join: timedelta) -> RequestedTimes:
    return RequestedTimes(
        can_join_after=start - doors, start=start, stop=start + length, must_join_before=start + last_join
    )


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        message = f"Give the template a name of 1 to {MAX_NAME} characters on one line."
        raise BadInput("template.name", message, limit=MAX_NAME)
    return name


def _facts(row: Any) -> dict[str, Any]:
    wish = PlanWish(profile=row["profile"], lightest=row["lightest"], chair_unit=row["chair_unit"])
    columns = {name: value for name, value in row.items() if name not in PlanWish.model_fields}
    return {**columns, "id": str(row["id"]), "wish": wish}


def _key(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise _unknown() from exc


def _unknown() -> NotFound:
    return NotFound("template.unknown", "There is no such template.")
