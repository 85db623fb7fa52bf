"""What no choice of nodes can change: lines of points, and links with no media node behind them. Pure.

Everything behind such a link crosses it in every plan. So the heaviest profile that fits there is settled first, and
only the points behind a thin line get less than the conference's profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scheduler.plan.model import Lightened, Limit, LimitKind, PlanInput, PointLine, Profile
from scheduler.plan.network import Link, Network, Side


@dataclass
class Settled:
    """`levels` is each point's index into the profiles; `refused` what does not fit even in the lightest one."""

    levels: list[int]
    lightened: list[Lightened] = field(default_factory=list)
    refused: list[Limit] = field(default_factory=list)


def senders_kbps(counts: Sequence[int], profiles: Sequence[Profile]) -> int:
    """What these points send at most: the heaviest of them on air. `counts` is points per profile."""
    left, total = profiles[0].senders, 0
    for count, profile in zip(counts, profiles, strict=True):
        total += min(left, count) * profile.up_kbps
        left -= min(left, count)
    return total


def receivers_kbps(counts: Sequence[int], profiles: Sequence[Profile]) -> int:
    """What these points receive. `counts` is points per profile."""
    return sum(count * profile.down_kbps for count, profile in zip(counts, profiles, strict=True))


def settle(plan: PlanInput, network: Network, profiles: Sequence[Profile]) -> Settled:
    """Profiles of all points as far as forced; `profiles` begins with the conference's."""
    settled = Settled([_own_level(point, profiles) for point in plan.points])
    for point, level in zip(plan.points, settled.levels, strict=True):
        if level > 0:
            _note(settled, _line_limit(point, profiles[0]), 1, profiles, level)
        limit = _line_limit(point, profiles[level])
        if limit is not None:
            settled.refused.append(limit)
    floors = _links(plan, network, profiles, settled)
    if floors:
        for index, point in enumerate(plan.points):
            floor = max((floors.get(unit, 0) for unit in network.above(point.unit)), default=0)
            settled.levels[index] = max(settled.levels[index], floor)
    return settled


def node_units(plan: PlanInput, network: Network) -> set[str]:
    """Units with a media node in them or behind them: where there is something to decide."""
    found: set[str] = {network.root}
    for node in plan.nodes:
        for unit in network.above(node.unit):
            if unit in found:
                break
            found.add(unit)
    return found


def _own_level(point: PointLine, profiles: Sequence[Profile]) -> int:
    """The heaviest profile that the point's own line carries, else the lightest."""
    fitting = (level for level, profile in enumerate(profiles) if _line_limit(point, profile) is None)
    return next(fitting, len(profiles) - 1)


def _line_limit(point: PointLine, profile: Profile) -> Limit | None:
    for direction, needed, capacity in (
        ("down", profile.down_kbps, point.down_kbps),
        ("up", profile.up_kbps, point.up_kbps),
    ):
        if capacity is not None and needed > capacity:
            return _limit(LimitKind.POINT_LINE, point.code, direction, needed, capacity, capacity)
    return None


def _links(plan: PlanInput, network: Network, profiles: Sequence[Profile], settled: Settled) -> dict[str, int]:
    """The lightest level that each unit's link asks of the points behind it, from the leaves to the root."""
    with_node = node_units(plan, network)
    counts = {unit: [0] * len(profiles) for unit in network.order}
    for point, level in zip(plan.points, settled.levels, strict=True):
        counts[point.unit][level] += 1
    floors: dict[str, int] = {}
    for unit in reversed(network.order):
        if unit in with_node or not any(counts[unit]):
            continue
        link = network.link[unit]
        mine = counts[unit]
        first = _link_limit(link, mine, profiles)
        while (limit := _link_limit(link, mine, profiles)) and any(mine[:-1]):
            floors[unit] = next(level for level, count in enumerate(mine) if count) + 1
            mine[floors[unit]] += mine[floors[unit] - 1]
            mine[floors[unit] - 1] = 0
        if limit is not None:
            settled.refused.append(limit)
        elif first is not None:
            _note(settled, first, sum(mine[floors[unit] :]), profiles, floors[unit])
        upper = counts[network.parent[unit]]
        for level, count in enumerate(mine):
            upper[level] += count
    return floors


def _link_limit(link: Link, counts: Sequence[int], profiles: Sequence[Profile]) -> Limit | None:
    for side, needed in (
        (link.outward, receivers_kbps(counts, profiles)),
        (link.inward, senders_kbps(counts, profiles)),
    ):
        limit = side_limit(link, side, needed)
        if limit is not None:
            return limit
    return None


def side_limit(link: Link, side: Side, needed: int) -> Limit | None:
    """The limit that `needed` kbit/s over one direction of a link exceeds."""
    if side.capacity is None or side.free is None or needed <= side.free:
        return None
    return _limit(LimitKind.LINK, link.unit, side.direction, needed, side.free, side.capacity)


def worst_first(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Limits with the greatest lack relative to the capacity first."""
    return tuple(sorted(limits, key=lambda limit: (-limit.short / max(1, limit.capacity), limit.kind, limit.code)))


def _note(settled: Settled, limit: Limit | None, points: int, profiles: Sequence[Profile], level: int) -> None:
    if limit is not None:
        settled.lightened.append(Lightened(limit=limit, points=points, profile=profiles[level].name))


def _limit(kind: LimitKind, code: str, direction: str, needed: int, free: int, capacity: int) -> Limit:
    return Limit(kind=kind, code=code, direction=direction, needed=needed, free=free, capacity=capacity)
