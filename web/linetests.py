"""Line tests as the web runs them: opened at the node, remembered while they run, judged and kept at their end."""

from __future__ import annotations

from dataclasses import dataclass

from core.bus import Bus
from core.clock import Clock
from core.errors import Conflict, DiemcauError, NotFound, TooMany
from core.linetest import (
    CLOSE_LINE_TEST,
    LOOK_AT_LINE_TEST,
    OPEN_LINE_TEST,
    LineTestNow,
    LineTestOpened,
    LineTestRef,
    OpenLineTest,
    PageFigures,
    Phase,
)
from core.model import SessionId
from core.settings import Settings
from monitor.linetests.model import LineTestResult
from monitor.linetests.store import LineTestBook
from monitor.linetests.verdict import Needs
from scheduler.plan.service import Plans
from signaling.protocol import IceServer
from signaling.relay import Relay
from web.rates import RateLimit

TESTS_PER_MINUTE = 6
"""Of one point."""
FORGOTTEN_SECONDS = 180.0
_OVER = (Phase.DONE, Phase.FAILED)


@dataclass(frozen=True)
class _Running:
    point: str
    by: str
    opened_at: float


class LineTesting:
    """The tests that were opened here; their ids are unguessable, and are the right to ask about them."""

    def __init__(self, settings: Settings, bus: Bus, clock: Clock, book: LineTestBook, plans: Plans) -> None:
        self._bus = bus
        self._clock = clock
        self._book = book
        self._plans = plans
        self._relay = Relay.of(settings)
        self._rate = RateLimit(TESTS_PER_MINUTE, clock)
        self._running: dict[str, _Running] = {}

    def relays(self, point: str) -> tuple[IceServer, ...]:
        """What a test's connection may use, with credentials of its own."""
        ticket = SessionId(f"line-test-{point}")
        return () if self._relay is None else (self._relay.ticket(ticket, self._clock.now()),)

    async def open(self, offer: OpenLineTest, by: str) -> LineTestOpened:
        """Raises as `OPEN_LINE_TEST` says, and `TooMany` `linetest.too_often`."""
        wait = self._rate.take(offer.point)
        if wait:
            detail = "This line was tested several times just now. Wait a minute."
            raise TooMany("linetest.too_often", detail, retry_after=max(1, round(wait)))
        opened = await self._bus.request(OPEN_LINE_TEST, offer)
        now = self._clock.monotonic()
        old = [key for key, test in self._running.items() if now - test.opened_at > FORGOTTEN_SECONDS]
        for key in old:
            del self._running[key]
        self._running[opened.test] = _Running(offer.point, by, now)
        return opened

    async def look(self, test: str) -> LineTestNow:
        """Where a test stands. Raises `NotFound` `linetest.unknown`."""
        self._found(test)
        return await self._bus.request(LOOK_AT_LINE_TEST, LineTestRef(test=test))

    async def finish(self, test: str, page: PageFigures) -> LineTestResult:
        """Judges and keeps a test that is over, once.

        Raises `NotFound` `linetest.unknown`, `point.unknown`; `Conflict` `linetest.running`.
        """
        running, now = self._found(test), await self.look(test)
        if now.phase not in _OVER:
            raise Conflict("linetest.running", "The test is not over yet.")
        needs = [
            Needs(profile.name, profile.up_kbps, profile.down_kbps, profile.stage_kbps > 0)
            for profile in await self._plans.profiles()
        ]
        self._running.pop(test, None)
        return await self._book.keep(running.point, running.by, self._clock.now(), now.phase, now.node, page, needs)

    async def cancel(self, test: str) -> None:
        """Ends a test and keeps nothing of it; harmless when it is over. Raises `NotFound` `linetest.unknown`."""
        self._found(test)
        self._running.pop(test, None)
        try:
            await self._bus.request(CLOSE_LINE_TEST, LineTestRef(test=test))
        except DiemcauError as exc:
            if exc.code != "linetest.unknown":
                raise

    def _found(self, test: str) -> _Running:
        found = self._running.get(test)
        if found is None:
            raise NotFound("linetest.unknown", "There is no such line test (any more). Start a new one.")
        return found
