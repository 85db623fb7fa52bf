"""Whether what packets wait is a queue: it shrinks when less is sent."""

from __future__ import annotations

import pytest

from bridge.media.relief import ENOUGH_SECONDS, GREW_SECONDS, LESS, Relief

STEP, THROUGH = 0.1, 400_000


def verdict(relief: Relief, rate: int, wait: float, *, shrinks: float = 0.0) -> tuple[bool | None, float]:
    """What is found, and when within ten seconds, as so much comes and the wait shrinks so fast."""
    for turn in range(1, 101):
        wait = max(0.0, wait - shrinks * STEP)
        found = relief.take(wait, rate, turn * STEP)
        if found is not None:
            return found, turn * STEP
    return None, 10.0


def test_a_wait_that_stays_when_less_comes_is_no_queue() -> None:
    found, after = verdict(Relief(0.1, THROUGH, 0.0), THROUGH // 2, 0.1)
    assert found is False
    assert after == pytest.approx(ENOUGH_SECONDS / (LESS - 0.5), abs=STEP)


def test_a_wait_that_shrinks_when_less_comes_is_a_queue() -> None:
    assert verdict(Relief(0.1, THROUGH, 0.0), THROUGH // 2, 0.1, shrinks=0.5)[0] is True


@pytest.mark.parametrize("share", [LESS, 1.0, 1.3])
def test_as_long_as_as_much_comes_nothing_is_known(share: float) -> None:
    assert verdict(Relief(0.1, THROUGH, 0.0), round(share * THROUGH), 0.1)[0] is None


def test_rates_that_only_sway_add_up_to_nothing() -> None:
    relief = Relief(0.1, THROUGH, 0.0)
    rates = [round(THROUGH * share) for share in (0.8, 1.0)] * 200
    assert {relief.take(0.1, rate, STEP * (number + 1)) for number, rate in enumerate(rates)} == {None}


def test_a_queue_that_has_grown_is_reckoned_from_there() -> None:
    relief = Relief(0.1, THROUGH, 0.0)
    assert relief.take(0.11 + GREW_SECONDS, THROUGH // 2, STEP) is None
    assert (relief.wait, relief.through, relief.gone) == (0.11 + GREW_SECONDS, THROUGH // 2, 0.0)


def test_without_a_rate_nothing_is_known() -> None:
    assert verdict(Relief(0.1, 0, 0.0), 0, 0.1)[0] is None
