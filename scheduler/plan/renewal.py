"""The desk that plans anew what a changed node or line has spoiled: one task, in every process, any of them killed.

What is spoiled is read from the database each time, so nothing is forgotten. Each plan is made under the lock of its
conference's row, where it is looked at again: of several desks one makes it, and the others find it done.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import asyncpg
import structlog

from core.clock import Clock
from core.database import Database
from core.errors import DiemcauError
from core.model import ConferenceId
from scheduler.plan import store
from scheduler.plan.booking import plan_booking
from scheduler.plan.store import SQL
from scheduler.reservations import writing

log = structlog.get_logger("plan")

PERIOD = 10.0
"""Seconds between two looks: nodes and lines change seldom, and the conference is yet to come."""
AGAIN = timedelta(minutes=10)
"""A conference that fits nowhere is tried again after this; until then the diagnosis says what is too small."""
_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Renewal:
    """Keeps the plans of conferences to come true to the nodes and lines that there are."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._pool = database.pool
        self._clock = clock
        self._refused: dict[ConferenceId, datetime] = {}

    async def run(self) -> None:
        """Looks every few seconds until cancelled; survives a database that is away."""
        while True:
            try:
                await self.look()
            except _DATABASE_ERRORS as exc:
                log.warning("database_away", error=type(exc).__name__)
            except Exception:
                log.exception("renewal_failed")
            await asyncio.sleep(PERIOD)

    async def look(self) -> list[ConferenceId]:
        """Plans anew whatever is spoiled now, and has not just been refused; those that got a new plan."""
        now = self._clock.now()
        self._refused = {id: at for id, at in self._refused.items() if now - at < AGAIN}
        rows = await self._pool.fetch(SQL["spoiled"], now, None)
        spoiled = [ConferenceId(str(row["id"])) for row in rows]
        return [id for id in spoiled if id not in self._refused and await self._renew(id, now)]

    async def _renew(self, id: ConferenceId, now: datetime) -> bool:
        try:
            async with writing(self._pool) as connection:
                await connection.fetchval(SQL["lock_conference"], store.key(id))
                if not await connection.fetch(SQL["spoiled"], now, store.key(id)):
                    return False
                outcome = await plan_booking(connection, id, now)
        except DiemcauError as exc:
            self._refused[id] = now
            log.warning("plan_not_renewed", conference=id, code=exc.code)
            return False
        log.info("plan_renewed", conference=id, changed=outcome.changed)
        return True
