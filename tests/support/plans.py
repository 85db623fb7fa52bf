"""Inputs for plans: the released profiles, a country of any size, and the optimum found by trying everything."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

from scheduler.plan.forced import settle
from scheduler.plan.loads import exceeded, loads
from scheduler.plan.model import (
    MAX_DEPTH,
    Assignment,
    Node,
    PlanInput,
    PointLine,
    Profile,
    ProfileName,
    Trunk,
    UnitLine,
)
from scheduler.plan.network import Network


def profile(name: str, slots: tuple[int, int, int, int], up: int, trunk: int, streams: tuple[int, int, int]) -> Profile:
    return Profile(
        name=ProfileName(name),
        stage_kbps=slots[0],
        second_kbps=slots[1],
        content_kbps=slots[2],
        audio_kbps=slots[3],
        up_kbps=up,
        trunk_down_kbps=trunk,
        leg_streams=streams[0],
        up_streams=streams[1],
        trunk_streams=streams[2],
        senders=2,
    )


FULL = profile("full", (1600, 540, 1600, 210), 2380, 4830, (6, 4, 9))
STANDARD = profile("standard", (540, 170, 800, 210), 780, 1890, (6, 3, 7))
LIGHT = profile("light", (170, 0, 320, 210), 240, 700, (5, 2, 5))
VOICE = profile("voice", (0, 0, 0, 210), 70, 210, (3, 1, 3))
PROFILES = (FULL, STANDARD, LIGHT, VOICE)


def country(
    points: int, nodes: int, seed: int, provinces: int = 34, profiles: Sequence[Profile] = PROFILES
) -> PlanInput:
    """A centre, provinces on lines of 0.1 to 1 Gbit/s, communes on 2 to 50 Mbit/s with a point each.

    Six nodes stand in the centre, one in each province, the rest anywhere.
    """
    rng = random.Random(seed)
    codes = [f"{number:02d}" for number in range(provinces)]
    units, halls = [UnitLine("VN", "Trung ương")], [PointLine("VN.0", "VN")]
    for code in codes:
        kbps = rng.choice([100_000, 200_000, 500_000, 1_000_000])
        units.append(UnitLine(code, code, "VN", kbps, kbps))
        halls.append(PointLine(f"{code}.0", code, 50_000, 50_000))
    for number in range(max(0, points - len(halls))):
        code = f"{codes[number % provinces]}.{number + 1:05d}"
        kbps = rng.choice([2_000, 5_000, 10_000, 20_000, 50_000])
        line = rng.choice([1_500, 2_000, 5_000, 10_000, None])
        units.append(UnitLine(code, code, code[:2], kbps, kbps))
        halls.append(PointLine(code, code, line, line))
    places = (["VN"] * 6 + codes + [rng.choice(codes) for _ in range(nodes)])[:nodes]
    hosts = [
        Node(f"n{number:02d}", place, rng.choice([300, 600, 1_200]), rng.choice([500_000, 1_000_000]))
        for number, place in enumerate(places)
    ]
    return PlanInput(tuple(units), tuple(halls[:points]), tuple(hosts), tuple(profiles))


def every_plan(
    plan: PlanInput, network: Network, root: Node
) -> Iterator[tuple[tuple[Assignment, ...], tuple[Trunk, ...]]]:
    """All assignments and trunk trees that the rules allow, within limits or not, at the settled profiles."""
    settled = settle(plan, network, plan.profiles)
    nodes = {node.code: node for node in plan.nodes}
    for choice in itertools.product(plan.nodes, repeat=len(plan.points)):
        assignments = tuple(
            Assignment(point=point.code, node=node.code, profile=plan.profiles[level].name)
            for point, node, level in zip(plan.points, choice, settled.levels, strict=True)
        )
        serving = {node.code for node in choice} - {root.code}
        others = sorted(set(nodes) - {root.code} - serving)
        for count in range(len(others) + 1):
            for relays in itertools.combinations(others, count):
                yield from ((assignments, trunks) for trunks in _trees(network, nodes, root, serving | set(relays)))


def _trees(network: Network, nodes: dict[str, Node], root: Node, below: set[str]) -> Iterator[tuple[Trunk, ...]]:
    codes = sorted(below)
    ways = [
        [
            upper
            for upper in (root.code, *codes)
            if upper != code and nodes[upper].unit in set(network.above(nodes[code].unit))
        ]
        for code in codes
    ]
    for uppers in itertools.product(*ways):
        joins = dict(zip(codes, uppers, strict=True))
        depths = {code: _depth(joins, root.code, code) for code in codes}
        if all(depth <= MAX_DEPTH for depth in depths.values()):
            yield tuple(Trunk(node=code, upstream=joins[code], depth=depths[code]) for code in codes)


def _depth(joins: dict[str, str], root: str, code: str) -> int:
    depth = 0
    while code != root and depth <= MAX_DEPTH:
        code = joins[code]
        depth += 1
    return depth


def cost(
    plan: PlanInput, network: Network, assignments: Sequence[Assignment], trunks: Sequence[Trunk], decided: set[str]
) -> int:
    """Weighted kbit/s over the links of the units `decided`."""
    units = {point.code: point.unit for point in plan.points}
    places = {node.code: node.unit for node in plan.nodes}
    rates = {profile.name: profile.down_kbps for profile in plan.profiles}
    ways = [(places[item.node], units[item.point], rates[item.profile]) for item in assignments]
    ways += [(places[t.upstream], places[t.node], plan.profiles[0].trunk_down_kbps) for t in trunks]
    total = 0
    for source, target, rate in ways:
        inward, outward = network.path(source, target)
        total += rate * sum(network.link[unit].inward.weight for unit in inward if unit in decided)
        total += rate * sum(network.link[unit].outward.weight for unit in outward if unit in decided)
    return total


def best_by_trying(plan: PlanInput, network: Network, root: Node, decided: set[str]) -> tuple[int, int] | None:
    """The least (cost, number of nodes) of all plans within limits; None when there is none."""
    found = [
        (cost(plan, network, assignments, trunks, decided), len(trunks) + 1)
        for assignments, trunks in every_plan(plan, network, root)
        if not exceeded(loads(plan, network, plan.profiles, root.code, assignments, trunks))
    ]
    return min(found, default=None)
