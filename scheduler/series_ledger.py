"""Series inside a transaction: reading, locking and writing several occurrences at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from core.database import load_queries
from core.errors import Conflict, NotFound
from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import booking, ledger
from scheduler.bookings import ClashesFound, Committed, commit
from scheduler.directory_store import ChosenPoint
from scheduler.ledger import Entry, Revision
from scheduler.model import Action, Clash, Conference, ConferenceSummary
from scheduler.plan.model import Limit
from scheduler.plan.outlook import Foresight
from scheduler.recurrence import Occurrence
from scheduler.reservations import SQL as CONFERENCE_SQL
from scheduler.reservations import Connection, lock_points
from scheduler.series_change import Target, recurrence_id
from scheduler.series_model import (
    OccurrenceClashes,
    OnClash,
    Scope,
    Series,
    SeriesBooked,
    SeriesRequest,
    Skipped,
    SkipReason,
)

SQL = load_queries("scheduler", "series.sql")
CLASHES_SHOWN = 50


@dataclass(frozen=True)
class Draft:
    """A series that is about to be booked: its occurrences and points."""

    request: SeriesRequest
    found: Sequence[Occurrence]
    chosen: Sequence[ChosenPoint]
    by: str


async def book(connection: Connection, draft: Draft, now: datetime) -> SeriesBooked:
    """Writes the series and its occurrences; raises `Conflict` `series.clash`."""
    id, request = uuid4(), draft.request
    await lock_points(connection, [point.number for point in draft.chosen])
    entries, clashed, left_out = await _without_clashes(connection, draft, str(id))
    skipped = [*_skipped(draft.found), *clashed]
    exdates = sorted(one.recurrence_id for one in skipped)
    facts = (request.rule, request.zone, request.first.start, exdates, request.skip_holidays, draft.by, now)
    await connection.execute(SQL["insert_series"], id, *facts)
    revisions = [Revision(None, entry, Action.BOOKED) for entry in entries]
    done = await commit_all(connection, revisions, draft.by, now)
    return SeriesBooked(
        series=await read(connection, id),
        skipped=tuple(skipped),
        left_out=tuple(left_out),
        plans=tuple(done.plans),
    )


def _skipped(found: Iterable[Occurrence]) -> list[Skipped]:
    return [
        Skipped(recurrence_id=one.recurrence_id, reason=one.skipped, holiday=one.holiday)
        for one in found
        if one.skipped
    ]


async def _without_clashes(
    connection: Connection, draft: Draft, series: str
) -> tuple[list[Entry], list[Skipped], list[OccurrenceClashes]]:
    """The occurrences to book, those that clash and are skipped, and the points that are left out of the others."""
    entries = [_entry(one, draft, series) for one in draft.found if not one.skipped]
    if draft.request.on_clash is OnClash.REFUSE:
        return entries, [], []
    kept: list[Entry] = []
    found: list[OccurrenceClashes] = []
    left_out: list[OccurrenceClashes] = []
    skipped: list[Skipped] = []
    ahead = Foresight(connection, booking.checked_wish(draft.request.wish), most=len(entries))
    for entry in entries:
        taken = await ledger.taken(connection, entry)
        if taken and (draft.request.on_clash is OnClash.SKIP_OCCURRENCE or len(taken) == len(entry.holds)):
            found.append(clashing(entry.conference, taken))
            continue
        if draft.request.on_clash is OnClash.SKIP_OCCURRENCE and (limits := await _lacking(ahead, entry)):
            skipped.append(_over_capacity(entry, limits))
            continue
        kept.append(ledger.without(entry, taken))
        if taken:
            left_out.append(clashing(entry.conference, taken))
    if not kept:
        raise clash_error(found, skipped)
    skipped += [Skipped(recurrence_id=one.recurrence_id, reason=SkipReason.CLASH, clashes=one) for one in found]
    return kept, skipped, left_out


async def _lacking(ahead: Foresight, entry: Entry) -> tuple[Limit, ...]:
    """What is too little for the occurrence while a media node is in maintenance; nothing when it is carried."""
    times = entry.conference.times
    outlook = (await ahead.look(entry.numbers, times.can_join_after, times.stop)).outlook
    return () if outlook is None or outlook.carried else outlook.limits


def _over_capacity(entry: Entry, limits: tuple[Limit, ...]) -> Skipped:
    return Skipped(recurrence_id=recurrence_id(entry.conference), reason=SkipReason.CAPACITY, limits=limits)


def _entry(one: Occurrence, draft: Draft, series: str) -> Entry:
    request = draft.request
    conference = Conference(
        id=ConferenceId(str(uuid4())),
        title=booking.checked_title(request.title),
        state=ConferenceState.CONFIRMED,
        times=one.times,
        setup_minutes=request.setup_minutes,
        teardown_minutes=request.teardown_minutes,
        wish=booking.checked_wish(request.wish),
        chair=booking.checked_chair(request.chair),
        version=1,
        booked_by=draft.by,
        series=series,
        recurrence_id=one.recurrence_id,
        points=tuple(PointRef(code=point.code, name=point.name) for point in draft.chosen),
    )
    return ledger.entry_of(conference, {point.code: point.number for point in draft.chosen})


async def change_all(
    connection: Connection, plan: Sequence[Target], leave_out: bool, by: str, now: datetime
) -> tuple[Committed, list[OccurrenceClashes]]:
    """Writes what is different; with `leave_out` without the added points that are taken, which are returned."""
    await lock_points(connection, numbers(entry for target in plan for entry in (target.before, target.after)))
    left_out: list[OccurrenceClashes] = []
    revisions: list[Revision] = []
    for target in plan:
        if leave_out and (taken := await ledger.taken(connection, target.after)):
            left_out.append(clashing(target.after.conference, taken))
            target = replace(target, after=ledger.without(target.after, taken))
        if target.changed:
            revisions.append(Revision(target.before, target.after, Action.CHANGED))
    return await commit_all(connection, revisions, by, now), left_out


async def commit_all(connection: Connection, revisions: Sequence[Revision], by: str, now: datetime) -> Committed:
    """Writes the revisions; raises `Conflict` `series.clash`, telling the clashes of each occurrence."""
    try:
        return await commit(connection, revisions, by, now)
    except ClashesFound as found:
        of = {revision.after.conference.id: revision.after.conference for revision in revisions}
        raise clash_error([clashing(of[id], taken) for id, taken in found.clashes.items()]) from None


async def locked(connection: Connection, id: ConferenceId, scope: Scope) -> tuple[str, list[Entry]]:
    """The zone of the occurrence's series and the occurrences in scope, all locked.

    Raises `NotFound` `conference.unknown`, and `series.unknown` for a conference without a series.
    """
    row = await connection.fetchrow(CONFERENCE_SQL["conference"], ledger.key(id))
    if row is None:
        raise ledger.unknown()
    if row["series"] is None:
        raise NotFound("series.unknown", "This conference is not part of a series.")
    zone: str = await connection.fetchval(SQL["lock_series"], row["series"])
    if scope is Scope.THIS:
        return zone, await ledger.locked(connection, [id])
    since = row["recurrence_id"] if scope is Scope.FOLLOWING else None
    rows = await connection.fetch(SQL["occurrence_ids"], row["series"], since)
    return zone, await ledger.locked(connection, [ConferenceId(str(row["id"])) for row in rows])


async def read(connection: Connection, id: UUID) -> Series:
    """The series with its occurrences; raises `NotFound` `series.unknown`."""
    row = await connection.fetchrow(SQL["series"], id)
    if row is None:
        raise NotFound("series.unknown", "There is no such series.")
    found = await connection.fetch(SQL["occurrences"], id)
    return Series(
        id=str(id),
        rule=row["rule"],
        zone=row["zone"],
        first_start=row["first_start"],
        exdates=tuple(row["exdates"]),
        skip_holidays=row["skip_holidays"],
        booked_by=row["booked_by"],
        occurrences=tuple(ConferenceSummary(**ledger.facts(one), points=one["points"]) for one in found),
    )


def numbers(entries: Iterable[Entry]) -> list[int]:
    """The points of all the entries."""
    return sorted({number for entry in entries for number in entry.numbers})


def clashing(conference: Conference, taken: Sequence[Clash]) -> OccurrenceClashes:
    """An occurrence's clashes."""
    return shown(recurrence_id(conference), conference.times, taken)


def shown(start: datetime, times: ConferenceTimes, taken: Sequence[Clash]) -> OccurrenceClashes:
    """An occurrence's clashes, the first 50 of them in full."""
    return OccurrenceClashes(recurrence_id=start, times=times, count=len(taken), clashes=tuple(taken[:CLASHES_SHOWN]))


def clash_error(found: Sequence[OccurrenceClashes], over: Sequence[Skipped] = ()) -> Conflict:
    """The refusal that tells each occurrence's clashes, and what is too little for those that are not carried."""
    ordered = sorted(found, key=lambda one: one.recurrence_id)
    detail = f"Points are taken in {len(found)} of the occurrences."
    if over:
        detail += f" Media nodes and lines do not carry {len(over)} others."
    return Conflict(
        "series.clash",
        detail,
        occurrences=[one.model_dump(mode="json") for one in ordered],
        over_capacity=[one.model_dump(mode="json") for one in over],
    )
