"""Keeps the points informed by itself: tells changes, reminds, and diagnoses before the start.

What is to be done is read from the database at every pass, so that nothing is forgotten by a crash, and any number of
processes may do it side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from core.bus import Bus, Subscription
from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.messages import CONFERENCE_CHANGED, ConferenceChanged
from core.model import ConferenceId
from core.settings import Settings
from scheduler.diagnosis import Diagnosis
from scheduler.findings import mail_lines
from scheduler.invitations.composer import Composer
from scheduler.invitations.correspondence import Correspondence
from scheduler.invitations.store import InvitationStore

log = structlog.get_logger("invitations")

BEAT_SECONDS = 15.0
"""Between looks at what is due; a change that this process hears of is looked at at once."""

_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Secretary:
    """Runs as one task; `run` ends only when it is cancelled."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, signer: Signer, settings: Settings, diagnosis: Diagnosis
    ) -> None:
        self._store = InvitationStore(database)
        self._correspondence = Correspondence(database, clock, signer, settings)
        self._composer = Composer(settings, signer)
        self._diagnosis = diagnosis
        self._bus = bus
        self._clock = clock
        self._zone = ZoneInfo(settings.time_zone)
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Informs until cancelled; survives a database that is away for a while."""
        with self._bus.subscribe(CONFERENCE_CHANGED, lossy=True) as news:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(news), name="secretary-news")
                tasks.create_task(self._work(), name="secretary-work")

    async def look(self) -> None:
        """Does all that is due now; a conference that fails holds up no other and is tried again at the next look."""
        await _each(self._correspondence.behind, self._correspondence.tell)
        await _each(self._correspondence.to_remind, self._correspondence.remind)
        await _each(self._diagnosis.due, self._diagnose)

    async def _listen(self, news: Subscription[ConferenceChanged]) -> None:
        async for _ in news:
            self._wake.set()

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            await self.look()
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _diagnose(self, id: ConferenceId) -> None:
        """Keeps the report and queues its mail together; of two processes' reports one is mailed."""
        report, address = await self._diagnosis.examine(id)
        letters = []
        if address is not None:
            lines, start = mail_lines(report, self._zone), report.start
            letters = self._composer.diagnosis(id, report.title, start, address, lines, report.made_at)
        async with self._store.pool.acquire() as connection, connection.transaction():
            await self._diagnosis.keep(connection, report, by_clock=True)
            await self._store.queue(connection, id, letters, self._clock.now())


async def _each(
    due: Callable[[], Awaitable[Sequence[ConferenceId]]], step: Callable[[ConferenceId], Awaitable[None]]
) -> None:
    try:
        for id in await due():
            await _guarded(id, step)
    except _DATABASE_ERRORS as exc:
        log.warning("database_away", error=type(exc).__name__)


async def _guarded(id: ConferenceId, step: Callable[[ConferenceId], Awaitable[None]]) -> None:
    try:
        await step(id)
    except _DATABASE_ERRORS:
        raise
    except Exception:
        log.exception("step_failed", conference=id, step=step.__name__.strip("_"))
