"""That this process is alive, and which conferences are its own: in the database, where all processes see it.

A conference is carried by one process. When that one is dead, another takes the conference up from its event log; one
that only seemed dead finds that it has lost it, and lets go.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from core.database import Database, load_queries
from core.errors import Conflict
from core.model import ConferenceId

_SQL = load_queries("bridge")
BEAT_SECONDS = 3.0


@dataclass(frozen=True)
class NotMine:
    """A conference that this process carries and should not: `lost` to another process, or else over."""

    id: ConferenceId
    lost: bool


class Heartbeat:
    """One process's line among the living. `node` is its code in the plans, if it has one."""

    def __init__(self, database: Database, process: str, node: str | None) -> None:
        self._pool = database.pool
        self._process = process
        self._node = node

    async def begin(self) -> None:
        """The first beat; forgets processes that have been gone for a month."""
        await self.beat()
        await self._pool.execute(_SQL["forget_processes"])

    async def beat(self) -> None:
        """This process is alive now; to be called every `BEAT_SECONDS`."""
        await self._pool.execute(_SQL["beat"], self._process, self._node)

    async def end(self) -> None:
        """This process is about to end: nobody need wait until it counts as dead."""
        await self._pool.execute(_SQL["leave_process"], self._process)

    async def take(self, id: ConferenceId) -> None:
        """Makes the conference this process's own; raises `Conflict` `conference.elsewhere` while another has it."""
        if not await self._pool.fetchval(_SQL["host"], UUID(id), self._process):
            raise Conflict("conference.elsewhere", "Another process carries this conference.")

    async def let_go(self, id: ConferenceId) -> None:
        """The conference is over here."""
        await self._pool.execute(_SQL["let_go"], UUID(id), self._process)

    async def not_mine(self, carried: Collection[ConferenceId]) -> list[NotMine]:
        """Which of the conferences that this process carries it should not carry any more."""
        if not carried:
            return []
        rows = await self._pool.fetch(_SQL["not_mine"], [UUID(id) for id in carried], self._process)
        return [NotMine(ConferenceId(str(row["id"])), row["lost"]) for row in rows]
