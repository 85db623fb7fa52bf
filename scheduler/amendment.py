"""What a change makes of a conference, and how its history tells it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import JsonValue

from core.errors import BadInput, Conflict
from core.model import ConferenceState, ConferenceTimes, PointRef
from scheduler import booking, lifecycle
from scheduler.model import Conference, ConferenceChange, FieldChange
from scheduler.plan.model import PlanWish


def amended(present: Conference, change: ConferenceChange, points: tuple[PointRef, ...], now: datetime) -> Conference:
    """The conference after `change`, with `points` as its points; equal to `present` when nothing is different.

    Raises as `booking.moved_times`, `checked_title`, `checked_chair` and `checked_wish`, and `Conflict`
    `conference.running` for the set-up time or the wish of an open conference.
    """
    lifecycle.refuse_if_over(present.state)
    setup = present.setup_minutes if change.setup_minutes is None else change.setup_minutes
    wish = present.wish if change.wish is None else booking.checked_wish(change.wish)
    if present.state is ConferenceState.OPEN:
        _refuse_what_is_past(present, setup, wish)
    teardown = present.teardown_minutes if change.teardown_minutes is None else change.teardown_minutes
    changes = {
        "title": present.title if change.title is None else booking.checked_title(change.title),
        "times": _times(present, change, now),
        "setup_minutes": setup,
        "teardown_minutes": teardown,
        "wish": wish,
        "chair": present.chair if change.chair is None else booking.checked_chair(change.chair),
        "points": points,
    }
    return present.model_copy(update=changes)


def _refuse_what_is_past(present: Conference, setup: int, wish: PlanWish) -> None:
    if setup != present.setup_minutes:
        message = "The conference is running: its set-up is over."
        raise Conflict("conference.running", message, field="setup_minutes")
    if wish != present.wish:
        message = "The conference is running: its halls are connected as it was planned."
        raise Conflict("conference.running", message, field="wish")


def _times(present: Conference, change: ConferenceChange, now: datetime) -> ConferenceTimes:
    if change.times is None or change.times.model_dump() == present.times.model_dump():
        return present.times
    return booking.moved_times(present.state, present.times, change.times, now)


def changed_points(
    present: Sequence[PointRef], added: Sequence[PointRef], removed: Collection[str], limit: int
) -> tuple[PointRef, ...]:
    """The points after adding and removing, by code; raises `booking.no_points`, `booking.too_many_points`."""
    points = {point.code: point for point in (*added, *present)}
    kept = tuple(points[code] for code in sorted(points) if code not in removed)
    booking.check_point_count(len(kept), limit)
    return kept


def refuse_strangers(conference: Conference, codes: Collection[str]) -> None:
    """Raises `BadInput` `booking.not_taking_part`, naming the points that shall go but are not there."""
    strangers = sorted(set(codes) - {point.code for point in conference.points})
    if strangers:
        message = f"{', '.join(strangers[:20])}: not part of this conference."
        raise BadInput("booking.not_taking_part", message, points=strangers)


def differences(before: Conference | None, after: Conference) -> tuple[FieldChange, ...]:
    """What is different, field by field; before a booking there was nothing."""
    old, new = _fields(before), _fields(after)
    found = [FieldChange(field=name, old=old.get(name), new=new[name]) for name in new if old.get(name) != new[name]]
    had = {point.code for point in before.points} if before else set()
    has = {point.code for point in after.points}
    if had != has:
        gone: list[JsonValue] = [*sorted(had - has)]
        came: list[JsonValue] = [*sorted(has - had)]
        found.append(FieldChange(field="points", old=gone, new=came))
    return tuple(found)


def _fields(conference: Conference | None) -> dict[str, JsonValue]:
    if conference is None:
        return {}
    return {
        "state": conference.state.value,
        "title": conference.title,
        **conference.times.model_dump(mode="json"),
        "setup_minutes": conference.setup_minutes,
        "teardown_minutes": conference.teardown_minutes,
        **conference.wish.model_dump(mode="json"),
        "chair": conference.chair,
    }
