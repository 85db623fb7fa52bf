from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.warning import DEFAULT_MINUTES, mark_due
from tests.support.directory import NOON

MINUTE = timedelta(minutes=1)
STOP = NOON + 60 * MINUTE


@pytest.mark.parametrize(
    ("minutes_left", "warned", "mark"),
    [
        (15.01, None, None),
        (15, None, 15),
        (14, 15, None),
        (5, 15, 5),
        (5, None, 5),
        (1, 5, 1),
        (0.5, None, 1),
        (0.5, 1, None),
        (0, None, None),
        (-1, None, None),
    ],
)
def test_the_warning_is_the_mark_whose_moment_was_last(
    minutes_left: float, warned: int | None, mark: int | None
) -> None:
    assert mark_due(DEFAULT_MINUTES, NOON, STOP, warned, STOP - minutes_left * MINUTE) == mark


def test_a_short_conference_is_not_warned_at_marks_before_its_start() -> None:
    stop = NOON + 5 * MINUTE
    assert mark_due(DEFAULT_MINUTES, NOON, stop, None, NOON + MINUTE) is None
    assert mark_due(DEFAULT_MINUTES, NOON, stop, None, stop - MINUTE) == 1


@given(st.lists(st.floats(0, 70), max_size=30))
def test_whenever_it_is_looked_at_each_mark_is_given_at_most_once_and_they_count_down(minutes: list[float]) -> None:
    given_marks: list[int] = []
    for minute in sorted(minutes):
        warned = min(given_marks, default=None)
        mark = mark_due(DEFAULT_MINUTES, NOON, STOP, warned, NOON + minute * MINUTE)
        if mark is not None:
            given_marks.append(mark)
    assert given_marks == sorted(set(given_marks), reverse=True)
