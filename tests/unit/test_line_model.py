"""What the tests' bad line does to packets: its shares, delays, rate and queue, without a socket."""

from __future__ import annotations

import itertools
import statistics
from typing import Any

import pytest

from tests.support.line import Bursts, Faults, LineModel

PACKETS = 20_000
STEP = 0.005
SIZE = 1_000


def fates(faults: Faults, *, seed: int = 1, packets: int = PACKETS, step: float = STEP) -> list[list[float]]:
    """When each of many packets, `step` seconds apart, comes out."""
    model = LineModel(seed, faults)
    return [model.carry(number * step, SIZE) for number in range(packets)]


def delays(faults: Faults) -> list[float]:
    """Of the packets that come out, in ms."""
    return [(times[0] - number * STEP) * 1000 for number, times in enumerate(fates(faults)) if times]


def lost_runs(all_fates: list[list[float]]) -> list[int]:
    """The lengths of the gaps."""
    return [len(list(run)) for lost, run in itertools.groupby(all_fates, key=lambda times: not times) if lost]


def test_a_line_without_faults_delivers_everything_at_once() -> None:
    assert fates(Faults(), packets=100) == [[number * STEP] for number in range(100)]


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_random_loss_takes_its_share_and_hardly_ever_two_in_a_row(share: float) -> None:
    runs = lost_runs(fates(Faults(loss=share)))
    assert sum(runs) / PACKETS == pytest.approx(share, rel=0.12)
    assert statistics.mean(runs) == pytest.approx(1 / (1 - share), rel=0.05)


def test_bursts_take_the_same_share_in_longer_runs() -> None:
    runs = lost_runs(fates(Faults(bursts=Bursts(share=0.05, packets=8))))
    assert sum(runs) / PACKETS == pytest.approx(0.05, rel=0.3)
    assert statistics.mean(runs) == pytest.approx(8, rel=0.25)


def test_a_burst_may_let_some_packets_through() -> None:
    runs = lost_runs(fates(Faults(bursts=Bursts(share=0.05, packets=8, loss=0.5))))
    assert sum(runs) / PACKETS == pytest.approx(0.05, rel=0.3)
    assert statistics.mean(runs) < 3


def test_the_delay_wanders_within_its_bounds_and_keeps_the_order() -> None:
    seen = delays(Faults(delay_ms=100, wander_ms=30))
    assert min(seen) >= 70 - 1e-6
    assert max(seen) <= 130 + 1e-6
    assert statistics.mean(seen) == pytest.approx(100, abs=3)
    # The mean square of a straight line between two even throws is two thirds of a throw's: 30 / sqrt(3) * sqrt(2/3).
    assert statistics.pstdev(seen) == pytest.approx(14.1, rel=0.1)
    times = [times[0] for times in fates(Faults(delay_ms=100, wander_ms=30))]
    assert times == sorted(times)


def test_jitter_is_each_packet_s_own_and_lets_packets_overtake() -> None:
    seen = delays(Faults(delay_ms=100, jitter_ms=30))
    assert 70 <= min(seen) < 71
    assert 129 < max(seen) <= 130
    assert statistics.pstdev(seen) == pytest.approx(30 / 3**0.5, rel=0.05)
    times = [times[0] for times in fates(Faults(delay_ms=100, jitter_ms=30))]
    assert sum(later < earlier for earlier, later in itertools.pairwise(times)) > PACKETS / 4


def test_held_back_packets_are_overtaken_and_the_others_are_not() -> None:
    model_fates = fates(Faults(reordered=0.1, reordered_ms=20))
    late = sum(times[0] > number * STEP + 0.01 for number, times in enumerate(model_fates))
    assert late / PACKETS == pytest.approx(0.1, rel=0.1)
    assert all(len(times) == 1 for times in model_fates)


def test_duplicates_come_twice() -> None:
    assert sum(len(times) == 2 for times in fates(Faults(duplicated=0.03))) / PACKETS == pytest.approx(0.03, rel=0.15)


def test_a_rate_spaces_packets_and_its_full_queue_drops_the_tail() -> None:
    """1,000 bytes each 5 ms are 1,600 kbps; 400 pass, each 20 ms, after the 200 ms of the queue."""
    out = [times[0] for times in fates(Faults(kbps=400, queue_ms=200), packets=1_000) if times]
    assert len(out) == pytest.approx(1_000 * 400 / 1_600, rel=0.05)
    assert {round(later - earlier, 6) for earlier, later in itertools.pairwise(out)} == {0.02}
    waits = delays(Faults(kbps=400, queue_ms=200))
    assert max(waits) == pytest.approx(200, abs=21)


def test_a_queue_can_be_given_in_bytes() -> None:
    model = LineModel(1, Faults(kbps=400, queue_bytes=5_000))
    assert [bool(model.carry(0.0, SIZE)) for _ in range(8)] == [True] * 5 + [False] * 3
    assert (model.overflowed, model.lost) == (3, 0)


def test_a_packet_longer_than_the_queue_passes_an_idle_line() -> None:
    assert LineModel(1, Faults(kbps=400, queue_bytes=10)).carry(0.0, SIZE) == [pytest.approx(0.02)]


def test_faults_change_while_packets_are_under_way_and_nothing_overtakes_the_queue() -> None:
    model = LineModel(1, Faults(kbps=400))
    before = [model.carry(0.0, SIZE)[0] for _ in range(10)]
    model.faults = Faults()
    assert model.carry(0.01, SIZE)[0] == before[-1]
    assert model.carry(before[-1] + 1, SIZE)[0] == before[-1] + 1


def test_the_seed_decides_and_another_one_decides_otherwise() -> None:
    faults = Faults(loss=0.1, delay_ms=50, jitter_ms=20, wander_ms=20, reordered=0.1, duplicated=0.05)
    assert fates(faults, seed=3, packets=500) == fates(faults, seed=3, packets=500)
    assert fates(faults, seed=3, packets=500) != fates(faults, seed=4, packets=500)


@pytest.mark.parametrize(
    "wrong",
    [{"loss": 1.1}, {"duplicated": -0.1}, {"kbps": 0.0}, {"jitter_ms": 30.0}, {"wander_ms": -1.0}, {"delay_ms": -1.0}],
)
def test_faults_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"share|rate"):
        Faults(**wrong)


@pytest.mark.parametrize(("share", "packets", "loss"), [(0.0, 5, 1.0), (0.5, 5, 0.5), (0.1, 0.5, 1.0)])
def test_bursts_that_cannot_be_are_refused(share: float, packets: float, loss: float) -> None:
    with pytest.raises(ValueError, match="bursts"):
        Bursts(share, packets, loss)
