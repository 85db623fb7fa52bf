"""A plan made by hand, whether it fits or not: where the search for what is lacking begins. Pure."""

from __future__ import annotations

from scheduler.plan.instance import Instance


def spread(instance: Instance) -> tuple[dict[tuple[int, int], int], dict[int, int], dict[int, int]]:
    """Every node open under its cheapest upstream node, every point at the cheapest node with room; links are ignored.

    Returns points per (group, node), the upstream nodes, and per group the points that found no room.
    """
    upstream = {n: _upstream(instance, n) for n in range(1, len(instance.nodes))}
    legs, kbps = _room(instance, upstream)
    served: dict[tuple[int, int], int] = {}
    homeless: dict[int, int] = {}
    for g, group in enumerate(instance.groups):
        left, rate = len(group.points), max(1, instance.down_kbps(group))
        for n in sorted(range(len(instance.nodes)), key=lambda n: (instance.cost[g][n], n)):
            taken = max(0, min(left, legs[n], kbps[n] // rate))
            if taken:
                served[g, n] = taken
                legs[n] -= taken
                kbps[n] -= taken * rate
                left -= taken
        if left:
            homeless[g] = left
    return served, upstream, homeless


def _upstream(instance: Instance, n: int) -> int:
    """The cheapest node to join; of its own unit only an earlier one, so that there is no loop."""
    ways = instance.uplinks[n]
    unit = instance.nodes[n].unit
    fitting = [upper for upper in ways if upper < n or instance.nodes[upper].unit != unit]
    return min(fitting, key=lambda upper: (ways[upper], upper))


def _room(instance: Instance, upstream: dict[int, int]) -> tuple[list[int], list[int]]:
    """Legs and kbit/s of each node that its trunks and the consoles leave."""
    profile = instance.profile
    legs = [free.legs - 1 for free in instance.free]
    kbps = [free.kbps - profile.trunk_up_kbps for free in instance.free]
    legs[0] += 1 - instance.consoles
    kbps[0] += profile.trunk_up_kbps - instance.consoles * profile.down_kbps
    for upper in upstream.values():
        legs[upper] -= 1
        kbps[upper] -= profile.trunk_down_kbps
    return legs, kbps
