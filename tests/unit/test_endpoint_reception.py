"""Counting received streams."""

from __future__ import annotations

from struct import pack

import pytest

from bridge.endpoint.clips import VideoClip
from bridge.endpoint.reception import KeyFrameMark, StreamCounter, VideoCounter
from bridge.endpoint.sending import VideoPlayer, header_extension_block
from core.model import ParticipantId

WARD = ParticipantId("point:26734")
CLIP = VideoClip(((b"\x10" + b"k" * 999, b"k" * 500), (b"\x11" + b"d" * 300,), (b"\x11" + b"e" * 20,)), 0.1)


def audio_packet(sequence: int, timestamp: int) -> bytes:
    return pack("!BBHII", 0x80, 111, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 7) + b"sound"


def played(seconds: float, extension: bytes = b"") -> list[tuple[float, bytes]]:
    """What a player of CLIP sends, with the time at which it is due."""
    player = VideoPlayer(7)
    player.negotiated(96, extension)
    player.start(CLIP, 100.0)
    sent: list[tuple[float, bytes]] = []
    while player.next_at is not None and player.next_at < 100 + seconds:
        moment = player.next_at
        sent += [(moment, packet) for packet in player.due(moment)]
    return sent


def owner_of(mark: KeyFrameMark) -> ParticipantId | None:
    return WARD if mark == CLIP.mark else None


def test_a_stream_without_loss_has_received_all_that_was_expected() -> None:
    counter = StreamCounter(48_000)
    for number in range(100):
        counter.take(audio_packet(65_500 + number, 960 * number), 0.02 * number)
    seen = counter.snapshot()
    assert (seen.packets, seen.expected) == (100, 100)
    assert (seen.sequence_jumps, seen.timestamp_jumps) == (0, 0)
    assert counter.report().highest_sequence == 65_599
    assert counter.report().jitter == 0


def test_a_report_says_what_was_lost_since_the_last_one() -> None:
    counter = StreamCounter(48_000)
    for number in range(0, 100, 2):
        counter.take(audio_packet(number, 960 * number), 0.02 * number)
    first = counter.report()
    assert (first.packets_lost, first.fraction_lost) == (49, (49 << 8) // 99)
    for number in range(99, 200):
        counter.take(audio_packet(number, 960 * number), 0.02 * number)
    assert counter.report().fraction_lost == 0


def test_a_late_packet_is_counted_once_and_expects_no_more() -> None:
    counter = StreamCounter(48_000)
    for number in (0, 1, 3, 2, 4):
        counter.take(audio_packet(number, 960 * number), 0.02 * number)
    assert (counter.packets, counter.expected) == (5, 5)
    assert counter.sequence_jumps == 2


def test_jitter_follows_rfc_3550() -> None:
    counter = StreamCounter(48_000)
    counter.take(audio_packet(0, 0), 0.0)
    counter.take(audio_packet(1, 960), 0.02 + 0.01)
    assert counter.report().jitter == int(480 / 16)


def test_a_pause_is_no_jump_but_a_timestamp_off_the_clock_is() -> None:
    counter = StreamCounter(48_000)
    counter.take(audio_packet(0, 0), 0.0)
    counter.take(audio_packet(1, 48_000 * 60), 60.0)
    assert counter.snapshot().timestamp_jumps == 0
    counter.take(audio_packet(2, 48_000 * 90), 60.02)
    assert counter.snapshot().timestamp_jumps == 1


@pytest.mark.parametrize("extension", [b"", header_extension_block({1: b"1", 2: b"\x94"})])
def test_a_key_frame_is_recognised_over_several_packets(extension: bytes) -> None:
    counter = VideoCounter(owner_of)
    for moment, packet in played(0.25, extension):
        counter.take(packet, moment)
    seen = counter.snapshot()
    assert (seen.frames, seen.key_frames, seen.packets) == (3, 1, 4)
    assert (seen.last_key_frame_at, seen.last_key_frame_of) == (100.0, WARD)
    assert (seen.picture_id_jumps, seen.timestamp_jumps, seen.sequence_jumps) == (0, 0, 0)


def test_padding_does_not_hide_whose_key_frame_it_is() -> None:
    counter = VideoCounter(owner_of)
    for moment, packet in played(0.05):
        counter.take(bytes((packet[0] | 0x20,)) + packet[1:] + bytes(3) + b"\x04", moment)
    assert counter.snapshot().last_key_frame_of == WARD


def test_a_key_frame_with_a_hole_is_nobodys() -> None:
    counter = VideoCounter(owner_of)
    packets = played(0.65)
    for moment, packet in packets[:1] + packets[2:4]:
        counter.take(packet, moment)
    seen = counter.snapshot()
    assert (seen.key_frames, seen.last_key_frame_of, seen.sequence_jumps) == (1, None, 1)
    for moment, packet in packets[4:]:
        counter.take(packet, moment)
    assert counter.snapshot().last_key_frame_of == WARD


def test_a_picture_id_that_is_not_the_next_is_a_jump() -> None:
    counter = VideoCounter(owner_of)
    packets = played(0.25)
    for moment, packet in packets[:2]:
        counter.take(packet, moment)
    moment, third = packets[2]
    jumped = third[:14] + bytes((third[14] ^ 0x10,)) + third[15:]
    counter.take(jumped, moment)
    assert counter.snapshot().picture_id_jumps == 1


def test_a_key_frame_of_one_packet_is_recognised_even_as_the_very_first() -> None:
    small = VideoClip(((b"\x10tiny",),), 0.1)
    player = VideoPlayer(7)
    player.start(small, 0.0)
    counter = VideoCounter(lambda mark: WARD if mark == small.mark else None)
    counter.take(next(player.due(0.0)), 0.0)
    assert (counter.frames, counter.last_key_frame_of) == (1, WARD)


def test_noise_in_place_of_vp8_is_only_counted() -> None:
    counter = VideoCounter(owner_of)
    for number in range(5):
        counter.take(pack("!BBHII", 0x80, 96, number, 9_000 * number, 7), 0.1 * number)
    assert (counter.packets, counter.key_frames) == (5, 0)
