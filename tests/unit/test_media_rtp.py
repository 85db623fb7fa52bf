"""RTP, RTCP and VP8 reading: right on good packets, silent on any other."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.media import rtcp
from bridge.media.ice import IceLite
from bridge.media.rtp import build_packet, header_extensions, is_rtcp, parse_header, sequence_distance
from bridge.media.vp8 import PictureIds, parse_descriptor, rewrite_ids


@given(st.integers(0, 127), st.booleans(), st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.binary(max_size=60))
def test_a_built_packet_is_read_back(
    payload_type: int, marker: bool, sequence: int, stamp: int, payload: bytes
) -> None:
    data = build_packet(
        payload_type=payload_type, marker=marker, sequence=sequence, timestamp=stamp, ssrc=7, payload=payload,
        mid="12", mid_extension=4,
    )  # fmt: skip
    header = parse_header(data)
    assert header is not None
    assert (header.payload_type, header.marker, header.sequence) == (payload_type, marker, sequence)
    assert (header.timestamp, header.ssrc) == (stamp, 7)
    assert data[header.payload_start : header.payload_end] == payload
    assert header_extensions(data, header) == {4: b"12"}


def test_padding_is_not_payload() -> None:
    data = struct.pack("!BBHII", 0xA0, 96, 1, 2, 3) + b"abc" + bytes(3) + b"\x04"
    header = parse_header(data)
    assert header is not None
    assert data[header.payload_start : header.payload_end] == b"abc"


def test_more_padding_than_packet_is_refused() -> None:
    assert parse_header(struct.pack("!BBHII", 0xA0, 96, 1, 2, 3) + b"\x09") is None


def test_two_byte_extensions_are_read() -> None:
    block = bytes([1, 3]) + b"mid" + bytes([20, 1]) + b"h" + bytes(0)
    block += bytes(-len(block) % 4)
    data = struct.pack("!BBHII", 0x90, 96, 1, 2, 3) + struct.pack("!HH", 0x1000, len(block) // 4) + block
    header = parse_header(data)
    assert header is not None
    assert header_extensions(data, header) == {1: b"mid", 20: b"h"}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    is_rtcp(data)
    header = parse_header(data)
    if header is not None:
        assert 12 <= header.payload_start <= header.payload_end <= len(data)
        header_extensions(data, header)
    parse_descriptor(data)
    rtcp.parse_feedback(data)
    assert IceLite[str]().check(data, ("192.0.2.1", 1)) is None


@given(st.integers(0, 0xFFFF), st.integers(-0x7FFF, 0x7FFF))
def test_distance_survives_the_wrap(start: int, step: int) -> None:
    assert sequence_distance((start + step) & 0xFFFF, start) == step


def descriptor(picture_id: int | None, tl0: int | None, *, wide: bool = True, first: int = 0x10) -> bytes:
    if picture_id is None and tl0 is None:
        return bytes([first])
    flags = (0x80 if picture_id is not None else 0) | (0x60 if tl0 is not None else 0)
    out = bytes([first | 0x80, flags])
    if picture_id is not None:
        out += (0x8000 | picture_id).to_bytes(2, "big") if wide else bytes([picture_id])
    if tl0 is not None:
        out += bytes([tl0, 0x40])
    return out


KEY_FRAME = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 1280, 720) + b"body"


def test_a_key_frame_tells_its_size() -> None:
    vp8 = parse_descriptor(descriptor(300, 7) + KEY_FRAME)
    assert vp8 is not None
    assert vp8.key_frame
    assert (vp8.picture_id, vp8.tl0picidx, vp8.temporal_layer) == (300, 7, 1)
    assert (vp8.width, vp8.height) == (1280, 720)


def test_a_later_packet_of_a_key_frame_starts_nothing() -> None:
    vp8 = parse_descriptor(descriptor(300, 7, first=0) + KEY_FRAME)
    assert vp8 is not None
    assert not vp8.key_frame


@given(
    st.one_of(st.none(), st.integers(0, 127)),
    st.one_of(st.none(), st.integers(0, 255)),
    st.booleans(),
    st.integers(0, 0x7FFF),
    st.integers(0, 255),
)
def test_rewritten_ids_are_read_back(
    picture_id: int | None, tl0: int | None, wide: bool, new_id: int, new_tl0: int
) -> None:
    payload = descriptor(picture_id, tl0, wide=wide) + KEY_FRAME
    before = parse_descriptor(payload)
    assert before is not None
    rewritten = rewrite_ids(payload, before, new_id, new_tl0)
    after = parse_descriptor(rewritten)
    assert after is not None
    assert after.picture_id == (None if picture_id is None else new_id)
    assert after.tl0picidx == (None if tl0 is None else new_tl0)
    assert rewritten[after.size :] == KEY_FRAME


@given(st.lists(st.integers(1, 30), max_size=60))
def test_short_picture_ids_count_on(steps: list[int]) -> None:
    ids, true = PictureIds(), 100
    ids.unwrap(true, 1)
    for step in steps:
        true += step
        assert ids.unwrap(true & 0x7F, 1) == true % 0x8000


def test_feedback_is_read_back() -> None:
    block = rtcp.ReportBlock(ssrc=5, lost=3, highest=70_000, jitter=9, last_report=11, delay=12, fraction=4)
    data = rtcp.receiver_report(1, [block]) + rtcp.picture_loss(1, 5) + rtcp.remb(1, 2_500_000, [5])
    assert rtcp.parse_feedback(data) == [block, rtcp.KeyframeWanted(5), rtcp.Bandwidth(2_499_968 + 32)]


def test_a_sender_report_gives_the_clock() -> None:
    ntp = rtcp.ntp_time(1_000.5)
    data = rtcp.sender_report(5, ntp, 2**33, 2**33, 2**33) + rtcp.source_description([5], "name")
    assert rtcp.parse_feedback(data) == [rtcp.SenderClock(5, rtcp.ntp_middle(ntp))]


@pytest.mark.parametrize("damage", range(0, 60, 3))
def test_a_cut_compound_packet_gives_nothing_or_its_whole(damage: int) -> None:
    data = rtcp.receiver_report(1, []) + rtcp.remb(1, 1_000, [5, 6])
    rtcp.parse_feedback(data[:damage])
