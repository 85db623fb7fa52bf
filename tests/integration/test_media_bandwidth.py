"""Layers chosen by each receiver's line, over real sockets: down, off, back up, and off at the source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.media.engine import LegState, MediaEngine
from bridge.media.keyframes import REST_SECONDS
from core.clock import SystemClock
from core.model import CameraLevel, ConferenceId, LegId, ParticipantId, SlotName
from core.settings import Limits
from tests.support.line import NO_FAULTS, Faults, Line
from tests.support.polling import UNIT, eventually
from tests.support.simulcast import SimulcastCamera, height_of

CONFERENCE = ConferenceId("c1")
SOURCE = ParticipantId("source")
SLOTS = (SlotName.STAGE, SlotName.AUDIO1)


class Screen(MediaEndpoint):
    """An endpoint that notes the height of the picture on its stage."""

    def __init__(self, name: str) -> None:
        super().__init__(ParticipantId(name), SLOTS, ClipLibrary({}), host="127.0.0.1", estimates=True)
        self.height = 0

    def _take_rtp(self, packet: bytes) -> None:
        self.height = height_of(packet) or self.height
        super()._take_rtp(packet)

    def seen(self) -> str | None:
        return None if self.height else "nothing yet"

    def shows(self, *heights: int) -> str | None:
        return None if self.height in heights else f"it shows {self.height}"


@dataclass
class Room:
    """An engine, a camera with three layers, and screens behind lines of their own."""

    camera: SimulcastCamera = field(default_factory=SimulcastCamera)
    screens: list[Screen] = field(default_factory=list)
    states: dict[LegId, LegState] = field(default_factory=dict)
    paused: dict[LegId, frozenset[SlotName]] = field(default_factory=dict)
    demands: list[tuple[str, ...] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = MediaEngine(
            host="127.0.0.1",
            port=0,
            addresses=["127.0.0.1"],
            clock=SystemClock(),
            limits=Limits(),
            on_leg=lambda leg, state, _: self.states.update({leg: state}),
            on_demand=self.demand,
            on_paused=lambda leg, slots: self.paused.update({leg: slots}),
        )

    def demand(self, leg: LegId, layers: tuple[str, ...] | None) -> None:
        self.demands.append(layers)
        self.camera.active = set(self.camera.layers if layers is None else layers)

    async def start(self) -> None:
        await self.engine.start()
        offer, receive, send = self.camera.offer()
        answer = self.engine.open_leg(LegId("camera"), CONFERENCE, SOURCE, sdp=offer, receive=receive, send=send)
        self.engine.set_camera_levels(CONFERENCE, {SOURCE: CameraLevel.FULL})
        await self.camera.play(answer)

    async def join(self, name: str, line: Line) -> Screen:
        screen = Screen(name)
        self.screens.append(screen)
        offer, receive, send = screen.offer()
        leg = LegId(name)
        answer = self.engine.open_leg(leg, CONFERENCE, screen.participant, sdp=offer, receive=receive, send=send)
        await screen.connect(line.rewrite(answer), timeout=20 * UNIT)
        self.engine.assign(leg, {SlotName.STAGE: SOURCE})
        return screen


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    await room.start()
    yield room
    await asyncio.gather(room.camera.close(), *(screen.close() for screen in room.screens))
    await room.engine.stop()


async def test_a_narrow_line_gets_a_smaller_picture_and_nobody_else_does(room: Room) -> None:
    async with Line(room.engine.port, seed=1) as narrow, Line(room.engine.port, seed=2) as wide:
        one, other = await room.join("one", narrow), await room.join("other", wide)
        await eventually(lambda: one.shows(720) or other.shows(720))
        narrow.down.faults = Faults(kbps=400)
        await eventually(lambda: one.shows(180), units=5)
        assert other.height == 720
        narrow.down.faults = NO_FAULTS
        await eventually(lambda: one.shows(720), units=15)
        assert other.height == 720
        assert other.received()[SlotName.STAGE].sequence_jumps == 0


async def test_a_line_too_thin_for_any_picture_is_told_so_and_gets_it_back(room: Room) -> None:
    async with Line(room.engine.port, seed=3) as line:
        screen = await room.join("hall", line)
        await eventually(lambda: screen.shows(720))
        line.down.faults = Faults(kbps=60)
        hall = LegId("hall")
        await eventually(lambda: None if room.paused.get(hall) else f"{room.paused}", units=15)
        assert room.paused[hall] == {SlotName.STAGE}
        # What the full queue still holds of the picture before is not its return.
        await eventually(lambda: f"{line.under_way} packets under way" if line.under_way else None)
        screen.height = 0
        line.down.faults = NO_FAULTS
        await eventually(lambda: screen.shows(720), units=20)
        assert room.paused[hall] == frozenset()


async def test_layers_nobody_receives_are_not_asked_of_the_source(room: Room) -> None:
    async with Line(room.engine.port, seed=4) as line:
        screen = await room.join("hall", line)
        await eventually(lambda: screen.shows(720))
        await eventually(lambda: None if room.camera.active == {"h"} else f"{room.camera.active}", units=10)
        line.down.faults = Faults(kbps=400)
        await eventually(lambda: screen.shows(180), units=6)
        await eventually(lambda: None if "h" not in room.camera.active else f"{room.camera.active}", units=10)
        line.down.faults = NO_FAULTS
        await eventually(lambda: screen.shows(720), units=15)
        room.engine.assign(LegId("hall"), {})
        await eventually(lambda: None if room.demands[-1] is None else f"{room.demands}")


async def test_who_comes_late_sees_a_picture_within_a_second_and_the_others_lose_nothing(room: Room) -> None:
    async with Line(room.engine.port, seed=5) as line:
        first = await room.join("first", line)
        await eventually(lambda: first.shows(720))
        high, began = room.camera.layers["h"], asyncio.get_running_loop().time()
        before = high.key_frames
        for number in range(6):
            late = await room.join(f"late-{number}", line)
            await eventually(late.seen, units=1)
        seconds = asyncio.get_running_loop().time() - began
        assert high.key_frames - before <= seconds / REST_SECONDS + 1
        seen = first.received()[SlotName.STAGE]
        assert (seen.sequence_jumps, seen.picture_id_jumps) == (0, 0)
        assert seen.packets == seen.expected


async def test_a_leg_is_sent_no_larger_picture_than_it_was_planned_with(room: Room) -> None:
    async with Line(room.engine.port, seed=6) as line:
        screen = await room.join("hall", line)
        hall = LegId("hall")
        await eventually(lambda: screen.shows(720))
        room.engine.set_ceilings(hall, {SlotName.STAGE: 540})
        await eventually(lambda: screen.shows(360), units=10)
        await eventually(lambda: None if room.camera.active == {"m"} else f"{room.camera.active}", units=10)
        room.engine.set_ceilings(hall, {SlotName.STAGE: 0})
        await eventually(lambda: None if room.camera.active == set() else f"{room.camera.active}", units=10)
        assert not room.paused.get(hall)
        room.engine.set_ceilings(hall, {})
        await eventually(lambda: screen.shows(720), units=15)
