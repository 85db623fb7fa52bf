"""Which few causes explain what is seen best. Pure.

A noisy-or model: each cause at work harms each of its children with probability `HIT`, and every point is harmed by
something of its own with probability `NOISE`. The causes with the highest posterior are searched for greedily, then by
taking away and exchanging (as in weighted set cover). What no common cause explains is the point's own fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from core.model import PointCode
from monitor.incidents.evidence import Condition
from monitor.incidents.model import Cause

HIT = 0.85
"""A fault of a shared line is not seen at every hall behind it: some send and receive little at the moment."""
NOISE = 0.04
PRIOR = -6.0
"""Logarithm of the odds of a shared fault against none, before anything is seen."""
HELD_PRIOR = -2.0
"""Of one that was already at work: it goes only when little speaks for it any more."""
LEAST_SHARE, HELD_SHARE = 0.5, 0.3
"""At least this share of a cause's children is harmed; the second of one that was already at work."""


@dataclass(frozen=True)
class Explanation:
    """A common cause, its harmed children that are attributed to it, and all of its children that are observed."""

    cause: Cause
    points: frozenset[PointCode]
    children: frozenset[PointCode]


def _harmed(causes: int) -> float:
    return log(1 - (1 - NOISE) * (1 - HIT) ** causes)


def _spared(causes: int) -> float:
    return log((1 - NOISE) * (1 - HIT) ** causes)


class _Search:
    """The state of one search: how many chosen causes each point has."""

    def __init__(
        self,
        seen: Mapping[PointCode, Condition],
        groups: Mapping[Cause, frozenset[PointCode]],
        held: Collection[Cause],
    ) -> None:
        facts = {point: (condition.weight, condition.is_affected) for point, condition in seen.items()}
        self._children = {cause: [(point, *facts[point]) for point in points] for cause, points in groups.items()}
        self._held = held
        self._count = dict.fromkeys(seen, 0)
        self.chosen: list[Cause] = []

    def candidates(self) -> list[Cause]:
        """The causes of which enough children are harmed."""
        return [cause for cause in self._children if self._share(cause) >= self._least(cause)]

    def _least(self, cause: Cause) -> float:
        return HELD_SHARE if cause in self._held else LEAST_SHARE

    def _share(self, cause: Cause) -> float:
        children = self._children[cause]
        weight = sum(weight for _, weight, _ in children)
        harmed = sum(weight for _, weight, affected in children if affected)
        enough = sum(affected for _, _, affected in children) >= (1 if cause in self._held else 2)
        return harmed / weight if weight and enough else 0.0

    def gain(self, cause: Cause, step: int) -> float:
        """How much better the explanation becomes when `cause` is added (1) or taken away (-1)."""
        total = (HELD_PRIOR if cause in self._held else PRIOR) * step
        for point, weight, affected in self._children[cause]:
            count = self._count[point]
            table = _HARMED if affected else _SPARED
            total += weight * (table[count + step] - table[count])
        return total

    def move(self, cause: Cause, step: int) -> None:
        """Adds or takes away a cause."""
        (self.chosen.append if step > 0 else self.chosen.remove)(cause)
        for point, _, _ in self._children[cause]:
            self._count[point] += step

    def add_all(self, candidates: Iterable[Cause], without: Cause | None = None) -> float:
        """Adds the best cause as long as one helps; returns how much better the explanation became."""
        better = 0.0
        left = [cause for cause in candidates if cause != without and cause not in self.chosen]
        while left:
            gain, best = max(((self.gain(cause, 1), cause) for cause in left), key=lambda pair: pair[0])
            if gain <= _LEAST_GAIN:
                break
            self.move(best, 1)
            left.remove(best)
            better += gain
        return better

    def exchange(self, candidates: Sequence[Cause]) -> bool:
        """Takes one chosen cause away, for others where they explain as much; False when that never helps."""
        for old in tuple(self.chosen):
            before = tuple(self.chosen)
            better = self.gain(old, -1)
            self.move(old, -1)
            if better + self.add_all(candidates, without=old) > _LEAST_GAIN:
                return True
            for cause in tuple(self.chosen):
                if cause not in before:
                    self.move(cause, -1)
            self.move(old, 1)
        return False


_LEAST_GAIN = 1e-9
_MOST_EXCHANGES = 50
_MOST_CAUSES = 16
"""Of one point: its units, its provider and its node are fewer."""
_HARMED = [_harmed(count) for count in range(_MOST_CAUSES)]
_SPARED = [_spared(count) for count in range(_MOST_CAUSES)]


def explain(
    seen: Mapping[PointCode, Condition],
    groups: Mapping[Cause, frozenset[PointCode]],
    held: Collection[Cause] = (),
) -> list[Explanation]:
    """The common causes at work; harmed points that are in none of them are their own cause.

    `groups` are the common causes and their children, all of which are in `seen`; `held` those that were at work.
    A point behind two causes at work is attributed to the one with fewer children.
    """
    search = _Search(seen, groups, held)
    candidates = search.candidates()
    search.add_all(candidates)
    for _ in range(_MOST_EXCHANGES):
        if not search.exchange(candidates):
            break
    left = {point for point, condition in seen.items() if condition.is_affected}
    found = []
    for cause in sorted(search.chosen, key=lambda cause: (len(groups[cause]), cause.code)):
        mine = frozenset(groups[cause] & left)
        left -= mine
        if mine:
            found.append(Explanation(cause, mine, groups[cause]))
    return found
