"""What a change for several occurrences makes of each of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import amendment, booking, ledger, lifecycle
from scheduler.directory_store import ChosenPoint
from scheduler.ledger import Entry
from scheduler.model import Conference, ConferenceChange
from scheduler.recurrence import Shape, shape_of, times_of


@dataclass(frozen=True)
class Resolved:
    """A change with its points found in the directory."""

    change: ConferenceChange
    added: Sequence[ChosenPoint]
    removed: frozenset[str]
    limit: int


@dataclass(frozen=True)
class Target:
    """An occurrence before and after. `kept_times`: it was moved on its own before, and stays where it is."""

    before: Entry
    after: Entry
    kept_times: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(amendment.differences(self.before.conference, self.after.conference))


def living(entries: Iterable[Entry], id: ConferenceId) -> list[Entry]:
    """What can still be changed: nothing that is over, and of what is running only the occurrence that is meant."""
    return [entry for entry in entries if entry.conference.id == id or _may_change(entry.conference.state)]


def _may_change(state: ConferenceState) -> bool:
    return state not in lifecycle.OVER and state is not ConferenceState.OPEN


def named(entries: Iterable[Entry], id: ConferenceId) -> Entry:
    """The occurrence that is meant."""
    return next(entry for entry in entries if entry.conference.id == id)


def recurrence_id(conference: Conference) -> datetime:
    """The start that the series' rule gave an occurrence."""
    if conference.recurrence_id is None:
        raise LookupError("not an occurrence of a series")
    return conference.recurrence_id


def targets(
    entries: Sequence[Entry], id: ConferenceId, resolved: Resolved, zone: ZoneInfo, now: datetime
) -> list[Target]:
    """Each of the occurrences after the change, whose times are those for the occurrence `id`.

    Raises as `amendment.amended`.
    """
    meant = named(entries, id).conference
    lifecycle.refuse_if_over(meant.state)
    amendment.refuse_strangers(meant, resolved.change.remove_points)
    old = _shape(meant, zone)
    new = old
    if resolved.change.times is not None:
        wanted = ConferenceTimes(**booking.ordered_times(resolved.change.times).model_dump())
        new = shape_of(wanted, recurrence_id(meant), zone)
    return [_target(entry, resolved, old, new, zone, now) for entry in entries]


def _target(entry: Entry, resolved: Resolved, old: Shape, new: Shape, zone: ZoneInfo, now: datetime) -> Target:
    conference = entry.conference
    points = tuple(PointRef(code=point.code, name=point.name) for point in resolved.added)
    points = amendment.changed_points(conference.points, points, resolved.removed, resolved.limit)
    moves = old != new and _shape(conference, zone) == old
    times = times_of(recurrence_id(conference), new, zone).model_dump() if moves else None
    change = ConferenceChange(**{**resolved.change.model_dump(), "times": times})
    numbers = {point.code: point.number for point in resolved.added}
    after = ledger.revised(entry, amendment.amended(conference, change, points, now), numbers, now)
    return Target(entry, after, kept_times=old != new and not moves)


def _shape(conference: Conference, zone: ZoneInfo) -> Shape:
    return shape_of(conference.times, recurrence_id(conference), zone)
