"""Writing conferences inside a transaction: row, reservations, awaited approvals and history always together.

The order of locks is the same everywhere: the conference's row (several by id), then the points, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import amendment, booking, lifecycle
from scheduler.model import Action, Clash, Conference
from scheduler.plan.model import PlanWish
from scheduler.reservations import SQL, Connection, clashes


@dataclass(frozen=True)
class Hold:
    """A point's number in the database, and since when the conference holds it."""

    number: int
    since: datetime


@dataclass(frozen=True)
class Entry:
    """A conference as it is written: `holds` has one entry per point, by code. `running`: the bridge may have it."""

    conference: Conference
    holds: Mapping[str, Hold]
    running: bool = False

    @property
    def numbers(self) -> list[int]:
        """The numbers of its points."""
        return [hold.number for hold in self.holds.values()]

    @property
    def holding(self) -> bool:
        """Whether it keeps others out."""
        return self.conference.state in lifecycle.HOLDING


@dataclass(frozen=True)
class Revision:
    """A new conference (`before` is None) or a new version of one. `awaited`: whose approval it now waits for."""

    before: Entry | None
    after: Entry
    action: Action
    note: str = ""
    awaited: frozenset[str] | None = None


def entry_of(conference: Conference, numbers: Mapping[str, int]) -> Entry:
    """The conference with all its points held for its whole span."""
    since, _ = booking.held_span(conference)
    return Entry(conference, {point.code: Hold(numbers[point.code], since) for point in conference.points})


def stepped(before: Entry, state: ConferenceState) -> Entry:
    """The entry's next version in another state."""
    changes = {"state": state, "version": before.conference.version + 1}
    return replace(before, conference=before.conference.model_copy(update=changes))


def revised(before: Entry, conference: Conference, numbers: Mapping[str, int], now: datetime) -> Entry:
    """The entry's next version. An open conference holds its new points from now on, and its old ones as before."""
    conference = conference.model_copy(update={"version": before.conference.version + 1})
    if conference.state is not ConferenceState.OPEN:
        return replace(entry_of(conference, {**numbers, **_numbers(before)}), running=before.running)
    holds = {point.code: before.holds.get(point.code) or Hold(numbers[point.code], now) for point in conference.points}
    return replace(before, conference=conference, holds=holds)


def _numbers(entry: Entry) -> dict[str, int]:
    return {code: hold.number for code, hold in entry.holds.items()}


async def locked(connection: Connection, ids: Iterable[ConferenceId]) -> list[Entry]:
    """The conferences, by id, locked until the transaction ends; raises `NotFound` `conference.unknown`."""
    keys = sorted({key(id) for id in ids})
    rows = await connection.fetch(SQL["conferences_for_update"], keys)
    if len(rows) != len(keys):
        raise unknown()
    holds: dict[UUID, dict[str, Any]] = {row["id"]: {} for row in rows}
    for row in await connection.fetch(SQL["points_of_conferences"], keys):
        holds[row["conference"]][row["code"]] = row
    return [_entry(row, holds[row["id"]]) for row in rows]


def _entry(row: Any, points: Mapping[str, Any]) -> Entry:
    refs = tuple(PointRef(code=code, name=point["name"]) for code, point in points.items())
    holds = {code: Hold(point["number"], point["since"]) for code, point in points.items()}
    return Entry(Conference(**facts(row), points=refs), holds, row["running"])


def check_version(conference: Conference, version: int | None) -> None:
    """Raises `Conflict` `conference.changed` when it is not at `version`; None asks for nothing."""
    if version is not None and version != conference.version:
        message = "Somebody has changed this conference meanwhile. Look at it again."
        raise Conflict("conference.changed", message, version=conference.version)


async def without_clashing(connection: Connection, entry: Entry) -> tuple[Entry, tuple[Clash, ...]]:
    """The entry without the points that are taken, and what takes them; the points must be locked.

    Raises `Conflict` `booking.clash` when all are taken.
    """
    found = await taken(connection, entry)
    if len(found) == len(entry.holds):
        raise booking.clash_error(found)
    return without(entry, found), found


def without(entry: Entry, lost: Iterable[Clash]) -> Entry:
    """The entry without the points that clash."""
    codes = {clash.point for clash in lost}
    points = tuple(point for point in entry.conference.points if point.code not in codes)
    holds = {code: hold for code, hold in entry.holds.items() if code not in codes}
    return replace(entry, conference=entry.conference.model_copy(update={"points": points}), holds=holds)


async def write(
    connection: Connection, revisions: Sequence[Revision], by: str, now: datetime
) -> dict[ConferenceId, tuple[Clash, ...]]:
    """Writes the revisions; the points must be locked. What is returned clashes: then the caller must raise.

    All of them let go before any of them takes, so that conferences may exchange their times and points.
    """
    for revision in revisions:
        await _write_row(connection, revision, by, now)
        await _let_go(connection, revision)
    refused: dict[ConferenceId, tuple[Clash, ...]] = {}
    for revision in revisions:
        if not await _take(connection, revision):
            refused[revision.after.conference.id] = await taken(connection, revision.after)
    return refused


async def _write_row(connection: Connection, revision: Revision, by: str, now: datetime) -> None:
    new, old = revision.after.conference, revision.before.conference if revision.before else None
    buffers, wish = (new.setup_minutes, new.teardown_minutes), wish_columns(new.wish)
    what = (new.title, new.state.value, *_columns(new.times), *buffers, by, now, *wish, new.chair)
    try:
        if old is None:
            series = UUID(new.series) if new.series else None
            await connection.execute(SQL["insert_conference"], key(new.id), *what, series, new.recurrence_id)
        else:
            await connection.execute(SQL["update_conference"], key(new.id), *what)
    except asyncpg.ForeignKeyViolationError as exc:
        if exc.constraint_name != "conference_chair_unit_known":
            raise
        raise BadInput("plan.unknown_unit", f"There is no unit {new.wish.chair_unit}.", field="chair_unit") from exc
    changes = [change.model_dump() for change in amendment.differences(old, new)]
    told = (new.version, now, by, revision.action.value, revision.note, changes)
    await connection.execute(SQL["insert_history"], key(new.id), *told)


async def _let_go(connection: Connection, revision: Revision) -> None:
    before, after = revision.before, revision.after
    if before is None:
        return
    if before.holding and not after.holding:
        await connection.execute(SQL["let_go"], key(after.conference.id))
    elif gone := [number for number, _ in _rows(before) - _rows(after)]:
        await connection.execute(SQL["release"], key(after.conference.id), gone)


async def _take(connection: Connection, revision: Revision) -> bool:
    """Reserves what is not reserved yet; whether all of it was free."""
    before, after = revision.before, revision.after
    if before is not None and before.holding and not after.holding:
        return True
    wanted = sorted(_rows(after) - (_rows(before) if before is not None else set()))
    if not wanted:
        return True
    numbers = [number for number, _ in wanted]
    since_of = {hold.number: hold.since for hold in after.holds.values()}
    _, until = booking.held_span(after.conference)
    parameters = (numbers, [since_of[number] for number in numbers], until, after.holding)
    status = await connection.execute(SQL["reserve"], key(after.conference.id), *parameters)
    return count(status) == len(numbers)


def _rows(entry: Entry) -> set[tuple[int, tuple[datetime, datetime, bool]]]:
    """The reservation rows that an entry is, comparable."""
    _, until = booking.held_span(entry.conference)
    return {(hold.number, (hold.since, until, entry.holding)) for hold in entry.holds.values()}


async def taken(connection: Connection, entry: Entry) -> tuple[Clash, ...]:
    """Who holds the entry's points in its span, other than itself; one `Clash` per point that is taken."""
    _, until = booking.held_span(entry.conference)
    groups: dict[datetime, list[int]] = {}
    for hold in entry.holds.values():
        groups.setdefault(hold.since, []).append(hold.number)
    found: list[Clash] = []
    for since, numbers in groups.items():
        found += await clashes(connection, numbers, since, until, key(entry.conference.id))
    return tuple(sorted(found, key=lambda clash: clash.point))


def facts(row: Any) -> dict[str, Any]:
    """The columns that a summary and a whole conference share."""
    return {
        "id": ConferenceId(str(row["id"])),
        "title": row["title"],
        "state": ConferenceState(row["state"]),
        "times": ConferenceTimes(**{name: row[name] for name in ConferenceTimes.model_fields}),
        "setup_minutes": row["setup_minutes"],
        "teardown_minutes": row["teardown_minutes"],
        "wish": PlanWish(profile=row["profile"], lightest=row["lightest"], chair_unit=row["chair_unit"]),
        "chair": row["chair"],
        "version": row["version"],
        "booked_by": row["booked_by"],
        "series": str(row["series"]) if row["series"] else None,
        "recurrence_id": row["recurrence_id"],
    }


def wish_columns(wish: PlanWish) -> tuple[str, str, str | None]:
    """The columns `profile`, `lightest` and `chair_unit`."""
    return wish.profile.value, wish.lightest.value, wish.chair_unit


def _columns(times: ConferenceTimes) -> tuple[datetime, datetime, datetime, datetime]:
    return times.can_join_after, times.start, times.stop, times.must_join_before


def key(id: ConferenceId) -> UUID:
    """The database's key; an id of another form belongs to no conference."""
    try:
        return UUID(id)
    except ValueError as exc:
        raise unknown() from exc


def unknown() -> NotFound:
    """There is no such conference."""
    return NotFound("conference.unknown", "There is no such conference.")


def count(status: str) -> int:
    """The number of rows in a command's status, such as "INSERT 0 168"."""
    return int(status.rpartition(" ")[2])
