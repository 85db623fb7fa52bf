"""Two headless halls on lossy lines: what the speaker's line and the watcher's line lose comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.media.engine import MediaEngine
from core.clock import SystemClock
from core.model import AUDIENCE_SLOTS, CameraLevel, ConferenceId, LegId, ParticipantId, SlotName
from core.settings import Limits
from tests.support.line import Faults, Line
from tests.support.polling import UNIT, eventually

HOST = "127.0.0.1"
SPEAKER, WATCHER = ParticipantId("speaker"), ParticipantId("watcher")
PACKETS = 250


class Bridge:
    """An engine with a speaker on the stage of a watcher, each behind a line of its own."""

    def __init__(self) -> None:
        self.engine = MediaEngine(
            host=HOST, port=0, addresses=[HOST], clock=SystemClock(), limits=Limits(), on_leg=lambda *_: None
        )
        clips = ClipLibrary({})
        self.ends = {who: MediaEndpoint(who, AUDIENCE_SLOTS, clips, host=HOST) for who in (SPEAKER, WATCHER)}
        self.lines: dict[ParticipantId, Line] = {}

    async def join(self, line: Line, who: ParticipantId, *, repair: bool) -> None:
        offer, receive, send = self.ends[who].offer()
        if not repair:
            offer = offer.replace("a=rtcp-fb:96 nack\r\n", "").replace("a=rtcp-fb:111 nack\r\n", "")
        answer = self.engine.open_leg(LegId(who), ConferenceId("c1"), who, sdp=offer, receive=receive, send=send)
        self.lines[who] = line
        await self.ends[who].connect(line.rewrite(answer), timeout=20 * UNIT)

    async def show(self) -> None:
        self.engine.set_camera_levels(ConferenceId("c1"), {SPEAKER: CameraLevel.FULL})
        self.engine.assign(LegId(WATCHER), {SlotName.STAGE: SPEAKER})
        self.ends[SPEAKER].publish(True, CameraLevel.FULL)
        await eventually(lambda: self.why_not(0, 0.0))

    def why_not(self, packets: int, share: float) -> str | None:
        seen = self.ends[WATCHER].received()[SlotName.STAGE]
        enough = seen.packets > packets and seen.packets >= share * seen.expected
        return None if enough else f"{seen.packets} of {seen.expected} packets came"


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    bridge = Bridge()
    await bridge.engine.start()
    yield bridge
    await asyncio.gather(*(end.close() for end in bridge.ends.values()))
    await bridge.engine.stop()


@pytest.mark.parametrize(("repair", "least", "most"), [(True, 0.99, 1.0), (False, 0.0, 0.96)], ids=["on", "off"])
async def test_five_percent_lost_on_each_line(bridge: Bridge, repair: bool, least: float, most: float) -> None:
    async with AsyncExitStack() as stack:
        for seed, who in enumerate((SPEAKER, WATCHER), start=5):
            line = await stack.enter_async_context(Line(bridge.engine.port, seed=seed))
            await bridge.join(line, who, repair=repair)
        await bridge.show()
        bridge.lines[SPEAKER].up.faults = bridge.lines[WATCHER].down.faults = Faults(loss=0.05, delay_ms=10)
        await eventually(lambda: bridge.why_not(PACKETS, least), units=20)
        seen = bridge.ends[WATCHER].received()[SlotName.STAGE]
        assert seen.packets <= most * seen.expected, seen
        assert min(bridge.lines[SPEAKER].up.lost, bridge.lines[WATCHER].down.lost) > 3
