"""What planning a booking would come to before it is made, where a media node is in maintenance at that time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduler.plan import store
from scheduler.plan.model import ClosedNode, Outlook, Plan, PlanInput, PlanWish
from scheduler.plan.planner import make_plan, still_fits
from scheduler.plan.solution import DoesNotFit
from scheduler.plan.store import Connection

MOST_PLANS = 12
"""Of one preview: a series may have hundreds of occurrences, and somebody waits for the answer."""


@dataclass(frozen=True)
class Foreseen:
    """The nodes in maintenance then; `outlook` is None when there is none, or when too many were asked for."""

    closed: tuple[ClosedNode, ...] = ()
    outlook: Outlook | None = None


class Foresight:
    """Looks ahead for one preview, with `most` plans. Occurrences that meet the same circumstances are planned once."""

    def __init__(self, connection: Connection, wish: PlanWish, but: UUID | None = None, most: int = MOST_PLANS) -> None:
        self._connection = connection
        self._wish = wish
        self._but = but
        self._most = most
        self._plans = 0
        self._last: tuple[PlanInput, Plan | None, Outlook] | None = None

    async def look(self, numbers: Sequence[int], start: datetime, stop: datetime) -> Foreseen:
        """What stands against these points from doors to stop, if anything does."""
        closed = await store.closed(self._connection, start, stop)
        if not closed:
            return Foreseen()
        return Foreseen(closed, await self._plan(numbers, start, stop) if numbers else None)

    async def _plan(self, numbers: Sequence[int], start: datetime, stop: datetime) -> Outlook | None:
        found = await store.prospect(self._connection, numbers, self._wish, (start, stop), self._but)
        if self._last is not None and self._last[0] == found:
            return self._last[2]
        previous = None if self._last is None else self._last[1]
        kept = None if previous is None else still_fits(found, previous)
        if kept is None and self._plans >= self._most:
            return None
        self._plans += kept is None
        made, outlook = (kept, _carried(kept)) if kept else await asyncio.to_thread(_planned, found, previous)
        self._last = (found, made, outlook)
        return outlook


def _planned(found: PlanInput, previous: Plan | None) -> tuple[Plan | None, Outlook]:
    try:
        made = make_plan(found, previous)
    except DoesNotFit as refusal:
        return None, Outlook(carried=False, limits=refusal.limits)
    return made, _carried(made)


def _carried(made: Plan) -> Outlook:
    return Outlook(carried=True, profile=made.profile, limits=made.degraded_by)
