"""What stays of a delay when its noise is taken away, and how fast a line lets packets through."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from bridge.media.bursts import Bursts
from bridge.media.standing import BASE_SECONDS, LEAST_SAMPLES, RECENT_SECONDS, StandingQueue
from tests.support.line import Faults, LineModel

STEP = 0.005


def feed(queue: StandingQueue, line: LineModel, began: float, seconds: float) -> list[float]:
    """Evenly sent packets; what was found to wait."""
    times = sorted((at, sent) for sent in steps(began, seconds) for at in line.carry(sent, 1_000))
    return [queue.wait for at, sent in times if queue.take(at - sent, at) and queue.wait is not None]


def steps(began: float, seconds: float) -> list[float]:
    return [began + number * STEP for number in range(round(seconds / STEP))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "faults",
    [
        Faults(delay_ms=100, jitter_ms=30),
        Faults(delay_ms=100, wander_ms=30),
        Faults(delay_ms=100, jitter_ms=30, loss=0.1, reordered=0.05),
    ],
    ids=["each for itself", "wandering", "with losses"],
)
def test_jitter_is_no_queue(faults: Faults, seed: int) -> None:
    assert max(feed(StandingQueue(), LineModel(seed, faults), 0.0, 60)) < 0.05


@pytest.mark.parametrize(
    "faults",
    [Faults(delay_ms=100), Faults(delay_ms=100, jitter_ms=30), Faults(delay_ms=100, wander_ms=30)],
    ids=["steady", "jitter", "wandering"],
)
def test_a_queue_is_seen_behind_jitter(faults: Faults) -> None:
    queue, line = StandingQueue(), LineModel(3, faults)
    feed(queue, line, 0.0, 20)
    line.faults = replace(faults, kbps=1_200)
    assert max(feed(queue, line, 20.0, 1.5)) > 0.15
    line.faults = faults
    assert feed(queue, line, 21.5, 2)[-1] < 0.05


def test_a_way_that_has_become_longer_is_the_usual_one_after_a_while() -> None:
    queue, line = StandingQueue(), LineModel(1, Faults(delay_ms=20))
    feed(queue, line, 0.0, 20)
    line.faults = Faults(delay_ms=120)
    waits = feed(queue, line, 20.0, BASE_SECONDS + 2)
    assert waits[10] == pytest.approx(0.1)
    assert waits[-1] == pytest.approx(0.0)


def test_what_is_accepted_is_the_usual_way_at_once_and_no_more_when_it_is_refused() -> None:
    queue, line = StandingQueue(), LineModel(1, Faults(delay_ms=20))
    feed(queue, line, 0.0, 20)
    line.faults = Faults(delay_ms=120)
    assert feed(queue, line, 20.0, 2)[-1] == pytest.approx(0.1)
    queue.accept()
    assert feed(queue, line, 22.0, 2)[-1] == pytest.approx(0.0)
    queue.refuse()
    assert feed(queue, line, 24.0, 2)[-1] == pytest.approx(0.1)


def test_after_a_silence_nothing_waits_until_the_recent_past_is_known() -> None:
    queue, line = StandingQueue(), LineModel(1, Faults(delay_ms=20))
    feed(queue, line, 0.0, 5)
    line.faults = Faults(delay_ms=420)
    assert max(feed(queue, line, 5.0, RECENT_SECONDS / 2)) < 0.01
    assert feed(queue, line, 5.0 + RECENT_SECONDS / 2, 1)[-1] == pytest.approx(0.4)


def test_too_few_packets_say_nothing() -> None:
    queue = StandingQueue()
    for number in range(4 * LEAST_SAMPLES):
        at = number * RECENT_SECONDS / (LEAST_SAMPLES - 2)
        queue.take(0.3 * (number > 2 * LEAST_SAMPLES), at)
    assert queue.wait is None


@pytest.mark.parametrize("kbps", [400.0, 2_000.0])
def test_bursts_tell_what_a_line_carries(kbps: float) -> None:
    bursts, line = Bursts(), LineModel(1, Faults(kbps=kbps, delay_ms=30))
    assert not bursts.carries
    send(bursts, line)
    assert bursts.carries == pytest.approx(kbps * 1_000, rel=0.1)
    bursts.forget()
    assert not bursts.carries


@pytest.mark.parametrize("kbps", [400.0, 2_000.0])
def test_a_line_that_pulls_every_picture_apart_alike_is_narrow(kbps: float) -> None:
    bursts, line = Bursts(), LineModel(1, Faults(kbps=kbps, delay_ms=30))
    assert bursts.narrow is None
    send(bursts, line)
    assert bursts.narrow == pytest.approx(kbps * 1_000, rel=0.1)
    bursts.forget()
    assert bursts.narrow is None


@pytest.mark.parametrize("faults", [Faults(delay_ms=30), Faults(kbps=20_000, delay_ms=30)], ids=["free", "20 Mbit/s"])
def test_a_line_that_lets_pictures_come_as_they_left_is_not_narrow(faults: Faults) -> None:
    bursts = Bursts()
    send(bursts, LineModel(1, faults))
    assert bursts.narrow is None


def test_jitter_lets_no_line_seem_narrow() -> None:
    for seed in range(20):
        bursts = Bursts()
        send(bursts, LineModel(seed, Faults(delay_ms=100, jitter_ms=30)))
        assert bursts.narrow is None, seed


def test_jitter_lets_no_narrow_line_seem_wide() -> None:
    for seed in range(10):
        bursts = Bursts()
        send(bursts, LineModel(seed, Faults(kbps=400, delay_ms=100, jitter_ms=30)))
        assert bursts.carries < 800_000, seed


def send(bursts: Bursts, line: LineModel) -> None:
    """Pictures of three packets, two milliseconds apart, ten of them a second."""
    dice, packets = Random(line.seed), []
    for number in range(40):
        for place in range(3):
            left = number / 10 + 0.002 * place + dice.uniform(0, 0.0005)
            packets += [(at, left) for at in line.carry(left, 1_150)]
    for came, left in sorted(packets):
        bursts.take(left, came, 1_150)
