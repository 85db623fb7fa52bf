from __future__ import annotations

from signaling.skew import KEPT, Skew, SkewFilter


def test_there_is_no_skew_before_the_first_answer() -> None:
    assert SkewFilter().best is None


def test_the_shortest_round_trip_counts_and_tells_its_error() -> None:
    skews = SkewFilter()
    skews.take(10_000, 900, 9_000)
    skews.take(20_000, 40, 18_020)
    skews.take(30_000, 400, 28_000)
    assert skews.best == Skew(2_000, 20)


def test_an_answer_is_forgotten_when_enough_newer_ones_came() -> None:
    skews = SkewFilter()
    skews.take(0, 2, 0)
    for number in range(KEPT - 1):
        skews.take(number, 100, 5_000 + number + 50)
    assert skews.best == Skew(1, 1)
    skews.take(0, 100, 5_050)
    assert skews.best == Skew(-5_000, 50)


def test_a_clock_that_ran_backwards_meanwhile_is_not_believed() -> None:
    skews = SkewFilter()
    skews.take(0, -1, 0)
    assert skews.best is None
