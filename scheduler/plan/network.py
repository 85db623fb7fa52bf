"""The tree of units, hung up at the unit where the plan's root node stands. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scheduler.plan.model import LinkUse, Node, PlanInput, UnitLine

REFERENCE_KBPS = 10_000_000
"""A free line of 10 Gbit/s or more, or of unknown capacity, weighs 1 per kbit/s; half as much free weighs twice."""

_JOIN = ""
"""Stands above the topmost units when there are several."""


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a link; `used` is what others need there."""

    direction: str
    capacity: int | None
    used: int

    @property
    def free(self) -> int | None:
        """kbit/s left; None when the capacity is not known."""
        return None if self.capacity is None else max(0, self.capacity - self.used)

    @property
    def weight(self) -> int:
        """Scarcity: what one kbit/s over this link costs."""
        free = self.free
        return 1 if free is None else max(1, REFERENCE_KBPS // max(1, free))


@dataclass(frozen=True, slots=True)
class Link:
    """The line of `unit` to its parent unit: away from the plan's root, and towards it."""

    unit: str
    outward: Side
    inward: Side


class Network:
    """The units that matter to a plan, each but the root's with one link towards the root."""

    def __init__(self, plan: PlanInput, root_unit: str) -> None:
        self.lines = {line.code: line for line in plan.units}
        places = [root_unit, *(node.unit for node in plan.nodes), *(point.unit for point in plan.points)]
        above = _ancestry(self.lines, places)
        self.root = root_unit
        self.parent: dict[str, str] = {}
        self.link: dict[str, Link] = {}
        self.order = [root_unit]
        """Every unit after its parent."""
        self.depth = {root_unit: 0}
        neighbours: dict[str, list[str]] = {unit: [] for unit in above}
        for unit, upper in above.items():
            if upper is not None:
                neighbours[upper].append(unit)
        self._hang(above, neighbours, plan.links_used)

    def _hang(
        self, above: Mapping[str, str | None], below: Mapping[str, list[str]], used: Mapping[str, LinkUse]
    ) -> None:
        waiting = deque([self.root])
        while waiting:
            unit = waiting.popleft()
            upper = above[unit]
            for other in below[unit] if upper is None else [*below[unit], upper]:
                if other in self.depth:
                    continue
                self.depth[other] = self.depth[unit] + 1
                self.parent[other] = unit
                self.link[other] = self._link(lower=unit if other == upper else other, turned=other == upper, used=used)
                self.order.append(other)
                waiting.append(other)

    def _link(self, lower: str, turned: bool, used: Mapping[str, LinkUse]) -> Link:
        line, use = self.lines[lower], used.get(lower, LinkUse())
        down = Side("down", line.down_kbps, use.down_kbps)
        up = Side("up", line.up_kbps, use.up_kbps)
        return Link(lower, up, down) if turned else Link(lower, down, up)

    def path(self, source: str, target: str) -> tuple[list[str], list[str]]:
        """The links from `source` to `target`: those gone towards the root, those gone away from it."""
        inward, outward = [], []
        while source != target:
            if self.depth[source] >= self.depth[target]:
                inward.append(source)
                source = self.parent[source]
            else:
                outward.append(target)
                target = self.parent[target]
        return inward, outward

    def above(self, unit: str) -> Iterator[str]:
        """The unit and all between it and the root, the root's unit included."""
        yield unit
        while unit != self.root:
            unit = self.parent[unit]
            yield unit


def nearest_nodes(plan: PlanInput, unit: str | None) -> list[Node]:
    """The nodes by their hops from `unit` (None: the topmost unit), then by size, then by code."""
    lines = {line.code: line for line in plan.units}
    if unit is None or unit not in lines:
        unit = next((line.code for line in plan.units if line.parent is None), plan.units[0].code)
    home = Network(plan, unit)
    return sorted(plan.nodes, key=lambda node: (home.depth[node.unit], -node.kbps, -node.legs, node.code))


def _ancestry(lines: Mapping[str, UnitLine], places: Iterable[str]) -> dict[str, str | None]:
    """Every place and what is above it, with its parent."""
    above: dict[str, str | None] = {}
    tops = []
    for place in places:
        unit = place
        while unit not in above:
            parent = lines[unit].parent
            above[unit] = parent
            if parent is None:
                tops.append(unit)
                break
            unit = parent
    if len(tops) > 1:
        above.update(dict.fromkeys(tops, _JOIN))
        above[_JOIN] = None
    return above
