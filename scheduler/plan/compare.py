"""How two plans differ. Pure."""

from __future__ import annotations

from core.model import Model
from scheduler.plan.model import Plan, ProfileName

LINKS_SHOWN = 100


class Moved(Model):
    """A point that changed its node; None where a plan does not have it."""

    point: str
    before: str | None
    after: str | None


class LinkChange(Model):
    """A link whose load differs, kbit/s."""

    unit: str
    up_before: int
    up_after: int
    down_before: int
    down_after: int


class PlanDifference(Model):
    """From plan `before` to plan `after`: points at another node, points there in one only, nodes, trunks, links."""

    profile_before: ProfileName
    profile_after: ProfileName
    cost_before: int
    cost_after: int
    moved: tuple[Moved, ...]
    nodes_only_before: tuple[str, ...]
    nodes_only_after: tuple[str, ...]
    trunks_changed: tuple[str, ...]
    """Nodes that are in both plans but join another upstream node."""
    links: tuple[LinkChange, ...]
    """The links whose loads changed most, at most 100."""


def compare(before: Plan, after: Plan) -> PlanDifference:
    """What changes when `after` takes the place of `before`."""
    old = {item.point: item.node for item in before.assignments}
    new = {item.point: item.node for item in after.assignments}
    nodes_old, nodes_new = _nodes(before), _nodes(after)
    joins_old = {trunk.node: trunk.upstream for trunk in before.trunks}
    joins_new = {trunk.node: trunk.upstream for trunk in after.trunks}
    return PlanDifference(
        profile_before=before.profile,
        profile_after=after.profile,
        cost_before=before.cost,
        cost_after=after.cost,
        moved=tuple(
            Moved(point=point, before=old.get(point), after=new.get(point))
            for point in sorted(old.keys() | new.keys())
            if old.get(point) != new.get(point)
        ),
        nodes_only_before=tuple(sorted(nodes_old - nodes_new)),
        nodes_only_after=tuple(sorted(nodes_new - nodes_old)),
        trunks_changed=tuple(
            sorted(node for node in nodes_old & nodes_new if joins_old.get(node) != joins_new.get(node))
        ),
        links=_links(before, after),
    )


def moved(before: Plan, after: Plan) -> int:
    """Points of both plans that have another node in `after`."""
    old = {item.point: item.node for item in before.assignments}
    return sum(old.get(item.point, item.node) != item.node for item in after.assignments)


def _nodes(plan: Plan) -> set[str]:
    return {load.node for load in plan.nodes}


def _links(before: Plan, after: Plan) -> tuple[LinkChange, ...]:
    old = {link.unit: (link.up_kbps, link.down_kbps) for link in before.links}
    new = {link.unit: (link.up_kbps, link.down_kbps) for link in after.links}
    changes = []
    for unit in sorted(old.keys() | new.keys()):
        (up_before, down_before), (up_after, down_after) = old.get(unit, (0, 0)), new.get(unit, (0, 0))
        if (up_before, down_before) != (up_after, down_after):
            changes.append(
                LinkChange(
                    unit=unit,
                    up_before=up_before,
                    up_after=up_after,
                    down_before=down_before,
                    down_after=down_after,
                )
            )
    changes.sort(key=lambda c: -abs(c.up_after - c.up_before) - abs(c.down_after - c.down_before))
    return tuple(changes[:LINKS_SHOWN])
