"""Booking and everything that may happen to a booking afterwards: one class, one method per request.

Each is one transaction that writes all of it or, with a named refusal, nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import structlog

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.errors import Conflict
from core.messages import CONFERENCE_CHANGED, ConferenceChanged
from core.model import ConferenceId, ConferenceState, PointRef
from core.settings import Limits
from scheduler import amendment, approvals, booking, idempotency, ledger, lifecycle
from scheduler.chairs import elsewhere, refuse_elsewhere
from scheduler.corrections import correct_warning, warned_and_moved
from scheduler.directory_store import ChosenPoint, DirectoryStore
from scheduler.ledger import Entry, Revision
from scheduler.lifecycle import Event
from scheduler.model import (
    Action,
    Booked,
    BookingRequest,
    Clash,
    ClashReport,
    ClashRequest,
    Conference,
    ConferenceChange,
    ExtendRequest,
    HistoryEntry,
    StepRequest,
    Verdict,
)
from scheduler.plan.booking import plan_bookings
from scheduler.plan.model import PlanOutcome
from scheduler.plan.outlook import Foresight
from scheduler.reservations import Connection, lock_points, writing
from scheduler.store import Store

log = structlog.get_logger("scheduler")

PREVIEWS_AT_ONCE = 2
"""Plans made for people who still choose must not take the machine from those who book."""

Decide = Callable[[Entry], Entry]


@dataclass(frozen=True)
class Committed:
    """Revisions in the state that approval gave them, and what planning each came to."""

    revisions: Sequence[Revision]
    plans: Sequence[PlanOutcome]


async def commit(connection: Connection, revisions: Sequence[Revision], by: str, now: datetime) -> Committed:
    """Writes revisions in the state that approval gives them; their points must be locked.

    Raises `Conflict` `booking.clash` for a single one that clashes; of several all clashes by conference, in
    `ClashesFound`; and `Conflict` `chair.elsewhere`, `plan.over_capacity` where lines or media nodes are too small.
    """
    final = [await approvals.settled(connection, revision, by) for revision in revisions]
    refused = await ledger.write(connection, final, by, now)
    if refused:
        raise ClashesFound(refused)
    await refuse_elsewhere(connection, final)
    for revision in final:
        await approvals.write_awaited(connection, revision)
    plans = await plan_bookings(connection, [revision.after.conference.id for revision in final], now)
    return Committed(final, plans)


class ClashesFound(Exception):
    """What was to be written clashes; nothing of it may be committed."""

    def __init__(self, clashes: dict[ConferenceId, tuple[Clash, ...]]) -> None:
        super().__init__("clashes")
        self.clashes = clashes

    def all(self) -> list[Clash]:
        """The clashes of every conference."""
        return [clash for found in self.clashes.values() for clash in found]


class Bookings:
    """Books, changes and ends conferences. Safe to use from many tasks and processes."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, limits: Limits) -> None:
        self._pool = database.pool
        self._store = Store(database)
        self._directory = DirectoryStore(database)
        self._bus = bus
        self._clock = clock
        self._limits = limits
        self._looking = asyncio.Semaphore(PREVIEWS_AT_ONCE)

    async def book(self, request: BookingRequest, by: str, key: str | None = None) -> Booked:
        """Books the conference and all its points, or nothing; with `key` once, however often it is asked.

        It is requested instead of confirmed when a unit of its points approves its bookings. Raises `Conflict`
        `booking.clash` with `clashes` (one `Clash` per point) and `request.key_reused`, `BadInput` `request.key`,
        `booking.title`, `.times`, `.past`, `.no_points`, `.too_many_points`, `.unknown_point`, `.unknown_unit`,
        `plan.lightest`, `plan.unknown_unit`, `chair.unknown`.
        """
        now = self._clock.now()
        title = booking.checked_title(request.title)
        times = booking.bookable_times(request.times, now)
        chosen = await self._chosen(request.units, request.points)
        conference = Conference(
            id=ConferenceId(str(uuid4())),
            title=title,
            state=ConferenceState.DRAFT if request.draft else ConferenceState.CONFIRMED,
            times=times,
            setup_minutes=request.setup_minutes,
            teardown_minutes=request.teardown_minutes,
            wish=booking.checked_wish(request.wish),
            chair=booking.checked_chair(request.chair),
            version=1,
            booked_by=by,
            points=_refs(chosen),
        )
        entry = ledger.entry_of(conference, _numbers(chosen))
        leave_out = request.leave_out_clashing and not request.draft
        async with writing(self._pool) as connection:

            async def work() -> Booked:
                action = Action.DRAFTED if request.draft else Action.BOOKED
                return await self._write(connection, Revision(None, entry, action), by, now, leave_out)

            booked, new = await idempotency.once(connection, key, by, request, now, work, Booked)
        if new:
            log.info("conference_booked", conference=booked.conference.id, points=len(booked.conference.points))
            self._announce(booked.conference, now)
        return booked

    async def clashes(self, request: ClashRequest) -> ClashReport:
        """Which of the points are taken in these times, and whether the media nodes carry them while one is closed.

        A preview: `book` has the last word. Raises as `book`.
        """
        times = booking.ordered_times(request.times)
        chosen = await self._chosen(request.units, request.points)
        span = booking.span(times, request.setup_minutes, request.teardown_minutes)
        found = await self._store.clashes([point.number for point in chosen], *span, request.ignore)
        taken = {clash.point for clash in found}
        free = [point.number for point in chosen if point.code not in taken]
        ignored = None if request.ignore is None else ledger.key(request.ignore)
        async with self._looking:
            ahead = Foresight(self._pool, booking.checked_wish(request.wish), ignored)
            seen = await ahead.look(free, times.can_join_after, times.stop)
        chair = booking.checked_chair(request.chair)
        busy = await elsewhere(self._pool, chair, times.start, times.stop, ignored) if chair else None
        return ClashReport(points=len(chosen), clashes=found, chair=busy, closed=seen.closed, outlook=seen.outlook)

    async def change(self, id: ConferenceId, change: ConferenceChange, by: str) -> Booked:
        """Changes title, times, buffers, wish, chair and points together, or nothing.

        While it is open only `stop`, `must_join_before`, the tear-down and the points may change; the bridge is told.
        Raises as `book`, and `Conflict` `conference.over`, `.running`, `.changed`, `approval.while_open`, `BadInput`
        `booking.not_taking_part`, `NotFound` `conference.unknown`.
        """
        now = self._clock.now()
        added = await self._chosen_or_none(change.add_units, change.add_points)
        removed = await self._chosen_or_none(change.remove_units, change.remove_points)

        def decide(entry: Entry) -> Entry:
            return changed(entry, change, added, removed, now, self._limits.points_per_conference)

        return await self._revise(id, decide, Action.CHANGED, by, change.version, change.leave_out_clashing)

    async def extend(self, id: ConferenceId, request: ExtendRequest, by: str) -> Conference:
        """Lets it last longer, also while it is running.

        Raises as `change`; where the next booking would be hit, `booking.clash` has `next` (a `Clash`) and
        `possible_stop`.
        """
        now = self._clock.now()

        def decide(entry: Entry) -> Entry:
            lifecycle.refuse_if_over(entry.conference.state)
            times = booking.extended_times(entry.conference.times, request.minutes)
            longer = entry.conference.model_copy(update={"times": booking.ordered_times(times)})
            return ledger.revised(entry, longer, {}, now)

        return (await self._revise(id, decide, Action.EXTENDED, by, request.version)).conference

    async def submit(self, id: ConferenceId, request: StepRequest, by: str) -> Conference:
        """Books a draft: it takes its points, or is refused as `book`; raises `Conflict` `conference.state`."""
        now = self._clock.now()

        def decide(entry: Entry) -> Entry:
            lifecycle.after(entry.conference.state, Event.CONFIRM)
            if entry.conference.state is not ConferenceState.DRAFT:
                raise Conflict("conference.state", "This conference is no draft.", state=entry.conference.state)
            booking.bookable_times(booking.extended_times(entry.conference.times, 0), now)
            return ledger.stepped(entry, ConferenceState.CONFIRMED)

        return (await self._revise(id, decide, Action.SUBMITTED, by, request.version, note=request.note)).conference

    async def decide(self, id: ConferenceId, verdict: Verdict, by: str) -> Conference:
        """Approves or rejects what waits for this person's approval; the last approval confirms it.

        Raises `Conflict` `approval.not_asked`, `booking.past` when the conference would be over, `conference.changed`,
        `Refused` `approval.not_yours`.
        """
        now = self._clock.now()
        async with writing(self._pool) as connection:
            [before] = await ledger.locked(connection, [id])
            ledger.check_version(before.conference, verdict.version)
            lifecycle.refuse_if_over(before.conference.state)
            awaited = await approvals.decide(connection, before, verdict.granted, by, now)
            state = _decided(before.conference, verdict, len(awaited), now)
            action = Action.APPROVED if verdict.granted else Action.REJECTED
            revision = Revision(before, ledger.stepped(before, state), action, verdict.note)
            await lock_points(connection, before.numbers)
            await ledger.write(connection, [revision], by, now)
        log.info("conference_decided", conference=id, granted=verdict.granted)
        self._announce(revision.after.conference, now)
        return revision.after.conference

    async def cancel(self, id: ConferenceId, request: StepRequest, by: str) -> Conference:
        """Cancels a conference that is not over and frees its points; raises `Conflict` `conference.over`."""
        now = self._clock.now()
        async with writing(self._pool) as connection:
            [before] = await ledger.locked(connection, [id])
            ledger.check_version(before.conference, request.version)
            after = ledger.stepped(before, lifecycle.after(before.conference.state, Event.CANCEL))
            await lock_points(connection, before.numbers)
            revision = Revision(before, after, Action.CANCELLED, request.note)
            await ledger.write(connection, [revision], by, now)
        log.info("conference_cancelled", conference=id)
        self._announce(after.conference, now)
        return after.conference

    async def history(self, id: ConferenceId) -> list[HistoryEntry]:
        """Who changed what when, the booking first; raises `NotFound` `conference.unknown`."""
        return await self._store.history(id)

    async def _revise(
        self,
        id: ConferenceId,
        decide: Decide,
        action: Action,
        by: str,
        version: int | None,
        leave_out: bool = False,
        note: str = "",
    ) -> Booked:
        now = self._clock.now()
        async with writing(self._pool) as connection:
            [before] = await ledger.locked(connection, [id])
            ledger.check_version(before.conference, version)
            after = decide(before)
            if not amendment.differences(before.conference, after.conference):
                return Booked(conference=before.conference)
            revision = Revision(before, after, action, note)
            booked = await self._write(connection, revision, by, now, leave_out)
            moved = await warned_and_moved(connection, revision)
        log.info("conference_changed", conference=id, action=action.value)
        self._announce(booked.conference, now)
        if moved:
            correct_warning(self._bus, booked.conference, now)
        return booked

    async def _write(
        self, connection: Connection, revision: Revision, by: str, now: datetime, leave_out: bool
    ) -> Booked:
        before, after = revision.before, revision.after
        await lock_points(connection, [*after.numbers, *(before.numbers if before else ())])
        left_out: tuple[Clash, ...] = ()
        if leave_out:
            after, left_out = await ledger.without_clashing(connection, after)
        try:
            done = await commit(connection, [replace(revision, after=after)], by, now)
        except ClashesFound as found:
            if revision.action is Action.EXTENDED and before is not None:
                raise booking.extension_error(before.conference, found.all()) from None
            raise booking.clash_error(found.all()) from None
        return Booked(conference=done.revisions[0].after.conference, left_out=left_out, plan=done.plans[0])

    async def _chosen(self, units: Sequence[str], points: Sequence[str]) -> list[ChosenPoint]:
        return await self._directory.chosen(units, points, self._limits.points_per_conference)

    async def _chosen_or_none(self, units: Sequence[str], points: Sequence[str]) -> list[ChosenPoint]:
        return await self._chosen(units, points) if units or points else []

    def _announce(self, conference: Conference, now: datetime) -> None:
        """Tells the others that a conference changed (an open one that was extended is told as open again)."""
        changed = ConferenceChanged(conference=conference.id, state=conference.state, at=now)
        self._bus.publish(CONFERENCE_CHANGED, changed)


def changed(
    entry: Entry,
    change: ConferenceChange,
    added: Sequence[ChosenPoint],
    removed: Sequence[ChosenPoint],
    now: datetime,
    limit: int,
) -> Entry:
    """The entry after a change, with the points that it adds and removes."""
    lifecycle.refuse_if_over(entry.conference.state)
    amendment.refuse_strangers(entry.conference, change.remove_points)
    gone = {point.code for point in removed}
    points = amendment.changed_points(entry.conference.points, _refs(added), gone, limit)
    conference = amendment.amended(entry.conference, change, points, now)
    return ledger.revised(entry, conference, _numbers(added), now)


def _decided(conference: Conference, verdict: Verdict, still_awaited: int, now: datetime) -> ConferenceState:
    if not verdict.granted:
        return lifecycle.after(conference.state, Event.REJECT)
    if conference.times.stop <= now:
        raise Conflict("booking.past", "The conference would be over already.", field="stop")
    return conference.state if still_awaited else lifecycle.after(conference.state, Event.CONFIRM)


def _refs(chosen: Sequence[ChosenPoint]) -> tuple[PointRef, ...]:
    return tuple(PointRef(code=point.code, name=point.name) for point in chosen)


def _numbers(chosen: Sequence[ChosenPoint]) -> dict[str, int]:
    return {point.code: point.number for point in chosen}
