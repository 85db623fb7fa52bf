"""Bytes from the network that are not what they should be: no parser raises, and none points outside its packet."""

from __future__ import annotations

import struct
from contextlib import suppress

from aioice import stun
from aiortc import rtp as aiortc_rtp
from hypothesis import given
from hypothesis import strategies as st

from bridge.endpoint.feedback import Feedback
from bridge.media import rtcp
from bridge.media.h264 import H264Start, find_start, is_readable, picture_size, units_of
from bridge.media.ice import Credentials, IceLite
from bridge.media.reception import Reception
from bridge.media.rtp import build_packet, header_extensions, is_rtcp, parse_header
from bridge.media.vp8 import PICTURE_IDS, PictureIds, parse_descriptor, rewrite_ids
from tests.support.mutation import fuzzed, spoilt

KEY_FRAME = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01" + bytes(range(64))
VP8 = (
    b"\x90\xf0\x92\x34\x07\x21" + KEY_FRAME,
    b"\x90\x80\x12" + KEY_FRAME,
    b"\x80\xe0\x92\x35\x07\x61" + bytes(40),
    b"\x10" + KEY_FRAME,
    b"\x00\x01\x02\x03",
)
SPS = bytes.fromhex("6742c01fd9005005bb011000000300100000030300f183248000")
H264 = (
    SPS,
    b"\x68\xcb\x83\xcb\x20",
    b"\x18" + len(SPS).to_bytes(2, "big") + SPS + b"\x00\x04\x68\xce\x3c\x80",
    b"\x7c\x85" + bytes(range(60)),
    b"\x65" + bytes(range(80)),
    bytes.fromhex("67640028acd940780227e5c044000003000400000300f03c60c658"),
)
RTP = (
    build_packet(
        payload_type=96, marker=True, sequence=1, timestamp=9, ssrc=7, payload=VP8[0], mid="0", mid_extension=4
    ),
    build_packet(payload_type=111, marker=False, sequence=65_535, timestamp=1 << 31, ssrc=8, payload=bytes(60)),
    b"\xb0\x60" + bytes(10) + b"\x10\x00\x00\x03\x04\x01\x30\x0a\x02hi\x00\x00\x00\x00" + VP8[0] + b"\x00\x02",
    b"\x9f\x60" + bytes(10 + 15 * 4) + b"\xbe\xde\x00\x02\x40\x30\xa1\x68\x69\x00\x00\x00payload",
)
BLOCKS = [rtcp.ReportBlock(7, 3, 70_000, 55, 1, 2, 9), rtcp.ReportBlock(8, -3, 1, 0, 0, 0, 0)]
FIR = bytes(aiortc_rtp.RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=struct.pack("!IB3x", 7, 1)))
NACK = bytes(aiortc_rtp.RtcpRtpfbPacket(fmt=aiortc_rtp.RTCP_RTPFB_NACK, ssrc=1, media_ssrc=7, lost=[5, 6, 9, 65_535]))
RTCP = (
    rtcp.receiver_report(1, BLOCKS) + rtcp.remb(1, 2_500_000, [7, 8]),
    rtcp.sender_report(7, 1 << 60, 99, 5, 6_000) + rtcp.source_description([7, 8], "cname"),
    rtcp.receiver_report(1, []) + rtcp.picture_loss(1, 7) + FIR + NACK,
    bytes(aiortc_rtp.RtcpByePacket(sources=[7, 8])),
)


@fuzzed
@given(spoilt(RTP))
def test_rtp_headers(data: bytes) -> None:
    is_rtcp(data)
    header = parse_header(data)
    if header is None:
        return
    assert 12 <= header.payload_start <= header.payload_end <= len(data)
    assert header.extension_start <= header.extension_end <= header.payload_start
    assert header.payload_type < 128
    for number, value in header_extensions(data, header).items():
        assert 0 < number < 256
        assert value in data


@fuzzed
@given(spoilt(RTCP))
def test_rtcp_as_the_node_reads_it(data: bytes) -> None:
    for item in rtcp.parse_feedback(data):
        if isinstance(item, rtcp.Bandwidth):
            assert item.bitrate >= 0
        else:
            assert 0 <= item.ssrc < 1 << 32
    # RFC 3550 section 6.4.1: what was lost is a signed number of 24 bits, however it was damaged.
    blocks = [item for item in rtcp.parse_feedback(data) if isinstance(item, rtcp.ReportBlock)]
    assert all(-(1 << 23) <= block.lost < 1 << 23 for block in blocks)
    rtcp.receiver_report(1, blocks)


@fuzzed
@given(spoilt(RTCP))
def test_rtcp_as_an_endpoint_reads_it(data: bytes) -> None:
    # A ValueError is what its caller expects; anything else would end the endpoint's reading.
    with suppress(ValueError):
        Feedback("cname").take(data, {}, 1.0)


@fuzzed
@given(spoilt(VP8), st.integers(0, PICTURE_IDS - 1), st.integers(0, 255))
def test_vp8_descriptors(payload: bytes, picture_id: int, tl0picidx: int) -> None:
    found = parse_descriptor(payload)
    if found is None:
        return
    assert found.size <= len(payload)
    assert not found.key_frame or found.starts_frame
    ids = PictureIds()
    if found.picture_id is not None:
        assert 0 <= ids.unwrap(found.picture_id, found.picture_id_bytes) < PICTURE_IDS
    again = parse_descriptor(rewrite_ids(payload, found, picture_id, tl0picidx))
    assert again is not None
    assert again.picture_id == (None if found.picture_id is None else picture_id)
    assert again.tl0picidx == (None if found.tl0picidx is None else tl0picidx)
    assert (again.key_frame, again.width, again.height) == (found.key_frame, found.width, found.height)


@fuzzed
@given(spoilt(H264))
def test_h264_payloads(payload: bytes) -> None:
    is_readable(payload)
    assert sum(len(unit) for unit in units_of(payload)) <= len(payload)
    start = find_start(payload)
    if isinstance(start, H264Start):
        assert 0 <= start.width <= 1 << 14
        assert 0 <= start.height <= 1 << 14
    picture_size(payload)


LOCAL = Credentials("local1", "p" * 24)


def _check(password: str = LOCAL.password, *, nominate: bool = True) -> bytes:
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.transaction_id = b"transaction1"
    request.attributes["USERNAME"] = "local1:remote"
    request.attributes["PRIORITY"] = 1
    if nominate:
        request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(password.encode())
    return bytes(request)


CHECKS = (_check(), _check(nominate=False), _check("q" * 24))
_FINGERPRINT_BYTES = 8


@fuzzed
@given(spoilt(CHECKS))
def test_stun_that_was_changed_proves_no_address(data: bytes) -> None:
    ice = IceLite[str]()
    ice.expect(LOCAL, "remote", "the leg")
    proved = ice.check(data, ("192.0.2.1", 4_000))
    if proved is None:
        return
    # What comes after the integrity is not covered by it (RFC 8489 section 14.5).
    genuine = {check[20:-_FINGERPRINT_BYTES] for check in CHECKS[:2]}
    assert any(data[20:].startswith(body) for body in genuine), data.hex()


@fuzzed
@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, (1 << 32) - 1), st.floats(0, 1e6)), max_size=50))
def test_a_stream_of_any_numbers_can_be_reported(packets: list[tuple[int, int, float]]) -> None:
    reception = Reception(90_000)
    for sequence, timestamp, at in packets:
        reception.add(sequence, timestamp, at)
    rtcp.receiver_report(1, [reception.report(7, 1e6)])
    assert reception.jitter_ms >= 0
