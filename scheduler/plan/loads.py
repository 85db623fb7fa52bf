"""What a plan puts on every link and node: walked leg by leg and trunk by trunk, apart from the solver. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.plan.forced import senders_kbps
from scheduler.plan.model import (
    Assignment,
    Limit,
    LimitKind,
    LinkLoad,
    Node,
    NodeLoad,
    NodeUse,
    PlanInput,
    Profile,
    Trunk,
)
from scheduler.plan.network import Link, Network


@dataclass
class _Passing:
    """What crosses one link away from the root and towards it, and the points behind it by profile."""

    behind: list[int]
    outward_kbps: int = 0
    inward_kbps: int = 0
    outward_streams: int = 0
    inward_streams: int = 0
    legs: int = 0
    trunks: int = 0
    detour: bool = False


@dataclass
class _Hosting:
    points: int = 0
    legs: int = 0
    kbps: int = 0
    streams: int = 0


@dataclass(frozen=True)
class Loads:
    """Loads of every link and node that the plan uses."""

    links: tuple[LinkLoad, ...]
    nodes: tuple[NodeLoad, ...]


@dataclass
class _Tally:
    plan: PlanInput
    network: Network
    profiles: Sequence[Profile]
    passing: dict[str, _Passing] = field(default_factory=dict)
    hosting: dict[str, _Hosting] = field(default_factory=dict)

    def link(self, unit: str) -> _Passing:
        return self.passing.setdefault(unit, _Passing([0] * len(self.profiles)))


def loads(
    plan: PlanInput,
    network: Network,
    profiles: Sequence[Profile],
    root: str,
    assignments: Iterable[Assignment],
    trunks: Iterable[Trunk],
) -> Loads:
    """The loads of a plan; `profiles` begins with the conference's, `network` hangs at the root node's unit."""
    tally = _Tally(plan, network, profiles)
    nodes = {node.code: node for node in plan.nodes}
    levels = {profile.name: level for level, profile in enumerate(profiles)}
    units = {point.code: point.unit for point in plan.points}
    tally.hosting[root] = _Hosting(
        0, plan.consoles, plan.consoles * profiles[0].down_kbps, plan.consoles * profiles[0].leg_streams
    )
    for item in assignments:
        _leg(tally, units[item.point], nodes[item.node], levels[item.profile])
    for trunk in trunks:
        _trunk(tally, nodes[trunk.node], nodes[trunk.upstream])
    links = [_link_load(tally, unit) for unit in network.order[1:] if unit in tally.passing]
    hosts = [_node_load(plan, nodes[code], hosting) for code, hosting in sorted(tally.hosting.items())]
    return Loads(tuple(links), tuple(hosts))


def exceeded(loads: Loads) -> list[Limit]:
    """The limits that these loads exceed, together with what others need."""
    limits = []
    for link in loads.links:
        limits += _over(
            LimitKind.LINK, link.unit, "down", link.down_kbps, link.others_down_kbps, link.capacity_down_kbps
        )
        limits += _over(LimitKind.LINK, link.unit, "up", link.up_kbps, link.others_up_kbps, link.capacity_up_kbps)
    for node in loads.nodes:
        limits += _over(LimitKind.NODE_LEGS, node.node, "", node.legs, node.others_legs, node.capacity_legs)
        limits += _over(LimitKind.NODE_KBPS, node.node, "", node.kbps, node.others_kbps, node.capacity_kbps)
    return limits


def _over(kind: LimitKind, code: str, direction: str, needed: int, others: int, capacity: int | None) -> list[Limit]:
    if capacity is None or needed + others <= capacity:
        return []
    free = max(0, capacity - others)
    return [Limit(kind=kind, code=code, direction=direction, needed=needed, free=free, capacity=capacity)]


def _leg(tally: _Tally, unit: str, node: Node, level: int) -> None:
    profile = tally.profiles[level]
    for behind in tally.network.above(unit):
        if behind != tally.network.root:
            tally.link(behind).behind[level] += 1
    inward, outward = tally.network.path(node.unit, unit)
    for crossed in outward:
        passing = tally.link(crossed)
        passing.legs += 1
        passing.outward_kbps += profile.down_kbps
        passing.outward_streams += profile.leg_streams
    for crossed in inward:
        passing = tally.link(crossed)
        passing.legs += 1
        passing.inward_kbps += profile.down_kbps
        passing.inward_streams += profile.leg_streams
        passing.detour = True
    hosting = tally.hosting.setdefault(node.code, _Hosting())
    hosting.points += 1
    hosting.legs += 1
    hosting.kbps += profile.down_kbps
    hosting.streams += profile.leg_streams


def _trunk(tally: _Tally, node: Node, upstream: Node) -> None:
    profile = tally.profiles[0]
    for crossed in tally.network.path(upstream.unit, node.unit)[1]:
        passing = tally.link(crossed)
        passing.trunks += 1
        passing.outward_kbps += profile.trunk_down_kbps
        passing.outward_streams += profile.trunk_streams
    above = tally.hosting.setdefault(upstream.code, _Hosting())
    above.legs += 1
    above.kbps += profile.trunk_down_kbps
    above.streams += profile.trunk_streams
    below = tally.hosting.setdefault(node.code, _Hosting())
    below.legs += 1
    below.kbps += profile.trunk_up_kbps
    below.streams += profile.senders * profile.up_streams


def _link_load(tally: _Tally, unit: str) -> LinkLoad:
    """Adds what the points on air send: those behind the link towards the root; with a detour, any, in and out."""
    passing, link, profile = tally.passing[unit], tally.network.link[unit], tally.profiles[0]
    outward, outward_streams = passing.outward_kbps, passing.outward_streams
    inward, inward_streams = passing.inward_kbps, passing.inward_streams
    if passing.detour:
        outward += profile.trunk_up_kbps
        inward += profile.trunk_up_kbps
        outward_streams += profile.senders * profile.up_streams
        inward_streams += profile.senders * profile.up_streams
    else:
        inward += senders_kbps(passing.behind, tally.profiles)
        inward_streams += min(profile.senders, sum(passing.behind)) * profile.up_streams
    flow = {
        link.outward.direction: (outward, outward_streams),
        link.inward.direction: (inward, inward_streams),
    }
    return _load(link, passing, flow)


def _load(link: Link, passing: _Passing, flow: Mapping[str, tuple[int, int]]) -> LinkLoad:
    sides = {side.direction: side for side in (link.outward, link.inward)}
    return LinkLoad(
        unit=link.unit,
        up_kbps=flow["up"][0],
        down_kbps=flow["down"][0],
        up_streams=flow["up"][1],
        down_streams=flow["down"][1],
        legs=passing.legs,
        trunks=passing.trunks,
        others_up_kbps=sides["up"].used,
        others_down_kbps=sides["down"].used,
        capacity_up_kbps=sides["up"].capacity,
        capacity_down_kbps=sides["down"].capacity,
    )


def _node_load(plan: PlanInput, node: Node, hosting: _Hosting) -> NodeLoad:
    others = plan.nodes_used.get(node.code, NodeUse())
    return NodeLoad(
        node=node.code,
        unit=node.unit,
        points=hosting.points,
        legs=hosting.legs,
        kbps=hosting.kbps,
        streams=hosting.streams,
        others_legs=others.legs,
        others_kbps=others.kbps,
        capacity_legs=node.legs,
        capacity_kbps=node.kbps,
    )
