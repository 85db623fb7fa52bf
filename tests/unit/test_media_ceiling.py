"""How large a picture is asked of a source whose line is narrow."""

from __future__ import annotations

from itertools import pairwise

from bridge.media.ceiling import HOLD_SECONDS, LONGEST_HOLD_SECONDS, PROVING_SECONDS, Ceiling
from bridge.media.demand import Demand

SIZES = (57_600, 230_400, 921_600)
WIDE, NARROW = 2_500_000, 290_000


def test_a_wide_line_has_no_ceiling() -> None:
    assert Ceiling().update(SIZES, WIDE, 0.0) is None
    assert Ceiling().update((), 0, 0.0) is None


def test_a_narrow_line_gets_the_largest_layer_that_it_carries() -> None:
    assert Ceiling().update(SIZES, NARROW, 0.0) == 230_400
    assert Ceiling().update(SIZES, 100_000, 0.0) == 57_600
    assert Ceiling().update(SIZES, 1, 0.0) == 57_600, "the smallest is always asked for"


def test_a_larger_layer_is_tried_after_a_hold_and_more_rarely_when_that_fails() -> None:
    ceiling, now, tries = Ceiling(), 0.0, []
    while now < 4 * LONGEST_HOLD_SECONDS:
        before = ceiling.pixels
        # As long as the large layer is not sent nothing fills the line.
        after = ceiling.update(SIZES, WIDE if before is not None else NARROW, now)
        if before is not None and after is None:
            tries.append(now)
        now += 0.3
    pauses = [later - earlier for earlier, later in pairwise([0.0, *tries])]
    assert abs(pauses[0] - HOLD_SECONDS) < 0.5
    assert all(abs(pause - LONGEST_HOLD_SECONDS) < 1 for pause in pauses[1:])


def test_a_fall_long_after_a_try_that_went_well_is_a_new_one() -> None:
    ceiling = Ceiling()
    ceiling.update(SIZES, NARROW, 0.0)
    assert ceiling.update(SIZES, WIDE, HOLD_SECONDS) is None
    later = HOLD_SECONDS + PROVING_SECONDS
    assert ceiling.update(SIZES, NARROW, later) == 230_400
    assert ceiling.update(SIZES, WIDE, later + HOLD_SECONDS) is None


def test_a_layer_that_is_too_large_goes_at_once() -> None:
    demand, rids = Demand(), ("l", "m", "h")
    demand.update(rids, {"h"}, 0.0)
    demand.update(rids, {"h"}, 10.0)
    assert demand.update(rids, {"m"}, 10.1, {"h"})
    assert demand.told == ("m",)
