"""Heads added up the unit tree, and when there is a quorum."""

from __future__ import annotations

from random import Random
from typing import Literal

import pytest

from core.model import UnitKind
from monitor.headcount.model import HeadcountRow, HeadcountSum, Quorum
from monitor.headcount.sums import add_up, by_unit, judge
from monitor.points.model import MapUnit


def unit(code: str, parent: str | None) -> MapUnit:
    return MapUnit(code=code, name=code, kind=UnitKind.COMMUNE, parent=parent)


def hall(code: str, unit: str, expected: int, declared: int | None, *, present: bool = False) -> HeadcountRow:
    return HeadcountRow(point=code, name=code, unit=unit, expected=expected, declared=declared, present=present)


def test_a_hall_that_has_not_declared_is_expected_but_counts_nobody() -> None:
    total = add_up([hall("a", "u", 30, 28, present=True), hall("b", "u", 20, None), hall("c", "u", 5, 0)])
    assert total == HeadcountSum(points=3, answered=2, present=1, expected=55, declared=28)


def test_every_unit_has_its_own_halls_and_those_under_it() -> None:
    units = [unit("country", None), unit("p", "country"), unit("q", "country"), unit("c", "p")]
    rows = [hall("a", "c", 10, 9), hall("b", "p", 20, None), hall("d", "q", 40, 41)]
    sums = {one.code: (one.sum.points, one.sum.answered, one.sum.expected, one.sum.declared)
            for one in by_unit(rows, units)}  # fmt: skip
    assert sums == {"country": (3, 2, 70, 50), "p": (2, 1, 30, 9), "q": (1, 1, 40, 41), "c": (1, 1, 10, 9)}


def test_random_trees_have_at_their_root_what_all_halls_have() -> None:
    random = Random(5)
    for _ in range(50):
        size = random.randint(1, 40)
        units = [unit(f"u{n}", f"u{random.randrange(n)}" if n else None) for n in range(size)]
        rows = [
            hall(f"h{n}", f"u{random.randrange(size)}", random.randint(0, 50), random.choice([None, 0, 7, 60]))
            for n in range(100)
        ]
        assert by_unit(rows, units)[0].sum == add_up(rows)


def test_a_circle_in_the_directory_counts_each_hall_once() -> None:
    sums = by_unit([hall("a", "u", 10, 9)], [unit("u", "v"), unit("v", "u")])
    assert [one.sum.declared for one in sums] == [9, 9]


@pytest.mark.parametrize(
    ("of", "share", "needed", "reached"),
    [
        ("delegates", 0.5, 50, True),
        ("delegates", 2 / 3, 67, False),
        ("delegates", 0.66, 66, True),
        ("delegates", 0.07, 7, True),
        ("delegates", 1.0, 100, False),
        ("points", 0.5, 2, False),
        ("points", 0.25, 1, True),
        ("points", 0.0, 1, True),
    ],
)
def test_exactly_the_share_is_a_quorum(
    of: Literal["delegates", "points"], share: float, needed: int, *, reached: bool
) -> None:
    state = judge(Quorum(of=of, share=share), HeadcountSum(points=4, present=1, expected=100, declared=66, answered=3))
    assert (state.needed, state.reached) == (needed, reached)


def test_where_nobody_is_there_is_no_quorum() -> None:
    assert not judge(Quorum(of="delegates", share=0), HeadcountSum()).reached
