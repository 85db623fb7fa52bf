"""The keeper: makes partitions before they are needed, rolls samples up to minutes, drops what is too old.

Every process has one and they take turns: whoever holds the advisory lock does a round. Each step is one transaction,
so that a process killed in the middle leaves nothing half done and the next round, anybody's, goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from core.clock import Clock
from core.database import Database, load_queries
from core.model import ConferenceId
from core.settings import Settings
from monitor.figures import KeeperFigures
from monitor.keeping.partitions import Rule, rules
from monitor.store import AWAY, conference_key

log = structlog.get_logger("monitor")

ROUND_SECONDS = 15.0
SETTLE = timedelta(seconds=10)
"""A minute is rolled up so long after its end: samples are stored within a second or two."""
UPKEEP_SECONDS = 3_600.0
"""How often partitions are made and dropped, when it works."""
LOCK_TIMEOUT_MS = 3_000
"""Nobody waits longer for a partition to be made or dropped; it is tried again in the next round."""
_AT_ONCE = 8
_LOCK = 7_205_759_450
_SQL = load_queries("monitor.keeping")
_UNUSABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)

Connection = Any
"""An asyncpg connection of the pool."""


class Keeper:
    """`run` until cancelled; `freshen` brings a conference's minutes up to this moment."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._pool = database.pool
        self._clock = clock
        self._rules = rules(settings.sample_days, settings.minute_months)
        self._upkeep_at = float("-inf")
        self.figures = KeeperFigures()

    async def run(self) -> None:
        """Keeps until cancelled; a round that fails is reported, and the next one tries again."""
        while True:
            try:
                await self.round()
                self._count(rounds=1)
                self.figures = replace(self.figures, last_round=self._clock.now().timestamp())
            except AWAY as exc:
                self._count(failed_rounds=1)
                log.warning("keeping_waits", error=type(exc).__name__)
            except Exception:
                self._count(failed_rounds=1)
                log.exception("keeping_failed")
            await asyncio.sleep(ROUND_SECONDS)

    def _count(self, **more: int) -> None:
        self.figures = replace(self.figures, **{name: getattr(self.figures, name) + n for name, n in more.items()})

    async def round(self) -> bool:
        """Does what is to be done now; False when another process is at it. Raises asyncpg's own errors."""
        async with self._pool.acquire() as connection:
            if not await connection.fetchval(_SQL["try_lock"], _LOCK):
                return False
            try:
                await self._round(connection)
            finally:
                if not connection.is_closed():
                    await connection.fetchval(_SQL["unlock"], _LOCK)
        return True

    async def freshen(self, conference: ConferenceId) -> None:
        """Rolls up all that has come of a conference until now, the present minute too.

        Raises asyncpg's own errors.
        """
        key = conference_key(conference)
        if key is not None:
            async with self._pool.acquire() as connection:
                await self._roll_up(connection, "take_due_of", key)

    async def _round(self, connection: Connection) -> None:
        now, due = self._clock.now(), self._clock.monotonic() >= self._upkeep_at
        if due:
            await self._prepare(connection, now)
        await self._roll_up(connection, "take_due", now - SETTLE - timedelta(minutes=1))
        if due:
            await self._retire(connection, now)
            self._upkeep_at = self._clock.monotonic() + UPKEEP_SECONDS

    async def _prepare(self, connection: Connection, now: datetime) -> None:
        for rule in self._rules:
            for span in rule.wanted(now):
                made = (rule.table, span.suffix, rule.key, span.begins, span.ends)
                if await self._patiently(connection, "add_partition", *made):
                    log.info("partition_made", table=rule.table, suffix=span.suffix)

    async def _retire(self, connection: Connection, now: datetime) -> None:
        for rule in self._rules:
            oldest = rule.oldest_kept(now)
            if rule.by_days and await connection.fetchval(_SQL["due_before"], oldest.begins):
                continue  # what is not rolled up yet is not dropped
            await self._drop(connection, rule, oldest.suffix, oldest.begins)
            if not rule.by_days:
                await connection.execute(_SQL["forget_ways"], oldest.begins)

    async def _drop(self, connection: Connection, rule: Rule, suffix: str, before: datetime) -> None:
        dropped = await self._patiently(connection, "drop_partitions", rule.table, suffix, rule.key, before)
        if dropped:
            self._count(partitions_dropped=dropped)
            log.info("partitions_dropped", table=rule.table, before=suffix, count=dropped)

    async def _patiently(self, connection: Connection, query: str, *arguments: object) -> Any:
        """A step that needs a lock on a table everybody uses: it does not keep them waiting long."""
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            return await connection.fetchval(_SQL[query], *arguments)

    async def _roll_up(self, connection: Connection, query: str, which: UUID | datetime) -> None:
        while True:
            async with connection.transaction():
                due = await connection.fetch(_SQL[query], which, _AT_ONCE)
                for row in due:
                    await self._roll_up_one(connection, row["conference"], row["minute"])
            self._count(minutes_rolled=len(due))
            if len(due) < _AT_ONCE:
                return

    async def _roll_up_one(self, connection: Connection, conference: UUID, minute: datetime) -> None:
        try:
            try:
                await self._store_minute(connection, conference, minute)
            except asyncpg.CheckViolationError:
                # The minute's partition was made just then: now it goes there.
                await self._store_minute(connection, conference, minute)
        except _UNUSABLE as exc:
            log.warning("minute_unusable", minute=minute.isoformat(), error=type(exc).__name__)

    async def _store_minute(self, connection: Connection, conference: UUID, minute: datetime) -> None:
        span = (conference, minute, minute + timedelta(minutes=1))
        async with connection.transaction():
            await connection.execute(_SQL["roll_up"], *span)
            await connection.execute(_SQL["ways"], *span)
