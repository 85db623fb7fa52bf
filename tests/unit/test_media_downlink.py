"""Which picture a line gets: the allocation, the rule's single steps, and its course on a line in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lines_figures import recovered_after, settled_after
from bridge.media.downlink import Downlink
from bridge.media.layers import Rate, Rung, allocate, cost, cost_of_more
from bridge.media.trains import TRAIN_SECONDS
from bridge.media.trips import Trips
from tests.support.line import NO_FAULTS, Faults
from tests.support.narrow import SIZES, NarrowHall

CAMERA = (Rung(57_600, 150_000), Rung(230_400, 500_000), Rung(921_600, 1_500_000))

ladders = st.lists(
    st.lists(st.integers(10_000, 3_000_000), min_size=1, max_size=4).map(
        lambda rates: [Rung(n + 1, bps) for n, bps in enumerate(sorted(rates))]
    ),
    max_size=6,
)


@given(ladders, st.integers(0, 10_000_000))
def test_nothing_is_given_beyond_the_limit_but_a_smallest_picture_s_fluctuation(
    pictures: list[list[Rung]], limit: int
) -> None:
    chosen = allocate(limit, pictures)
    smallest = [ladder[0].bps for ladder, index in zip(pictures, chosen, strict=True) if index >= 0]
    assert cost(pictures, chosen) <= max(limit, sum(smallest))
    assert sum(smallest) <= limit + max(smallest, default=0) * 0.31
    more = cost_of_more(pictures, chosen)
    best = [len(ladder) - 1 for ladder in pictures]
    assert (more is None) == (chosen == best)
    assert allocate(100_000_000, pictures) == best


@given(ladders, st.lists(st.integers(0, 10_000_000), min_size=2, max_size=2).map(sorted))
def test_a_wider_line_never_loses_the_most_important_picture(pictures: list[list[Rung]], limits: list[int]) -> None:
    narrow, wide = (allocate(limit, pictures) for limit in limits)
    assert not pictures or wide[0] >= 0 or narrow[0] < 0


def test_the_content_grows_before_the_stage_and_everyone_has_a_picture_before_that() -> None:
    two = (CAMERA, CAMERA)
    assert allocate(100_000, two) == [-1, -1]
    assert allocate(160_000, two) == [0, -1]
    assert allocate(300_000, two) == [0, 0]
    assert allocate(700_000, two) == [1, 0]
    assert allocate(1_700_000, two) == [2, 0]
    assert allocate(2_100_000, two) == [2, 1]


def test_a_rate_is_the_highest_of_late() -> None:
    rate = Rate()
    for second, octets in enumerate((0, 10_000, 11_000, 11_000, 40_000)):
        rate.octets = octets
        rate.close_period(float(second))
        assert rate.bps == (0, 80_000, 72_000, 72_000, 232_000)[second]


NARROW = Faults(kbps=400)
WIDEST = SIZES[-1][0]
SEEDS = range(6)


def changes(hall: NarrowHall, since: float) -> list[tuple[float, int]]:
    """When another layer came after `since`, in seconds from then, and which."""
    return [(round(at - since, 1), layer) for at, layer in hall.changes if at > since]


def after_jitter(seed: int) -> NarrowHall:
    """A line that has only become clean again lately."""
    hall = NarrowHall(seed)
    hall.run(8)
    for moving in (Faults(delay_ms=100, jitter_ms=30), Faults(delay_ms=100, wander_ms=30)):
        hall.faults(moving, moving)
        hall.run(34)
        hall.faults(NO_FAULTS)
        assert any(hall.run(0.5)[-1].width == WIDEST for _ in range(30)), (seed, hall.changes)
    return hall


def fresh(seed: int, *, estimates: bool = True) -> NarrowHall:
    hall = NarrowHall(seed, estimates=estimates)
    hall.run(8)
    return hall


def test_a_wide_line_has_the_largest_picture_all_the_time() -> None:
    for seed in SEEDS:
        hall = fresh(seed)
        hall.run(30)
        assert hall.changes[1:] == [], seed


@pytest.mark.parametrize("begin", [fresh, after_jitter])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_that_narrows_settles_within_five_seconds_and_recovers_within_fifteen(
    begin: Callable[[int], NarrowHall], seed: int
) -> None:
    hall = begin(seed)
    assert hall.run(4)[-1].width == WIDEST
    hall.faults(NARROW)
    narrowed = hall.now
    settled = settled_after(hall.run(14))
    assert settled is not None, changes(hall, narrowed)
    assert settled <= 5, changes(hall, narrowed)
    hall.faults(NO_FAULTS)
    back = recovered_after(hall.run(15), WIDEST)
    assert back is not None, changes(hall, narrowed)


@pytest.mark.parametrize("estimates", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_narrow_line_is_tried_again_and_again_without_changing_its_picture(seed: int, *, estimates: bool) -> None:
    hall = fresh(seed, estimates=estimates)
    hall.faults(NARROW)
    narrowed = hall.now
    readings = hall.run(60)
    assert hall.hall.width == SIZES[0][0]
    # Who sends no estimates also reports seldom, and a line that just carries the next layer shows it now and then.
    assert len(changes(hall, narrowed)) <= (2 if estimates else 10), changes(hall, narrowed)
    if estimates:
        settled, last = readings[20], readings[-1]
        assert last.overflowed - settled.overflowed < 0.02 * (last.carried - settled.carried)


@pytest.mark.parametrize("seed", SEEDS)
def test_below_the_smallest_picture_there_is_none_and_it_comes_back(seed: int) -> None:
    hall = fresh(seed)
    hall.faults(Faults(kbps=60))
    hall.run(4)
    shown = [(hall.run(0.5), hall.shown)[1] for _ in range(20)]
    assert shown.count(None) >= 10, "it is tried for itself now and then, for a moment"
    hall.faults(NO_FAULTS)
    assert hall.run(22)[-1].width == WIDEST, hall.changes


@pytest.mark.parametrize(
    "faults", [Faults(delay_ms=100), Faults(delay_ms=100, jitter_ms=30), Faults(delay_ms=100, wander_ms=30)]
)
def test_a_way_that_becomes_longer_costs_the_large_picture_for_seconds_only(faults: Faults) -> None:
    shares = []
    for seed in SEEDS:
        hall = fresh(seed)
        hall.faults(faults, faults)
        hall.run(10)
        readings = hall.run(24)
        shares.append(sum(reading.width == WIDEST for reading in readings) / len(readings))
    shares.sort()
    assert shares[len(shares) // 2] > 0.95, shares
    assert shares[1] > 0.75, shares
    assert shares[0] > 0.5, shares


def test_the_same_seed_gives_the_same_course() -> None:
    one, other = fresh(3), fresh(3)
    for hall in (one, other):
        hall.faults(NARROW)
    assert one.run(10) == other.run(10)


def test_losses_of_a_bad_line_do_not_cost_the_picture() -> None:
    downlink = Downlink()
    for second in range(60):
        downlink.lost(12, 100, 1_000_000, float(second))
    assert downlink.limit is None
    downlink.lost(60, 100, 1_000_000, 61.0)
    assert downlink.limit is None
    downlink.lost(60, 100, 1_000_000, 62.0)
    assert downlink.limit == 400_000


def ping(downlink: Downlink, trip: float, since: float, seconds: float = 1.0) -> None:
    """The receiver answers ten times a second, each time after so long."""
    for tick in range(round(seconds * 10)):
        downlink.pinged(trip, since + 0.1 * tick)


def test_an_estimate_that_lags_behind_what_is_sent_is_no_limit() -> None:
    downlink = Downlink()
    for second, estimate in enumerate((200_000, 216_000, 233_000, 232_000, 300_000)):
        downlink.heard(estimate, 1_500_000, float(second))
    assert downlink.limit is None
    ping(downlink, 0.01, 8.0)
    downlink.heard(250_000, 200_000, 9.0)
    assert downlink.limit is None
    downlink.heard(150_000, 200_000, 10.0)
    ping(downlink, 0.2, 10.1)
    assert downlink.limit == 150_000


def test_a_fall_that_nobody_can_confirm_counts_after_a_while() -> None:
    downlink = Downlink()
    downlink.heard(1_800_000, 1_600_000, 0.0)
    downlink.heard(1_000_000, 1_600_000, 1.0)
    assert downlink.limit is None
    downlink.heard(990_000, 1_600_000, 3.0)
    assert downlink.limit == 990_000


def test_a_fall_that_no_queue_and_no_loss_confirms_is_none() -> None:
    downlink = Downlink()
    downlink.heard(1_800_000, 1_600_000, 0.0)
    for second in range(1, 30):
        downlink.lost(10, 100, 1_600_000, float(second), 0.05)
        downlink.heard(1_300_000 if second == 20 else 1_700_000, 1_600_000, second + 0.1)
        assert downlink.is_trying(second + 0.2) == (second == 20)
        if second == 20:
            ping(downlink, 0.05, 20.2, 0.8)
    assert downlink.limit is None
    downlink.heard(1_000_000, 1_600_000, 30.1)
    ping(downlink, 0.3, 30.2)
    assert downlink.limit == 1_000_000


def test_a_fall_in_small_steps_is_a_fall() -> None:
    downlink = Downlink()
    downlink.heard(600_000, 500_000, 0.0)
    ping(downlink, 0.01, 0.0, 0.3)
    for step in range(20):
        downlink.heard(round(600_000 * 0.98**step), 500_000, 0.3 + 0.1 * step)
        downlink.pinged(0.02 * step, 0.3 + 0.1 * step)
    assert downlink.limit is not None
    assert downlink.limit < 475_000


def test_a_queue_that_stays_full_is_known_by_its_losses() -> None:
    downlink = Downlink()
    downlink.heard(900_000, 500_000, 0.0)
    for second in range(1, 9):
        downlink.lost(9, 45, 500_000, float(second))
    assert downlink.limit == 400_000


def drive(downlink: Downlink, bps: int, now: float) -> None:
    """Three trains over a line of this rate, all answered by `now`."""
    for _ in range(3):
        train = downlink.trains.begin(now)
        for octets in (200, 400, 800):
            train.answered(octets, now - 1.0 + octets * 8 / bps)


def _limited(limit: int) -> Downlink:
    """A line that was too full at second 2, with reports of a short round trip before."""
    downlink = Downlink()
    for second in range(2):
        downlink.lost(0, 100, 1_000_000, float(second), 0.01)
        downlink.heard(1_000_000, 1_000_000, float(second))
    downlink.heard(limit, 1_000_000, 1.8)
    ping(downlink, 0.3, 1.9, 0.2)
    assert downlink.limit == limit
    return downlink


def test_a_line_is_known_to_be_narrow_once_its_queue_drains() -> None:
    downlink = _limited(300_000)
    drive(downlink, 340_000, 2.6)
    assert downlink.known(2.6) is None
    ping(downlink, 0.2, 2.1, 0.2)
    assert downlink.known(2.6) is None
    ping(downlink, 0.01, 2.4, 0.5)
    assert downlink.known(3.0) == pytest.approx(340_000, rel=0.01)


def test_a_limit_is_told_where_trains_say_nothing_or_see_a_line_that_lets_bursts_through() -> None:
    for kbps in (0, 50_000):
        downlink = _limited(300_000)
        ping(downlink, 0.01, 2.4, 0.5)
        if kbps:
            drive(downlink, kbps * 1_000, 2.6)
        else:
            assert downlink.known(3.0) is None
        assert downlink.known(9.0) == downlink.limit == 300_000


def test_a_line_that_trains_tell_to_be_narrow_is_not_filled_to_know_it() -> None:
    for bps, tried in ((400_000, False), (900_000, True)):
        downlink = _limited(300_000)
        ping(downlink, 0.01, 2.4, 0.5)
        drive(downlink, bps, 2.6)
        assert downlink.step(200_000, 500_000, 9.0) == 0
        assert downlink.probing == tried


def test_trains_are_sent_as_long_as_a_line_may_be_narrow() -> None:
    assert Downlink().train_due(5.0) == 0
    downlink = _limited(300_000)
    assert downlink.train_due(2.1) == 0
    assert downlink.train_due(3.0) == 300_000 * TRAIN_SECONDS / 8
    downlink.trains.begin(3.0)
    assert downlink.train_due(3.1) == 0
    assert downlink.train_due(30.0) > 0
    assert downlink.step(200_000, 500_000, 30.0) == 0
    assert downlink.probing
    assert downlink.train_due(32.0) == 0, "what is tried is in its way"


def test_a_line_whose_limit_losses_tell_is_known_to_be_narrow() -> None:
    downlink = Downlink()
    downlink.heard(900_000, 500_000, 0.0)
    for second in range(1, 9):
        downlink.lost(9, 45, 500_000, float(second))
    assert downlink.known(20.0) == downlink.limit


def test_a_way_that_has_become_longer_makes_no_line_known_to_be_narrow() -> None:
    downlink = _limited(300_000)
    for tenth in range(20, 200):
        downlink.carries(50_000, tenth / 10)
        downlink.pinged(0.3, tenth / 10)
        assert downlink.known(tenth / 10) is None, tenth
    assert downlink.limit is None


def test_an_estimate_on_its_way_down_is_no_reason_for_more() -> None:
    downlink = _limited(300_000)
    downlink.heard(500_000, 10_000, 2.3)
    assert downlink.limit == 300_000
    downlink.heard(250_000, 10_000, 2.6)
    downlink.heard(20_000, 10_000, 2.9)
    assert downlink.limit is not None
    assert 100_000 < downlink.limit < 250_000


def test_a_queue_that_stays_says_that_the_limit_was_too_high_and_a_longer_way_says_it_twice() -> None:
    downlink = _limited(480_000)
    assert downlink.is_trying(4.0)
    ping(downlink, 0.25, 4.0, 1.0)
    assert downlink.limit is not None
    once = downlink.limit
    assert 350_000 < once < 440_000
    ping(downlink, 0.25, 5.0, 3.0)
    twice = downlink.limit
    assert 250_000 < twice < once
    ping(downlink, 0.25, 8.0, 10.0)
    assert downlink.limit == twice


def test_a_probe_ends_as_soon_as_a_queue_is_seen() -> None:
    downlink, now = _limited(300_000), 4.0
    while not downlink.step(200_000, 500_000, now):
        ping(downlink, 0.01, now, 0.3)
        now += 0.3
    assert downlink.probing
    assert downlink.step(200_000, 500_000, now + 1.0) > 0
    ping(downlink, 0.2, now + 1.1, 0.5)
    assert not downlink.probing
    assert downlink.step(200_000, 500_000, now + 1.6) == 0
    assert downlink.limit is not None
    assert 200_000 <= downlink.limit <= 300_000


def test_no_probe_begins_while_packets_wait() -> None:
    downlink = _limited(300_000)
    ping(downlink, 0.01, 3.0, 1.5)
    downlink.heard(200_000, 290_000, 4.8)
    assert (downlink.step(200_000, 500_000, 5.1), downlink.probing) == (0, False)
    ping(downlink, 0.01, 5.5, 1.0)
    downlink.step(200_000, 500_000, 6.6)
    assert downlink.probing


def test_what_gets_through_is_no_more_than_the_limit_and_has_room_to_stay() -> None:
    downlink = _limited(300_000)
    ping(downlink, 0.01, 3.0, 1.5)
    downlink.carries(450_000, 4.5)
    assert downlink.limit == 562_500, "what a picture takes is measured now higher and now lower"
    downlink.carries(600_000, 60.0)
    assert downlink.limit == 562_500, "nobody has looked for long"
    ping(downlink, 0.01, 60.0, 1.0)
    downlink.carries(600_000, 61.0)
    assert downlink.limit == 750_000
    ping(downlink, 0.06, 61.0, 0.5)
    downlink.carries(800_000, 61.5)
    assert downlink.limit == 750_000


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.03])
def test_a_trip_that_only_sways_is_no_queue_and_one_that_rises_is(jitter: float) -> None:
    trips, dice = Trips(), random.Random(5)
    told = []

    def trip() -> float:
        return 0.2 + dice.uniform(-jitter, jitter) + dice.uniform(-jitter, jitter)

    for tick in range(400):
        trips.take(trip(), 0.1 * tick)
        told.append(trips.waiting)
    assert sum(told) <= 2
    for tick in range(4):
        trips.take(trip() + 0.15, 40.0 + 0.1 * tick)
    assert trips.waiting


def test_a_way_that_became_shorter_is_the_usual_one_at_once_and_a_longer_one_after_a_while() -> None:
    trips = Trips()

    def take(trip: float, since: float, seconds: float) -> None:
        for tick in range(round(10 * seconds)):
            trips.take(trip, since + 0.1 * tick)

    take(0.2, 0.0, 3.0)
    take(0.01, 3.0, 0.5)
    take(0.2, 3.5, 4.0)
    assert trips.waiting
    take(0.2, 7.5, 12.0)
    assert not trips.waiting


def test_few_trips_say_nothing() -> None:
    trips = Trips()
    for second in range(10):
        trips.take(0.01 if second < 5 else 0.3, float(second))
    assert (trips.known, trips.waiting) == (False, False)
