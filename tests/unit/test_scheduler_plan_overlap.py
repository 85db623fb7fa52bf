"""What overlapping conferences need at the busiest instant, against counting it second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.overlap import Use, busiest

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def test_what_ends_when_another_begins_is_not_counted_twice() -> None:
    uses = [Use("79", 5, 50, at(0), at(60)), Use("79", 7, 40, at(60), at(120))]
    assert busiest(uses, at(0), at(120)) == {"79": (7, 50)}
    assert busiest(uses, at(30), at(60)) == {"79": (5, 50)}
    assert busiest(uses, at(120), at(180)) == {}


@given(
    uses=st.lists(
        st.builds(
            lambda code, first, second, since, length: Use(code, first, second, at(since), at(since + length)),
            st.sampled_from(["a", "b"]),
            st.integers(0, 9),
            st.integers(0, 9),
            st.integers(-5, 12),
            st.integers(1, 8),
        ),
        max_size=8,
    ),
    length=st.integers(1, 12),
)
def test_the_busiest_instant_is_the_busiest_minute(uses: list[Use], length: int) -> None:
    found = busiest(uses, at(0), at(length))
    for code in ("a", "b"):
        alive = [
            [use for use in uses if use.code == code and use.since <= at(minute) < use.until]
            for minute in range(length)
        ]
        first = max(sum(use.first for use in together) for together in alive)
        second = max(sum(use.second for use in together) for together in alive)
        assert found.get(code, (0, 0)) == (first, second)
