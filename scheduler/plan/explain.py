"""Why a point is served by its node, in figures. Pure."""

from __future__ import annotations

from enum import StrEnum

from core.errors import NotFound
from core.model import Model
from scheduler.plan.model import Assignment, Node, NodeUse, Plan, PlanInput, Profile, ProfileName
from scheduler.plan.network import Network


class WhyNot(StrEnum):
    """Why another node does not serve the point."""

    DEARER = "dearer"
    """Its way crosses scarcer lines."""
    NO_LEGS = "no_legs"
    NO_KBPS = "no_kbps"
    NOT_USED = "not_used"
    """The plan does without the node, or keeps its room: opening it would cost more than it saves."""


class Alternative(Model):
    """Another node for the same point; `cost` is in weighted kbit/s, as the explanation's own."""

    node: str
    links: tuple[str, ...]
    cost: int
    why_not: WhyNot
    free: int = 0
    """Legs or kbit/s left at that node, where those are too few."""


class Explanation(Model):
    """Why this node for this point. `links` are the lines that the leg crosses, named by their lower units."""

    point: str
    node: str
    profile: ProfileName
    kbps: int
    links: tuple[str, ...]
    cost: int
    scarcest: str | None
    scarcest_free_kbps: int | None
    alternatives: tuple[Alternative, ...]
    """The three cheapest other nodes."""
    sentence: str


def explain(plan: PlanInput, made: Plan, point: str) -> Explanation:
    """The reason for one point of a plan, from the input that it was made from; raises `NotFound` `plan.no_point`."""
    item = next((item for item in made.assignments if item.point == point), None)
    line = next((line for line in plan.points if line.code == point), None)
    nodes = {node.code: node for node in plan.nodes}
    if item is None or line is None or item.node not in nodes:
        raise NotFound("plan.no_point", "This plan has no such bridge point at a node in service.", point=point)
    network = Network(plan, nodes[made.root].unit if made.root in nodes else nodes[item.node].unit)
    profile = next(profile for profile in plan.profiles if profile.name is item.profile)
    way = _way(network, nodes[item.node].unit, line.unit)
    others = sorted(
        (_alternative(plan, made, network, node, line.unit, profile) for node in plan.nodes if node.code != item.node),
        key=lambda other: (other.cost, other.node),
    )
    cost = _cost(network, nodes[item.node].unit, line.unit, profile)
    scarcest = _scarcest(network, way)
    found = Explanation(
        point=point,
        node=item.node,
        profile=item.profile,
        kbps=profile.down_kbps,
        links=way,
        cost=cost,
        scarcest=scarcest[0] if scarcest else None,
        scarcest_free_kbps=scarcest[1] if scarcest else None,
        alternatives=tuple(_weighed(other, cost) for other in others[:3]),
        sentence="",
    )
    return found.model_copy(update={"sentence": _sentence(found, nodes[item.node], item)})


def _sentence(found: Explanation, node: Node, item: Assignment) -> str:
    text = f"Node {node.code} of unit {node.unit} serves point {item.point} with {found.kbps:,} kbit/s ({item.profile})"
    text += f" over {len(found.links)} lines" if found.links else " without crossing a line between units"
    if found.scarcest is not None:
        text += f", the scarcest that of unit {found.scarcest} with {found.scarcest_free_kbps:,} kbit/s free"
    return " ".join([text + ".", *(_reason(found, other) for other in found.alternatives)])


def _reason(found: Explanation, other: Alternative) -> str:
    name = f"Node {other.node} ({len(other.links)} lines)"
    match other.why_not:
        case WhyNot.DEARER:
            ratio = f"{other.cost / found.cost:.1f} times" if found.cost else f"{other.cost:,} instead of nothing"
            return f"{name} would weigh {ratio} on scarce lines."
        case WhyNot.NO_LEGS:
            return f"{name} has {other.free:,} legs left."
        case WhyNot.NO_KBPS:
            return f"{name} has {other.free:,} kbit/s left."
        case WhyNot.NOT_USED:
            return f"{name} would be no dearer, but the whole plan gains nothing by it."


def _alternative(plan: PlanInput, made: Plan, network: Network, node: Node, unit: str, profile: Profile) -> Alternative:
    use = plan.nodes_used.get(node.code, NodeUse())
    load = next((load for load in made.nodes if load.node == node.code), None)
    legs = node.legs - use.legs - (0 if load is None else load.legs)
    kbps = node.kbps - use.kbps - (0 if load is None else load.kbps)
    why, free = WhyNot.NOT_USED, 0
    if legs < 1:
        why, free = WhyNot.NO_LEGS, max(0, legs)
    elif kbps < profile.down_kbps:
        why, free = WhyNot.NO_KBPS, max(0, kbps)
    cost = _cost(network, node.unit, unit, profile)
    return Alternative(node=node.code, links=_way(network, node.unit, unit), cost=cost, why_not=why, free=free)


def _weighed(other: Alternative, cost: int) -> Alternative:
    return other.model_copy(update={"why_not": WhyNot.DEARER, "free": 0}) if other.cost > cost else other


def _way(network: Network, source: str, target: str) -> tuple[str, ...]:
    inward, outward = network.path(source, target)
    return tuple(network.link[unit].unit for unit in (*inward, *reversed(outward)))


def _cost(network: Network, source: str, target: str, profile: Profile) -> int:
    inward, outward = network.path(source, target)
    toll = sum(network.link[unit].inward.weight for unit in inward)
    toll += sum(network.link[unit].outward.weight for unit in outward)
    return toll * profile.down_kbps


def _scarcest(network: Network, way: tuple[str, ...]) -> tuple[str, int] | None:
    """The line of the way with the least free capacity, in its scarcer direction."""
    crossed = set(way)
    free = [
        (side.free, link.unit)
        for link in network.link.values()
        if link.unit in crossed
        for side in (link.outward, link.inward)
        if side.free is not None
    ]
    if not free:
        return None
    kbps, unit = min(free)
    return unit, kbps
