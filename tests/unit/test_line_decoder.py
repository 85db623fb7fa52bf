"""What a decoder would make of the packets that came."""

from __future__ import annotations

from bench.lines_decoder import Decoder
from tests.support.simulcast import Layer


def pictures(count: int) -> list[list[bytes]]:
    layer = Layer("l", 320, 180, 300)
    return [layer.packets(number * 6_000) for number in range(count)]


def play(decoder: Decoder, packets: list[bytes], at: float) -> None:
    for packet in packets:
        decoder.take(packet, at)


def test_whole_pictures_are_shown_and_a_late_packet_holds_back_what_follows() -> None:
    decoder, sent = Decoder(), pictures(4)
    play(decoder, sent[0], 0.0)
    play(decoder, sent[1][:-1], 0.1)
    play(decoder, sent[2], 0.2)
    assert (decoder.decoded, decoder.width) == (1, 320)
    play(decoder, sent[1][-1:], 0.25)
    assert decoder.decoded == 3
    play(decoder, sent[1][-1:], 0.3)
    assert decoder.decoded == 3


def test_a_picture_that_stays_away_freezes_until_a_key_frame() -> None:
    layer, decoder, now = Layer("l", 320, 180, 300), Decoder(), 0.0
    for number in range(30):
        layer.key_frame_wanted = layer.key_frame_wanted or number == 20
        sent = layer.packets(number * 6_000)
        play(decoder, sent[1:] if number == 10 else sent, now)
        now += 1 / 15
    assert decoder.decoded == 20
    assert decoder.freezes == 1
    assert 0.7 < decoder.frozen_seconds < 0.8
