"""The media engine with real sockets, against aiortc's own peer connection as the client."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from aiortc import RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from bridge.media.engine import LegState, MediaEngine
from core.clock import Clock, ManualClock, SystemClock
from core.errors import BadInput, Conflict, Unavailable
from core.model import CameraLevel, ConferenceId, LegId, ParticipantId, SlotName, Track
from core.settings import Limits
from tests.support.polling import UNIT, eventually

CONFERENCE = ConferenceId("c1")


class Plain(VideoStreamTrack):
    """A camera that looks at a wall of one brightness."""

    def __init__(self, brightness: int) -> None:
        super().__init__()
        self._brightness = brightness

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(160, 128, "yuv420p")
        for plane, value in zip(frame.planes, (self._brightness, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, Fraction(time_base)
        return frame


class Node:
    """A running engine and what it said about its legs."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.states: dict[LegId, list[tuple[LegState, str]]] = {}
        self.engine = MediaEngine(
            host="127.0.0.1",
            port=0,
            addresses=["127.0.0.1"],
            clock=clock,
            limits=limits,
            on_leg=lambda leg, state, reason: self.states.setdefault(leg, []).append((state, reason)),
        )

    def reached(self, leg: str, state: LegState) -> str | None:
        seen = self.states.get(LegId(leg), [])
        return None if any(s is state for s, _ in seen) else f"{leg} went through {seen}"


class Client:
    """A peer connection with one camera (when `brightness` is given) and one stage."""

    def __init__(self, node: Node, name: str, brightness: int | None = None) -> None:
        self.node, self.name = node, name
        self.peer = RTCPeerConnection()
        self.camera = self._camera(brightness) if brightness is not None else None
        self.stage = self.peer.addTransceiver("video", direction="recvonly")

    def _camera(self, brightness: int) -> RTCRtpTransceiver:
        return self.peer.addTransceiver(Plain(brightness), direction="sendonly")

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    def answer(self, offer: str) -> str:
        return self.node.engine.open_leg(
            LegId(self.name),
            CONFERENCE,
            ParticipantId(self.name),
            sdp=offer,
            receive={self.stage.mid or "": SlotName.STAGE},
            send={self.camera.mid or "": Track.CAMERA} if self.camera is not None else {},
        )

    async def join(self) -> Client:
        answer = self.answer(await self.offer())
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await eventually(lambda: self.node.reached(self.name, LegState.CONNECTED))
        return self

    def watch(self, participant: str | None) -> None:
        who = ParticipantId(participant) if participant is not None else None
        self.node.engine.assign(LegId(self.name), {SlotName.STAGE: who})

    async def sees(self, brightness: int) -> None:
        """Waits until the stage shows a picture of that brightness."""
        last = -1.0
        try:
            async with asyncio.timeout(10 * UNIT):
                while abs(last - brightness) > 12:
                    frame = await self.stage.receiver.track.recv()
                    assert isinstance(frame, VideoFrame)
                    luma = bytes(frame.planes[0])[: frame.width]
                    last = sum(luma) / len(luma)
        except (TimeoutError, MediaStreamError) as exc:
            raise AssertionError(f"the stage never showed {brightness}, last {last}") from exc


@asynccontextmanager
async def running(limits: Limits | None = None, clock: Clock | None = None) -> AsyncIterator[Node]:
    node = Node(limits or Limits(), clock or SystemClock())
    await node.engine.start()
    try:
        yield node
    finally:
        await node.engine.stop()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running() as started:
        yield started


@pytest.fixture
async def clients() -> AsyncIterator[list[Client]]:
    made: list[Client] = []
    yield made
    await asyncio.gather(*(client.peer.close() for client in made))


async def test_the_stage_follows_the_floor(node: Node, clients: list[Client]) -> None:
    dark, bright, hall = Client(node, "dark", 60), Client(node, "bright", 200), Client(node, "hall")
    clients += [dark, bright, hall]
    hall.watch("dark")
    for client in clients:
        await client.join()
    for _ in range(2):
        hall.watch("dark")
        await hall.sees(60)
        hall.watch("bright")
        await hall.sees(200)
    assert node.engine.stats().drops == {}


async def test_samples_tell_each_line_s_rates_and_losses(node: Node, clients: list[Client]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    clients += [dark, hall]
    for client in clients:
        await client.join()
    hall.watch("dark")
    await hall.sees(60)

    def measured() -> str | None:
        samples = {sample.leg: sample for sample in node.engine.samples()}
        up, down = samples[LegId("dark")], samples[LegId("hall")]
        if up.kbps_up > 1 and up.loss_up == 0 and down.kbps_down > 1 and down.rtt_ms is not None:
            return None
        return f"up {up}, down {down}"

    async def once_a_second() -> str | None:
        await asyncio.sleep(UNIT)
        return measured()

    await eventually(once_a_second)


async def test_a_stage_without_source_is_sent_nothing(node: Node, clients: list[Client]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    clients += [dark, hall]
    for client in clients:
        await client.join()
    before = node.engine.stats()
    await eventually(
        lambda: None if node.engine.stats().packets_in > before.packets_in + 20 else "the camera sends nothing"
    )
    assert node.engine.stats().forwarded == before.forwarded == 0


async def test_taking_the_source_away_stops_the_stage_at_once(node: Node, clients: list[Client]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    clients += [dark, hall]
    for client in clients:
        await client.join()
    hall.watch("dark")
    await hall.sees(60)
    hall.watch(None)
    before = node.engine.stats()
    await eventually(
        lambda: None if node.engine.stats().packets_in > before.packets_in + 20 else "the camera sends nothing"
    )
    assert node.engine.stats().forwarded == before.forwarded


async def test_a_camera_that_is_off_is_not_asked_for_key_frames(node: Node, clients: list[Client]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    clients += [dark, hall]
    for client in clients:
        await client.join()
    hall.watch("dark")
    await hall.sees(60)
    hall.watch(None)
    node.engine.set_camera_levels(CONFERENCE, {ParticipantId("dark"): CameraLevel.OFF})
    hall.watch("dark")
    before = node.engine.stats()
    await eventually(
        lambda: None if node.engine.stats().packets_in > before.packets_in + 60 else "the camera sends nothing"
    )
    assert node.engine.stats().keyframe_requests == before.keyframe_requests


async def test_a_wrong_fingerprint_fails_its_leg_and_nobody_else(node: Node, clients: list[Client]) -> None:
    dark, hall, liar = Client(node, "dark", 60), Client(node, "hall"), Client(node, "liar")
    clients += [dark, hall, liar]
    await dark.join()
    await hall.join()
    offer = re.sub(r"(a=fingerprint:\S+) \S\S:", r"\1 00:", await liar.offer())
    answer = liar.answer(offer)
    await liar.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await eventually(lambda: node.reached("liar", LegState.FAILED))
    assert "fingerprint" in node.states[LegId("liar")][-1][1]
    hall.watch("dark")
    await hall.sees(60)


async def test_noise_on_the_port_harms_nobody(node: Node, clients: list[Client]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    clients += [dark, hall]
    dice = random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
        for client in clients:
            for first in [*range(0, 256, 5), 0, 1, 22, 128] * 2:
                data = bytes([first]) + dice.randbytes(dice.randrange(0, 300))
                noise.sendto(data, ("127.0.0.1", node.engine.port))
            noise.sendto(b"", ("127.0.0.1", node.engine.port))
            await client.join()
    hall.watch("dark")
    await hall.sees(60)
    drops = node.engine.stats().drops
    assert drops["unknown_address"] > 0
    assert drops["stun"] > 0


async def test_the_other_side_s_goodbye_closes_the_leg(node: Node, clients: list[Client]) -> None:
    hall = await Client(node, "hall").join()
    await hall.peer.close()
    await eventually(lambda: node.reached("hall", LegState.CLOSED))


async def test_a_participant_who_comes_back_is_shown_again(node: Node, clients: list[Client]) -> None:
    hall = await Client(node, "hall").join()
    first = await Client(node, "dark", 60).join()
    clients += [hall, first]
    hall.watch("dark")
    await hall.sees(60)
    node.engine.close_leg(LegId("dark"), "test")
    again = Client(node, "dark", 200)
    clients.append(again)
    await again.join()
    await hall.sees(200)


async def test_a_full_node_refuses(clients: list[Client]) -> None:
    async with running(Limits(legs=1)) as node:
        one, two = Client(node, "one"), Client(node, "two")
        clients += [one, two]
        one.answer(await one.offer())
        offer = await two.offer()
        with pytest.raises(Unavailable) as caught:
            two.answer(offer)
        assert caught.value.code == "node.full"
        node.engine.close_leg(LegId("one"))
        node.engine.close_leg(LegId("one"))
        assert two.answer(offer)


async def test_who_comes_back_to_a_full_node_keeps_the_place(clients: list[Client]) -> None:
    async with running(Limits(legs=1)) as node:
        one, again = Client(node, "one"), Client(node, "one")
        clients += [one, again]
        one.answer(await one.offer())
        assert node.engine.open_leg(
            LegId("its next leg"),
            CONFERENCE,
            ParticipantId("one"),
            sdp=await again.offer(),
            receive={again.stage.mid or "": SlotName.STAGE},
            send={},
        )


async def test_an_offer_without_ice_is_refused(node: Node, clients: list[Client]) -> None:
    hall = Client(node, "hall")
    clients.append(hall)
    offer = await hall.offer()
    with pytest.raises(BadInput) as caught:
        hall.answer(re.sub(r"a=ice-(ufrag|pwd):.*\r\n", "", offer))
    assert caught.value.code == "sdp.no_ice"
    assert node.engine.stats().legs == 0


async def test_a_leg_that_falls_silent_is_reported_and_can_come_back(clients: list[Client]) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(clock=clock) as node:
        clients.append(await Client(node, "hall").join())
        clock.advance(16)
        await eventually(lambda: node.reached("hall", LegState.SILENT))
        expected = [LegState.CONNECTED, LegState.SILENT, LegState.CONNECTED]

        def came_back() -> str | None:
            seen = [state for state, _ in node.states[LegId("hall")]]
            return None if seen == expected else f"it went through {seen}"

        await eventually(came_back)
        assert node.states[LegId("hall")][1][1] == "silent"


async def test_a_leg_that_stays_silent_is_given_up(clients: list[Client]) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(clock=clock) as node:
        clients.append(await Client(node, "hall").join())
        clock.advance(46)
        await eventually(lambda: node.reached("hall", LegState.FAILED))
        with pytest.raises(Conflict):
            node.engine.restart_ice(LegId("hall"), await clients[0].offer())


async def test_a_passive_client_is_met_actively(node: Node, clients: list[Client]) -> None:
    hall = Client(node, "hall")
    clients.append(hall)
    offer = (await hall.offer()).replace("a=setup:actpass", "a=setup:passive")
    await hall.peer.setRemoteDescription(RTCSessionDescription(hall.answer(offer), "answer"))
    await eventually(lambda: node.reached("hall", LegState.CONNECTED))


async def test_a_port_that_is_taken_is_said_at_the_start() -> None:
    async with running() as node:
        second = MediaEngine(
            host="127.0.0.1",
            port=node.engine.port,
            addresses=["127.0.0.1"],
            clock=SystemClock(),
            limits=Limits(),
            on_leg=lambda *_: None,
        )
        with pytest.raises(OSError):
            await second.start()
        await second.stop()
