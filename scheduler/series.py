"""Series: occurrences booked together, each a conference of its own with the series' id and its recurrence id.

An occurrence can be changed alone like any conference. What is done to several of them is one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.errors import BadInput, NotFound
from core.messages import CONFERENCE_CHANGED, ConferenceChanged
from core.model import ConferenceId
from core.settings import Limits
from scheduler import booking, idempotency, ledger, lifecycle, recurrence, series_ledger
from scheduler.bookings import PREVIEWS_AT_ONCE
from scheduler.chairs import elsewhere
from scheduler.corrections import correct_warning, warned_and_moved
from scheduler.directory_store import ChosenPoint, DirectoryStore
from scheduler.ledger import Entry, Revision
from scheduler.lifecycle import Event
from scheduler.model import Action, Clash, ConferenceFacts
from scheduler.plan.outlook import Foresight
from scheduler.recurrence import Occurrence
from scheduler.reservations import clashes, lock_points, writing
from scheduler.series_change import Resolved, living, named, targets
from scheduler.series_model import (
    OccurrencePreview,
    Series,
    SeriesBooked,
    SeriesChange,
    SeriesChanged,
    SeriesPreview,
    SeriesRequest,
    SeriesStep,
)

log = structlog.get_logger("series")

MAX_RESERVATIONS = 60_000
"""Occurrences times points of one series: what one transaction writes in seconds while others wait for its points."""


class SeriesBook:
    """Previews, books, reads and changes series."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, limits: Limits) -> None:
        self._pool = database.pool
        self._directory = DirectoryStore(database)
        self._bus = bus
        self._clock = clock
        self._limits = limits
        self._looking = asyncio.Semaphore(PREVIEWS_AT_ONCE)

    async def preview(self, request: SeriesRequest) -> SeriesPreview:
        """Every occurrence with its clashes and holiday, before it is booked; raises as `book`."""
        found, chosen = await self._resolved(request)
        async with self._looking:
            ahead = Foresight(self._pool, booking.checked_wish(request.wish))
            previews = [await self._previewed(one, request, chosen, ahead) for one in found]
        return SeriesPreview(points=len(chosen), occurrences=tuple(previews))

    async def _previewed(
        self, one: Occurrence, request: SeriesRequest, chosen: Sequence[ChosenPoint], ahead: Foresight
    ) -> OccurrencePreview:
        if one.skipped:
            return _preview(one, (), skipped=True)
        span = booking.span(one.times, request.setup_minutes, request.teardown_minutes)
        found = await clashes(self._pool, [point.number for point in chosen], *span)
        taken = {clash.point for clash in found}
        free = [point.number for point in chosen if point.code not in taken]
        seen = await ahead.look(free, one.times.can_join_after, one.times.stop)
        chair = booking.checked_chair(request.chair)
        busy = await elsewhere(self._pool, chair, one.times.start, one.times.stop, None) if chair else None
        stands = {"chair": busy, "closed": seen.closed, "outlook": seen.outlook}
        return _preview(one, found, skipped=False).model_copy(update=stands)

    async def book(self, request: SeriesRequest, by: str, key: str | None = None) -> SeriesBooked:
        """Books the occurrences, all or nothing unless `on_clash` says otherwise; with `key` once.

        Raises as `Bookings.book` and `recurrence.occurrences`, `BadInput` `series.too_large`, `.nothing_left`, and
        `Conflict` `series.clash` with `occurrences` (one `OccurrenceClashes` each).
        """
        now = self._clock.now()
        found, chosen = await self._resolved(request)
        booking.bookable_times(request.first, now)
        draft = series_ledger.Draft(request, found, chosen, by)
        async with writing(self._pool) as connection:

            async def work() -> SeriesBooked:
                return await series_ledger.book(connection, draft, now)

            booked, new = await idempotency.once(connection, key, by, request, now, work, SeriesBooked)
        if new:
            log.info("series_booked", series=booked.series.id, occurrences=len(booked.series.occurrences))
            self._announce(booked.series.occurrences, now)
        return booked

    async def series(self, id: str) -> Series:
        """The series with its occurrences, over or not; raises `NotFound` `series.unknown`."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            return await series_ledger.read(connection, _key(id))

    async def change(self, id: ConferenceId, request: SeriesChange, by: str) -> SeriesChanged:
        """Changes the occurrence `id`, with those after it or with all that are not over, or nothing.

        Running ones other than `id` are left alone. Raises as `Bookings.change`, `NotFound` `series.unknown` for a
        conference without a series, `BadInput` `series.leave_out`, and `Conflict` `series.clash`.
        """
        now = self._clock.now()
        change = request.change
        if change.leave_out_clashing and change.times is not None:
            message = "When times are changed together, clashing points cannot be left out."
            raise BadInput("series.leave_out", message)
        added = await self._chosen_or_none(change.add_units, change.add_points)
        removed = await self._chosen_or_none(change.remove_units, change.remove_points)
        codes = frozenset(point.code for point in removed)
        resolved = Resolved(change, added, codes, self._limits.points_per_conference)
        async with writing(self._pool) as connection:
            zone, entries = await series_ledger.locked(connection, id, request.scope)
            ledger.check_version(named(entries, id).conference, change.version)
            plan = targets(living(entries, id), id, resolved, recurrence.zone_of(zone), now)
            leave_out = change.leave_out_clashing
            done, left_out = await series_ledger.change_all(connection, plan, leave_out, by, now)
            moved = [one for one in done.revisions if await warned_and_moved(connection, one)]
        log.info("series_changed", occurrences=len(done.revisions), scope=request.scope.value)
        kept = tuple(target.before.conference.id for target in plan if target.kept_times)
        changed = self._told(done.revisions, now)
        for one in moved:
            correct_warning(self._bus, one.after.conference, now)
        return SeriesChanged(changed=changed, kept_times=kept, left_out=tuple(left_out), plans=tuple(done.plans))

    async def cancel(self, id: ConferenceId, request: SeriesStep, by: str) -> SeriesChanged:
        """Cancels the occurrence `id`, with those after it or with all that are not over; raises as `change`."""
        now = self._clock.now()
        async with writing(self._pool) as connection:
            _, entries = await series_ledger.locked(connection, id, request.scope)
            meant = named(entries, id).conference
            ledger.check_version(meant, request.step.version)
            lifecycle.refuse_if_over(meant.state)
            going = living(entries, id)
            await lock_points(connection, series_ledger.numbers(going))
            revisions = [_cancelled(entry, request.step.note) for entry in going]
            await ledger.write(connection, revisions, by, now)
        log.info("series_cancelled", occurrences=len(revisions), scope=request.scope.value)
        return SeriesChanged(changed=self._told(revisions, now))

    async def _resolved(self, request: SeriesRequest) -> tuple[list[Occurrence], list[ChosenPoint]]:
        booking.checked_title(request.title)
        found = recurrence.occurrences(request)
        chosen = await self._directory.chosen(request.units, request.points, self._limits.points_per_conference)
        wanted = sum(not one.skipped for one in found) * len(chosen)
        if wanted == 0:
            raise BadInput("series.nothing_left", "Every occurrence is left out.")
        if wanted > MAX_RESERVATIONS:
            message = f"Occurrences times points may be at most {MAX_RESERVATIONS:,}; book the series in parts."
            raise BadInput("series.too_large", message, limit=MAX_RESERVATIONS, wanted=wanted)
        return found, chosen

    async def _chosen_or_none(self, units: Sequence[str], points: Sequence[str]) -> list[ChosenPoint]:
        if not units and not points:
            return []
        return await self._directory.chosen(units, points, self._limits.points_per_conference)

    def _told(self, revisions: Iterable[Revision], now: datetime) -> tuple[ConferenceId, ...]:
        changed = sorted((revision.after.conference for revision in revisions), key=lambda one: one.times.start)
        self._announce(changed, now)
        return tuple(conference.id for conference in changed)

    def _announce(self, conferences: Iterable[ConferenceFacts], now: datetime) -> None:
        for one in conferences:
            self._bus.publish(CONFERENCE_CHANGED, ConferenceChanged(conference=one.id, state=one.state, at=now))


def _preview(one: Occurrence, found: Sequence[Clash], *, skipped: bool) -> OccurrencePreview:
    shown = series_ledger.shown(one.recurrence_id, one.times, found).model_dump()
    return OccurrencePreview(**shown, holiday=one.holiday, skipped=skipped)


def _cancelled(entry: Entry, note: str) -> Revision:
    state = lifecycle.after(entry.conference.state, Event.CANCEL)
    return Revision(entry, ledger.stepped(entry, state), Action.CANCELLED, note)


def _key(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise NotFound("series.unknown", "There is no such series.") from exc
