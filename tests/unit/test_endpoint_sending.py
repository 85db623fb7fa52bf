"""Playing clips as RTP."""

from __future__ import annotations

from itertools import pairwise
from struct import unpack

from bridge.endpoint.clips import AudioClip, VideoClip
from bridge.endpoint.sending import AudioPlayer, Player, VideoPlayer, header_extension_block
from bridge.media.rtp import header_extensions, parse_header
from bridge.media.vp8 import parse_descriptor

VOICE = AudioClip((b"a", b"b", b"c"), 20)
PICTURE = VideoClip(((b"\x10key", b"rest"), (b"\x11delta",), (b"\x11delta2",)), 0.1)
OTHER = VideoClip(((b"\x10other",), (b"\x11delta",)), 0.2)


def run(player: Player, until: float) -> list[tuple[float, bytes]]:
    sent: list[tuple[float, bytes]] = []
    while player.next_at is not None and player.next_at <= until:
        moment = player.next_at
        sent += [(moment, packet) for packet in player.due(moment)]
    return sent


def sequence(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


def timestamp(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


def is_key_frame(packet: bytes) -> bool:
    descriptor = parse_descriptor(packet[12:])
    assert descriptor is not None
    return descriptor.key_frame


def test_a_voice_is_fifty_packets_a_second_of_960_samples() -> None:
    player = AudioPlayer(5)
    player.negotiated(111, b"")
    player.start(VOICE, 10.0)
    sent = run(player, 10.99)
    assert len(sent) == 50
    for (_, before), (_, after) in pairwise(sent):
        assert (sequence(after) - sequence(before)) & 0xFFFF == 1
        assert (timestamp(after) - timestamp(before)) & 0xFFFFFFFF == 960
    assert [packet[1] >> 7 for _, packet in sent] == [1] + [0] * 49
    assert player.packets == 50


def test_over_a_pause_the_timestamp_follows_the_clock_and_the_sequence_does_not_break() -> None:
    player = AudioPlayer(5)
    player.start(VOICE, 10.0)
    before = run(player, 10.0)[-1][1]
    player.stop()
    assert list(player.due(12.0)) == []
    player.start(VOICE, 20.0)
    after = run(player, 20.0)[-1][1]
    assert (sequence(after) - sequence(before)) & 0xFFFF == 1
    assert (timestamp(after) - timestamp(before)) & 0xFFFFFFFF == 480_000
    assert after[1] >> 7 == 1


def test_starting_again_what_plays_changes_nothing() -> None:
    player = VideoPlayer(5)
    player.start(PICTURE, 1.0)
    run(player, 1.0)
    player.start(PICTURE, 1.05)
    assert [is_key_frame(packet) for _, packet in run(player, 1.15)] == [False]


def test_a_loop_begins_with_its_key_frame_and_ids_count_on() -> None:
    player = VideoPlayer(5)
    player.negotiated(96, b"")
    player.start(PICTURE, 0.0)
    sent = [packet for _, packet in run(player, 0.55)]
    assert [is_key_frame(packet) for packet in sent] == [True, False, False, False] * 2
    assert [packet[1] >> 7 for packet in sent] == [0, 1, 1, 1] * 2
    ids = [unpack("!H", packet[14:16])[0] & 0x7FFF for packet in sent if packet[12] & 0x10]
    assert all((after - before) & 0x7FFF == 1 for before, after in pairwise(ids))


def test_a_wanted_key_frame_comes_at_once_but_twice_a_second_at_most() -> None:
    player = VideoPlayer(5)
    player.start(PICTURE, 0.0)
    run(player, 0.1)
    assert not player.restart(0.15)
    run(player, 0.55)
    assert not player.restart(0.56)
    assert player.restart(0.9)
    assert player.next_at == 0.9
    assert is_key_frame(run(player, 0.9)[0][1])


def test_nobody_gets_a_key_frame_of_a_camera_that_is_off() -> None:
    assert not VideoPlayer(5).restart(9.0)


def test_another_clip_begins_with_its_own_key_frame() -> None:
    player = VideoPlayer(5)
    player.start(PICTURE, 0.0)
    before = run(player, 0.1)[-1][1]
    player.start(OTHER, 0.15)
    after = run(player, 0.15)[0][1]
    assert after.endswith(b"other")
    assert (timestamp(after) - timestamp(before)) & 0xFFFFFFFF == 4_500
    assert (sequence(after) - sequence(before)) & 0xFFFF == 1


def test_a_stopped_process_does_not_send_a_burst_afterwards() -> None:
    player = AudioPlayer(5)
    player.start(VOICE, 0.0)
    assert len(list(player.due(30.0))) == 1
    assert player.next_at == 30.02


def test_header_extensions_are_read_as_they_were_written() -> None:
    player = AudioPlayer(5)
    player.negotiated(111, header_extension_block({1: b"17", 2: b"\x94"}))
    player.start(VOICE, 0.0)
    packet = run(player, 0.0)[0][1]
    header = parse_header(packet)
    assert header is not None
    assert header_extensions(packet, header) == {1: b"17", 2: b"\x94"}
    assert packet[header.payload_start :] == b"b"
