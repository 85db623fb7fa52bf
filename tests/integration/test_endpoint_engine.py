"""Endpoints against the media engine: what a hall sends is what the others see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.endpoint.reception import SlotReception
from bridge.media.engine import LegState, MediaEngine
from core.clock import SystemClock
from core.model import AUDIENCE_SLOTS, CameraLevel, ConferenceId, LegId, ParticipantId, SlotName
from core.settings import Limits
from tests.support.line import Line
from tests.support.polling import UNIT, eventually

CONFERENCE = ConferenceId("c1")
HALLS = tuple(ParticipantId(f"point:{number}") for number in (1, 2, 3))
NAMES = dict(zip(HALLS, ("Phường Một", "Phường Hai", "Đặc khu Ba"), strict=True))


@dataclass
class Hall:
    """One endpoint and its leg."""

    endpoint: MediaEndpoint
    leg: LegId

    def stage(self) -> SlotReception:
        return self.endpoint.received()[SlotName.STAGE]


@dataclass
class Room:
    """A media engine on loopback and the endpoints that joined it."""

    clips: ClipLibrary = field(default_factory=lambda: ClipLibrary(NAMES))
    states: dict[LegId, LegState] = field(default_factory=dict)
    halls: dict[ParticipantId, Hall] = field(default_factory=dict)
    through: Line | None = None
    """Whoever joins from now on reaches the node by this line."""

    def __post_init__(self) -> None:
        self.engine = MediaEngine(
            host="127.0.0.1",
            port=0,
            addresses=["127.0.0.1"],
            clock=SystemClock(),
            limits=Limits(),
            on_leg=lambda leg, state, _: self.states.update({leg: state}),
        )

    async def join(self, participant: ParticipantId) -> Hall:
        endpoint = MediaEndpoint(participant, AUDIENCE_SLOTS, self.clips, host="127.0.0.1")
        hall = self.halls[participant] = Hall(endpoint, LegId(f"leg-{participant[-1]}"))
        offer, receive, send = endpoint.offer()
        answer = self.engine.open_leg(hall.leg, CONFERENCE, participant, sdp=offer, receive=receive, send=send)
        answer = self.through.rewrite(answer) if self.through is not None else answer
        await endpoint.connect(answer, timeout=20 * UNIT)
        await eventually(lambda: None if self.states.get(hall.leg) is LegState.CONNECTED else "not connected")
        return hall

    def show(self, shown: Mapping[ParticipantId, ParticipantId]) -> None:
        """Puts participants on stages, and asks exactly those to publish."""
        sources = set(shown.values())
        levels = {p: CameraLevel.FULL if p in sources else CameraLevel.OFF for p in self.halls}
        for participant, hall in self.halls.items():
            source = shown.get(participant)
            self.engine.assign(hall.leg, {SlotName.STAGE: source, SlotName.AUDIO1: source})
            hall.endpoint.publish(participant in sources, levels[participant])
        self.engine.set_camera_levels(CONFERENCE, levels)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    before = asyncio.all_tasks()
    room = Room()
    await room.engine.start()
    yield room
    for hall in room.halls.values():
        await hall.endpoint.close()
    await room.engine.stop()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks are left: {left}"


def sees(hall: Hall, source: ParticipantId) -> str | None:
    seen = hall.stage()
    return None if seen.last_key_frame_of == source else f"{seen}"


async def test_what_one_hall_publishes_the_other_sees_and_hears(room: Room) -> None:
    one, two = [await room.join(hall) for hall in HALLS[:2]]
    room.show({HALLS[1]: HALLS[0]})
    await eventually(lambda: sees(two, HALLS[0]))
    await eventually(lambda: None if two.endpoint.received()[SlotName.AUDIO1].packets > 20 else "no sound yet")
    await eventually(lambda: None if two.stage().packets > 100 else f"{two.stage()}")
    seen = two.stage()
    assert seen.packets == seen.expected
    assert (seen.sequence_jumps, seen.timestamp_jumps, seen.picture_id_jumps) == (0, 0, 0)
    assert one.stage().packets == 0
    assert not any(track.packets for track in two.endpoint.sent().values())


async def test_another_source_comes_with_its_own_key_frame_and_without_a_jump(room: Room) -> None:
    for hall in HALLS:
        await room.join(hall)
    watcher = room.halls[HALLS[2]]
    for source in (HALLS[0], HALLS[1], HALLS[0]):
        room.show({HALLS[2]: source})
        await eventually(partial(sees, watcher, source))
    before = watcher.stage().packets
    await eventually(lambda: None if watcher.stage().packets > before + 100 else "too few packets")
    seen = watcher.stage()
    assert (seen.sequence_jumps, seen.timestamp_jumps, seen.picture_id_jumps) == (0, 0, 0)


async def test_a_late_watcher_gets_a_key_frame_without_waiting_for_the_loop(room: Room) -> None:
    await room.join(HALLS[0])
    early = await room.join(HALLS[1])
    room.show({HALLS[1]: HALLS[0]})
    await eventually(lambda: sees(early, HALLS[0]))
    late = await room.join(HALLS[2])
    room.show({HALLS[1]: HALLS[0], HALLS[2]: HALLS[0]})
    await eventually(lambda: sees(late, HALLS[0]), units=2)


async def test_the_nodes_samples_know_both_directions(room: Room) -> None:
    await room.join(HALLS[0])
    await room.join(HALLS[1])
    room.show({HALLS[1]: HALLS[0]})

    sampled_at = time.monotonic()

    def measured() -> str | None:
        nonlocal sampled_at
        if time.monotonic() - sampled_at < 1:
            return "the period is not over"
        sampled_at = time.monotonic()
        samples = {sample.participant: sample for sample in room.engine.samples()}
        sender, receiver = samples[HALLS[0]], samples[HALLS[1]]
        known = (sender.loss_up, sender.jitter_up_ms, receiver.loss_down, receiver.rtt_ms)
        return None if None not in known and sender.kbps_up > 100 < receiver.kbps_down else f"{sender} {receiver}"

    await eventually(measured, units=15)


async def test_closing_an_endpoint_closes_its_leg(room: Room) -> None:
    hall = await room.join(HALLS[0])
    await hall.endpoint.close()
    await eventually(lambda: None if room.states[hall.leg] is LegState.CLOSED else str(room.states[hall.leg]))


async def test_a_leg_that_the_node_closes_is_lost_for_the_endpoint(room: Room) -> None:
    hall = await room.join(HALLS[0])
    room.engine.close_leg(hall.leg, "test")
    await asyncio.wait_for(hall.endpoint.lost.wait(), 5 * UNIT)
    assert not hall.endpoint.connected
