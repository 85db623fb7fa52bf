"""Tells the pages what is different in the halls' people, at most once a second of each conference."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeVar

import structlog

from core.bus import Bus
from core.clock import Clock
from core.errors import DiemcauError
from core.model import ConferenceId
from monitor.headcount.model import HEADCOUNTS, HeadcountNews, HeadcountRow, Headcounts, HeadcountUnit
from monitor.headcount.service import HeadcountBook

log = structlog.get_logger("monitor")

SPACING_SECONDS = 1.0
_REMEMBERED = 64
"""Conferences whose figures are kept to compare with; of others everything is told when anything changes."""

K = TypeVar("K")
V = TypeVar("V")


class Teller:
    """`note` what changed; `run` until cancelled."""

    def __init__(self, bus: Bus, clock: Clock, book: HeadcountBook) -> None:
        self._bus = bus
        self._clock = clock
        self._book = book
        self._owed: set[ConferenceId] = set()
        self._wake = asyncio.Event()
        self._told: OrderedDict[ConferenceId, Headcounts] = OrderedDict()

    def note(self, conference: ConferenceId) -> None:
        """Its figures are, or may be, different now."""
        self._owed.add(conference)
        self._wake.set()

    async def run(self) -> None:
        """Tells what is owed, then rests: what changes meanwhile is told together."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            owed, self._owed = self._owed, set()
            for conference in owed:
                await self._tell(conference)
            await asyncio.sleep(SPACING_SECONDS)

    async def _tell(self, conference: ConferenceId) -> None:
        try:
            now = await self._book.all(conference)
            taken = await self._book.snapshots_taken(conference)
        except DiemcauError as exc:
            # The pages hear the whole again within a minute, whatever was missed.
            log.info("headcounts_not_told", code=exc.code)
            self._told.pop(conference, None)
            return
        before = self._told.pop(conference, None)
        self._told[conference] = now
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        news = HeadcountNews(
            conference=conference,
            at=self._clock.now(),
            total=now.total,
            quorum=now.quorum,
            units=different(units_of(before), units_of(now)),
            rows=different(rows_of(before), rows_of(now)),
            snapshots=taken,
        )
        self._bus.publish(HEADCOUNTS, news)


def rows_of(figures: Headcounts | None) -> dict[str, HeadcountRow]:
    """The halls by code."""
    return {row.point: row for row in figures.rows} if figures else {}


def units_of(figures: Headcounts | None) -> dict[str, HeadcountUnit]:
    """The units by code."""
    return {unit.code: unit for unit in figures.units} if figures else {}


def different(before: Mapping[K, V], now: Mapping[K, V]) -> tuple[V, ...]:
    """What is new or not as it was."""
    return tuple(value for key, value in now.items() if before.get(key) != value)
