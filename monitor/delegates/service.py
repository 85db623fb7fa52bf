"""Delegates in the database: who is expected where, and what was said about each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import ConferenceId, ConferenceState, point_participant
from core.settings import Limits
from core.spreadsheet import read_rows
from monitor.delegates.file import MOST_DELEGATES, Listed, layout, plan_import
from monitor.delegates.model import (
    CheckIn,
    Delegate,
    DelegateHistory,
    DelegateImport,
    DelegateList,
    DelegateState,
    DelegateWord,
    HallDelegates,
    Place,
    Ticket,
    TicketOf,
    TicketView,
    Way,
)
from monitor.headcount.service import HeadcountBook
from monitor.store import conference_key, reading

MOST_LISTED = 1_000
MAX_WORDS = 100
"""Things said about one delegate: more is a machine, not a person."""
HIMSELF = "delegate"
"""Who checked somebody in by their own link."""

_SQL = load_queries("monitor.delegates")
_OVER = (ConferenceState.CLOSED, ConferenceState.CANCELLED)


class DelegateBook:
    """Every method raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`.

    `changed` hears of each conference whose sums are different now.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        limits: Limits,
        headcounts: HeadcountBook,
        changed: Callable[[ConferenceId], None],
    ) -> None:
        self._pool = database.pool
        self._clock = clock
        self._limits = limits
        self._headcounts = headcounts
        self._changed = changed

    # --- the list ------------------------------------------------------------------------------------

    async def load(self, conference: ConferenceId, data: bytes, file_name: str, dry_run: bool) -> DelegateImport:
        """Takes a delegates' file whole, or with any problem not at all; `dry_run` only tells."""
        key, _ = await self._known(conference)
        booked = [row["code"] for row in await self._fetch("booked", key)]
        present = {row["code"]: Listed(**dict(row)) for row in await self._fetch("listed", key)}
        rows = read_rows(data, file_name, layout(self._limits))
        plan = await asyncio.to_thread(plan_import, rows, present, booked)
        if dry_run or plan.report.problem_count:
            return plan.report
        columns = [[getattr(one, name) for one in plan.changed] for name in _LISTED]
        await self._fetch("put", key, *columns)
        self._changed(conference)
        return plan.report.model_copy(update={"applied": True})

    async def find(
        self, conference: ConferenceId, point: str | None, state: DelegateState | None, text: str
    ) -> DelegateList:
        """The delegates of a point, in a state, with `text` in name, code or organisation."""
        key, _ = await self._known(conference)
        rows = await self._fetch("find", key, point, state, text.strip(), MOST_LISTED)
        return DelegateList(found=rows[0]["found"] if rows else 0, delegates=tuple(map(_delegate, rows)))

    async def everybody(self, conference: ConferenceId, point: str | None = None) -> list[TicketOf]:
        """All delegates, or those of a point, each with the link that is good now."""
        key, _ = await self._known(conference)
        return [_ticket_of(row) for row in await self._fetch("find", key, point, None, "", MOST_DELEGATES)]

    async def one(self, conference: ConferenceId, code: str) -> TicketOf:
        """One delegate. Raises `NotFound` `delegate.unknown`."""
        key, _ = await self._known(conference)
        return _ticket_of(await self._one(key, code))

    async def history(self, conference: ConferenceId, code: str) -> DelegateHistory:
        """Everything that was said. Raises `NotFound` `delegate.unknown`."""
        key, _ = await self._known(conference)
        await self._one(key, code)
        rows = await self._fetch("history", key, code)
        return DelegateHistory(words=tuple(DelegateWord.model_validate(dict(row)) for row in rows))

    async def renew(self, conference: ConferenceId, code: str) -> TicketOf:
        """Gives the delegate a new link: those given before are worth nothing any more."""
        key, _ = await self._known(conference)
        await self._one(key, code)
        if not await self._fetch("renew", key, code):
            raise Conflict("delegate.links_used_up", "This delegate had too many links.")
        return _ticket_of(await self._one(key, code))

    async def drop(self, conference: ConferenceId, code: str) -> None:
        """Takes somebody off the list. Raises `Conflict` `delegate.has_history` once something was said of them."""
        key, _ = await self._known(conference)
        await self._one(key, code)
        if not await self._fetch("drop", key, code):
            raise Conflict("delegate.has_history", "Something was noted about this delegate: mark them absent instead.")
        self._changed(conference)

    # --- who came ------------------------------------------------------------------------------------

    async def desk(self, place: Place) -> HallDelegates:
        """All that a hall's desk shows. Raises `NotFound` `point.unknown`."""
        key, facts = await self._known(place.conference)
        hall = await self._headcounts.hall(place.conference, place.point)
        rows = await self._fetch("find", key, place.point, None, "", MOST_DELEGATES)
        return HallDelegates(
            title=facts["title"], hall=hall, over=_is_over(facts), delegates=tuple(map(_delegate, rows))
        )

    async def say_at_desk(self, place: Place, code: str, said: CheckIn) -> Delegate:
        """The hall's operator says it. Raises `NotFound` `delegate.unknown` for another hall's, and `say`'s errors."""
        key, facts = await self._known(place.conference)
        found = await self._one(key, code)
        if found["point"] != place.point:
            raise NotFound("delegate.unknown", "This delegate is not expected in this hall.")
        self._still_runs(facts)
        return await self._say(place.conference, key, found, said, Way.DESK, point_participant(place.point))

    async def scan(self, place: Place, ticket: Ticket) -> Delegate:
        """The hall's operator scanned a delegate's code: they are here.

        Raises `Refused` `ticket.invalid`, `Conflict` `delegate.other_point` (which names it) or `conference.over`.
        """
        found = await self._by_ticket(ticket)
        key, facts = await self._known(place.conference)
        if found["conference"] != key:
            raise Refused("ticket.invalid", "This code is not of this conference.")
        if found["point"] != place.point:
            where = found["point_name"]
            raise Conflict("delegate.other_point", f"This delegate is expected at {where}.", point=where)
        self._still_runs(facts)
        here = CheckIn(state=DelegateState.PRESENT)
        return await self._say(place.conference, key, found, here, Way.SCAN, point_participant(place.point))

    async def say(self, conference: ConferenceId, code: str, said: CheckIn, by: str) -> Delegate:
        """The account `by` says it, also after the end.

        Raises `NotFound` `delegate.unknown`, `BadInput` `delegate.reason`, `Conflict` `delegate.full`.
        """
        key, _ = await self._known(conference)
        return await self._say(conference, key, await self._one(key, code), said, Way.CONSOLE, by)

    async def ticket(self, ticket: Ticket) -> TicketView:
        """What a link's holder sees. Raises `Refused` `ticket.invalid`, or `ticket.expired` after the end."""
        found = await self._by_ticket(ticket)
        return self._view(found, (await self._fetch("conference", found["conference"]))[0])

    async def check_in(self, ticket: Ticket) -> TicketView:
        """A delegate says by their link that they are here.

        Raises `ticket`'s errors, and `Conflict` `ticket.early` before the doors open.
        """
        found = await self._by_ticket(ticket)
        facts = (await self._fetch("conference", found["conference"]))[0]
        if not self._view(found, facts).open:
            opens = facts["can_join_after"].isoformat()
            raise Conflict("ticket.early", "Checking in begins when the doors open.", opens=opens)
        conference, here = ConferenceId(str(found["conference"])), CheckIn(state=DelegateState.PRESENT)
        await self._say(conference, found["conference"], found, here, Way.LINK, HIMSELF)
        return await self.ticket(ticket)

    def _view(self, found: asyncpg.Record, facts: asyncpg.Record) -> TicketView:
        if _is_over(facts):
            raise Refused("ticket.expired", "This conference is over.")
        return TicketView(
            title=facts["title"],
            start=facts["start"],
            opens=facts["can_join_after"],
            open=self._clock.now() >= facts["can_join_after"],
            name=found["name"],
            point_name=found["point_name"],
            state=found["state"],
            at=found["at"] if found["state"] == DelegateState.PRESENT else None,
        )

    async def _say(
        self, conference: ConferenceId, key: UUID, found: asyncpg.Record, said: CheckIn, way: Way, by: str
    ) -> Delegate:
        reason = said.reason.strip() if said.state is DelegateState.ABSENT else ""
        if "\0" in reason or (said.state is DelegateState.ABSENT and not reason):
            raise BadInput("delegate.reason", "Say why the delegate is absent.")
        if (found["state"], found["reason"]) != (said.state, reason):
            now = self._clock.now()
            done = await self._fetch("say", found["number"], said.state, reason, way, now, MAX_WORDS, by)
            after = await self._one(key, found["code"])
            if not done and (after["state"], after["reason"]) != (said.state, reason):
                raise Conflict("delegate.full", "Too much was said about this delegate.", most=MAX_WORDS)
            self._changed(conference)
            return _delegate(after)
        return _delegate(found)

    # --- reading -------------------------------------------------------------------------------------

    @staticmethod
    def _still_runs(facts: asyncpg.Record) -> None:
        if _is_over(facts):
            raise Conflict("conference.over", "The conference is over.")

    async def _by_ticket(self, ticket: Ticket) -> asyncpg.Record:
        rows = await self._fetch("by_ticket", ticket.number, ticket.serial)
        if not rows:
            raise Refused("ticket.invalid", "This link is not valid (any more). Ask for a new one.")
        return rows[0]

    async def _one(self, key: UUID, code: str) -> asyncpg.Record:
        rows = await self._fetch("one", key, code)
        if not rows:
            raise NotFound("delegate.unknown", "There is no delegate with this code.")
        return rows[0]

    async def _known(self, conference: ConferenceId) -> tuple[UUID, asyncpg.Record]:
        key = conference_key(conference)
        found = await self._fetch("conference", key) if key else []
        if key is None or not found:
            raise NotFound("conference.unknown", "There is no such conference.")
        return key, found[0]

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)


_LISTED = ("code", "name", "point", "position", "organisation")
_FIELDS = tuple(Delegate.model_fields)


def _is_over(facts: asyncpg.Record) -> bool:
    return ConferenceState(facts["state"]) in _OVER


def _delegate(row: asyncpg.Record) -> Delegate:
    return Delegate.model_validate({name: row[name] for name in _FIELDS})


def _ticket_of(row: asyncpg.Record) -> TicketOf:
    return TicketOf(_delegate(row), Ticket(row["number"], row["ticket"]))
