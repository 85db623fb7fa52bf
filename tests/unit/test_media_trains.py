"""What a line carries, told by how far apart checks come that left together."""

from __future__ import annotations

from operator import itemgetter

import pytest

from bridge.media.ice import Credentials
from bridge.media.pings import Pings
from bridge.media.trains import CHECKS, LEAST_OCTETS, LONG_PAUSE_SECONDS, MOST_OCTETS, PAUSE_SECONDS, Trains
from tests.support.line import NO_FAULTS, Faults, LineModel
from tests.unit.test_media_pings import HERE, THERE, answer_to


def drive(trains: Trains, line: LineModel, now: float, octets: int = 1_800, back: LineModel | None = None) -> None:
    """One over the line, with real checks and answers; the answers take `back`."""
    pings, arrivals = Pings(), []
    for check in pings.train(HERE.ufrag, THERE, now, trains.begin(now), octets):
        for came in line.carry(now, len(check)):
            answer = answer_to(check)
            arrivals += [(at, answer) for at in (back or LineModel(9)).carry(came, len(answer))]
    answers = [pings.answered(answer, at) for at, answer in sorted(arrivals, key=itemgetter(0))]
    if back is None:
        assert [one.followed for one in answers if one is not None][:2] in ([], [False], [False, True])


@pytest.mark.parametrize("kbps", [120.0, 400.0, 2_000.0])
@pytest.mark.parametrize("before", [0, 4])
def test_trains_tell_what_a_line_carries_whatever_waits_before_them(kbps: float, before: int) -> None:
    trains, line = Trains(), LineModel(1, Faults(kbps=kbps, delay_ms=40))
    for number in range(3):
        for _ in range(before):
            line.carry(float(number), 600)
        drive(trains, line, float(number))
    assert trains.rate == pytest.approx(kbps * 1_000, rel=0.03)
    trains.forget()
    assert trains.rate is None


def test_one_train_says_nothing_and_those_that_nobody_answers_neither() -> None:
    trains = Trains()
    drive(trains, LineModel(1, Faults(kbps=300)), 0.0)
    assert trains.rate is None
    for number in range(5):
        drive(trains, LineModel(1, Faults(loss=1.0)), float(number))
    assert trains.rate is None


def test_answers_that_are_held_up_say_nothing_wrong() -> None:
    for seed in range(20):
        trains = Trains()
        for number in range(7):
            back = LineModel(100 * seed + number, Faults(delay_ms=30, jitter_ms=30))
            drive(trains, LineModel(seed, Faults(kbps=400)), float(number), back=back)
        assert trains.rate is None or trains.rate == pytest.approx(400_000, rel=0.3), seed


def test_what_of_a_train_is_lost_does_not_count() -> None:
    trains = Trains()
    for seed in range(7):
        drive(trains, LineModel(seed, Faults(kbps=400, loss=0.2)), float(seed))
    assert trains.rate == pytest.approx(400_000, rel=0.03)


def test_a_train_is_as_long_as_a_line_carries_in_a_moment_and_comes_now_and_then() -> None:
    trains = Trains()
    assert trains.due(300_000, 5.0, soon=True) == 2_250
    assert trains.due(50_000, 5.0, soon=True) == LEAST_OCTETS
    assert trains.due(10**9, 5.0, soon=False) == MOST_OCTETS
    trains.begin(5.0)
    assert trains.due(300_000, 5.0 + PAUSE_SECONDS / 2, soon=True) == 0
    assert trains.due(300_000, 5.0 + PAUSE_SECONDS, soon=True) == 2_250
    assert trains.due(300_000, 5.0 + PAUSE_SECONDS, soon=False) == 0
    assert trains.due(300_000, 5.0 + LONG_PAUSE_SECONDS, soon=False) == 2_250


def test_checks_are_as_long_as_they_are_to_be() -> None:
    trains = Trains()
    for octets in (LEAST_OCTETS, 1_800, MOST_OCTETS):
        checks = Pings().train(HERE.ufrag, Credentials("there", "t" * 24), 0.0, trains.begin(0.0), octets)
        assert len(checks) == CHECKS
        assert sum(map(len, checks)) == pytest.approx(octets, rel=0.05)


def test_a_wide_line_seems_wide() -> None:
    trains = Trains()
    for number in range(3):
        drive(trains, LineModel(1, NO_FAULTS), float(number))
    assert trains.rate is not None
    assert trains.rate > 5_000_000
