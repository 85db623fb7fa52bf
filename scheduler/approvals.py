"""Approval: bookings of points under some units wait until somebody with the right over the unit agrees.

A unit demands approval (`demand`), people are appointed for units (`appoint`); the right over a unit covers all
units under it. Who has the right needs nobody's approval for an own booking. Changed times need every approval
anew, added points only their units'.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import asyncpg

from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import ConferenceState, Model
from scheduler import lifecycle
from scheduler.ledger import Entry, Revision, facts, key
from scheduler.lifecycle import Event
from scheduler.model import ConferenceSummary
from scheduler.reservations import Connection

SQL = load_queries("scheduler", "approvals.sql")


class ApprovalRule(Model):
    """A unit with its approvers; `demanded` tells whether it approves its bookings itself."""

    unit: str
    demanded: bool
    approvers: tuple[str, ...]


class Approvals:
    """Which units approve their bookings, and who may do it."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def demand(self, unit: str, demanded: bool) -> None:
        """From now on bookings of points under the unit need (or do not need) approval; raises `NotFound`."""
        if await self._pool.execute(SQL["set_demand"], unit, demanded) == "UPDATE 0":
            raise _unknown_unit()

    async def appoint(self, username: str, unit: str) -> None:
        """Gives an account the right over a unit and all under it; raises `NotFound`, `BadInput`."""
        if not 1 <= len(username) <= 64 or not username.isprintable():
            raise BadInput("approval.username", "Give the name of an account.")
        try:
            await self._pool.execute(SQL["appoint"], username, unit)
        except asyncpg.ForeignKeyViolationError as exc:
            raise _unknown_unit() from exc

    async def dismiss(self, username: str, unit: str) -> None:
        """Takes the right back; harmless when it was not given."""
        await self._pool.execute(SQL["dismiss"], username, unit)

    async def rules(self) -> list[ApprovalRule]:
        """Every unit that demands approval or has approvers, by code."""
        return [ApprovalRule(**row) for row in await self._pool.fetch(SQL["approvers"])]

    async def waiting_for(self, username: str) -> list[ConferenceSummary]:
        """The requested conferences that this account can approve, earliest start first."""
        rows = await self._pool.fetch(SQL["waiting_for"], username)
        return [ConferenceSummary(**facts(row), points=row["points"]) for row in rows]


async def settled(connection: Connection, revision: Revision, by: str) -> Revision:
    """The revision in the state that approval gives it: requested while somebody's is needed, else confirmed.

    Raises `Conflict` `approval.while_open` when an open conference is given points that need approval, and
    `conference.running` when one that is about to open would need it again.
    """
    before, after = revision.before, revision.after
    if after.conference.state is ConferenceState.DRAFT:
        return revision
    awaited = await _awaited(connection, before, after, by)
    if after.conference.state is ConferenceState.OPEN:
        if awaited:
            message = "Points that need approval cannot be added to a running conference."
            raise Conflict("approval.while_open", message, units=sorted(awaited))
        return revision
    return replace(revision, after=_in_state(before, after, awaited), awaited=awaited)


def _in_state(before: Entry | None, after: Entry, awaited: Collection[str]) -> Entry:
    state = before.conference.state if before is not None else ConferenceState.DRAFT
    if awaited and before is not None and before.running:
        raise Conflict("conference.running", "The conference is about to open.", field="times")
    if awaited and state is not ConferenceState.REQUESTED:
        state = lifecycle.after(state, Event.REQUEST)
    elif not awaited and state is not ConferenceState.CONFIRMED:
        state = lifecycle.after(state, Event.CONFIRM)
    return replace(after, conference=after.conference.model_copy(update={"state": state}))


async def _awaited(connection: Connection, before: Entry | None, after: Entry, by: str) -> frozenset[str]:
    """The units whose approval the change needs (or still needs), but not those that `by` may approve for."""
    rows = await connection.fetch(SQL["demanding_units"], after.numbers)
    if not rows:
        return frozenset()
    demanding = {row["unit"]: set(row["points"]) for row in rows}
    if before is None or before.conference.state is ConferenceState.DRAFT or _moved(before, after):
        asked = set(demanding)
    else:
        added = set(after.numbers) - set(before.numbers)
        asked = {unit for unit, points in demanding.items() if points & added}
    waiting = set(await awaited_units(connection, before)) if before is not None else set()
    return frozenset((asked - await rights(connection, by, asked)) | (waiting & set(demanding) - asked))


def _moved(before: Entry, after: Entry) -> bool:
    """Whether it asks for other times than were approved; a running conference may be extended without asking."""
    if after.conference.state is ConferenceState.OPEN:
        return False
    old, new = before.conference, after.conference
    return (old.times, old.setup_minutes, old.teardown_minutes) != (new.times, new.setup_minutes, new.teardown_minutes)


async def awaited_units(connection: Connection, entry: Entry) -> list[str]:
    """The units whose approval the conference waits for."""
    return [row["unit"] for row in await connection.fetch(SQL["awaited"], key(entry.conference.id))]


async def rights(connection: Connection, username: str, units: Collection[str]) -> set[str]:
    """Those of `units` that the account may approve for."""
    return {row["unit"] for row in await connection.fetch(SQL["rights"], username, sorted(units))}


async def decide(connection: Connection, entry: Entry, granted: bool, by: str, now: datetime) -> frozenset[str]:
    """Writes down the verdict for every awaited unit that `by` may decide for; the units that are still awaited.

    Raises `Conflict` `approval.not_asked` when it waits for nobody, `Refused` `approval.not_yours`.
    """
    waiting = set(await awaited_units(connection, entry))
    if not waiting:
        raise Conflict("approval.not_asked", "This conference waits for nobody's approval.")
    mine = await rights(connection, by, waiting)
    if not mine:
        message = "You may not approve bookings of these units."
        raise Refused("approval.not_yours", message, units=sorted(waiting))
    await connection.execute(SQL["decide"], key(entry.conference.id), sorted(mine), granted, by, now)
    return frozenset(waiting - mine)


async def write_awaited(connection: Connection, revision: Revision) -> None:
    """Writes down whose approval the revision waits for from now on."""
    if revision.awaited is None:
        return
    id = key(revision.after.conference.id)
    if revision.before is not None:
        await connection.execute(SQL["forget_awaited"], id)
    if revision.awaited:
        await connection.execute(SQL["await"], id, sorted(revision.awaited))


def _unknown_unit() -> NotFound:
    return NotFound("unit.unknown", "There is no such unit.")
