"""RTCP of an endpoint."""

from __future__ import annotations

from struct import pack

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpSdesPacket, RtcpSenderInfo, RtcpSrPacket

from bridge.endpoint.clips import AudioClip
from bridge.endpoint.feedback import Feedback
from bridge.endpoint.reception import StreamCounter
from bridge.endpoint.sending import AudioPlayer, VideoPlayer

VOICE = AudioClip((b"a", b"b"), 20)


def stream_of(count: int) -> StreamCounter:
    stream = StreamCounter(48_000)
    for number in range(count):
        stream.take(pack("!BBHII", 0x80, 111, number, 960 * number, 9), 0.02 * number)
    return stream


def test_an_idle_endpoint_reports_as_a_receiver() -> None:
    players = [AudioPlayer(1), VideoPlayer(2)]
    report, sdes = RtcpPacket.parse(Feedback("hall").report(players, {9: stream_of(10)}, 1.0))
    assert isinstance(report, RtcpRrPacket)
    assert [(block.ssrc, block.highest_sequence) for block in report.reports] == [(9, 9)]
    assert isinstance(sdes, RtcpSdesPacket)
    assert sdes.chunks[0].items == [(1, b"hall")]


def test_a_sender_reports_what_it_sent() -> None:
    voice = AudioPlayer(1)
    voice.start(VOICE, 0.0)
    assert len(list(voice.due(0.1))) == 6
    report, _ = RtcpPacket.parse(Feedback("hall").report([voice, VideoPlayer(2)], {9: stream_of(3)}, 0.1))
    assert isinstance(report, RtcpSrPacket)
    assert (report.ssrc, report.sender_info.packet_count, report.sender_info.octet_count) == (1, 6, 6)
    assert len(report.reports) == 1


def test_a_block_tells_the_peer_its_round_trip() -> None:
    feedback, stream = Feedback("hall"), stream_of(2)
    theirs = RtcpSrPacket(9, RtcpSenderInfo(0x1111_2222_3333_4444, 0, 0, 0))
    feedback.take(bytes(theirs), {9: stream}, 5.0)
    report = RtcpPacket.parse(feedback.report([AudioPlayer(1)], {9: stream}, 5.5))[0]
    assert isinstance(report, RtcpRrPacket)
    assert (report.reports[0].lsr, report.reports[0].dlsr) == (0x2222_3333, 32_768)


def test_picture_loss_and_full_intra_requests_name_the_stream() -> None:
    feedback = Feedback("hall")
    assert feedback.take(bytes(RtcpPsfbPacket(1, 5, 22)), {}, 0.0) == {22}
    full_intra = RtcpPsfbPacket(4, 5, 0, pack("!IIII", 22, 1 << 24, 23, 1 << 24))
    assert feedback.take(bytes(full_intra), {}, 0.0) == {22, 23}


@pytest.mark.parametrize("data", [b"\x80\xc9", b"\x80\xc9\x00\x09abcd", b"\x40\xc9\x00\x00"])
def test_damaged_reports_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Feedback("hall").take(data, {}, 0.0)
