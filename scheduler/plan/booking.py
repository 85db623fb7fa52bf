"""Planning inside the transaction that books: capacity is promised or the booking is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from core.errors import Conflict
from core.model import ConferenceId
from scheduler.plan import store
from scheduler.plan.compare import moved
from scheduler.plan.model import ClosedNode, Limit, Plan, PlanInput, PlanOutcome
from scheduler.plan.planner import make_plan, still_fits
from scheduler.plan.solution import DoesNotFit
from scheduler.plan.store import Connection, Situation

log = structlog.get_logger("plan")

LIMITS_TOLD = 20
CLOSED_NAMED = 3


async def plan_booking(connection: Connection, conference_id: ConferenceId, now: datetime) -> PlanOutcome:
    """Plans one conference as it now stands in this transaction; see `plan_bookings`."""
    [outcome] = await plan_bookings(connection, [conference_id], now)
    return outcome


async def plan_bookings(connection: Connection, ids: Sequence[ConferenceId], now: datetime) -> list[PlanOutcome]:
    """Plans conferences after they and their points were written; call it last in the transaction.

    Without registered media nodes, and for drafts and what is over, nothing is planned. A plan that still fits is
    kept as it is. Raises `Conflict` `plan.over_capacity` with `limits` (what is too little and by how much), `closed`
    (the nodes that are in maintenance then), `conference` and its `start`.
    """
    if not await store.any_node(connection):
        return [PlanOutcome(conference=id, planned=False) for id in ids]
    # The slow part is done before the lock; under it a plan is only looked at again if others were faster.
    drafts: dict[ConferenceId, tuple[PlanInput, Plan]] = {}
    sibling: Plan | None = None
    for id in ids:
        found = await store.situation(connection, id)
        if _counts(found):
            sibling = await _made(connection, id, found, sibling)
            drafts[id] = (found.plan, sibling)
    await store.lock(connection)
    return [await _promised(connection, id, drafts.get(id), now) for id in ids]


async def _promised(
    connection: Connection, id: ConferenceId, draft: tuple[PlanInput, Plan] | None, now: datetime
) -> PlanOutcome:
    """Stores the plan; the lock is held, so no two plans can promise the same capacity."""
    found = await store.situation(connection, id)
    if draft is None or not _counts(found):
        await store.clear(connection, id)
        return PlanOutcome(conference=id, planned=False)
    planned_for, made = draft
    if planned_for != found.plan:
        made = await asyncio.to_thread(_planned, id, found, made)
    stored = await store.current(connection, id)
    made = made.model_copy(update={"changed": None if stored is None else moved(stored.plan, made)})
    if stored is None or _differs(made, stored.plan):
        await store.save(connection, id, made, now)
    log.info("conference_planned", conference=id, profile=made.profile, nodes=len(made.nodes), changed=made.changed)
    return _outcome(id, made, found.closed)


async def _made(connection: Connection, id: ConferenceId, found: Situation, sibling: Plan | None) -> Plan:
    """A plan near the conference's present one or else near `sibling`; raises `Conflict` `plan.over_capacity`."""
    stored = await store.current(connection, id)
    previous = sibling if stored is None else stored.plan
    return await asyncio.to_thread(_planned, id, found, previous)


def _counts(found: Situation) -> bool:
    return found.state in store.COUNTED and bool(found.plan.points)


def _planned(id: ConferenceId, found: Situation, previous: Plan | None) -> Plan:
    """The occurrences of a series have the same points: each tries the plan of the one before first."""
    kept = None if previous is None else still_fits(found.plan, previous)
    if kept is not None:
        return kept
    try:
        return make_plan(found.plan, previous)
    except DoesNotFit as refusal:
        raise over_capacity(id, found, refusal.limits) from refusal


def _differs(made: Plan, before: Plan) -> bool:
    """Whether it is worth a new number: not when only others' needs have changed."""
    return (made.profile, made.assignments, made.trunks) != (before.profile, before.assignments, before.trunks)


def over_capacity(id: ConferenceId, found: Situation, limits: Sequence[Limit]) -> Conflict:
    """The refusal that names each link and node that is too small, by how much, and the nodes in maintenance then."""
    told = [{**limit.model_dump(mode="json"), "short": limit.short} for limit in limits[:LIMITS_TOLD]]
    detail = limits[0].sentence() if limits else "No plan keeps within the capacity of lines and media nodes."
    if len(limits) > 1:
        detail += f" {len(limits) - 1} more are too small."
    for node in found.closed[:CLOSED_NAMED]:
        detail += f" Media node {node.name} is in maintenance at that time."
    names = [node.model_dump(mode="json") for node in found.closed[:LIMITS_TOLD]]
    start = found.start.isoformat()
    return Conflict("plan.over_capacity", detail, limits=told, closed=names, conference=id, start=start)


def _outcome(id: ConferenceId, made: Plan, closed: tuple[ClosedNode, ...]) -> PlanOutcome:
    return PlanOutcome(
        conference=id,
        planned=True,
        profile=made.profile,
        degraded_by=made.degraded_by,
        lightened=made.lightened,
        nodes=len(made.nodes),
        changed=made.changed,
        closed=closed,
    )
