from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.errors import BadInput, Conflict, DiemcauError
from core.model import ConferenceState, ConferenceTimes
from scheduler import booking
from scheduler.model import RequestedTimes
from tests.support.directory import NOON, times

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def refusal(decide: Callable[[], Any]) -> DiemcauError:
    with pytest.raises(DiemcauError) as caught:
        decide()
    return caught.value


def changed(base: RequestedTimes, **changes: Any) -> RequestedTimes:
    return base.model_copy(update=changes)


@pytest.mark.parametrize("title", ["x", "x" * 200, "  Họp giao ban  "])
def test_a_title_within_its_limits_is_taken_without_outer_blanks(title: str) -> None:
    assert booking.checked_title(title) == title.strip()


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "a\x00b", "a\nb", "a\ud800b"])
def test_a_title_outside_its_limits_is_refused(title: str) -> None:
    assert refusal(lambda: booking.checked_title(title)).code == "booking.title"


def test_times_in_their_order_are_taken_at_the_very_edge() -> None:
    edge = RequestedTimes(can_join_after=NOON, start=NOON, stop=NOON + TICK, must_join_before=NOON)
    assert booking.ordered_times(edge) == ConferenceTimes(**edge.model_dump())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stop": NOON}, "stop"),
        ({"stop": NOON - MINUTE}, "stop"),
        ({"can_join_after": NOON + TICK}, "can_join_after"),
        ({"must_join_before": NOON - TICK}, "must_join_before"),
        ({"must_join_before": NOON + timedelta(hours=1) + TICK}, "must_join_before"),
        ({"can_join_after": NOON - booking.LONGEST}, "stop"),
    ],
)
def test_times_out_of_order_are_refused_naming_the_field(changes: dict[str, Any], field: str) -> None:
    error = refusal(lambda: booking.ordered_times(changed(times(NOON), **changes)))
    assert (error.code, error.data["field"]) == ("booking.times", field)


def test_a_start_a_minute_ago_is_now_and_any_earlier_is_past() -> None:
    assert booking.bookable_times(times(NOON - MINUTE), NOON).start == NOON - MINUTE
    error = refusal(lambda: booking.bookable_times(times(NOON - MINUTE - TICK), NOON))
    assert (error.code, error.status) == ("booking.past", 400)


def test_a_start_beyond_five_years_is_refused() -> None:
    assert booking.bookable_times(times(NOON + booking.FURTHEST), NOON)
    assert refusal(lambda: booking.bookable_times(times(NOON + booking.FURTHEST + TICK), NOON)).code == "booking.times"


@pytest.mark.parametrize("count", [1, 3_321])
def test_one_to_all_communes_can_be_booked(count: int) -> None:
    booking.check_point_count(count, 3_321)


@pytest.mark.parametrize(("count", "code"), [(0, "booking.no_points"), (3_322, "booking.too_many_points")])
def test_no_point_and_one_too_many_are_refused(count: int, code: str) -> None:
    assert refusal(lambda: booking.check_point_count(count, 3_321)).code == code


def test_a_booked_conference_may_move_anywhere_ahead() -> None:
    old = ConferenceTimes(**times(NOON).model_dump())
    wanted = times(NOON + timedelta(days=3))
    assert booking.moved_times(ConferenceState.CONFIRMED, old, wanted, NOON).start == wanted.start


def test_an_open_conference_may_only_move_its_end() -> None:
    old = ConferenceTimes(**times(NOON).model_dump())
    later = NOON + timedelta(minutes=30)
    longer = times(NOON, minutes=90)
    assert booking.moved_times(ConferenceState.OPEN, old, longer, later).stop == longer.stop
    error = refusal(lambda: booking.moved_times(ConferenceState.OPEN, old, times(NOON + MINUTE), later))
    assert isinstance(error, Conflict)
    assert error.code == "conference.running"


def test_an_open_conference_cannot_end_in_the_past() -> None:
    old = ConferenceTimes(**times(NOON).model_dump())
    wanted = times(NOON, minutes=10)
    assert booking.moved_times(ConferenceState.OPEN, old, wanted, wanted.stop - TICK)
    error = refusal(lambda: booking.moved_times(ConferenceState.OPEN, old, wanted, wanted.stop))
    assert isinstance(error, BadInput)
    assert error.code == "booking.past"


@pytest.mark.parametrize("state", [ConferenceState.CLOSED, ConferenceState.CANCELLED])
def test_what_is_over_cannot_move(state: ConferenceState) -> None:
    old = ConferenceTimes(**times(NOON).model_dump())
    assert refusal(lambda: booking.moved_times(state, old, times(NOON), NOON)).code == "conference.over"
