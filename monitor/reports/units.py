"""Sums up the unit tree: each unit with all that is counted in it and in the units under it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from monitor.reports.ordering import Key, in_order


@dataclass(frozen=True)
class Unit:
    """A unit by code and name."""

    code: str
    name: str


Path = tuple[Unit, ...]
"""The units from the root of the tree down to one; never empty."""


@dataclass(frozen=True)
class Counts:
    """What is counted of points: how they came and left, and their delegates."""

    points: int = 0
    came: int = 0
    late: int = 0
    early: int = 0
    expected: int = 0
    declared: int = 0
    listed: int = 0
    verified: int = 0
    absent: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class UnitSum:
    """A unit's place in the tree (`level` 1 is a root) and what is counted in it and under it."""

    unit: Unit
    parent: str | None
    level: int
    counts: Counts


def add_up(counts: Iterable[Counts]) -> Counts:
    """All together."""
    return sum(counts, start=Counts())


def tree(counted: Iterable[tuple[Path, Counts]]) -> tuple[UnitSum, ...]:
    """Every unit on the paths, each before those under it, siblings as in a dictionary."""
    sums: dict[Path, Counts] = {}
    for path, counts in counted:
        for level in range(1, len(path) + 1):
            sums[path[:level]] = sums.get(path[:level], Counts()) + counts
    return tuple(
        UnitSum(path[-1], path[-2].code if len(path) > 1 else None, len(path), sums[path])
        for path in sorted(sums, key=place)
    )


def place(path: Path) -> tuple[tuple[Key, str], ...]:
    """A key by which paths sort into the order of the tree."""
    return tuple((in_order(unit.name), unit.code) for unit in path)


def groups(paths: Sequence[Path]) -> list[Unit]:
    """For each of `paths` its unit at the first level where there are several, or the lowest that it has.

    Of the whole country these are the provinces, of one province its communes.
    """
    shortest = min(map(len, paths), default=1)
    level = next((n for n in range(shortest) if len({path[n] for path in paths}) > 1), shortest)
    return [path[min(level, len(path) - 1)] for path in paths]
