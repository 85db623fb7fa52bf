"""How large a picture is asked of a source whose line is narrow."""

from __future__ import annotations

from itertools import pairwise

from bridge.media.demand import Demand
from bridge.media.source_limit import (
    HOLD_SECONDS,
    LONGEST_HOLD_SECONDS,
    PROVING_SECONDS,
    SURE_HOLD_SECONDS,
    SourceLimit,
)

SIZES = (57_600, 230_400, 921_600)
WIDE, NARROW = 2_500_000, 290_000


def test_a_wide_line_has_no_limit() -> None:
    assert SourceLimit().update(SIZES, WIDE, 0.0) is None
    assert SourceLimit().update((), 0, 0.0) is None


def test_a_narrow_line_gets_the_largest_layer_that_it_carries() -> None:
    assert SourceLimit().update(SIZES, NARROW, 0.0) == 230_400
    assert SourceLimit().update(SIZES, 100_000, 0.0) == 57_600
    assert SourceLimit().update(SIZES, 1, 0.0) == 57_600, "the smallest is always asked for"


def test_a_larger_layer_is_tried_after_a_hold_and_more_rarely_when_that_fails() -> None:
    limit, now, tries = SourceLimit(), 0.0, []
    while now < 4 * LONGEST_HOLD_SECONDS:
        before = limit.pixels
        # As long as the large layer is not sent nothing fills the line.
        after = limit.update(SIZES, WIDE if before is not None else NARROW, now)
        if before is not None and after is None:
            tries.append(now)
        now += 0.3
    pauses = [later - earlier for earlier, later in pairwise([0.0, *tries])]
    assert abs(pauses[0] - HOLD_SECONDS) < 0.5
    assert all(abs(pause - LONGEST_HOLD_SECONDS) < 1 for pause in pauses[1:])


def test_a_fall_long_after_a_try_that_went_well_is_a_new_one() -> None:
    limit = SourceLimit()
    limit.update(SIZES, NARROW, 0.0)
    assert limit.update(SIZES, WIDE, HOLD_SECONDS) is None
    later = HOLD_SECONDS + PROVING_SECONDS
    assert limit.update(SIZES, NARROW, later) == 230_400
    assert limit.update(SIZES, WIDE, later + HOLD_SECONDS) is None


def test_a_line_that_is_surely_wide_again_is_tried_soon_and_no_sooner_once_that_misled() -> None:
    limit = SourceLimit()
    limit.update(SIZES, NARROW, 0.0)
    assert limit.update(SIZES, WIDE, SURE_HOLD_SECONDS, WIDE) is None
    again = SURE_HOLD_SECONDS + 1
    assert limit.update(SIZES, NARROW, again, WIDE) == 230_400
    assert limit.update(SIZES, WIDE, again + LONGEST_HOLD_SECONDS - 1, WIDE) == 230_400
    assert limit.update(SIZES, WIDE, again + LONGEST_HOLD_SECONDS, WIDE) is None


def test_a_line_that_lets_more_through_than_when_it_was_too_full_is_tried_soon() -> None:
    limit = SourceLimit()
    limit.update(SIZES, NARROW, 0.0)
    assert limit.update(SIZES, WIDE, SURE_HOLD_SECONDS - 1, wider=True) == 230_400
    assert limit.update(SIZES, WIDE, SURE_HOLD_SECONDS, wider=True) is None


def test_a_fall_that_was_not_the_line_s_fault_is_undone_and_an_old_one_is_not() -> None:
    limit = SourceLimit()
    limit.update(SIZES, NARROW, 0.0)
    limit.update(SIZES, 100_000, 1.0)
    assert limit.update(SIZES, WIDE, 2.0, withdrawn=1) is None
    assert limit.update(SIZES, NARROW, 10.0, withdrawn=1) == 230_400
    assert limit.update(SIZES, NARROW, 10.0 + PROVING_SECONDS, withdrawn=2) == 230_400


def test_a_layer_that_is_too_large_goes_at_once() -> None:
    demand, rids = Demand(), ("l", "m", "h")
    demand.update(rids, {"h"}, 0.0)
    demand.update(rids, {"h"}, 10.0)
    assert demand.update(rids, {"m"}, 10.1, {"h"})
    assert demand.told == ("m",)
