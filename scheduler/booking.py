"""Booking decided: whether a request can be booked at all, what may still be changed, what a refusal says. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import BadInput, Conflict
from core.model import ConferenceSpec, ConferenceState, ConferenceTimes, PlannedPictures
from scheduler.lifecycle import refuse_if_over
from scheduler.model import Clash, Conference, RequestedTimes
from scheduler.plan.model import PlanWish, ProfileName

MAX_TITLE = 200
LONGEST = timedelta(days=31)
"""A conference holds its points; a typing error in the year must not hold them for a decade."""
FURTHEST = timedelta(days=5 * 366)
PAST_TOLERANCE = timedelta(minutes=1)
"""A form filled in "now" arrives a little later."""


def checked_title(title: str) -> str:
    """The title without outer blanks; raises `booking.title`."""
    title = title.strip()
    if not 1 <= len(title) <= MAX_TITLE:
        raise BadInput("booking.title", f"Give the conference a title of 1 to {MAX_TITLE} characters.", limit=MAX_TITLE)
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in title):
        raise BadInput("booking.title", "The title has an invisible control character or a line break.")
    return title


def checked_wish(wish: PlanWish) -> PlanWish:
    """The wish; raises `plan.lightest` when the lightest acceptable profile is heavier than the wanted one."""
    ranked = list(ProfileName)
    if ranked.index(wish.lightest) < ranked.index(wish.profile):
        message = "The lightest acceptable profile must not be heavier than the wanted one."
        raise BadInput("plan.lightest", message, field="lightest")
    return wish


def checked_chair(username: str | None) -> str | None:
    """The account's name, None for nobody (None or empty); raises `BadInput` `chair.unknown` for what cannot be one."""
    if not username:
        return None
    if len(username) > 64 or not username.isprintable() or not username.strip():
        raise BadInput("chair.unknown", "Give the name of an account.", field="chair")
    return username


def ordered_times(times: RequestedTimes) -> ConferenceTimes:
    """The times in their right order (RFC 6501 section 4.2.2); raises `booking.times`, naming what is not."""
    if times.stop <= times.start:
        raise BadInput("booking.times", "The conference must stop after it starts.", field="stop")
    if times.can_join_after > times.start:
        raise BadInput("booking.times", "The doors must open before the start.", field="can_join_after")
    if not times.start <= times.must_join_before <= times.stop:
        message = "The last moment to join must lie between start and stop."
        raise BadInput("booking.times", message, field="must_join_before")
    if times.stop - times.can_join_after > LONGEST:
        raise BadInput("booking.times", f"A conference lasts at most {LONGEST.days} days.", field="stop")
    return ConferenceTimes(**times.model_dump())


def bookable_times(times: RequestedTimes, now: datetime) -> ConferenceTimes:
    """Times for a conference that is yet to come; raises `booking.past` and `booking.times`.

    The doors may already be open ("starts now"), but the start may not be over.
    """
    ordered = ordered_times(times)
    if ordered.start < now - PAST_TOLERANCE:
        raise BadInput("booking.past", "The start is in the past.", field="start")
    if ordered.start > now + FURTHEST:
        raise BadInput("booking.times", "The start is more than five years ahead.", field="start")
    return ordered


def moved_times(state: ConferenceState, old: ConferenceTimes, wanted: RequestedTimes, now: datetime) -> ConferenceTimes:
    """New times for a conference that is yet to come (any) or open (only `stop` and `must_join_before` move).

    Raises `booking.past`, `booking.times`, and `Conflict` `conference.over`, `conference.running`.
    """
    refuse_if_over(state)
    if state is not ConferenceState.OPEN:
        return bookable_times(wanted, now)
    if (wanted.can_join_after, wanted.start) != (old.can_join_after, old.start):
        message = "The conference is running: only its end can still be moved."
        raise Conflict("conference.running", message, field="start")
    ordered = ordered_times(wanted)
    if ordered.stop <= now:
        raise BadInput("booking.past", "The new end is in the past. Close the conference instead.", field="stop")
    return ordered


def extended_times(times: ConferenceTimes, minutes: int) -> RequestedTimes:
    """The times with a later stop; the last moment to join stays unless it was the stop."""
    stop = times.stop + timedelta(minutes=minutes)
    last = stop if times.must_join_before == times.stop else times.must_join_before
    return RequestedTimes(**{**times.model_dump(), "stop": stop, "must_join_before": last})


def span(
    times: ConferenceTimes | RequestedTimes, setup_minutes: int, teardown_minutes: int
) -> tuple[datetime, datetime]:
    """From when until when points are held: doors to stop, and the time to set up and to tear down."""
    return times.can_join_after - timedelta(minutes=setup_minutes), times.stop + timedelta(minutes=teardown_minutes)


def held_span(conference: Conference) -> tuple[datetime, datetime]:
    """From when until when the conference holds its points."""
    return span(conference.times, conference.setup_minutes, conference.teardown_minutes)


def check_point_count(count: int, limit: int) -> None:
    """Raises `booking.no_points` or `booking.too_many_points`."""
    if count == 0:
        raise BadInput("booking.no_points", "Choose at least one bridge point.")
    if count > limit:
        message = f"A conference takes at most {limit:,} bridge points."
        raise BadInput("booking.too_many_points", message, limit=limit)


def clash_error(clashes: Sequence[Clash]) -> Conflict:
    """The refusal that names each point, the conference that holds it, and until when."""
    return Conflict(
        "booking.clash",
        f"{len(clashes)} of the bridge points are taken at that time.",
        clashes=[clash.model_dump(mode="json") for clash in clashes],
    )


def extension_error(conference: Conference, clashes: Sequence[Clash]) -> Conflict:
    """The refusal to extend, which names the booking that is hit first and until when extending would be possible."""
    first = min(clashes, key=lambda clash: (clash.since, clash.point))
    possible = first.since - timedelta(minutes=conference.teardown_minutes)
    message = f"“{first.title}” has {first.name} next. It can be extended until then."
    refusal = clash_error(clashes)
    return Conflict(
        refusal.code,
        message,
        **refusal.data,
        next=first.model_dump(mode="json"),
        possible_stop=max(possible, conference.times.stop).isoformat(),
    )


def spec(conference: Conference, pictures: PlannedPictures | None) -> ConferenceSpec:
    """What the focus needs to run the conference; `pictures` is what its plan gives."""
    return ConferenceSpec(
        id=conference.id,
        title=conference.title,
        times=conference.times,
        points=conference.points,
        pictures=pictures,
    )
