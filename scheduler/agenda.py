"""What the clockwork has to do, in PostgreSQL: so that it is still to be done after a crash, and by one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.bus import Bus
from core.database import Database, load_queries
from core.messages import CONFERENCE_WARNING, ConferenceWarning
from core.model import ConferenceId
from core.relay import CHANNEL, NOTIFY, news
from scheduler.warning import mark_due

SQL = load_queries("scheduler", "agenda.sql")
_CLAIMS = 7_206
"""The class of the advisory locks that are claims."""


@dataclass(frozen=True)
class DueWarning:
    """A warning to be given to a conference about its present stop."""

    id: ConferenceId
    stop: datetime
    minutes: int


class Claims:
    """Conferences that this process is at. Another process passes them by, and has them at once if this one dies."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def claimed(self, id: ConferenceId) -> AsyncIterator[bool]:
        """Whether this process has the conference while the block runs."""
        async with self._turn:
            mine = await self._connection.fetchval(SQL["claim"], _CLAIMS, id)
        try:
            yield mine
        finally:
            if mine:
                async with self._turn:
                    await self._connection.execute(SQL["disclaim"], _CLAIMS, id)


class Agenda:
    """Due work by kind, and the marks that it is done. `running` says that the bridge may have the conference."""

    def __init__(self, database: Database, warning_minutes: Sequence[int]) -> None:
        self._pool = database.pool
        self._minutes = tuple(warning_minutes)

    @asynccontextmanager
    async def claims(self) -> AsyncIterator[Claims]:
        """Claims for one pass; what is still claimed at its end is let go of."""
        async with self._pool.acquire() as connection:
            yield Claims(connection)

    async def next_due(self, after: datetime) -> datetime | None:
        """The first moment after `after` at which a conference opens, is warned or stops."""
        due: datetime | None = await self._pool.fetchval(SQL["next_due"], after, self._minutes)
        return due

    async def to_open(self, now: datetime) -> list[ConferenceId]:
        """Confirmed conferences whose doors should be open."""
        return await self._ids("due_to_open", now)

    async def to_tell(self, now: datetime) -> list[ConferenceId]:
        """Open conferences that the bridge must hear about again."""
        return await self._ids("due_to_tell", now)

    async def to_close(self, now: datetime) -> list[ConferenceId]:
        """Conferences whose stop has come."""
        return await self._ids("due_to_close", now)

    async def to_stop(self) -> list[ConferenceId]:
        """Conferences that are over but may still run on the bridge."""
        return await self._ids("due_to_stop")

    async def to_warn(self, now: datetime) -> list[DueWarning]:
        """Warnings that are due."""
        horizon = now + timedelta(minutes=max(self._minutes, default=0))
        due = []
        for row in await self._pool.fetch(SQL["due_to_warn"], now, horizon):
            mark = mark_due(self._minutes, row["start"], row["stop"], row["warned"], now)
            if mark is not None:
                due.append(DueWarning(ConferenceId(str(row["id"])), row["stop"], mark))
        return due

    async def warn(
        self,
        due: DueWarning,
        now: datetime,
        write: Callable[[datetime | None], ConferenceWarning],
        bus: Bus,
    ) -> ConferenceWarning | None:
        """Gives the warning that `write` makes of the latest stop that hits nobody (None: nobody near).

        None when another process has done it. The mark and the word to the other processes are one transaction, and
        this process hears it before that ends: one that dies leaves both or neither.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            stop = await connection.fetchval(SQL["warn"], UUID(due.id), due.stop, due.minutes, now)
            if stop is None:
                return None
            room: timedelta | None = await connection.fetchval(SQL["room_to_extend"], UUID(due.id))
            warning = write(stop + room if room is not None else None)
            await connection.execute(NOTIFY, CHANNEL, news(bus, CONFERENCE_WARNING, warning))
            bus.deliver(CONFERENCE_WARNING, warning)
            return warning

    async def mark_open_stale(self) -> None:
        """Every open conference is to be told to the bridge again."""
        await self._pool.execute(SQL["mark_open_stale"])

    async def is_stale(self, id: ConferenceId) -> bool:
        """Whether the bridge must still hear about it."""
        return bool(await self._pool.fetchval(SQL["is_stale"], UUID(id)))

    async def mark_told(self, id: ConferenceId, version: int) -> None:
        """The bridge knows this version."""
        await self._pool.execute(SQL["mark_told"], UUID(id), version)

    async def mark_running(self, id: ConferenceId) -> bool:
        """The bridge is about to be asked to open it; False when it is no longer to be opened."""
        return bool((await self._pool.execute(SQL["mark_running"], UUID(id))).endswith(" 1"))

    async def is_running_over(self, id: ConferenceId) -> bool:
        """Whether it is over and the bridge may still have it."""
        return bool(await self._pool.fetchval(SQL["is_running_over"], UUID(id)))

    async def mark_stopped(self, id: ConferenceId) -> None:
        """The bridge has let go of it."""
        await self._pool.execute(SQL["mark_stopped"], UUID(id))

    async def _ids(self, query: str, *parameters: datetime) -> list[ConferenceId]:
        return [ConferenceId(str(row["id"])) for row in await self._pool.fetch(SQL[query], *parameters)]
