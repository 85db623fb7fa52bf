"""The part of a plan that is to be decided, small however many points there are. Pure.

Links with no node behind them are settled before (see `forced`), so their points count where the first unit with a
node behind it stands: its *anchor*. Points of one anchor and profile are one group; a plan says how many of a group
each node serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.plan.forced import node_units, senders_kbps
from scheduler.plan.model import Node, NodeUse, PlanInput, Profile
from scheduler.plan.network import Link, Network


@dataclass(frozen=True, slots=True)
class Group:
    """Points of one anchor and profile, by their indexes in the plan's input."""

    anchor: str
    level: int
    points: tuple[int, ...]


@dataclass(frozen=True)
class Instance:
    """`nodes` begins with the root; `cost[g][n]` is the weighted kbit/s of one leg of group g at node n.

    `uplinks[n]` holds for each node that may be n's upstream node the weighted kbit/s of the trunk.
    """

    network: Network
    profiles: Sequence[Profile]
    nodes: tuple[Node, ...]
    free: tuple[NodeUse, ...]
    groups: tuple[Group, ...]
    cost: tuple[tuple[int, ...], ...]
    uplinks: tuple[dict[int, int], ...]
    cuts: tuple[Cut, ...]
    consoles: int

    @property
    def profile(self) -> Profile:
        """The conference's."""
        return self.profiles[0]

    def down_kbps(self, group: Group) -> int:
        """What each point of the group receives."""
        return self.profiles[group.level].down_kbps


@dataclass(frozen=True)
class Cut:
    """A link with nodes on both sides: which groups and nodes are behind it, seen from the root."""

    link: Link
    groups: frozenset[int]
    nodes: frozenset[int]
    senders_kbps: int
    """What the points behind it send towards the root at most."""


def build(
    plan: PlanInput, network: Network, root: Node, levels: Sequence[int], profiles: Sequence[Profile]
) -> Instance:
    """The instance for these settled levels; `profiles` begins with the conference's."""
    used = plan.nodes_used
    nodes = (root, *sorted((n for n in plan.nodes if n.code != root.code), key=lambda n: n.code))
    groups = _groups(plan, network, levels)
    toll = {unit: (link.outward.weight, link.inward.weight) for unit, link in network.link.items()}
    return Instance(
        network=network,
        profiles=profiles,
        nodes=nodes,
        free=tuple(_free(node, used.get(node.code, NodeUse())) for node in nodes),
        groups=groups,
        cost=tuple(
            tuple(profiles[g.level].down_kbps * _toll(network, toll, n.unit, g.anchor) for n in nodes) for g in groups
        ),
        uplinks=tuple(
            _uplinks(network, toll, nodes, index, profiles[0].trunk_down_kbps) for index in range(len(nodes))
        ),
        cuts=_cuts(plan, network, nodes, groups, profiles),
        consoles=plan.consoles,
    )


def _free(node: Node, used: NodeUse) -> NodeUse:
    return NodeUse(max(0, node.legs - used.legs), max(0, node.kbps - used.kbps))


def _groups(plan: PlanInput, network: Network, levels: Sequence[int]) -> tuple[Group, ...]:
    anchors = node_units(plan, network)
    found: dict[tuple[str, int], list[int]] = {}
    home: dict[str, str] = {}
    for index, point in enumerate(plan.points):
        if point.unit not in home:
            home[point.unit] = next(unit for unit in network.above(point.unit) if unit in anchors)
        found.setdefault((home[point.unit], levels[index]), []).append(index)
    return tuple(Group(anchor, level, tuple(points)) for (anchor, level), points in sorted(found.items()))


def _toll(network: Network, toll: dict[str, tuple[int, int]], source: str, target: str) -> int:
    inward, outward = network.path(source, target)
    return sum(toll[unit][1] for unit in inward) + sum(toll[unit][0] for unit in outward)


def _uplinks(
    network: Network, toll: dict[str, tuple[int, int]], nodes: Sequence[Node], child: int, kbps: int
) -> dict[int, int]:
    """A node joins a node of its own unit or of one on the way to the root: trunks never turn back."""
    if child == 0:
        return {}
    way = set(network.above(nodes[child].unit))
    return {
        upper: kbps * _toll(network, toll, node.unit, nodes[child].unit)
        for upper, node in enumerate(nodes)
        if upper != child and node.unit in way
    }


def _cuts(
    plan: PlanInput, network: Network, nodes: Sequence[Node], groups: Sequence[Group], profiles: Sequence[Profile]
) -> tuple[Cut, ...]:
    behind_groups: dict[str, set[int]] = {}
    behind_nodes: dict[str, set[int]] = {}
    for index, group in enumerate(groups):
        for unit in network.above(group.anchor):
            behind_groups.setdefault(unit, set()).add(index)
    for index, node in enumerate(nodes):
        for unit in network.above(node.unit):
            behind_nodes.setdefault(unit, set()).add(index)
    cuts = []
    for unit in network.order[1:]:
        if unit not in behind_nodes:
            continue
        inside = frozenset(behind_groups.get(unit, ()))
        counts = [0] * len(profiles)
        for index in inside:
            counts[groups[index].level] += len(groups[index].points)
        cuts.append(Cut(network.link[unit], inside, frozenset(behind_nodes[unit]), senders_kbps(counts, profiles)))
    return tuple(cuts)
