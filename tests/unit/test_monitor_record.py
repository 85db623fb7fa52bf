"""How finely a point's past is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.points.record import MOST_MOMENTS, step_of
from monitor.points.record_model import LONGEST


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(hours=3), timedelta(minutes=1)),
        (timedelta(minutes=750), timedelta(minutes=1)),
        (timedelta(minutes=751), timedelta(minutes=2)),
        (timedelta(days=1), timedelta(minutes=2)),
        (timedelta(days=7), timedelta(minutes=15)),
        (timedelta(days=31), timedelta(hours=1)),
    ],
)
def test_a_step_is_the_shortest_that_a_chart_can_show(length: timedelta, step: timedelta) -> None:
    assert step_of(length) == step


def test_the_longest_time_has_hardly_more_moments_than_a_chart_has_pixels() -> None:
    assert LONGEST / step_of(LONGEST) <= MOST_MOMENTS + 24
