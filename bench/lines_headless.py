"""Headless halls over bad lines: the engine here, a hall's endpoint behind the emulator, what a decoder would show.

The picture that comes down is a camera's with three layers made up of nothing, the one that goes up a hall's clip.
Headless endpoints ask for lost pictures again but not for lost sound: what of it is lost counts as made up.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from bench.lines_decoder import Decoder
from bench.lines_figures import Reading, figures
from bench.lines_page import READ_SECONDS
from bench.lines_rows import (
    CONDITIONS,
    DOWN,
    DROP,
    DROP_SECONDS,
    NARROW,
    RETURN_SECONDS,
    SETTLE_SECONDS,
    UP,
    Row,
    drop_row,
    printed,
)
from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.endpoint.reception import VideoCounter
from bridge.media.engine import MediaEngine
from core.clock import SystemClock
from core.model import CameraLevel, ConferenceId, LegId, ParticipantId, SlotName, Track
from core.settings import Limits
from tests.support.line import HOST, NO_FAULTS, Line
from tests.support.simulcast import SimulcastCamera

_CONFERENCE = ConferenceId("lines")
_CAMERA, _CHAIR, _HALL = ParticipantId("camera"), ParticipantId("chair"), ParticipantId("hall")
_SLOTS = (SlotName.STAGE, SlotName.AUDIO1)
_SOUND_SAMPLES = 960
_SHOWN_WITHIN = 20.0
_AT_ONCE = 4
_NACK = re.compile(r"^a=rtcp-fb:\d+ nack\r\n", re.MULTILINE)


class Viewer(MediaEndpoint):
    """An endpoint that decodes its stage."""

    def __init__(self, participant: ParticipantId, clips: ClipLibrary) -> None:
        super().__init__(participant, _SLOTS, clips, host=HOST, estimates=True)
        self.decoder = Decoder()

    def _take_rtp(self, packet: bytes) -> None:
        stream = self._streams.get(int.from_bytes(packet[8:12], "big"))
        if isinstance(stream, VideoCounter):
            self.decoder.take(packet, time.monotonic())
        super()._take_rtp(packet)


class HeadlessPair:
    """A hall on its line, a chair on a clear one, and the camera that the hall sees."""

    def __init__(self, *, repair: bool) -> None:
        self.repair = repair
        self.line: Line
        clips = ClipLibrary({_CHAIR: "Chủ toạ", _HALL: "Điểm cầu"})
        self.viewers = {DOWN: Viewer(_HALL, clips), UP: Viewer(_CHAIR, clips)}
        self.camera = SimulcastCamera()
        self.engine = MediaEngine(
            host=HOST,
            port=0,
            addresses=[HOST],
            clock=SystemClock(),
            limits=Limits(),
            on_leg=lambda leg, state, reason: None,
            on_demand=self._demand,
        )

    async def join(self, line: Line) -> None:
        """Everybody joins, the hall over `line`; what is shown begins. The engine must have been started."""
        self.line = line
        offer, receive, send = self.camera.offer()
        await self.camera.play(self._open("camera", _CAMERA, offer, receive, send))
        for direction, viewer in self.viewers.items():
            answer = self._open(viewer.participant, viewer.participant, *viewer.offer())
            await viewer.connect(self.line.rewrite(answer) if direction == DOWN else answer)
        self.engine.set_camera_levels(_CONFERENCE, dict.fromkeys((_CAMERA, _HALL), CameraLevel.FULL))
        self.viewers[UP].publish(True, CameraLevel.OFF)
        self.viewers[DOWN].publish(True, CameraLevel.FULL)
        self.engine.assign(LegId("hall"), {SlotName.STAGE: _CAMERA, SlotName.AUDIO1: _CHAIR})
        self.engine.assign(LegId("chair"), {SlotName.STAGE: _HALL, SlotName.AUDIO1: _HALL})
        async with asyncio.timeout(_SHOWN_WITHIN):
            while any(viewer.decoder.decoded < 30 for viewer in self.viewers.values()):
                await asyncio.sleep(READ_SECONDS)

    async def close(self) -> None:
        """Everybody leaves."""
        await asyncio.gather(self.camera.close(), *(viewer.close() for viewer in self.viewers.values()))
        await self.engine.stop()

    async def steady(self, condition: str, seconds: float) -> list[Row]:
        """Both directions under the same faults, after they have had time to settle."""
        self.line.up.faults = self.line.down.faults = CONDITIONS[condition]
        await asyncio.sleep(SETTLE_SECONDS)
        seen = await self._watch(seconds)
        return [Row(condition, way, self.repair, figures(seen[way]), endpoint="headless") for way in (DOWN, UP)]

    async def drop(self, direction: str) -> Row:
        """One direction becomes narrow, and wide again."""
        model = self.line.down if direction == DOWN else self.line.up
        before = (await self._watch(SETTLE_SECONDS))[direction]
        model.faults = NARROW
        narrow = (await self._watch(DROP_SECONDS))[direction]
        model.faults = NO_FAULTS
        after = (await self._watch(RETURN_SECONDS))[direction]
        return drop_row(direction, self.repair, narrow, after, before[-1].width, "headless")

    def _open(
        self,
        leg: str,
        participant: ParticipantId,
        sdp: str,
        receive: Mapping[str, SlotName],
        send: Mapping[str, Track],
    ) -> str:
        offer = sdp if self.repair else _NACK.sub("", sdp)
        return self.engine.open_leg(LegId(leg), _CONFERENCE, participant, sdp=offer, receive=receive, send=send)

    def _demand(self, leg: LegId, layers: tuple[str, ...] | None) -> None:
        if leg == LegId("camera"):
            self.camera.active = set(self.camera.layers if layers is None else layers)

    async def _watch(self, seconds: float) -> dict[str, list[Reading]]:
        seen: dict[str, list[Reading]] = {DOWN: [], UP: []}
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(seen[DOWN]) < 2:
            for direction, readings in seen.items():
                readings.append(self._read(direction))
            await asyncio.sleep(READ_SECONDS)
        return seen

    def _read(self, direction: str) -> Reading:
        viewer, stats = self.viewers[direction], self.engine.stats()
        model = self.line.down if direction == DOWN else self.line.up
        decoder, received = viewer.decoder, viewer.received()
        sound = received[SlotName.AUDIO1]
        return Reading(
            at=time.monotonic(),
            frames=decoder.decoded,
            width=decoder.width,
            freezes=decoder.freezes,
            frozen_seconds=decoder.frozen_seconds,
            concealed=max(0, sound.expected - sound.packets) * _SOUND_SAMPLES,
            samples=sound.expected * _SOUND_SAMPLES,
            bytes=sum(slot.bytes for slot in received.values()),
            repaired=stats.resent if direction == DOWN else stats.recovered,
            carried=model.packets,
            overflowed=model.overflowed,
        )


@asynccontextmanager
async def _joined(*, repair: bool) -> AsyncIterator[HeadlessPair]:
    pair = HeadlessPair(repair=repair)
    await pair.engine.start()
    async with Line(pair.engine.port, seed=21) as line:
        try:
            await pair.join(line)
            yield pair
        finally:
            await pair.close()


async def _one(condition: str, direction: str, seconds: float, *, repair: bool) -> list[Row]:
    """One condition, with a connection of its own."""
    async with _joined(repair=repair) as pair:
        return [await pair.drop(direction)] if condition == DROP else await pair.steady(condition, seconds)


async def measure_headless(seconds: float, conditions: Sequence[str], repairs: Sequence[bool]) -> list[Row]:
    """The headless rows, some at once: their endpoints decode nothing, so that they cost little."""
    tasks = [(name, way) for name in conditions for way in ((DOWN, UP) if name == DROP else (DOWN,))]
    rows: list[Row] = []
    for repair in repairs:
        for batch in _batched(tasks, _AT_ONCE):
            news = await asyncio.gather(*(_one(name, way, seconds, repair=repair) for name, way in batch))
            rows += printed([row for each in news for row in each])
    return rows


def _batched(tasks: Sequence[tuple[str, str]], size: int) -> list[Sequence[tuple[str, str]]]:
    """In groups of `size`, in order."""
    return [tasks[start : start + size] for start in range(0, len(tasks), size)]
