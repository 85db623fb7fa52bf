"""The clockwork at work, and doors that it opens and closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.messages import OPEN, STOP, Done, OpenConference, StopConference
from core.model import ConferenceId, ConferenceSpec, ConferenceState
from scheduler.clockwork import Clockwork
from scheduler.service import Scheduler
from tests.support.polling import eventually


class Doors:
    """Answers OPEN and STOP on the bus and writes them down; `away` refuses them."""

    def __init__(self, bus: Bus) -> None:
        self.opened: list[ConferenceSpec] = []
        self.stopped: list[ConferenceId] = []
        self.away = False
        self.refused = 0
        self.hold: asyncio.Event | None = None
        bus.answer(OPEN, self._open)
        bus.answer(STOP, self._stop)

    async def _open(self, call: OpenConference) -> Done:
        self._refuse()
        self.opened.append(call.spec)
        if self.hold is not None:
            await self.hold.wait()
        return Done()

    async def _stop(self, call: StopConference) -> Done:
        self._refuse()
        self.stopped.append(call.conference)
        return Done()

    def _refuse(self) -> None:
        if self.away:
            self.refused += 1
            raise Unavailable("bridge.away", "Try again.")


@asynccontextmanager
async def running(database: Database, bus: Bus, clock: Clock, scheduler: Scheduler) -> AsyncIterator[Clockwork]:
    clockwork = Clockwork(database, bus, clock, scheduler)
    task = asyncio.create_task(clockwork.run())
    try:
        yield clockwork
        assert not task.done(), "the clockwork has ended by itself"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def reaches(scheduler: Scheduler, id: ConferenceId, state: ConferenceState, *, units: float = 10) -> None:
    async def check() -> str | None:
        now = (await scheduler.conference(id)).state
        return None if now is state else f"the conference is {now}"

    await eventually(check, units=units)
