"""The endpoint over real sockets, against a small peer that records what it gets."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket

from bridge.endpoint import path
from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import read_description
from bridge.endpoint.reception import VideoCounter
from bridge.endpoint.sending import VideoPlayer, header_extension_block
from core.errors import BadInput, Unavailable
from core.model import AUDIENCE_SLOTS, CameraLevel, ParticipantId, SlotName, Track
from tests.support.polling import UNIT, eventually

HALL, OTHER = ParticipantId("point:1"), ParticipantId("point:2")
SLOT_SSRC = 1_000


class RecordingPeer:
    """A full-ICE peer on loopback that keeps what it receives."""

    def __init__(self) -> None:
        self.line = SecureLine(self.take_rtp, self.take_rtcp, host="127.0.0.1", controlling=False)
        self.rtp: list[bytes] = []
        self.reports: list[object] = []

    def take_rtp(self, packet: bytes) -> None:
        self.rtp.append(packet)

    def take_rtcp(self, data: bytes) -> None:
        self.reports.extend(RtcpPacket.parse(data))

    def answer(self, offer: str, *, setup: str = "passive", announce: bool = True) -> str:
        """The offer turned round: this side's credentials, and streams numbered from SLOT_SSRC by mid."""
        assert self.line.ice.address is not None
        port = self.line.ice.address[1]
        text = re.sub(r"ice-ufrag:\S+", f"ice-ufrag:{self.line.ice.credentials.ufrag}", offer)
        text = re.sub(r"ice-pwd:\S+", f"ice-pwd:{self.line.ice.credentials.password}", text)
        text = re.sub(r"(a=candidate:.* )\d+( typ)", rf"\g<1>{port}\g<2>", text)
        text = text.replace("setup:actpass", f"setup:{setup}").replace("recvonly", "answered")
        text = text.replace("sendonly", "recvonly").replace("answered", "sendonly")
        text = re.sub(r"a=ssrc:.*\r\n", "", text)
        if announce:
            text = re.sub(r"a=mid:(\d+)\r\n", lambda m: f"{m[0]}a=ssrc:{SLOT_SSRC + int(m[1])} cname:x\r\n", text)
        return text

    def payload(self, ssrc: int) -> list[bytes]:
        return [packet for packet in self.rtp if int.from_bytes(packet[8:12], "big") == ssrc]


Pair = tuple[MediaEndpoint, RecordingPeer]


@asynccontextmanager
async def joined(*, setup: str = "passive", announce: bool = True) -> AsyncIterator[Pair]:
    """An endpoint connected to a recording peer; afterwards both are closed and no task may be left."""
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    failures: list[object] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    peer = RecordingPeer()
    endpoint = MediaEndpoint(HALL, AUDIENCE_SLOTS, ClipLibrary({HALL: "Phường Một"}), host="127.0.0.1")
    offer, _, _ = endpoint.offer()
    theirs = read_description(offer.replace("actpass", "active" if setup == "passive" else "passive")).peer
    try:
        answer = peer.answer(offer, setup=setup, announce=announce)
        await asyncio.gather(endpoint.connect(answer), peer.line.connect(theirs, timeout=20 * UNIT))
        yield endpoint, peer
    finally:
        await endpoint.close()
        await peer.line.close()
        loop.set_exception_handler(None)
    assert asyncio.all_tasks() <= before, "tasks are left"
    assert not failures


def slot_player(ssrc: int, mid: bytes) -> VideoPlayer:
    """What a node would send into the slot of `mid`."""
    player = VideoPlayer(ssrc)
    player.negotiated(96, header_extension_block({1: mid}))
    return player


def at_least(count: int, what: str, got: int) -> str | None:
    return None if got >= count else f"{got} of {count} {what}"


@pytest.mark.parametrize("setup", ["passive", "active"])
async def test_an_endpoint_connects_in_either_dtls_role(setup: str) -> None:
    async with joined(setup=setup) as (endpoint, peer):
        assert endpoint.connected
        await eventually(lambda: at_least(1, "reports", len(peer.reports)))
        assert isinstance(peer.reports[0], RtcpRrPacket)
        assert not peer.rtp, "media was sent without being asked for"
    assert not endpoint.connected


async def test_it_publishes_what_it_is_told_and_stops_again() -> None:
    async with joined() as (endpoint, peer):
        endpoint.publish(True, CameraLevel.TILE)
        await eventually(lambda: at_least(20, "packets", len(peer.rtp)))
        await eventually(lambda: at_least(1, "sender reports", sum(isinstance(r, RtcpSrPacket) for r in peer.reports)))
        ssrcs = {int.from_bytes(packet[8:12], "big") for packet in peer.rtp}
        assert len(ssrcs) == 2
        endpoint.publish(False, CameraLevel.OFF)
        await eventually(lambda: None if not endpoint._playing or endpoint._playing.done() else "still changing")
        sent = endpoint.sent()
        assert sent[Track.CAMERA].packets > 0
        total = sum(track.packets for track in sent.values())
        await eventually(lambda: at_least(total, "packets", len(peer.rtp)))
        await eventually(lambda: at_least(1, "receiver reports", int(isinstance(peer.reports[-2], RtcpRrPacket))))
        assert endpoint.sent() == sent


async def test_what_it_publishes_is_recognised_as_its_own() -> None:
    async with joined() as (endpoint, peer):
        endpoint.publish(False, CameraLevel.FULL)
        await eventually(lambda: at_least(60, "packets", len(peer.rtp)))
        counter = VideoCounter(endpoint._clips.owner_of)
        for packet in peer.rtp:
            counter.take(packet, asyncio.get_running_loop().time())
        assert counter.last_key_frame_of == HALL
        assert counter.sequence_jumps == counter.picture_id_jumps == 0


async def test_a_picture_loss_brings_a_key_frame_at_once() -> None:
    async with joined() as (endpoint, peer):
        endpoint.publish(False, CameraLevel.TILE)
        await eventually(lambda: at_least(15, "packets", len(peer.rtp)))
        counter = VideoCounter(lambda mark: None)
        seen = 0

        def key_frames() -> int:
            nonlocal seen
            for packet in peer.rtp[seen:]:
                counter.take(packet, 0.0)
            seen = len(peer.rtp)
            return counter.key_frames

        before = key_frames()
        ssrc = int.from_bytes(peer.rtp[0][8:12], "big")
        asked_at = len(peer.rtp)
        peer.line.send_rtcp(bytes(RtcpRrPacket(1)) + bytes(RtcpPsfbPacket(1, 1, ssrc)))
        await eventually(lambda: at_least(before + 1, "key frames", key_frames()), units=2)
        assert len(peer.rtp) - asked_at < 28, "that was the next turn of the loop, not the answer"


@pytest.mark.parametrize("announce", [True, False])
async def test_it_counts_what_its_slots_receive(announce: bool) -> None:
    async with joined(announce=announce) as (endpoint, peer):
        clip = await endpoint._clips.video(HALL, CameraLevel.TILE)
        player = slot_player(SLOT_SSRC + 3, b"3")
        now = asyncio.get_running_loop().time()
        player.start(clip, now)
        for packet in player.due(now):
            peer.line.send_rtp(packet)
        await eventually(lambda: at_least(1, "frames", endpoint.received()[SlotName.STAGE].frames))
        seen = endpoint.received()[SlotName.STAGE]
        assert (seen.packets, seen.expected, seen.key_frames) == (len(clip.frames[0]), len(clip.frames[0]), 1)
        assert seen.last_key_frame_of == HALL
        assert endpoint.received()[SlotName.SECOND].packets == 0


async def test_its_reports_let_the_sender_reckon_round_trip_and_loss() -> None:
    async with joined() as (endpoint, peer):
        clip = await endpoint._clips.video(HALL, CameraLevel.FULL)
        player = slot_player(SLOT_SSRC + 3, b"3")
        now = asyncio.get_running_loop().time()
        player.start(clip, now)
        packets = list(player.due(now))
        for packet in packets[:3] + packets[4:]:
            peer.line.send_rtp(packet)
        peer.line.send_rtcp(bytes(RtcpSrPacket(SLOT_SSRC + 3, RtcpSenderInfo(0xAAAA_BBBB_CCCC_DDDD, 0, 9, 9))))

        def block() -> str | None:
            blocks = [b for r in peer.reports if isinstance(r, RtcpRrPacket) for b in r.reports]
            good = [b for b in blocks if b.ssrc == SLOT_SSRC + 3 and b.lsr == 0xBBBB_CCCC and b.packets_lost == 1]
            return None if good and good[0].dlsr > 0 else f"{blocks}"

        await eventually(block)


async def test_noise_on_its_port_disturbs_nothing() -> None:
    async with joined() as (endpoint, peer):
        assert endpoint._line.ice.address is not None
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        short_attribute = bytes.fromhex("0101 0008 2112a442") + bytes(12) + bytes.fromhex("0024 0002 0000 0000")
        for noise in (b"", b"\x00", b"\x01\x01" + bytes(18), short_attribute, b"\x16" * 60, b"\x80" * 200):
            stranger.sendto(noise, endpoint._line.ice.address)
            peer.line.ice.send(noise)
        stranger.close()
        endpoint.publish(False, CameraLevel.TILE)
        await eventually(lambda: at_least(5, "packets", len(peer.rtp)))
        assert endpoint.connected


async def test_the_peers_goodbye_is_noticed() -> None:
    async with joined() as (endpoint, peer):
        await peer.line.close()
        await asyncio.wait_for(endpoint.lost.wait(), 5 * UNIT)
        assert not endpoint.connected


async def test_a_peer_that_vanishes_without_goodbye_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "_CONSENT_SECONDS", 0.05)
    monkeypatch.setattr(path, "_CONSENT_EXPIRES_SECONDS", 0.5 * UNIT)
    async with joined() as (endpoint, peer):
        await eventually(lambda: at_least(1, "reports", len(peer.reports)))
        assert endpoint.connected
        peer.line.ice.close()
        await asyncio.wait_for(endpoint.lost.wait(), 5 * UNIT)
        assert not endpoint.connected


async def test_nobody_there_is_a_named_error() -> None:
    endpoint = MediaEndpoint(HALL, AUDIENCE_SLOTS, ClipLibrary({}), host="127.0.0.1")
    peer = RecordingPeer()
    answer = peer.answer(endpoint.offer()[0])
    await peer.line.close()
    with pytest.raises(Unavailable) as caught:
        await endpoint.connect(answer, timeout=0.3)
    assert caught.value.code == "media.unreachable"
    await endpoint.close()


async def test_a_peer_with_another_certificate_is_refused() -> None:
    before = asyncio.all_tasks()
    endpoint = MediaEndpoint(HALL, AUDIENCE_SLOTS, ClipLibrary({}), host="127.0.0.1")
    peer = RecordingPeer()
    offer = endpoint.offer()[0]
    answer = re.sub(r"sha-256 \S+", "sha-256 " + ":".join(["AB"] * 32), peer.answer(offer))
    theirs = read_description(offer.replace("actpass", "active")).peer
    results = await asyncio.gather(
        endpoint.connect(answer, timeout=5 * UNIT), peer.line.connect(theirs, timeout=5 * UNIT), return_exceptions=True
    )
    assert isinstance(results[0], Unavailable)
    assert results[0].code == "media.handshake_failed"
    await endpoint.close()
    await peer.line.close()
    assert asyncio.all_tasks() <= before


async def test_an_unusable_answer_is_refused_and_the_endpoint_can_be_closed() -> None:
    endpoint = MediaEndpoint(HALL, AUDIENCE_SLOTS, ClipLibrary({}), host="127.0.0.1")
    with pytest.raises(BadInput):
        await endpoint.connect("v=0\r\n")
    await endpoint.close()
    await endpoint.close()


async def test_closing_while_connecting_ends_the_attempt() -> None:
    before = asyncio.all_tasks()
    endpoint = MediaEndpoint(HALL, AUDIENCE_SLOTS, ClipLibrary({}), host="127.0.0.1")
    peer = RecordingPeer()
    answer = peer.answer(endpoint.offer()[0])
    await peer.line.close()
    attempt = asyncio.create_task(endpoint.connect(answer, timeout=20 * UNIT))
    await asyncio.wait([attempt], timeout=0.1)
    await endpoint.close()
    with pytest.raises(Unavailable):
        await attempt
    assert asyncio.all_tasks() <= before
