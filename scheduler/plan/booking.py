"""Planning inside the transaction that books: capacity is promised or the booking is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from core.errors import Conflict
from core.model import ConferenceId
from scheduler.plan import store
from scheduler.plan.model import Limit, Plan, PlanInput, PlanOutcome
from scheduler.plan.planner import make_plan, still_fits
from scheduler.plan.solution import DoesNotFit
from scheduler.plan.store import Connection

log = structlog.get_logger("plan")

LIMITS_TOLD = 20


async def plan_booking(connection: Connection, conference_id: ConferenceId, now: datetime) -> PlanOutcome:
    """Plans one conference as it now stands in this transaction; see `plan_bookings`."""
    [outcome] = await plan_bookings(connection, [conference_id], now)
    return outcome


async def plan_bookings(connection: Connection, ids: Sequence[ConferenceId], now: datetime) -> list[PlanOutcome]:
    """Plans conferences after they and their points were written; call it last in the transaction.

    Without registered media nodes, and for drafts and what is over, nothing is planned. A plan that still fits is
    kept as it is. Other plans wait until the transaction ends, so that no two promise the same capacity. Raises
    `Conflict` `plan.over_capacity` with `limits` (what is too little and by how much) and `conference`.
    """
    if not await store.any_node(connection):
        return [PlanOutcome(conference=id, planned=False) for id in ids]
    await store.lock(connection)
    outcomes = []
    sibling: Plan | None = None
    for id in ids:
        found = await store.situation(connection, id)
        if found.state not in store.COUNTED or not found.plan.points:
            await store.clear(connection, id)
            outcomes.append(PlanOutcome(conference=id, planned=False))
            continue
        stored = await store.current(connection, id)
        previous = sibling if stored is None else stored.plan
        made = await asyncio.to_thread(_planned, id, found.plan, previous)
        if stored is None or _differs(made, stored.plan):
            await store.save(connection, id, made, now)
        sibling = made
        outcomes.append(_outcome(id, made))
        log.info("conference_planned", conference=id, profile=made.profile, nodes=len(made.nodes), changed=made.changed)
    return outcomes


def _planned(id: ConferenceId, plan: PlanInput, previous: Plan | None) -> Plan:
    """The occurrences of a series have the same points: each tries the plan of the one before first."""
    kept = None if previous is None else still_fits(plan, previous)
    if kept is not None:
        return kept
    try:
        return make_plan(plan, previous)
    except DoesNotFit as refusal:
        raise over_capacity(id, refusal.limits) from refusal


def _differs(made: Plan, before: Plan) -> bool:
    """Whether it is worth a new number: not when only others' needs have changed."""
    return (made.profile, made.assignments, made.trunks) != (before.profile, before.assignments, before.trunks)


def over_capacity(id: ConferenceId, limits: Sequence[Limit]) -> Conflict:
    """The refusal that names each link and node that is too small, and by how much."""
    told = [{**limit.model_dump(mode="json"), "short": limit.short} for limit in limits[:LIMITS_TOLD]]
    detail = limits[0].sentence() if limits else "No plan keeps within the capacity of lines and media nodes."
    if len(limits) > 1:
        detail += f" {len(limits) - 1} more are too small."
    return Conflict("plan.over_capacity", detail, limits=told, conference=id)


def _outcome(id: ConferenceId, made: Plan) -> PlanOutcome:
    return PlanOutcome(
        conference=id,
        planned=True,
        profile=made.profile,
        degraded_by=made.degraded_by,
        lightened=made.lightened,
        nodes=len(made.nodes),
        changed=made.changed,
    )
