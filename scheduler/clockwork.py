"""The clockwork: opens conferences at their doors' time, warns them before their stop, and closes them at it.

What is due is read from the database, done, and marked there; so a crash at any point loses nothing. Any number of
processes may run it: whoever claims a conference takes its step, and the others pass it by. It sleeps until the next
moment that is due or until a booking changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

import asyncpg
import structlog

from core.bus import Bus, Subscription
from core.clock import Clock
from core.database import Database
from core.errors import DiemcauError, NotFound
from core.messages import (
    CONFERENCE_CHANGED,
    OPEN,
    STOP,
    ConferenceChanged,
    ConferenceWarning,
    OpenConference,
    StopConference,
)
from core.model import ConferenceId, ConferenceState
from scheduler.agenda import Agenda, Claims, DueWarning
from scheduler.service import Scheduler
from scheduler.store import Store
from scheduler.warning import DEFAULT_MINUTES

log = structlog.get_logger("clockwork")

BY_CLOCK = "clockwork"
BY_CHAIR = "chair"
LONGEST_SLEEP = 2.0
"""Seconds. Another process may have booked or moved a conference that begins right now; the wall clock may be set."""
CLAIM_RETRY = 1.0
"""Seconds until a conference that another process is at is looked at again: that process may die."""
FIRST_RETRY = 0.25
LAST_RETRY = 5.0
AT_ONCE = 8
"""Conferences opened at the same time: many start at eight o'clock, and a slow one must not hold up the rest."""

_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last one is what asyncpg raises when its connection is cut between two steps of a query."""


class Clockwork:
    """Runs as one task; `run` ends only when it is cancelled."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        scheduler: Scheduler,
        warning_minutes: Sequence[int] = DEFAULT_MINUTES,
    ) -> None:
        self._agenda = Agenda(database, warning_minutes)
        self._store = Store(database)
        self._bus = bus
        self._clock = clock
        self._scheduler = scheduler
        self._wake = asyncio.Event()
        self._ended: dict[ConferenceId, datetime] = {}
        self._restarted = True
        self._failed = False
        self._passed_by = False
        self.failing = False
        """Whether the last attempt met a bridge or a database that was away; it is being tried again."""

    async def run(self) -> None:
        """Opens and closes conferences until cancelled; survives a bridge or a database that is away for a while."""
        with self._bus.subscribe(CONFERENCE_CHANGED, lossy=True) as news:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(news), name="clockwork-news")
                tasks.create_task(self._work(), name="clockwork-work")

    def wake(self) -> None:
        """Looks at what is due now, instead of when it expected something to be."""
        self._wake.set()

    async def _listen(self, news: Subscription[ConferenceChanged]) -> None:
        async for message in news:
            if message.state is ConferenceState.CLOSED:
                self._ended.setdefault(message.conference, message.at)
            self.wake()

    async def _work(self) -> None:
        retry = FIRST_RETRY
        while True:
            self._wake.clear()
            self._failed = False
            self._passed_by = False
            due: datetime | None = None
            try:
                due = await self._pass(self._clock.now())
            except _DATABASE_ERRORS as exc:
                self._failed = True
                log.warning("database_away", error=type(exc).__name__, retry_seconds=retry)
            except Exception:
                # A clock that has died opens nothing for anybody; one that fails on a conference tries again.
                self._failed = True
                log.exception("pass_failed", retry_seconds=retry)
            self.failing = self._failed
            await self._sleep(due, retry if self.failing else CLAIM_RETRY if self._passed_by else LONGEST_SLEEP)
            retry = min(retry * 2, LAST_RETRY) if self.failing else FIRST_RETRY

    async def _sleep(self, due: datetime | None, longest: float) -> None:
        seconds = longest
        if due is not None:
            seconds = min(seconds, max(0.0, (due - self._clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _pass(self, now: datetime) -> datetime | None:
        """Does all that is due at `now`; the moment when something is due next."""
        if self._restarted:
            await self._agenda.mark_open_stale()
            self._restarted = False
        async with self._agenda.claims() as claims:
            await self._each(claims, list(self._ended), self._record_ending)
            await self._each(claims, await self._agenda.to_close(now), self._close)
            await self._each(claims, await self._agenda.to_stop(), self._stop)
            await self._each(claims, await self._agenda.to_open(now), self._open)
            await self._each(claims, await self._agenda.to_tell(now), self._tell)
        for warning in await self._agenda.to_warn(now):
            await self._warn(warning, now)
        return await self._agenda.next_due(now)

    async def _each(
        self, claims: Claims, ids: Iterable[ConferenceId], step: Callable[[ConferenceId], Awaitable[None]]
    ) -> None:
        """Takes the step for each conference that no other process is at.

        One that fails is tried again later and holds up nobody.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def guarded(id: ConferenceId) -> None:
            async with gate, claims.claimed(id) as mine:
                if not mine:
                    self._passed_by = True
                    return
                try:
                    await step(id)
                except DiemcauError as exc:
                    if exc.code == "conference.elsewhere":
                        # The process that carries it, or one that has seen it die, takes the step.
                        self._passed_by = True
                        return
                    self._failed = True
                    log.warning("step_failed", conference=id, step=step.__name__.strip("_"), code=exc.code)

        for outcome in await asyncio.gather(*(guarded(id) for id in ids), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _warn(self, due: DueWarning, now: datetime) -> None:
        def write(until: datetime | None) -> ConferenceWarning:
            return ConferenceWarning(
                conference=due.id, minutes_left=due.minutes, stop=due.stop, may_extend_until=until, at=now
            )

        if await self._agenda.warn(due, now, write, self._bus):
            log.info("conference_warned", conference=due.id, minutes=due.minutes)

    async def _open(self, id: ConferenceId) -> None:
        # Marked before the call: if it is cancelled meanwhile, or this process dies, the bridge is told to stop.
        if not await self._agenda.mark_running(id):
            return
        await self._bus.request(OPEN, OpenConference(spec=await self._scheduler.spec(id)))
        if await self._store.open(id, BY_CLOCK, self._clock.now()):
            log.info("conference_opened", conference=id)
            self._announce(id, ConferenceState.OPEN)
        else:
            self.wake()

    async def _tell(self, id: ConferenceId) -> None:
        if not await self._agenda.is_stale(id):
            return
        conference = await self._scheduler.conference(id)
        await self._bus.request(OPEN, OpenConference(spec=await self._scheduler.spec_of(conference)))
        await self._agenda.mark_told(id, conference.version)

    async def _close(self, id: ConferenceId) -> None:
        now = self._clock.now()
        if await self._store.close(id, BY_CLOCK, now, unless_extended=True):
            log.info("conference_closed", conference=id, by=BY_CLOCK)
            self._announce(id, ConferenceState.CLOSED)

    async def _stop(self, id: ConferenceId) -> None:
        if not await self._agenda.is_running_over(id):
            return
        await self._bus.request(STOP, StopConference(conference=id))
        await self._agenda.mark_stopped(id)
        log.info("conference_stopped", conference=id)

    async def _record_ending(self, id: ConferenceId) -> None:
        """Writes down what the bridge closed because the chair did.

        What was over already is left alone: only an answered STOP tells that the bridge has let go of it.
        """
        try:
            if await self._store.close(id, BY_CHAIR, self._ended[id]):
                log.info("conference_closed", conference=id, by=BY_CHAIR)
                await self._agenda.mark_stopped(id)
        except NotFound:
            log.warning("unknown_conference_closed")
        del self._ended[id]

    def _announce(self, id: ConferenceId, state: ConferenceState) -> None:
        changed = ConferenceChanged(conference=id, state=state, at=self._clock.now())
        self._bus.publish(CONFERENCE_CHANGED, changed)
