from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signaling.limiter import TokenBucket


def test_a_burst_just_within_the_limit_passes_and_one_more_does_not() -> None:
    bucket = TokenBucket(per_second=2, burst=5, now=0)
    assert [bucket.take(0) for _ in range(6)] == [True] * 5 + [False]


def test_what_was_spent_comes_back_with_time() -> None:
    bucket = TokenBucket(per_second=2, burst=1, now=0)
    assert bucket.take(0)
    assert not bucket.take(0.4)
    assert bucket.take(0.5)


def test_silence_saves_no_more_than_one_burst() -> None:
    bucket = TokenBucket(per_second=10, burst=3, now=0)
    assert [bucket.take(1_000) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_stands_or_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(per_second=10, burst=1, now=100)
    assert bucket.take(100)
    assert not bucket.take(50)
    assert not bucket.take(100)


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=200))
def test_never_more_than_burst_plus_rate_times_time(pauses: list[float]) -> None:
    bucket = TokenBucket(per_second=3, burst=4, now=0)
    now = 0.0
    allowed = 0
    for pause in pauses:
        now += pause
        allowed += bucket.take(now)
    assert allowed <= 4 + 3 * now + 1e-6
