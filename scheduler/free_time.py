"""Finding time: working time less what is busy, and, where nothing is left, who stands most in the way. Pure.

Times inside are seconds of the epoch: a year of bookings is tens of thousands of ranges.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
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
    """Who is in the way at each candidate start. Feed it the busy ranges in order of their starts."""

    def __init__(self, starts: Sequence[float], wanted: Wanted) -> None:
        self._starts = starts
        self._wanted = wanted
        self._covered: list[tuple[int, int, list[int]]] = []
        self._until: dict[int, int] = {}
        self._blocked: Counter[int] = Counter()

    def add(self, holders: Iterable[int], start: float, stop: float) -> None:
        """These are all busy then: as a rule they are the points of one conference."""
        wanted = self._wanted
        first = bisect_right(self._starts, start - wanted.after - wanted.length)
        end = bisect_left(self._starts, stop + wanted.before)
        fresh: dict[int, list[int]] = defaultdict(list)
        for holder in holders:
            begin = max(first, self._until.get(holder, 0))
            if begin < end:
                fresh[begin].append(holder)
                self._until[holder] = end
                self._blocked[holder] += end - begin
        self._covered.extend((begin, end, group) for begin, group in fresh.items())

    def most(self, count: int) -> list[tuple[int, int]]:
        """The holders that are in the way at most candidates, and at how many."""
        return sorted(self._blocked.items(), key=lambda item: (-item[1], item[0]))[:count]

    def near_misses(self, count: int, named: int) -> list[NearMiss]:
        """The times at which fewest are busy, the earliest of equals first; with `named` of the busy holders."""
        edges = [0] * (len(self._starts) + 1)
        for first, end, holders in self._covered:
            edges[first] += len(holders)
            edges[end] -= len(holders)
        busy = list(accumulate(edges[:-1]))
        best = sorted(range(len(busy)), key=lambda i: (busy[i], i))[:count]
        return [self._near_miss(i, busy[i], named) for i in sorted(best)]

    def _near_miss(self, index: int, busy: int, named: int) -> NearMiss:
        holders = sorted(holder for first, end, group in self._covered if first <= index < end for holder in group)
        start = self._starts[index]
        return NearMiss(start, start + self._wanted.length, busy, tuple(holders[:named]))


def _aligned(start: float, step: float) -> float:
    """The first moment on the step that is not before `start`."""
    return -(-start // step) * step
