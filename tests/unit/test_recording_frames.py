"""From packets to frames: order, losses, codecs."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from bridge.recording.frames import Frame, H264Frames, Vp8Frames
from bridge.recording.reorder import MOST_HELD, WAIT_SECONDS, Packet, Reorder


def head(sequence: int, timestamp: int = 0, *, marker: bool = False) -> bytes:
    return (
        bytes((0x80, 0xE0 if marker else 0x60)) + (sequence & 0xFFFF).to_bytes(2, "big") + timestamp.to_bytes(4, "big")
    )


def vp8(sequence: int, timestamp: int, *, key: bool = False, first: bool = True, last: bool = True) -> Packet:
    frame = (b"\0\0\0\x9d\x01\x2a\x40\x01\xc0\x00" if key else b"\1inter") if first else b"rest"
    return Packet(sequence, timestamp, last, 96, bytes((0x10 if first else 0,)) + frame)


@pytest.mark.parametrize("seed", range(20))
def test_packets_come_out_in_the_order_they_were_sent(seed: int) -> None:
    dice = random.Random(seed)
    numbers = list(range(65_500, 65_600))
    arrivals = sorted(numbers[1:] + numbers[5:20], key=lambda n: n + dice.random() * 8)
    reorder, out = Reorder(), []
    for number in numbers[:1] + arrivals:
        out += reorder.add(head(number, number), b"x", 0.0)
    assert [p.sequence & 0xFFFF for p in out] == [n & 0xFFFF for n in numbers]
    assert not any(p.after_loss for p in out)


def test_a_missing_packet_is_waited_for_and_then_given_up() -> None:
    reorder = Reorder()
    assert len(reorder.add(head(1), b"a", 0.0)) == 1
    assert reorder.add(head(3), b"c", 0.1) == []
    assert reorder.expire(0.1 + WAIT_SECONDS * 0.9) == []
    [after] = reorder.expire(0.1 + WAIT_SECONDS)
    assert (after.payload, after.after_loss) == (b"c", True)
    assert reorder.add(head(2), b"b", 0.8) == []


def test_no_more_is_held_than_a_bounded_number() -> None:
    reorder, out = Reorder(), []
    for number in [0, *range(2, MOST_HELD + 3)]:
        out += reorder.add(head(number), b"x", 0.0)
    assert len(out) == MOST_HELD + 2


def test_timestamps_are_unwrapped() -> None:
    reorder = Reorder()
    [before] = reorder.add(head(1, 0xFFFF_FF00), b"x", 0.0)
    [after] = reorder.add(head(2, 0x100), b"x", 0.0)
    assert after.timestamp - before.timestamp == 0x200


def test_a_vp8_frame_is_put_together_from_its_packets() -> None:
    frames = Vp8Frames()
    assert frames.add(vp8(1, 0, key=True, last=False)) is None
    whole = frames.add(vp8(2, 0, first=False))
    assert whole == Frame("vp8", 0, True, b"\0\0\0\x9d\x01\x2a\x40\x01\xc0\x00rest", 320, 192)
    following = frames.add(vp8(3, 3_000))
    assert following is not None
    assert not following.key


def test_after_a_loss_nothing_comes_before_the_next_key_frame() -> None:
    frames = Vp8Frames()
    assert frames.add(vp8(1, 0, key=True)) is not None
    lossy = replace(vp8(3, 6_000), after_loss=True)
    assert frames.add(lossy) is None
    assert frames.needs_key
    assert frames.add(vp8(4, 9_000)) is None
    assert frames.add(vp8(5, 12_000, key=True)) is not None
    assert not frames.needs_key


def test_a_frame_that_lost_its_end_is_left_out() -> None:
    frames = Vp8Frames()
    assert frames.add(vp8(1, 0, key=True, last=False)) is None
    assert frames.add(vp8(2, 3_000)) is None
    assert frames.needs_key


def h264_stream(count: int) -> list[list[bytes]]:
    """Access units of a real encoder, as lists of NAL units."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 320, 192, "yuv420p", Fraction(1, 15)
    codec.options = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency"}
    units = []
    for number in range(count):
        picture = av.VideoFrame(320, 192, "yuv420p")
        picture.pts = number
        for packet in codec.encode(picture):
            units.append([unit for unit in re.split(b"\0\0\0?\1", bytes(packet)) if unit])
    return units


def h264_packets(units: list[list[bytes]]) -> list[Packet]:
    """As RFC 6184 packs them: small units together (STAP-A), large ones in fragments (FU-A)."""
    packets: list[Packet] = []
    for number, unit_list in enumerate(units):
        payloads: list[bytes] = []
        for unit in unit_list:
            if len(unit) <= 60:
                payloads.append(b"\x78" + len(unit).to_bytes(2, "big") + unit)
                continue
            pieces = [unit[1:][at : at + 50] for at in range(0, len(unit) - 1, 50)]
            for index, piece in enumerate(pieces):
                mark = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0) | unit[0] & 0x1F
                payloads.append(bytes((unit[0] & 0xE0 | 28, mark)) + piece)
        for index, payload in enumerate(payloads):
            packets.append(Packet(len(packets), 6_000 * number, index == len(payloads) - 1, 102, payload))
    return packets


def test_h264_is_put_together_as_it_was() -> None:
    units = h264_stream(4)
    frames = H264Frames()
    out = [frame for packet in h264_packets(units) if (frame := frames.add(packet)) is not None]
    assert [frame.data for frame in out] == [b"".join(b"\0\0\0\1" + unit for unit in unit_list) for unit_list in units]
    assert [frame.key for frame in out] == [True, False, False, False]
    assert (out[0].width, out[0].height) == (320, 192)


def test_h264_begins_at_a_parameter_set_and_does_so_again_after_a_loss() -> None:
    packets = h264_packets(h264_stream(3))
    frames = H264Frames()
    second = [packet for packet in packets if packet.timestamp == 6_000]
    assert all(frames.add(packet) is None for packet in second)
    assert frames.needs_key
    first = [packet for packet in packets if packet.timestamp == 0]
    without_one = [*first[:-2], first[-1]]
    assert all(frames.add(packet) is None for packet in without_one[:-1])
    damaged = frames.add(replace(first[-1], after_loss=True))
    assert damaged is None
    assert [frames.add(packet) is not None for packet in first][-1]
