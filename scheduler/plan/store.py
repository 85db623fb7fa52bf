"""Plans in PostgreSQL: what a plan is made from, and what has been made. Every function takes an open connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import load_queries
from core.errors import NotFound
from core.model import ConferenceId, ConferenceState, PictureRates, PlannedPictures
from scheduler.plan.model import (
    ClosedNode,
    LinkUse,
    Node,
    NodeUse,
    Plan,
    PlanInput,
    PlanWish,
    PointLine,
    Profile,
    StoredPlan,
    UnitLine,
)
from scheduler.plan.overlap import Use, busiest

SQL = load_queries("scheduler.plan")
Connection = Any
"""An asyncpg connection, straight or from the pool."""

_PLAN_LOCK = 7_205_759_405
_LOCK_WAIT = "15s"
"""Longer than for points: everybody who plans waits here, in turn."""
_KEPT = 5
"""Plans kept per conference."""
COUNTED = (ConferenceState.REQUESTED, ConferenceState.CONFIRMED, ConferenceState.OPEN)
"""States in which a conference's plan takes room from others'."""


@dataclass(frozen=True)
class Situation:
    """A conference as its plan sees it; `closed` are the nodes that are in maintenance during it."""

    state: ConferenceState
    start: datetime
    wish: PlanWish
    plan: PlanInput
    closed: tuple[ClosedNode, ...]


async def any_node(connection: Connection) -> bool:
    """Whether this installation has registered media nodes at all."""
    found: bool = await connection.fetchval(SQL["any_node"])
    return found


async def lock(connection: Connection) -> None:
    """From here to the end of the transaction nobody else plans."""
    await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
    await connection.execute(SQL["lock_plans"], _PLAN_LOCK)


async def situation(connection: Connection, id: ConferenceId) -> Situation:
    """Everything that the conference's plan depends on, now; raises `NotFound` `conference.unknown`."""
    row = await connection.fetchrow(SQL["conference"], key(id))
    if row is None:
        raise unknown()
    span = row["can_join_after"], row["stop"]
    wish = PlanWish(profile=row["profile"], lightest=row["lightest"], chair_unit=row["chair_unit"])
    points = await connection.fetch(SQL["points"], key(id))
    plan = await _plan_input(connection, points, wish, span, key(id))
    state = ConferenceState(row["state"])
    return Situation(state, row["start"], wish, plan, await closed(connection, *span))


async def prospect(
    connection: Connection, numbers: Sequence[int], wish: PlanWish, span: tuple[datetime, datetime], but: UUID | None
) -> PlanInput:
    """What a plan for these points from doors to stop would depend on; the conference `but` takes no room."""
    return await _plan_input(connection, await connection.fetch(SQL["points_numbered"], numbers), wish, span, but)


async def closed(connection: Connection, start: datetime, stop: datetime) -> tuple[ClosedNode, ...]:
    """The nodes that are in maintenance at some time between doors and stop, the first to close first."""
    return tuple(ClosedNode(**row) for row in await connection.fetch(SQL["closed_nodes"], start, stop))


async def _plan_input(
    connection: Connection, rows: Sequence[Any], wish: PlanWish, span: tuple[datetime, datetime], but: UUID | None
) -> PlanInput:
    points = tuple(PointLine(**row) for row in rows)
    nodes = tuple(Node(**node) for node in await connection.fetch(SQL["nodes_in_service"], *span))
    units = await _units(connection, points, nodes, wish)
    used = await _used(connection, "link_uses", but, span, [unit.code for unit in units])
    busy = await _used(connection, "node_uses", but, span, [node.code for node in nodes])
    return PlanInput(
        units=units,
        points=points,
        nodes=nodes,
        profiles=_accepted(await profiles(connection), wish),
        chair_unit=wish.chair_unit,
        links_used={code: LinkUse(*amounts) for code, amounts in used.items()},
        nodes_used={code: NodeUse(*amounts) for code, amounts in busy.items()},
    )


async def profiles(connection: Connection) -> tuple[Profile, ...]:
    """The profiles from the heaviest to the lightest."""
    return tuple(Profile(**row) for row in await connection.fetch(SQL["profiles"]))


async def current(connection: Connection, id: ConferenceId) -> StoredPlan | None:
    """The conference's plan; None when it has none."""
    return _stored(await connection.fetchrow(SQL["current_plan"], key(id)))


async def numbered(connection: Connection, id: ConferenceId, number: int) -> StoredPlan | None:
    """One of the conference's latest plans; None when there is none of that number."""
    return _stored(await connection.fetchrow(SQL["numbered_plan"], key(id), number))


async def pictures(connection: Connection, id: ConferenceId) -> PlannedPictures | None:
    """The pictures that the conference's plan gives each point; None when it has none."""
    rows = await connection.fetch(SQL["pictures"], key(id))
    if not rows:
        return None
    rates = {
        row["name"]: PictureRates(stage=row["stage"], second=row["second"], content=row["content"]) for row in rows
    }
    lighter = {point: row["name"] for row in rows if row["name"] != row["profile"] for point in row["points"]}
    return PlannedPictures(rates=rates, profile=rows[0]["profile"], lighter=lighter)


async def save(connection: Connection, id: ConferenceId, plan: Plan, now: datetime) -> int:
    """Makes it the conference's plan and returns its number; older ones are kept for comparison, five in all."""
    await connection.execute(SQL["retire_plan"], key(id))
    document = plan.model_dump(mode="json")
    number: int = await connection.fetchval(SQL["insert_plan"], key(id), now, document)
    await connection.execute(SQL["forget_plans"], key(id), number - _KEPT)
    await clear(connection, id)
    links, nodes = plan.links, plan.nodes
    await connection.execute(
        SQL["insert_links"],
        key(id),
        [link.unit for link in links],
        [link.up_kbps for link in links],
        [link.down_kbps for link in links],
    )
    await connection.execute(
        SQL["insert_nodes"],
        key(id),
        [node.node for node in nodes],
        [node.legs for node in nodes],
        [node.kbps for node in nodes],
    )
    return number


async def clear(connection: Connection, id: ConferenceId) -> None:
    """The conference's plan takes no room any more."""
    await connection.execute(SQL["clear_links"], key(id))
    await connection.execute(SQL["clear_nodes"], key(id))


async def _units(
    connection: Connection, points: Sequence[PointLine], nodes: Sequence[Node], wish: PlanWish
) -> tuple[UnitLine, ...]:
    wanted = {point.unit for point in points} | {node.unit for node in nodes}
    if wish.chair_unit is not None:
        wanted.add(wish.chair_unit)
    rows = await connection.fetch(SQL["units"], sorted(wanted))
    return tuple(
        UnitLine(row["code"], row["name"], row["parent"], row["uplink_kbps"], row["uplink_kbps"]) for row in rows
    )


async def _used(
    connection: Connection, query: str, but: UUID | None, span: tuple[datetime, datetime], codes: Sequence[str]
) -> dict[str, tuple[int, int]]:
    rows = await connection.fetch(SQL[query], but, *span, codes)
    return busiest((Use(**row) for row in rows), *span)


def _accepted(known: Sequence[Profile], wish: PlanWish) -> tuple[Profile, ...]:
    """From the wanted profile to the lightest acceptable one."""
    names = [profile.name for profile in known]
    first, last = names.index(wish.profile), names.index(wish.lightest)
    return tuple(known[first : max(first, last) + 1])


def _stored(row: Any) -> StoredPlan | None:
    if row is None:
        return None
    return StoredPlan(
        conference=ConferenceId(str(row["conference"])),
        number=row["number"],
        made_at=row["made_at"],
        current=row["current"],
        plan=Plan.model_validate(row["document"]),
    )


def key(id: ConferenceId) -> UUID:
    """The database's key; an id of another form belongs to no conference."""
    try:
        return UUID(id)
    except ValueError as exc:
        raise unknown() from exc


def unknown() -> NotFound:
    """There is no such conference."""
    return NotFound("conference.unknown", "There is no such conference.")
