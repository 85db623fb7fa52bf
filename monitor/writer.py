"""Between the live path and the database: what is to be stored waits here, and a slow database delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain

import asyncpg
import structlog

from core.model import ConferenceId
from monitor.attendance import Interval, IntervalKey
from monitor.backlog import Backlog, Batch, Row
from monitor.store import AWAY, Store

log = structlog.get_logger("monitor")

MAX_WAITING_SAMPLES = 200_000
"""Samples kept while the database is away (about 90 MB): 40 minutes of 168 legs, 2 minutes of 3,321."""

GATHER_SECONDS = 0.25
"""So long batches of many nodes are gathered, to be written together, unless `ENOUGH_ROWS` wait already."""
ENOUGH_ROWS = 2_000
ROWS_AT_ONCE = 10_000
"""The most that one COPY takes, unless one batch is larger."""
_FIRST_RETRY_SECONDS = 0.2
_LAST_RETRY_SECONDS = 5.0
_FAREWELL_SECONDS = 3.0
# What no retry will make storable: refused by the database, or (the last three) by asyncpg's encoders.
_UNUSABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError, OverflowError)


class Writer:
    """Takes work without waiting, and stores it in `run`.

    Samples beyond `max_samples` push out the oldest waiting batches (counted in `dropped_samples`), and so do
    endpoints' reports. Intervals are never dropped for lack of room: a newer state of one takes the place of the
    waiting one. A batch whose connection broke between the database's commit and its answer is stored again.
    """

    def __init__(self, store: Store, *, max_samples: int = MAX_WAITING_SAMPLES) -> None:
        self._store = store
        self._samples = Backlog(max_samples)
        self._reports = Backlog(max_samples)
        self._intervals: dict[IntervalKey, Interval] = {}
        self._wake = asyncio.Event()
        self._away = False

    @property
    def waiting_samples(self) -> int:
        """Samples not stored yet."""
        return self._samples.waiting

    @property
    def dropped_samples(self) -> int:
        """Samples that were pushed out."""
        return self._samples.dropped

    @property
    def stored_samples(self) -> int:
        """Samples stored since the start."""
        return self._samples.stored

    @property
    def stored_batches(self) -> int:
        """The batches that these came in."""
        return self._samples.stored_batches

    @property
    def reports(self) -> Backlog:
        """Endpoints' reports, counted."""
        return self._reports

    def add_samples(self, records: Batch) -> None:
        """Queues one batch."""
        self._samples.add(records)
        if records:
            self._wake.set()

    def add_report(self, record: Row) -> None:
        """Queues what one endpoint said."""
        self._reports.add((record,))
        self._wake.set()

    def add_intervals(self, intervals: Iterable[Interval]) -> None:
        """Queues the newest state of intervals."""
        self._intervals.update({interval.key: interval for interval in intervals})
        if self._intervals:
            self._wake.set()

    def waiting_intervals(self, conference: ConferenceId) -> list[Interval]:
        """The states of a conference's intervals that are not known to be stored yet."""
        return [interval for interval in self._intervals.values() if interval.conference == conference]

    async def run(self) -> None:
        """Stores until cancelled; what waits then is given a last chance of a few seconds."""
        try:
            while True:
                await self._wake.wait()
                if self._samples.waiting < ENOUGH_ROWS:
                    await asyncio.sleep(GATHER_SECONDS)
                await self._until_stored()
        finally:
            await self._farewell()

    async def _until_stored(self) -> None:
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                await self.flush()
                return
            except Exception as exc:
                self._report(exc)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_RETRY_SECONDS)

    def _report(self, exc: Exception) -> None:
        """Says once that the database is away; what has another cause is said in full each time, and retried too."""
        if not isinstance(exc, AWAY):
            log.error("storing_failed", exc_info=exc)
        elif not self._away:
            log.warning("database_away", error=type(exc).__name__, waiting_samples=self.waiting_samples)
        self._away = True

    async def _farewell(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self.flush()
        except Exception as exc:
            log.warning("not_stored", error=type(exc).__name__, samples=self.waiting_samples)

    async def flush(self) -> None:
        """Stores all that waits; raises what the database raises and keeps the rest for another try."""
        self._wake.clear()
        if self._intervals:
            await self._store_intervals()
        await self._store_rows(self._samples, self._store.copy_samples)
        await self._store_rows(self._reports, self._store.copy_reports)
        if self._away:
            self._away = False
            log.info("database_back", dropped_samples=self.dropped_samples)

    async def _store_rows(self, backlog: Backlog, copy: Callable[[Batch], Awaitable[None]]) -> None:
        while batches := backlog.head(ROWS_AT_ONCE):
            together = batches[0] if len(batches) == 1 else list(chain.from_iterable(batches))
            if len(batches) == 1 or not await self._or_set_aside(copy(together), ""):
                # One of them cannot be stored: the others can.
                for batch in batches:
                    backlog.settle(batch, stored=await self._or_set_aside(copy(batch), "samples_unusable"))
                continue
            for batch in batches:
                backlog.settle(batch, stored=True)

    async def _store_intervals(self) -> None:
        waiting = dict(self._intervals)
        try:
            await self._store.save_intervals(waiting.values())
        except _UNUSABLE:
            for interval in waiting.values():
                await self._or_set_aside(self._store.save_intervals([interval]), "interval_unusable")
        for key, interval in waiting.items():
            if self._intervals.get(key) is interval:
                del self._intervals[key]

    async def _or_set_aside(self, write: Awaitable[None], event: str) -> bool:
        """Writes; what the database will never take is reported and given up, so that the rest gets through."""
        try:
            await write
            return True
        except _UNUSABLE as exc:
            if event:
                log.warning(event, error=type(exc).__name__)
            return False
