"""Plans of small random networks against the optimum found by trying everything."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from scheduler.plan.forced import node_units, settle
from scheduler.plan.loads import exceeded, loads
from scheduler.plan.model import MAX_DEPTH, LinkUse, Node, NodeUse, Plan, PlanInput, PointLine, Profile, UnitLine
from scheduler.plan.network import Network, nearest_nodes
from scheduler.plan.planner import make_plan
from scheduler.plan.solution import DoesNotFit
from tests.support.plans import best_by_trying, cost, country, profile

MEDIUM = profile("standard", (500, 200, 200, 100), 100, 1_200, (6, 3, 7))
SMALL = profile("voice", (0, 0, 0, 100), 50, 120, (3, 1, 3))


def small_network(seed: int) -> PlanInput:
    """Up to 7 units in a tree, up to 5 points mostly low in it, up to 3 nodes; about half of the lines are narrow."""
    rng = random.Random(seed)
    units = [UnitLine("u0", "u0")]
    for number in range(1, rng.randint(2, 7)):
        up, down = (rng.choice([None, None, 600, 2_500, 4_000, 8_000, 30_000, 1_000_000]) for _ in range(2))
        units.append(UnitLine(f"u{number}", f"u{number}", rng.choice(units[-3:]).code, up, down))
    codes = [unit.code for unit in units]
    points = [
        PointLine(f"p{n}", rng.choice(codes[-3:]), None, rng.choice([None, None, None, 800]))
        for n in range(rng.randint(1, 5))
    ]
    nodes = [
        Node(f"n{n}", rng.choice(codes), rng.choice([3, 4, 6, 20]), rng.choice([4_000, 9_000, 20_000]))
        for n in range(rng.randint(1, 3))
    ]
    used = {code: LinkUse(rng.choice([0, 0, 700]), rng.choice([0, 0, 700])) for code in codes[1:]}
    busy = {node.code: NodeUse(rng.choice([0, 0, 1]), rng.choice([0, 0, 900])) for node in nodes}
    profiles = (MEDIUM, SMALL) if rng.random() < 0.7 else (MEDIUM,)
    chair = rng.choice([None, *codes])
    return PlanInput(tuple(units), tuple(points), tuple(nodes), profiles, chair, used, busy, consoles=1)


def check_whole(plan: PlanInput, made: Plan) -> Network:
    """Every point once at an open node, trunks a tree of limited depth, loads as walked again and within all limits."""
    nodes = {node.code: node for node in plan.nodes}
    network = Network(plan, nodes[made.root].unit)
    profiles = plan.profiles[[profile.name for profile in plan.profiles].index(made.profile) :]
    assert [item.point for item in made.assignments] == sorted(point.code for point in plan.points)
    uppers = {trunk.node: trunk.upstream for trunk in made.trunks}
    assert len(uppers) == len(made.trunks)
    assert made.root not in uppers
    assert {item.node for item in made.assignments} <= {made.root, *uppers}
    for trunk in made.trunks:
        depth, code = 0, trunk.node
        while code != made.root:
            code, depth = uppers[code], depth + 1
            assert depth <= MAX_DEPTH
        assert depth == trunk.depth
    found = loads(plan, network, profiles, made.root, made.assignments, made.trunks)
    assert (found.links, found.nodes) == (made.links, made.nodes)
    assert exceeded(found) == []
    points = Counter(item.node for item in made.assignments)
    assert points == Counter({load.node: load.points for load in made.nodes if load.points})
    return network


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**40))
def test_a_plan_is_as_good_as_the_best_of_all_that_keep_the_limits(seed: int) -> None:
    plan = small_network(seed)
    try:
        made = make_plan(plan, accuracy=0.0)
    except DoesNotFit as raised:
        made, lacks = None, raised.limits
    if made is None:
        event("refused")
        assert lacks, "a refusal names what is too little"
        assert all(limit.short > 0 for limit in lacks)
        assert nothing_fits(plan, plan.profiles[-1:])
        return
    event(f"planned with {len(made.nodes)} nodes, lighter: {bool(made.degraded_by)}")
    network = check_whole(plan, made)
    lighter = plan.profiles.index(next(p for p in plan.profiles if p.name is made.profile))
    if lighter:
        assert made.degraded_by
        assert nothing_fits(plan, plan.profiles)
    at = replace(plan, profiles=plan.profiles[lighter:])
    root = next(node for node in plan.nodes if node.code == made.root)
    decided = node_units(at, network) - {network.root}
    best = best_by_trying(at, network, root, decided)
    assert best is not None
    assert made.cost == cost(at, network, made.assignments, made.trunks, decided)
    assert (made.cost, len(made.trunks) + 1) == best
    assert made.bound == made.cost


def nothing_fits(plan: PlanInput, profiles: tuple[Profile, ...]) -> bool:
    """Whether no plan at all keeps the limits with these profiles, at the root that was chosen for the wanted one."""
    near = nearest_nodes(plan, plan.chair_unit)
    root = next((node for node in near if has_room(plan, node)), near[0])
    at = replace(plan, profiles=profiles)
    network = Network(at, root.unit)
    if settle(at, network, at.profiles).refused:
        return True
    return best_by_trying(at, network, root, set()) is None


def has_room(plan: PlanInput, node: Node) -> bool:
    used = plan.nodes_used[node.code]
    return node.legs - used.legs > plan.consoles and node.kbps - used.kbps > plan.consoles * plan.profiles[0].down_kbps


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_input_and_seed_give_the_same_plan(seed: int) -> None:
    plan = country(400, 12, seed=5, provinces=8)
    assert make_plan(plan, seed=seed) == make_plan(plan, seed=seed)
