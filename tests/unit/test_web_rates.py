"""How often something may be tried."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from web.rates import RateLimit


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(datetime(2026, 7, 1, 8, tzinfo=UTC))


def test_the_burst_passes_and_the_next_is_told_how_long_to_wait(time: ManualClock) -> None:
    limit = RateLimit(3, time)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    assert limit.take("a") == pytest.approx(20)


def test_waiting_as_told_is_enough_and_less_is_not(time: ManualClock) -> None:
    limit = RateLimit(3, time)
    for _ in range(3):
        limit.take("a")
    time.advance(19)
    assert limit.take("a") == pytest.approx(1)
    time.advance(1.001)
    assert limit.take("a") == 0


def test_trying_while_refused_does_not_lengthen_the_wait(time: ManualClock) -> None:
    limit = RateLimit(1, time)
    limit.take("a")
    waits = [limit.take("a") for _ in range(5)]
    assert waits == pytest.approx([60] * 5)


def test_one_key_does_not_hold_up_another(time: ManualClock) -> None:
    limit = RateLimit(1, time)
    limit.take("a")
    assert limit.take("b") == 0


def test_a_use_that_did_not_count_is_given_back_but_never_more_than_the_burst(time: ManualClock) -> None:
    limit = RateLimit(1, time)
    limit.give_back("a")
    limit.take("a")
    limit.give_back("a")
    limit.give_back("a")
    assert limit.take("a") == 0
    assert limit.take("a") > 0


def test_memory_is_bounded_and_the_longest_unused_key_goes_first(time: ManualClock) -> None:
    limit = RateLimit(1, time, keys=2)
    for key in ("a", "b", "c"):
        limit.take(key)
    assert limit.take("c") > 0
    assert limit.take("a") == 0
