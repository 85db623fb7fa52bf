"""The node's whole port under spoilt packets, from strangers and from a leg that turned bad: nobody else notices."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from random import Random
from typing import Any

import pylibsrtp
import pytest
import structlog
from aiortc import rtp as aiortc_rtp

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.media import rtcp
from bridge.media.engine import LegState, MediaEngine
from bridge.media.rtp import build_packet
from core.clock import SystemClock
from core.model import AUDIENCE_SLOTS, CameraLevel, ConferenceId, LegId, ParticipantId, SlotName
from core.settings import Limits
from tests.support.mutation import INPUTS, spoil
from tests.support.polling import UNIT, eventually
from tests.unit.test_fuzz_packets import CHECKS, H264, KEY_FRAME, RTCP, RTP, VP8

HOST = "127.0.0.1"
CONFERENCE = ConferenceId("c1")
SPEAKER, WATCHER, VILLAIN = (ParticipantId(name) for name in ("speaker", "watcher", "villain"))
DATAGRAMS = 5 * INPUTS
_AT_ONCE = 50
DTLS = (b"\x16\xfe\xff" + bytes(8) + b"\x00\x20" + bytes(32), b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x01\x00")


class Hall:
    """Three endpoints on one engine: the speaker on the watcher's stage, the villain on its second screen."""

    def __init__(self) -> None:
        self.changes: list[tuple[LegId, LegState]] = []
        self.engine = MediaEngine(
            host=HOST,
            port=0,
            addresses=[HOST],
            clock=SystemClock(),
            limits=Limits(),
            on_leg=lambda leg, state, _: self.changes.append((leg, state)),
        )
        clips = ClipLibrary({})
        self.ends = {who: MediaEndpoint(who, AUDIENCE_SLOTS, clips, host=HOST) for who in (SPEAKER, WATCHER, VILLAIN)}

    async def open(self) -> None:
        await self.engine.start()
        for who, end in self.ends.items():
            offer, receive, send = end.offer()
            answer = self.engine.open_leg(LegId(who), CONFERENCE, who, sdp=offer, receive=receive, send=send)
            await end.connect(answer, timeout=20 * UNIT)
        await eventually(lambda: None if len(self.changes) == 3 else f"{self.changes}")
        self.engine.set_camera_levels(CONFERENCE, {SPEAKER: CameraLevel.FULL, VILLAIN: CameraLevel.FULL})
        shown = {SlotName.STAGE: SPEAKER, SlotName.SECOND: VILLAIN, SlotName.AUDIO1: SPEAKER, SlotName.AUDIO2: VILLAIN}
        self.engine.assign(LegId(WATCHER), shown)
        self.ends[SPEAKER].publish(True, CameraLevel.FULL)
        await eventually(lambda: None if self.stage().packets > 20 else "no picture")

    async def close(self) -> None:
        for end in self.ends.values():
            await end.close()
        await self.engine.stop()

    def stage(self) -> Any:
        return self.ends[WATCHER].received()[SlotName.STAGE]

    async def still_well(self) -> None:
        """Stage and sound of the watcher go on, nothing of them was lost, and no leg but the villain's changed."""
        before = self.ends[WATCHER].received()
        for slot in (SlotName.STAGE, SlotName.AUDIO1):
            wanted = before[slot].packets + 20
            await eventually(partial(self._why_not, slot, wanted))
        seen = self.stage()
        assert (seen.sequence_jumps, seen.picture_id_jumps) == (0, 0), seen
        assert seen.packets == seen.expected
        assert all(leg == LegId(VILLAIN) for leg, _ in self.changes[3:]), self.changes

    def others(self) -> dict[str, Any]:
        """All that feedback can change, as far as it is not the villain's: to be compared."""
        legs, sources = self.engine._legs, self.engine._ingress._keyframes._sources
        own = legs[LegId(VILLAIN)].slots_by_ssrc
        streams = legs[LegId(SPEAKER)].layers.values()
        return {
            "sent again": self.engine.stats().resent,
            "asked of the speaker": [sources[s].asked_at for s in streams if s in sources],
            "limits": [(legs[LegId(who)].downlink.limit, self._told(who)) for who in (SPEAKER, WATCHER)],
            "taken for the villain's": [ssrc for ssrc in legs[LegId(VILLAIN)].meter._reports if ssrc not in own],
        }

    def _told(self, who: ParticipantId) -> int:
        """These endpoints send no estimate of their own."""
        return self.engine._legs[LegId(who)].downlink._estimate

    def sent_about(self, ssrc: int) -> list[int]:
        """Numbers of packets sent lately, or soon, in the watcher's slot: a request for them could be answered."""
        slot = self.engine._legs[LegId(WATCHER)].slots_by_ssrc.get(ssrc)
        newest = slot.cohort.timeline.sequence if slot is not None and slot.cohort is not None else 100
        return [number & 0xFFFF for number in range(newest - 20, newest + 200)]

    def _why_not(self, slot: SlotName, packets: int) -> str | None:
        now = self.ends[WATCHER].received()[slot].packets
        return None if now >= packets else f"{slot} stands at {now}"


@contextmanager
def nothing_raised() -> Iterator[None]:
    """No exception reached the event loop, and none was logged."""
    raised: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(repr(context)))
    try:
        with structlog.testing.capture_logs() as logs:
            yield
    finally:
        loop.set_exception_handler(None)
    assert not raised, raised[:3]
    assert not [entry for entry in logs if entry["log_level"] in ("error", "critical")], logs


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    hall = Hall()
    await hall.open()
    yield hall
    await hall.close()


async def pour(hall: Hall, send: Callable[[bytes], object], packets: tuple[bytes, ...], seed: int) -> None:
    """`DATAGRAMS` spoilt packets, in small portions so that the node can keep up and none is lost on the way.

    Some cannot be sent: the villain's own encryption refuses what is no packet at all (`send` then raises).
    """
    dice = Random(seed)
    before, sent = hall.engine.stats().packets_in, 0
    while sent < DATAGRAMS:
        with suppress(pylibsrtp.Error, ValueError):
            send(spoil(dice.choice(packets), dice, packets))
            sent += 1
        if sent % _AT_ONCE == 0:
            await asyncio.sleep(0)

    def why_not() -> str | None:
        arrived = hall.engine.stats().packets_in - before
        return None if arrived > 0.95 * DATAGRAMS else f"only {arrived} of {DATAGRAMS} came in"

    await eventually(why_not)


async def test_spoilt_packets_of_strangers(hall: Hall) -> None:
    with nothing_raised(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        target = (HOST, hall.engine.port)
        await pour(hall, lambda data: stranger.sendto(data, target), (*CHECKS, *DTLS, *RTP, *RTCP), seed=1)
        await hall.still_well()
    assert hall.engine.stats().drops["unknown_address"] > 0


async def test_spoilt_packets_from_a_proved_address(hall: Hall) -> None:
    """What is not encrypted, encrypted wrongly, or no protocol at all."""
    line = hall.ends[VILLAIN]._line
    protected = tuple(_protected(line, packet) for packet in RTP)
    with nothing_raised():
        await pour(hall, line.ice.send, (*protected, *CHECKS, *DTLS, *RTP, *RTCP), seed=2)
        await hall.still_well()


async def test_spoilt_media_and_reports_inside_good_encryption(hall: Hall) -> None:
    villain = hall.ends[VILLAIN]
    line = villain._line
    genuine = tuple(
        build_packet(
            payload_type=96, marker=True, sequence=1, timestamp=9, ssrc=1, payload=data, mid="1", mid_extension=1
        )
        for data in (*VP8, *H264, b"\x90\x80\x80\x01" + KEY_FRAME)
    )
    legs = hall.engine._legs
    known = [*legs[LegId(VILLAIN)].slots_by_ssrc, *legs[LegId(WATCHER)].slots_by_ssrc]
    reports = tuple(packet for ssrc in known for packet in _reports(ssrc, hall.sent_about(ssrc)))
    before = hall.others()
    dice = Random(5)
    sequences = itertools.count(villain._picture._sequence + 1)
    ssrcs = [villain._picture.ssrc] * 8 + [villain._voice.ssrc] * 4 + [dice.getrandbits(32) for _ in range(40)]

    def send_media(data: bytes) -> None:
        """With numbers that SRTP takes (its sequence must go on), the rest as it was spoilt."""
        second = data[1] & 0xBF if len(data) > 1 and 192 <= data[1] <= 223 else data[1] if len(data) > 1 else 96
        numbers = struct.pack("!BHII", second, next(sequences) & 0xFFFF, dice.getrandbits(32), dice.choice(ssrcs))
        line.send_rtp(bytes([0x80 | data[0] & 0x3F if data else 0x80]) + numbers + data[12:])

    with nothing_raised():
        await pour(hall, send_media, (*genuine, *RTP), seed=3)
        await pour(hall, line.send_rtcp, (*reports, *RTCP), seed=4)
        await hall.still_well()
    assert legs[LegId(VILLAIN)].layers
    assert hall.others() == before


async def test_reports_about_the_streams_of_others_do_nothing(hall: Hall) -> None:
    legs = hall.engine._legs
    theirs = [*legs[LegId(WATCHER)].slots_by_ssrc, *(s.ssrc for s in legs[LegId(SPEAKER)].layers.values())]
    before, others = hall.engine.stats(), hall.others()
    heard = legs[LegId(VILLAIN)].meter.bytes_in
    for ssrc in theirs:
        for packet in _reports(ssrc, hall.sent_about(ssrc)):
            hall.ends[VILLAIN]._line.send_rtcp(packet)
    await eventually(lambda: None if legs[LegId(VILLAIN)].meter.bytes_in > heard + 500 else "nothing came")
    await hall.still_well()
    assert hall.others() == others
    assert hall.engine.stats().keyframe_requests == before.keyframe_requests
    samples = {sample.participant: sample for sample in hall.engine.samples()}
    assert not samples[WATCHER].loss_down
    assert not samples[SPEAKER].loss_up


def _reports(ssrc: int, lost: list[int]) -> Iterator[bytes]:
    """Everything that can be said about a stream."""
    head = rtcp.receiver_report(1, [rtcp.ReportBlock(ssrc, 1_000, 5_000, 9_000, 1, 2, 250)])
    yield head + rtcp.picture_loss(1, ssrc)
    yield head + bytes(aiortc_rtp.RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=struct.pack("!IB3x", ssrc, 1)))
    yield head + bytes(aiortc_rtp.RtcpRtpfbPacket(fmt=aiortc_rtp.RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ssrc, lost=lost))
    yield head + rtcp.remb(1, 30_000, [ssrc])
    yield bytes(aiortc_rtp.RtcpByePacket(sources=[ssrc]))


def _protected(line: Any, packet: bytes) -> bytes:
    return bytes(line._outbound.protect(packet))
