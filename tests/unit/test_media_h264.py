"""H.264: where a receiver can begin, how large the picture is, and who is forwarded what."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Session

from bridge.media.answer import Local, write_answer
from bridge.media.forwarding import ForwardingTable, Slot, Stream
from bridge.media.h264 import H264Start, find_start, is_readable, picture_size, units_of
from bridge.media.ice import Credentials
from bridge.media.reception import Reception
from bridge.media.sdp import check_slots, parse_offer
from bridge.media.slots import MediaPacket, Placed
from bridge.media.vp8 import parse_descriptor
from core.errors import BadInput
from core.model import SlotName, Track
from core.settings import Limits

BASELINE_320X192 = bytes.fromhex("6742c00cda050668400000030040000007a3c50aa8")
CROPPED_640X360 = bytes.fromhex("6742c016da0280bfe5840000030004000003007a3c58ba80")
CROPPED_1920X1080 = bytes.fromhex("6742c028da01e0089f9610000003001000000301e8f1832a")
HIGH_1280X720 = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e078c18cb")
PPS = bytes.fromhex("68ce3c80")
IDR = b"\x65" + bytes(40)


def stap(*units: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def test_a_parameter_set_tells_the_picture_s_size() -> None:
    assert picture_size(BASELINE_320X192) == (320, 192)
    assert picture_size(CROPPED_640X360) == (640, 360)
    assert picture_size(CROPPED_1920X1080) == (1920, 1080)
    assert picture_size(BASELINE_320X192[:6]) == (0, 0)
    assert find_start(HIGH_1280X720) == H264Start(1280, 720)
    assert find_start(stap(HIGH_1280X720, PPS, IDR)) == H264Start(1280, 720)


@pytest.mark.parametrize("payload", [PPS, IDR, stap(PPS, IDR), b"\x7c\x85" + bytes(30), b"\x41" + bytes(9), b""])
def test_nobody_can_begin_without_a_parameter_set(payload: bytes) -> None:
    assert find_start(payload) is None


@pytest.mark.parametrize(
    ("payload", "readable"),
    [
        (IDR, True),
        (stap(PPS), True),
        (b"\x7c\x85\x00", True),
        (b"\x79\0\0\0", False),
        (b"\x7c\x85", False),
        (b"", False),
    ],
)
def test_only_packets_of_modes_0_and_1_are_taken(payload: bytes, readable: bool) -> None:
    assert is_readable(payload) is readable


@given(st.binary(max_size=80), st.sampled_from([0x67, 0x78, 0x7C, 0x65]))
def test_whatever_comes_nothing_raises(rest: bytes, first: int) -> None:
    payload = bytes((first,)) + rest
    find_start(payload)
    assert all(len(unit) <= len(payload) for unit in units_of(payload))


class Line:
    """A route that leads nowhere."""

    address = ("192.0.2.1", 1)
    sending = Session()


class Sent:
    """What a forwarding table sent, as (payload types, slots)."""

    def __init__(self) -> None:
        self.frames: list[tuple[set[int], set[Slot]]] = []
        self.table = ForwardingTable(self._take, lambda: None)

    def _take(self, batches: list[list[Placed]], slots: Collection[Slot]) -> None:
        self.frames.append(({head[1] & 0x7F for batch in batches for head, *_ in batch}, set(slots)))


def slot(payload_type: int, others: dict[str, int]) -> Slot:
    return Slot(SlotName.STAGE, 1, payload_type, 90_000, Line(), others)


def stream(codec: str | None) -> Stream:
    return Stream(1, Track.CAMERA, 90_000, Reception(90_000), codec=codec)


def key_frame(codec: str | None, sequence: int) -> MediaPacket:
    if codec is not None:
        return MediaPacket(sequence, 3_000 * sequence, True, BASELINE_320X192, sequence / 30, h264_start=True)
    payload = b"\x90\x80\x01" + b"\0\0\0\x9d\x01\x2a" + bytes(4)
    return MediaPacket(sequence, 3_000 * sequence, True, payload, sequence / 30, parse_descriptor(payload), 1)


def test_the_payload_type_follows_the_codec_of_the_source() -> None:
    sent, vp8, h264 = Sent(), stream(None), stream("h264-42")
    alike, other = [slot(96, {"h264-42": 102}) for _ in range(2)], slot(96, {"h264-42": 125})
    for source in (vp8, h264, vp8):
        for each in (*alike, other):
            sent.table.retarget(each, source)
        sent.table.forward(source, key_frame(source.codec, 7))
    assert sent.frames == [
        ({96}, set(alike)),
        ({96}, {other}),
        ({102}, set(alike)),
        ({125}, {other}),
        ({96}, set(alike)),
        ({96}, {other}),
    ]


def test_who_cannot_take_h264_is_shown_nothing_of_it() -> None:
    sent, h264 = Sent(), stream("h264-64")
    for each in (slot(96, {}), slot(96, {"h264-42": 102})):
        assert not sent.table.retarget(each, h264)
    sent.table.forward(h264, key_frame("h264-64", 7))
    assert sent.frames == []


def test_an_h264_receiver_begins_at_a_parameter_set() -> None:
    sent, h264, screen = Sent(), stream("h264-42"), slot(96, {"h264-42": 102})
    assert sent.table.retarget(screen, h264)
    sent.table.forward(h264, MediaPacket(6, 3_000, True, IDR, 0.2, h264_start=False))
    assert sent.frames == []
    sent.table.forward(h264, key_frame("h264-42", 7))
    assert len(sent.frames) == 1


def browser_stage(formats: str) -> str:
    """The offer of one receive-only picture, with the given rtpmap and fmtp lines."""
    return f"""v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
m=video 9 UDP/TLS/RTP/SAVPF 96 102 103 125 108
c=IN IP4 0.0.0.0
a=mid:0
a=recvonly
a=rtcp-mux
a=ice-ufrag:abcd
a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
a=fingerprint:sha-256 {":".join(["AB"] * 32)}
a=setup:actpass
{formats}"""


H264_FORMATS = """a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:125 H264/90000
a=fmtp:125 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:108 H264/90000
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f
"""


def test_a_receiver_s_answer_keeps_a_format_of_each_profile() -> None:
    offer = parse_offer(browser_stage("a=rtpmap:96 VP8/90000\n" + H264_FORMATS), Limits())
    receive = {"0": SlotName.STAGE}
    check_slots(offer, receive, {})
    assert offer.section("0").h264_taken == {"h264-42": 102, "h264-64": 108}
    answer = write_answer(offer, receive, {}, Local(["192.0.2.7"], 5_004, Credentials("u", "p"), "CD", {"0": 1}, "c"))
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 102 108" in answer
    assert "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f" in answer


def test_a_receiver_of_h264_alone_is_told_what_is_needed() -> None:
    offer = parse_offer(browser_stage(H264_FORMATS), Limits())
    with pytest.raises(BadInput) as refused:
        check_slots(offer, {"0": SlotName.STAGE}, {})
    assert (refused.value.code, refused.value.data["needs"]) == ("sdp.codec", "VP8")
