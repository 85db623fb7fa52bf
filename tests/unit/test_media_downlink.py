"""Which picture a line gets: the allocation, and the whole rule on a simulated line with the browsers' estimator."""

from __future__ import annotations

import itertools

from aiortc.rate import RemoteBitrateEstimator
from hypothesis import given
from hypothesis import strategies as st

from bridge.media.downlink import Downlink
from bridge.media.layers import Rate, Rung, allocate, cost, cost_of_more

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


class Hall:
    """A receiver of one camera behind a queue, with the estimator that browsers have."""

    def __init__(self, kbps: float, ladder: tuple[Rung, ...] = CAMERA, *, estimates: bool = True) -> None:
        self.kbps, self.ladder, self.estimates = kbps, ladder, estimates
        self.downlink, self.now, self.free_at = Downlink(), 10.0, 10.0
        self.estimator = RemoteBitrateEstimator()
        self.shown = len(ladder) - 1
        self.lost = self.expected = 0
        self.history: list[tuple[float, int]] = []

    def run(self, seconds: float) -> list[int]:
        """The layers shown, one for each tick of 0.1 s."""
        ticks = [self._tick() for _ in range(round(seconds * 10))]
        self.history += ticks
        return [layer for _, layer in ticks]

    def _tick(self) -> tuple[float, int]:
        bps = self.ladder[self.shown].bps if self.shown >= 0 else 0
        probe = self.downlink.step(bps, cost_of_more([self.ladder], [self.shown]), self.now)
        sent = bps + probe
        count = max(1, round(sent * 0.1 / 8 / 1_100)) if sent else 0
        for number in range(count):
            self._packet(self.now + 0.1 * number / count, round(sent * 0.1 / 8 / count), sent)
        self.now += 0.1
        if round(self.now * 10) % 10 == 0:
            self.downlink.lost(self.lost, self.expected, sent, self.now, 0.02 + max(self.free_at - self.now, 0.0))
            self.lost = self.expected = 0
        limit = self.downlink.limit
        self.shown = len(self.ladder) - 1 if limit is None else allocate(limit, [self.ladder])[0]
        return self.now, self.shown

    def _packet(self, at: float, size: int, sent: int) -> None:
        self.expected += 1
        arrives = max(self.free_at, at) + size * 8 / (self.kbps * 1000)
        if arrives - at > 0.3:
            self.lost += 1
            return
        self.free_at = arrives
        stamp = int(at * (1 << 18)) & 0xFF_FFFF
        estimate = self.estimator.add(int(arrives * 1000), stamp, size, 1)
        if estimate is not None and self.estimates:
            self.downlink.heard(estimate[0], sent, at)


def changes(layers: list[int]) -> int:
    return sum(a != b for a, b in itertools.pairwise(layers))


def test_a_wide_line_has_the_largest_picture_all_the_time() -> None:
    assert set(Hall(10_000).run(30)) == {2}


def test_a_line_that_narrows_settles_within_five_seconds_and_recovers_within_fifteen() -> None:
    for estimates in (True, False):
        hall = Hall(10_000, estimates=estimates)
        hall.run(10)
        hall.kbps = 400
        falling = hall.run(5)
        assert falling[-1] == 0
        settled = hall.run(40)
        assert set(settled) == {0}, "probing a narrow line must not change its picture"
        hall.kbps = 10_000
        rising = hall.run(15)
        assert rising[-1] == 2
        assert changes(rising) <= 2
        assert set(hall.run(20)) == {2}


def test_below_the_smallest_picture_there_is_none_and_it_comes_back() -> None:
    hall = Hall(10_000)
    hall.run(5)
    hall.kbps = 60
    assert hall.run(12)[-1] == -1
    hall.kbps = 10_000
    assert hall.run(20)[-1] == 2


def test_losses_of_a_bad_line_do_not_cost_the_picture() -> None:
    downlink = Downlink()
    for second in range(60):
        downlink.lost(12, 100, 1_000_000, float(second))
    assert downlink.limit is None
    downlink.lost(60, 100, 1_000_000, 61.0)
    assert downlink.limit is None
    downlink.lost(60, 100, 1_000_000, 62.0)
    assert downlink.limit == 400_000


def test_an_estimate_that_lags_behind_what_is_sent_is_no_limit() -> None:
    downlink = Downlink()
    for second, estimate in enumerate((200_000, 216_000, 233_000, 232_000, 300_000)):
        downlink.heard(estimate, 1_500_000, float(second))
    assert downlink.limit is None
    downlink.heard(250_000, 200_000, 9.0)
    assert downlink.limit is None
    downlink.heard(150_000, 200_000, 10.0)
    downlink.lost(0, 40, 200_000, 10.5)
    assert downlink.limit == 150_000


def test_a_fall_that_no_queue_and_no_loss_confirms_is_none() -> None:
    downlink = Downlink()
    downlink.heard(1_800_000, 1_600_000, 0.0)
    for second in range(1, 30):
        downlink.lost(10, 100, 1_600_000, float(second), 0.05)
        downlink.heard(1_300_000 if second == 20 else 1_700_000, 1_600_000, second + 0.1)
    assert downlink.limit is None
    downlink.heard(1_000_000, 1_600_000, 30.1)
    downlink.lost(10, 100, 1_600_000, 31.0, 0.3)
    assert downlink.limit == 1_000_000


def test_a_fall_in_small_steps_is_a_fall() -> None:
    downlink = Downlink()
    downlink.heard(600_000, 500_000, 0.0)
    for step in range(20):
        downlink.heard(round(600_000 * 0.98**step), 500_000, 0.1 * step)
        downlink.lost(0, 5, 500_000, 0.1 * step)
    assert downlink.limit is not None
    assert downlink.limit < 475_000


def test_a_queue_that_stays_full_is_known_by_its_losses() -> None:
    downlink = Downlink()
    downlink.heard(900_000, 500_000, 0.0)
    for second in range(1, 9):
        downlink.lost(9, 45, 500_000, float(second))
    assert downlink.limit == 400_000


def _limited(limit: int) -> Downlink:
    """A line that was too full at second 2, with reports of a short round trip before."""
    downlink = Downlink()
    for second in range(2):
        downlink.lost(0, 100, 1_000_000, float(second), 0.01)
    downlink.heard(limit, 1_000_000, 2.0)
    downlink.lost(52, 100, 1_000_000, 2.0, 0.3)
    assert downlink.limit == limit
    return downlink


def test_an_estimate_on_its_way_down_is_no_reason_for_more() -> None:
    downlink = _limited(300_000)
    downlink.heard(500_000, 10_000, 2.3)
    assert downlink.limit == 300_000
    downlink.heard(250_000, 10_000, 2.6)
    downlink.heard(20_000, 10_000, 2.9)
    assert downlink.limit is not None
    assert 100_000 < downlink.limit < 250_000


def test_a_queue_that_stays_says_that_the_limit_was_too_high_and_a_longer_way_says_it_once() -> None:
    downlink = _limited(480_000)
    assert downlink.is_trying(4.0)
    for tick in range(4):
        downlink.lost(1, 20, 440_000, 4.0 + 0.4 * tick, 0.25)
    assert downlink.limit is not None
    assert downlink.limit < 440_000
    limit = downlink.limit
    for tick in range(20):
        downlink.lost(0, 20, 200_000, 8.0 + 0.4 * tick, 0.25)
    assert downlink.limit == limit


def test_a_probe_ends_at_the_first_report_of_a_queue() -> None:
    downlink, now = _limited(300_000), 4.0
    while not downlink.step(200_000, 500_000, now):
        downlink.lost(0, 20, 200_000, now, 0.01)
        now += 0.3
    assert downlink.step(200_000, 500_000, now + 1.0) > 0
    downlink.lost(0, 20, 450_000, now + 1.1, 0.2)
    assert downlink.step(200_000, 500_000, now + 1.2) == 0
    assert downlink.limit is not None
    assert 200_000 <= downlink.limit <= 300_000
