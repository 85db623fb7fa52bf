"""Finding time: working time less what is busy, and, where nothing is left, who stands most in the way. Pure.

Times inside are seconds of the epoch: a year of bookings is tens of thousands of ranges.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

Range = tuple[float, float]


@dataclass(frozen=True)
class Wanted:
    """Seconds. `before` and `after` must be free too, but need not be working time; starts are multiples of `step`."""

    length: float
    before: float
    after: float
    step: float


@dataclass(frozen=True)
class Gap:
    """The earliest fit in a free gap, and where that gap ends."""

    start: float
    stop: float
    until: float


@dataclass(frozen=True)
class NearMiss:
    """A time at which only these holders are busy."""

    start: float
    stop: float
    busy: int
    holders: tuple[int, ...]


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Overlapping and touching ranges made one; in order."""
    result: list[Range] = []
    for start, stop in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], stop))
        else:
            result.append((start, stop))
    return result


def less(open_ranges: Sequence[Range], busy: Sequence[Range]) -> Iterator[Range]:
    """`open_ranges` without `busy`; both in order and without overlaps, and so is the result."""
    first = 0
    for start, stop in open_ranges:
        while first < len(busy) and busy[first][1] <= start:
            first += 1
        i = first
        while i < len(busy) and busy[i][0] < stop:
            if start < busy[i][0]:
                yield start, busy[i][0]
            start = max(start, busy[i][1])
            i += 1
        if start < stop:
            yield start, stop


def gaps(open_ranges: Sequence[Range], busy: Iterable[Range], wanted: Wanted) -> Iterator[Gap]:
    """The earliest fit in every gap that is long enough, in order."""
    taken = merged((start - wanted.after, stop + wanted.before) for start, stop in busy)
    for start, stop in less(open_ranges, taken):
        first = _aligned(start, wanted.step)
        if first + wanted.length <= stop:
            yield Gap(first, first + wanted.length, stop)


def candidates(open_ranges: Iterable[Range], wanted: Wanted) -> list[float]:
    """Every start on the step at which the length fits into working time."""
    starts: list[float] = []
    for start, stop in open_ranges:
        first = _aligned(start, wanted.step)
        count = int((stop - wanted.length - first) // wanted.step) + 1
        starts.extend(first + i * wanted.step for i in range(count))
    return starts


class Blocking:
    """Who is in the way at each candidate start. Feed it the busy ranges in order of holder and time."""

    def __init__(self, starts: Sequence[float], wanted: Wanted) -> None:
        self._starts = starts
        self._wanted = wanted
        self._covered: list[tuple[int, int, int]] = []

    def add(self, holder: int, start: float, stop: float) -> None:
        """The holder is busy then."""
        wanted = self._wanted
        first = bisect_right(self._starts, start - wanted.after - wanted.length)
        end = bisect_left(self._starts, stop + wanted.before)
        if self._covered and self._covered[-1][0] == holder:
            first = max(first, self._covered[-1][2])
        if first < end:
            self._covered.append((holder, first, end))

    def most(self, count: int) -> list[tuple[int, int]]:
        """The holders that are in the way at most candidates, and at how many."""
        blocked: Counter[int] = Counter()
        for holder, first, end in self._covered:
            blocked[holder] += end - first
        return sorted(blocked.items(), key=lambda item: (-item[1], item[0]))[:count]

    def near_misses(self, count: int, named: int) -> list[NearMiss]:
        """The times at which fewest are busy, the earliest of equals first; with `named` of the busy holders."""
        edges = [0] * (len(self._starts) + 1)
        for _, first, end in self._covered:
            edges[first] += 1
            edges[end] -= 1
        busy = list(accumulate(edges[:-1]))
        best = sorted(range(len(busy)), key=lambda i: (busy[i], i))[:count]
        return [self._near_miss(i, busy[i], named) for i in sorted(best)]

    def _near_miss(self, index: int, busy: int, named: int) -> NearMiss:
        holders = [holder for holder, first, end in self._covered if first <= index < end]
        start = self._starts[index]
        return NearMiss(start, start + self._wanted.length, busy, tuple(holders[:named]))


def _aligned(start: float, step: float) -> float:
    """The first moment on the step that is not before `start`."""
    return -(-start // step) * step
