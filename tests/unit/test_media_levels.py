"""The level of a microphone: negotiated, and read from its packets (RFC 6464)."""

from __future__ import annotations

import struct

import pytest

from bridge.endpoint.negotiation import Credentials as EndpointCredentials
from bridge.endpoint.negotiation import Local as EndpointLocal
from bridge.endpoint.negotiation import write_offer
from bridge.media.answer import Local, write_answer
from bridge.media.ice import Credentials
from bridge.media.rtp import audio_level, parse_header
from bridge.media.sdp import LEVEL_URI, parse_offer
from core.model import SlotName, Track
from core.settings import Limits


def test_the_level_is_asked_of_microphones_and_of_nothing_else() -> None:
    ssrcs = dict.fromkeys(Track, 1)
    local = EndpointLocal(EndpointCredentials("abcd", "p" * 24), ":".join(["AB"] * 32), None, "hall", ssrcs)
    text, receive, send = write_offer(local, [SlotName.STAGE, SlotName.AUDIO1])
    offer = parse_offer(text, Limits())
    here = Local([], 1, Credentials.generate(), "CD", dict.fromkeys(receive, 1), "c")
    sections = write_answer(offer, receive, send, here).split("\r\nm=")[1:]
    assert [LEVEL_URI in section for section in sections] == [True, False, False, False]


@pytest.mark.parametrize(("octet", "level"), [(0x80, 0), (0x80 | 20, 20), (20, 20), (127, 127)])
def test_the_level_is_read_whether_or_not_it_is_called_speech(octet: int, level: int) -> None:
    extension = b"\xbe\xde\x00\x01" + bytes([2 << 4, octet, 0, 0])
    packet = struct.pack("!BBHII", 0x90, 111, 1, 2, 3) + extension + b"x"
    header = parse_header(packet)
    assert header is not None
    assert audio_level(packet, header, 2) == level
    assert audio_level(packet, header, 5) is None
