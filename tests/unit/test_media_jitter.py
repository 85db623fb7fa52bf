"""A camera behind a line that jitters, wanders or is narrow: jitter costs it no layer, a narrow line is found.

On a simulated clock with seeded lines; the rules are the node's, the estimator is aiortc's.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.line import Faults, LineModel
from tests.support.simulated_camera import SIZES, Camera

SEEDS = range(4)
JITTER, WANDER = Faults(delay_ms=100, jitter_ms=30), Faults(delay_ms=100, wander_ms=30)
SMALL, MIDDLE, LARGE = SIZES


def back_after(camera: Camera, seconds: float, faults: Faults) -> float:
    """From when the line is wide again until the largest picture is there to stay."""
    looks = camera.run(seconds, faults)
    smaller = [look.at for look in looks if look.pixels < LARGE]
    return (smaller[-1] if smaller else looks[0].at) - looks[0].at


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("before", "faults"),
    [
        (Faults(delay_ms=100), JITTER),
        (Faults(delay_ms=100), WANDER),
        (Faults(), JITTER),
        (Faults(), WANDER),
        (Faults(delay_ms=100), Faults(delay_ms=100, jitter_ms=30, loss=0.05)),
        (Faults(delay_ms=200), Faults(delay_ms=200, jitter_ms=100)),
    ],
    ids=["100 ± 30", "100 ~ 30", "0 to 100 ± 30", "0 to 100 ~ 30", "with losses", "200 ± 100"],
)
def test_jitter_on_a_wide_line_costs_no_layer(before: Faults, faults: Faults, seed: int) -> None:
    camera = Camera(LineModel(seed, before))
    camera.run(20)
    looks = camera.run(60, faults)
    assert {look.pixels for look in looks} == {LARGE}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("base", [Faults(), JITTER, WANDER], ids=["steady", "± 30", "~ 30"])
def test_a_line_that_falls_to_400_kbps_settles_within_five_seconds(base: Faults, seed: int) -> None:
    camera = Camera(LineModel(seed, base))
    camera.run(20)
    narrow = Faults(kbps=400, delay_ms=base.delay_ms, jitter_ms=base.jitter_ms, wander_ms=base.wander_ms)
    looks = camera.run(5, narrow)
    assert next(look.at for look in looks if look.pixels < LARGE) - looks[0].at < 2
    assert looks[-1].target < 600_000
    overflowed, packets = camera.line.overflowed, camera.line.packets
    assert MIDDLE in {look.pixels for look in camera.run(9)}
    assert camera.line.overflowed - overflowed <= 0.02 * (camera.line.packets - packets)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("delay_ms", [0, 20])
def test_after_five_seconds_a_line_of_400_kbps_is_not_overfilled_again(delay_ms: float, seed: int) -> None:
    camera = Camera(LineModel(seed, Faults(delay_ms=delay_ms)))
    camera.run(20)
    camera.run(5, Faults(delay_ms=delay_ms, kbps=400))
    overflowed, packets = camera.line.overflowed, camera.line.packets
    camera.run(20)
    assert camera.line.overflowed - overflowed <= 0.002 * (camera.line.packets - packets)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("narrow_seconds", [6, 14, 25])
@pytest.mark.parametrize("queue_ms", [100, 300])
def test_a_line_that_is_wide_again_is_used_within_fifteen_seconds(
    narrow_seconds: int, queue_ms: int, seed: int
) -> None:
    camera = Camera(LineModel(seed, Faults(delay_ms=20)))
    camera.run(20)
    camera.run(narrow_seconds, Faults(delay_ms=20, kbps=400, queue_ms=queue_ms))
    assert back_after(camera, 40, Faults(delay_ms=20)) < 15


def test_a_line_that_stays_narrow_is_not_tried_all_the_time() -> None:
    camera = Camera(LineModel(1, Faults(delay_ms=20)))
    camera.run(20)
    camera.run(5, Faults(delay_ms=20, kbps=400))
    looks = camera.run(240)
    assert sum(look.pixels == LARGE for look in looks) < 0.1 * len(looks)
    assert sum(look.pixels == MIDDLE for look in looks) > 0.6 * len(looks)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("moves", [Faults(), JITTER, WANDER], ids=["steady", "± 30", "~ 30"])
@pytest.mark.parametrize("longer_ms", [80, 150, 400])
def test_a_way_that_becomes_longer_costs_rate_for_a_while_and_hardly_ever_a_layer(
    longer_ms: int, moves: Faults, seed: int
) -> None:
    base = replace(moves, delay_ms=moves.delay_ms + 20)
    camera = Camera(LineModel(seed, base))
    camera.run(20)
    looks = camera.run(30, replace(base, delay_ms=base.delay_ms + longer_ms))
    assert sum(look.pixels < LARGE for look in looks) <= 20, "for two seconds at most"
    assert looks[-1].target > 2_000_000


@pytest.mark.parametrize("kbps", [400, 700])
@pytest.mark.parametrize("base", [Faults(delay_ms=20), JITTER, WANDER], ids=["steady", "± 30", "~ 30"])
def test_a_queue_is_hardly_ever_taken_for_a_longer_way_and_then_not_for_long(base: Faults, kbps: int) -> None:
    withdrawn = 0
    for seed in SEEDS:
        camera = Camera(LineModel(seed, base))
        camera.run(20)
        camera.run(60, replace(base, kbps=kbps))
        withdrawn += camera.uplink.withdrawn
        assert camera.line.overflowed <= 0.08 * camera.line.packets, seed
    assert withdrawn <= 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("narrow_seconds", [6, 14])
@pytest.mark.parametrize("base", [JITTER, WANDER], ids=["± 30", "~ 30"])
def test_a_jittering_line_that_is_wide_again_is_used_within_fifteen_seconds(
    base: Faults, narrow_seconds: int, seed: int
) -> None:
    camera = Camera(LineModel(seed, base))
    camera.run(20)
    camera.run(narrow_seconds, replace(base, kbps=400))
    assert back_after(camera, 40, base) < 15
