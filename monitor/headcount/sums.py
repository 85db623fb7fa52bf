"""Adding heads up the unit tree, and the quorum. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import assert_never

from monitor.headcount.model import HeadcountRow, HeadcountSum, HeadcountUnit, Quorum, QuorumState
from monitor.points.model import MapUnit
from monitor.points.tree import upwards

_ROUNDING = 1e-9
"""0.07 of 100 is 7.000000000000001 in binary: that asks for 7, not 8."""


def add_up(rows: Iterable[HeadcountRow]) -> HeadcountSum:
    """The halls of `rows` together; one that has not declared counts as nobody."""
    points = answered = present = expected = declared = listed = verified = absent = 0
    for row in rows:
        points += 1
        answered += row.declared is not None
        present += row.present
        expected += row.expected
        declared += row.declared or 0
        listed += row.listed
        verified += row.verified
        absent += row.absent
    return HeadcountSum(
        points=points,
        answered=answered,
        present=present,
        expected=expected,
        declared=declared,
        listed=listed,
        verified=verified,
        absent=absent,
    )


def by_unit(rows: Iterable[HeadcountRow], units: Sequence[MapUnit]) -> tuple[HeadcountUnit, ...]:
    """For each of `units`, in their order, the halls of it and of all units under it."""
    parents: dict[str, str | None] = {unit.code: unit.parent for unit in units}
    members: dict[str, list[HeadcountRow]] = {unit.code: [] for unit in units}
    for row in rows:
        for code in upwards(row.unit, parents):
            members[code].append(row)
    return tuple(
        HeadcountUnit(code=unit.code, name=unit.name, parent=unit.parent, sum=add_up(members[unit.code]))
        for unit in units
    )


def judge(rule: Quorum, total: HeadcountSum) -> QuorumState:
    """Whether `rule` holds: exactly the share is enough, and where nobody is there is no quorum."""
    match rule.of:
        case "delegates":
            whole, have = total.expected, total.declared
        case "verified":
            whole, have = total.expected, total.verified
        case "points":
            whole, have = total.points, total.present
        case _:
            assert_never(rule.of)
    needed = max(1, ceil(rule.share * whole - _ROUNDING))
    return QuorumState(of=rule.of, share=rule.share, needed=needed, have=have, reached=have >= needed)
