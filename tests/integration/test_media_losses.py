"""Losses between the engine and clients nobody here wrote (aiortc), on both sides of the node."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial

import pytest
from aiortc import RTCSessionDescription

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.media import rtcp
from bridge.media.engine import LegState
from core.model import CameraLevel, LegId, ParticipantId, SlotName
from tests.integration.test_media_engine import CONFERENCE, Client, Node, running
from tests.support.line import Faults, Line
from tests.support.polling import eventually


async def join(client: Client, line: Line, strip: Callable[[str], str] = lambda sdp: sdp) -> None:
    answer = strip(line.rewrite(client.answer(strip(await client.offer()))))
    await client.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await eventually(lambda: client.node.reached(client.name, LegState.CONNECTED))


def without_rtx(sdp: str) -> str:
    return re.sub(r"a=(rtpmap:\d+ rtx|ssrc-group:FID|fmtp:\d+ apt=).*\r\n", "", sdp)


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running() as started:
        yield started


@pytest.mark.parametrize("strip", [lambda sdp: sdp, without_rtx], ids=["rtx", "plain"])
async def test_what_is_lost_before_and_after_the_node_comes_again(node: Node, strip: Callable[[str], str]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(Line(node.engine.port, seed=1))
        down = await stack.enter_async_context(Line(node.engine.port, seed=2))
        for client, line in ((dark, up), (hall, down)):
            await join(client, line, strip)
            stack.push_async_callback(client.peer.close)
        hall.watch("dark")
        await hall.sees(60)
        up.up.faults = down.down.faults = Faults(loss=0.1, delay_ms=5, reordered=0.02, duplicated=0.02)

        def repaired() -> str | None:
            stats = node.engine.stats()
            enough = min(stats.resent, stats.recovered) >= 20
            return None if enough else f"resent {stats.resent}, recovered {stats.recovered}"

        await eventually(repaired, units=40)
        await hall.sees(60)
        # SRTP itself refuses what the line doubled (RFC 3711 section 3.3.2).
        assert node.engine.stats().drops.keys() <= {"srtp", "srtcp", "duplicate", "too_late"}


class Listener(MediaEndpoint):
    """A receiver that remembers the newest packet it heard, and may ask for it again."""

    def __init__(self, name: str) -> None:
        clips = ClipLibrary({ParticipantId(name): name})
        super().__init__(ParticipantId(name), (SlotName.AUDIO1,), clips, host="127.0.0.1")
        self.newest = b""

    def _take_rtp(self, packet: bytes) -> None:
        self.newest = packet
        super()._take_rtp(packet)

    def ask_again(self) -> None:
        ssrc, sequence = int.from_bytes(self.newest[8:12], "big"), int.from_bytes(self.newest[2:4], "big")
        self._line.send_rtcp(rtcp.missing(1, ssrc, [sequence]))

    def heard(self, packets: int) -> str | None:
        count = self.received()[SlotName.AUDIO1].packets
        return None if count >= packets else f"{count} packets"


async def _join(node: Node, listener: Listener) -> None:
    offer, receive, send = listener.offer()
    offer = re.sub(r"a=rtpmap:(\d+) opus/48000/2\r\n", r"\g<0>a=rtcp-fb:\1 nack\r\n", offer)
    leg = LegId(listener.participant)
    answer = node.engine.open_leg(leg, CONFERENCE, listener.participant, sdp=offer, receive=receive, send=send)
    await listener.connect(answer)


async def test_sound_goes_out_twice_to_whoever_misses_much_of_it_and_to_nobody_else(node: Node) -> None:
    speaker, bad, good = Listener("speaker"), Listener("bad"), Listener("good")
    async with AsyncExitStack() as stack:
        for listener in (speaker, bad, good):
            stack.push_async_callback(listener.close)
            await _join(node, listener)
        for listener in (bad, good):
            node.engine.assign(LegId(listener.participant), {SlotName.AUDIO1: speaker.participant})
        speaker.publish(True, CameraLevel.OFF)
        for packets in (10, 20, 30):
            await eventually(partial(bad.heard, packets))
            bad.ask_again()
        await eventually(lambda: bad.heard(90) or good.heard(90))
        resent = node.engine.stats().resent
        assert 40 <= resent <= bad.received()[SlotName.AUDIO1].packets
