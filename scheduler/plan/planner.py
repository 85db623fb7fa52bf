"""The plan of one conference: the heaviest profile that fits, its nodes, trunks and loads. Pure; blocks for a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from scheduler.plan.forced import settle, worst_first
from scheduler.plan.instance import Instance, build
from scheduler.plan.loads import exceeded, loads
from scheduler.plan.model import (
    Assignment,
    Lightened,
    Limit,
    LimitKind,
    Node,
    Plan,
    PlanInput,
    Profile,
    Trunk,
)
from scheduler.plan.network import Network, nearest_nodes
from scheduler.plan.solution import ACCURACY, DoesNotFit, Kept, Solution


def make_plan(plan: PlanInput, previous: Plan | None = None, seed: int = 0, accuracy: float = ACCURACY) -> Plan:
    """The plan with the first of `plan.profiles` that fits; raises `DoesNotFit` with what the last one lacks.

    A `previous` plan is kept as far as a plan about as good can keep it. The same input and seed give the same plan.
    """
    if not plan.nodes:
        raise DoesNotFit([Limit(kind=LimitKind.NO_NODE, code="", needed=1, free=0, capacity=0)])
    root = _root(plan)
    network = Network(plan, root.unit)
    lacks: tuple[Limit, ...] = ()
    for first in range(len(plan.profiles)):
        try:
            made = _with_profiles(plan, network, root, plan.profiles[first:], previous, seed, accuracy)
        except DoesNotFit as refusal:
            if not lacks or first == len(plan.profiles) - 1:
                lacks = named(plan, worst_first(refusal.limits))
            continue
        return made.model_copy(update={"wanted": plan.profiles[0].name, "degraded_by": lacks})
    raise DoesNotFit(lacks)


def still_fits(plan: PlanInput, previous: Plan) -> Plan | None:
    """The previous plan beside the present others, if it gives these points the wanted profile within all limits."""
    serving = {node.code for node in plan.nodes}
    if (
        previous.profile is not plan.profiles[0].name
        or {point.code for point in plan.points} != {item.point for item in previous.assignments}
        or not serving.issuperset(load.node for load in previous.nodes)
    ):
        return None
    root = _root(plan)
    if root.code != previous.root:
        return None
    network = Network(plan, root.unit)
    settled = settle(plan, network, plan.profiles)
    wanted = {p.code: plan.profiles[level].name for p, level in zip(plan.points, settled.levels, strict=True)}
    if settled.refused or any(wanted[item.point] is not item.profile for item in previous.assignments):
        return None
    found = loads(plan, network, plan.profiles, root.code, previous.assignments, previous.trunks)
    if exceeded(found):
        return None
    return previous.model_copy(update={"links": found.links, "nodes": found.nodes, "changed": 0})


def problems(plan: PlanInput, made: Plan) -> tuple[str, ...]:
    """Why a plan does not hold as things are now, in sentences; nothing when it does."""
    serving = {node.code for node in plan.nodes}
    found = [
        f"Media node {load.node} is not in service."
        for load in sorted(made.nodes, key=lambda load: load.node)
        if load.node not in serving
    ]
    if found:
        return tuple(found)
    points = {point.code for point in plan.points}
    missing = sorted(points - {item.point for item in made.assignments})
    if missing:
        found.append(f"{len(missing)} points have no node, {missing[0]} the first.")
    root = next(node for node in plan.nodes if node.code == made.root)
    profiles = [profile for profile in plan.profiles if profile.name is made.profile] or plan.profiles[:1]
    lighter = [profile for profile in plan.profiles if profile.name is not made.profile]
    staying = [item for item in made.assignments if item.point in points]
    present = loads(plan, Network(plan, root.unit), [*profiles, *lighter], root.code, staying, made.trunks)
    return (*found, *(limit.sentence() for limit in named(plan, worst_first(exceeded(present)))))


def _root(plan: PlanInput) -> Node:
    """The node nearest to the chair that has room for the consoles and a leg."""
    near = nearest_nodes(plan, plan.chair_unit)
    used = plan.nodes_used

    def has_room(node: Node) -> bool:
        use = used.get(node.code)
        legs, kbps = (0, 0) if use is None else (use.legs, use.kbps)
        return node.legs - legs > plan.consoles and node.kbps - kbps > plan.consoles * plan.profiles[0].down_kbps

    return next((node for node in near if has_room(node)), near[0])


def _with_profiles(
    plan: PlanInput,
    network: Network,
    root: Node,
    profiles: Sequence[Profile],
    previous: Plan | None,
    seed: int,
    accuracy: float,
) -> Plan:
    # Loaded with the first plan: it takes half a second and 70 MB, which a house with one node never needs.
    from scheduler.plan.solver import solve

    settled = settle(plan, network, profiles)
    if settled.refused:
        raise DoesNotFit(settled.refused)
    instance = build(plan, network, root, settled.levels, profiles)
    before = {} if previous is None else {item.point: item.node for item in previous.assignments}
    kept = None if previous is None else _kept(plan, instance, before, previous.trunks)
    solution = solve(instance, kept, seed, accuracy)
    assignments = _assignments(plan, instance, solution, before)
    trunks = _trunks(instance, solution)
    found = loads(plan, network, profiles, root.code, assignments, trunks)
    changed = sum(before.get(item.point, item.node) != item.node for item in assignments)
    return Plan(
        wanted=profiles[0].name,
        profile=profiles[0].name,
        root=root.code,
        assignments=assignments,
        trunks=trunks,
        links=found.links,
        nodes=found.nodes,
        lightened=tuple(_heaviest_first(plan, settled.lightened)),
        cost=solution.cost,
        bound=solution.bound,
        gap=(solution.cost - solution.bound) / max(1, solution.bound),
        changed=None if previous is None else changed,
    )


def _kept(plan: PlanInput, instance: Instance, before: Mapping[str, str], trunks: Sequence[Trunk]) -> Kept:
    index = {node.code: n for n, node in enumerate(instance.nodes)}
    served: Counter[tuple[int, int]] = Counter()
    for g, group in enumerate(instance.groups):
        for point in group.points:
            n = index.get(before.get(plan.points[point].code, ""))
            if n is not None:
                served[g, n] += 1
    upstream = {index[t.node]: index[t.upstream] for t in trunks if t.node in index and t.upstream in index}
    return Kept(served, upstream)


def _assignments(
    plan: PlanInput, instance: Instance, solution: Solution, before: Mapping[str, str]
) -> tuple[Assignment, ...]:
    """Deals the counts of the solution out to points: first to those that can stay, then in order of their codes."""
    found: dict[str, Assignment] = {}
    for g, group in enumerate(instance.groups):
        room = {instance.nodes[n].code: count for (h, n), count in sorted(solution.served.items()) if h == g}
        profile = instance.profiles[group.level].name
        codes = sorted(plan.points[point].code for point in group.points)
        moving = []
        for code in codes:
            node = before.get(code, "")
            if room.get(node, 0):
                room[node] -= 1
                found[code] = Assignment(point=code, node=node, profile=profile)
            else:
                moving.append(code)
        places = (node for node, count in room.items() for _ in range(count))
        found.update(
            (code, Assignment(point=code, node=node, profile=profile))
            for code, node in zip(moving, places, strict=True)
        )
    return tuple(found[code] for code in sorted(found))


def _trunks(instance: Instance, solution: Solution) -> tuple[Trunk, ...]:
    def depth(n: int) -> int:
        return 0 if n == 0 else depth(solution.upstream[n]) + 1

    trunks = [
        Trunk(node=instance.nodes[n].code, upstream=instance.nodes[upper].code, depth=depth(n))
        for n, upper in solution.upstream.items()
    ]
    return tuple(sorted(trunks, key=lambda trunk: (trunk.depth, trunk.node)))


def named(plan: PlanInput, limits: Sequence[Limit]) -> tuple[Limit, ...]:
    """The limits with the names of their points, units and nodes."""
    names = {LimitKind.POINT_LINE: {point.code: point.name for point in plan.points}}
    names[LimitKind.LINK] = {unit.code: unit.name for unit in plan.units}
    names[LimitKind.NODE_LEGS] = names[LimitKind.NODE_KBPS] = {node.code: node.name for node in plan.nodes}
    return tuple(limit.model_copy(update={"name": names.get(limit.kind, {}).get(limit.code, "")}) for limit in limits)


def _heaviest_first(plan: PlanInput, lightened: Sequence[Lightened]) -> list[Lightened]:
    limits = named(plan, [item.limit for item in lightened])
    told = [item.model_copy(update={"limit": limit}) for item, limit in zip(lightened, limits, strict=True)]
    return sorted(told, key=lambda item: (-item.points, item.limit.code))
