"""Plans as the rest of the product asks for them: media nodes and their maintenance, wishes, plans and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import structlog

from core.clock import Clock
from core.database import Database
from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId, Model
from scheduler.plan import store
from scheduler.plan.booking import plan_booking
from scheduler.plan.compare import PlanDifference, compare
from scheduler.plan.explain import Explanation, explain
from scheduler.plan.model import MediaNode, NodeMaintenance, PlanOutcome, Profile, StoredPlan
from scheduler.plan.planner import problems
from scheduler.plan.store import SQL
from scheduler.reservations import writing

log = structlog.get_logger("plan")


class PlanNumber(Model):
    """One of a conference's plans in a list, the newest first."""

    number: int
    made_at: datetime
    current: bool


class PlanRef(Model):
    """Names a plan; without a number the conference's current one."""

    conference: ConferenceId
    number: int | None = None


class Plans:
    """Media nodes and plans. Safe to use from many tasks and processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._pool = database.pool
        self._clock = clock

    async def nodes(self) -> list[MediaNode]:
        """The registered media nodes by code."""
        return [MediaNode(**row) for row in await self._pool.fetch(SQL["media_nodes"])]

    async def put_node(self, node: MediaNode) -> list[ConferenceId]:
        """Registers or changes a node; returns the conferences whose plans use it and should be looked at again.

        Raises `BadInput` `plan.unknown_unit`.
        """
        try:
            await self._pool.execute(SQL["put_media_node"], *node.model_dump().values())
        except asyncpg.ForeignKeyViolationError as exc:
            raise BadInput("plan.unknown_unit", f"There is no unit {node.unit}.", field="unit") from exc
        log.info("media_node_put", node=node.code, active=node.active)
        return await _on_node(self._pool, node.code)

    async def remove_node(self, code: str) -> None:
        """Forgets a node that no plan needs; raises `NotFound` `plan.unknown_node`, `Conflict` `plan.node_in_use`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await store.lock(connection)
            needed = await _on_node(connection, code)
            if needed:
                message = f"{len(needed)} conferences are planned with this node. Take it out of service first."
                raise Conflict("plan.node_in_use", message, conferences=needed)
            if await connection.execute(SQL["delete_media_node"], code) == "DELETE 0":
                raise _unknown_node(code)

    async def windows(self, node: str | None = None) -> list[NodeMaintenance]:
        """Maintenance windows of one node or all, the earliest first."""
        return [NodeMaintenance(**row) for row in await self._pool.fetch(SQL["windows"], node)]

    async def add_window(self, window: NodeMaintenance) -> tuple[NodeMaintenance, list[ConferenceId]]:
        """Takes a node out of service for a while; returns the conferences that are planned with it then.

        New plans avoid it. Raises `BadInput` `plan.window`, `NotFound` `plan.unknown_node`.
        """
        if window.stop <= window.start:
            raise BadInput("plan.window", "The window must end after it begins.", field="stop")
        values = (window.node, window.start, window.stop, window.reason)
        try:
            id = await self._pool.fetchval(SQL["insert_window"], *values)
        except asyncpg.ForeignKeyViolationError as exc:
            raise _unknown_node(window.node) from exc
        return window.model_copy(update={"id": id}), await _on_node(self._pool, window.node, window.start, window.stop)

    async def remove_window(self, id: int) -> None:
        """Raises `NotFound` `plan.unknown_window`."""
        if await self._pool.execute(SQL["delete_window"], id) == "DELETE 0":
            raise NotFound("plan.unknown_window", "There is no such maintenance window.")

    async def profiles(self) -> tuple[Profile, ...]:
        """The profiles from the heaviest to the lightest."""
        return await store.profiles(self._pool)

    async def plan(self, id: ConferenceId) -> PlanOutcome:
        """Plans a conference as things are now; a plan that still fits stays.

        Raises `NotFound` `conference.unknown`, `Conflict` `plan.over_capacity`.
        """
        async with writing(self._pool) as connection:
            await _lock_conference(connection, id)
            return await plan_booking(connection, id, self._clock.now())

    async def get(self, id: ConferenceId, number: int | None = None) -> StoredPlan:
        """The conference's plan, or one of its latest; raises `NotFound` `plan.none`."""
        read = store.current(self._pool, id) if number is None else store.numbered(self._pool, id, number)
        found = await read
        if found is None:
            raise NotFound("plan.none", "This conference has no such plan.")
        return found

    async def numbers(self, id: ConferenceId) -> list[PlanNumber]:
        """The plans of a conference that are kept, the newest first."""
        return [PlanNumber(**row) for row in await self._pool.fetch(SQL["plan_numbers"], store.key(id))]

    async def explain(self, id: ConferenceId, point: str) -> Explanation:
        """Why the point is served by its node; raises `NotFound` `plan.none`, `plan.no_point`."""
        stored = await self.get(id)
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            found = await store.situation(connection, id)
        return explain(found.plan, stored.plan, point)

    async def compare(self, before: PlanRef, after: PlanRef) -> PlanDifference:
        """How two plans differ, of one conference or of two; raises `NotFound` `plan.none`."""
        old = await self.get(before.conference, before.number)
        new = await self.get(after.conference, after.number)
        return compare(old.plan, new.plan)

    async def problems(self, id: ConferenceId) -> Sequence[str]:
        """Why the conference's plan no longer holds, in words; nothing when it does or none is needed."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            if not await store.any_node(connection):
                return ()
            found = await store.situation(connection, id)
            stored = await store.current(connection, id)
        if found.state not in store.COUNTED or not found.plan.points:
            return ()
        if stored is None:
            return ("The conference has no plan.",)
        return problems(found.plan, stored.plan)


async def _on_node(
    connection: store.Connection, code: str, start: datetime | None = None, stop: datetime | None = None
) -> list[ConferenceId]:
    """Conferences not over that are planned with the node, between those times."""
    rows = await connection.fetch(SQL["conferences_on_node"], code, start, stop)
    return [ConferenceId(str(row["id"])) for row in rows]


async def _lock_conference(connection: store.Connection, id: ConferenceId) -> None:
    if await connection.fetchval(SQL["lock_conference"], store.key(id)) is None:
        raise store.unknown()


def _unknown_node(code: str) -> NotFound:
    return NotFound("plan.unknown_node", f"There is no media node {code}.", node=code)
