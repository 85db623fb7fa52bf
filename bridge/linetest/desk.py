"""Runs line tests on the node's own media engine: opens legs, loads them by their course, and closes them."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import structlog

from bridge.linetest.course import SAMPLE_SECONDS, SECONDS, UPLINK_KBPS, Course
from bridge.media.engine import LegState, MediaEngine
from core.bus import Bus
from core.clock import Clock
from core.errors import NotFound, Unavailable
from core.linetest import (
    CLOSE_LINE_TEST,
    LOOK_AT_LINE_TEST,
    OPEN_LINE_TEST,
    LineTestNow,
    LineTestOpened,
    LineTestRef,
    OpenLineTest,
    Phase,
)
from core.messages import Done
from core.model import ConferenceId, LegId, ParticipantId, SlotName, point_participant

log = structlog.get_logger("linetest")

AT_ONCE = 8
"""Tests that run at a time: each fills a line, and conferences come first."""
TURN_SECONDS = 0.02
"""Between two loads: a line with a short queue would lose longer bursts that it could carry."""
LATEST_SECONDS = 0.1
"""What a busy node did not send in time is left out."""
KEPT_SECONDS = 60.0
"""How long what came of a test can still be asked for."""
_OVER = (Phase.DONE, Phase.FAILED)


@dataclass(eq=False)
class _Test:
    leg: LegId
    who: ParticipantId
    course: Course
    task: asyncio.Task[None] | None = None


class LineTestDesk:
    """All tests of one node. It owns their legs; `owns` tells which these are."""

    def __init__(self, engine: MediaEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._tests: dict[str, _Test] = {}

    def answer_on(self, bus: Bus) -> None:
        """Takes calls from now on."""
        bus.answer(OPEN_LINE_TEST, self._open)
        bus.answer(LOOK_AT_LINE_TEST, self._look)
        bus.answer(CLOSE_LINE_TEST, self._close)

    async def stop(self, bus: Bus) -> None:
        """Takes no more calls, and ends all tests."""
        bus.stop_answering(OPEN_LINE_TEST)
        bus.stop_answering(LOOK_AT_LINE_TEST)
        bus.stop_answering(CLOSE_LINE_TEST)
        for key in tuple(self._tests):
            await self._end(key)

    @property
    def legs(self) -> frozenset[LegId]:
        """The legs on which tests run; they belong to no conference."""
        return frozenset(test.leg for test in self._tests.values())

    def leg_changed(self, leg: LegId, state: LegState) -> None:
        """A leg of the engine changed; those of others are none of our business."""
        test = next((test for test in self._tests.values() if test.leg == leg), None)
        if test is None:
            return
        if state is LegState.CONNECTED:
            test.course.connected(self._clock.monotonic())
        elif state in (LegState.FAILED, LegState.CLOSED):
            test.course.failed()

    async def _open(self, call: OpenLineTest) -> LineTestOpened:
        now, who = self._clock.monotonic(), point_participant(call.point)
        for key in [key for key, test in self._tests.items() if test.who == who]:
            await self._end(key)
        if sum(test.course.phase(now) not in _OVER for test in self._tests.values()) >= AT_ONCE:
            raise Unavailable("linetest.busy", "Too many line tests run just now. Try again in half a minute.")
        key, leg = secrets.token_urlsafe(24), LegId(secrets.token_hex(8))
        alone = ConferenceId(f"line-test-{leg}")
        answer = self._engine.open_leg(leg, alone, who, sdp=call.sdp, receive=call.receive, send=call.send)
        self._engine.try_out(leg, UPLINK_KBPS * 1000)
        test = self._tests[key] = _Test(leg, who, Course(now))
        test.task = asyncio.create_task(self._run(key, test), name="line-test")
        log.info("line_test_opened", point=call.point)
        return LineTestOpened(test=key, sdp=answer, seconds=SECONDS)

    async def _look(self, call: LineTestRef) -> LineTestNow:
        return self._found(call.test).course.look(self._clock.monotonic())

    async def _close(self, call: LineTestRef) -> Done:
        self._found(call.test)
        await self._end(call.test)
        return Done()

    def _found(self, key: str) -> _Test:
        test = self._tests.get(key)
        if test is None:
            raise NotFound("linetest.unknown", "There is no such line test (any more). Start a new one.")
        return test

    async def _end(self, key: str) -> None:
        test = self._tests.pop(key)
        if test.task is not None:
            test.task.cancel()
            await asyncio.wait([test.task])
        self._engine.close_leg(test.leg, "line test over")

    async def _run(self, key: str, test: _Test) -> None:
        phase, shown = Phase.CONNECTING, Phase.CONNECTING
        sampled_at = loaded_at = self._clock.monotonic()
        while (phase := test.course.phase(now := self._clock.monotonic())) not in _OVER:
            if phase is not shown:
                shown = phase
                self._show(test, phase)
            octets = round(test.course.load_kbps(now) * 1000 / 8 * min(now - loaded_at, LATEST_SECONDS))
            loaded_at = now
            if octets:
                self._engine.load(test.leg, octets)
            if now - sampled_at >= SAMPLE_SECONDS:
                sampled_at = now
                if (sample := self._engine.sample(test.leg)) is not None:
                    test.course.sampled(sample, now)
            await asyncio.sleep(TURN_SECONDS)
        self._engine.close_leg(test.leg, "line test over")
        log.info("line_test_over", point=test.who, phase=phase)
        await asyncio.sleep(KEPT_SECONDS)
        self._tests.pop(key, None)

    def _show(self, test: _Test, phase: Phase) -> None:
        """Its own picture comes back but while it sends as much as it can, which is not to fill the other direction."""
        picture = None if phase is Phase.UP else test.who
        self._engine.assign(test.leg, {SlotName.STAGE: picture, SlotName.AUDIO1: test.who})
