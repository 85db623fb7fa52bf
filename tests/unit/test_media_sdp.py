"""The SDP gate: limits first, one kind of error, and an answer that fits the offer."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.answer import Local, write_answer
from bridge.media.ice import Credentials
from bridge.media.sdp import check_slots, parse_offer
from core.errors import BadInput
from core.model import SlotName, Track
from core.settings import Limits

HEAD = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=msid-semantic: WMS
"""
SECURITY = """a=ice-ufrag:abcd
a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
""".format(fingerprint=":".join(["AB"] * 32))
CAMERA = """m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=rtcp-mux
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rid:l send
a=rid:h send
a=simulcast:send l;~h
"""
STAGE = """m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
"""
SOUND = """m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:2
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""
OFFER = HEAD + CAMERA + SECURITY + STAGE + SECURITY + SOUND + SECURITY
RECEIVE = {"1": SlotName.STAGE, "2": SlotName.AUDIO1}
SEND = {"0": Track.CAMERA}
LIMITS = Limits()


def refusal(text: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(BadInput) as caught:
        parse_offer(text, limits)
    return caught.value.code


def answer() -> str:
    offer = parse_offer(OFFER, LIMITS)
    check_slots(offer, RECEIVE, SEND)
    local = Local(["192.0.2.7", "2001:db8::7"], 5_004, Credentials("u1u1", "p" * 24), "CD", {"1": 11, "2": 22}, "cname")
    return write_answer(offer, RECEIVE, SEND, local)


def test_a_good_offer_is_understood() -> None:
    camera = parse_offer(OFFER, LIMITS).section("0")
    assert (camera.payload_type, camera.rids, camera.sends, camera.receives) == (96, ("l", "h"), True, False)


def test_the_answer_mirrors_the_offer() -> None:
    text = answer()
    parsed = SessionDescription.parse(text)
    assert [m.rtp.muxId for m in parsed.media] == ["0", "1", "2"]
    assert [m.direction for m in parsed.media] == ["recvonly", "sendonly", "sendonly"]
    assert [s.ssrc for m in parsed.media for s in m.ssrc] == [11, 22]
    assert "a=simulcast:recv l;h\r\n" in text
    assert "a=ice-lite\r\n" in text
    assert [(c.ip, c.port) for c in parsed.media[0].ice_candidates] == [("192.0.2.7", 5_004), ("2001:db8::7", 5_004)]
    assert text.count("a=candidate:") == 2 * 3
    assert "rtx" not in text


def test_sound_is_answered_with_fec_and_dtx_in_both_directions() -> None:
    microphone = SOUND.replace("a=mid:2", "a=mid:3").replace("recvonly", "sendonly").replace("111", "109")
    offer = parse_offer(OFFER + microphone + SECURITY, LIMITS)
    local = Local([], 1, Credentials.generate(), "CD", {"2": 2}, "c")
    text = write_answer(offer, {"2": SlotName.AUDIO1}, {"3": Track.MICROPHONE}, local)
    to_client, from_client = (m for m in SessionDescription.parse(text).media if m.rtp.muxId in ("2", "3"))
    assert (to_client.direction, from_client.direction) == ("sendonly", "recvonly")
    for media, payload_type in ((to_client, 111), (from_client, 109)):
        [opus] = media.rtp.codecs
        assert (opus.payloadType, opus.mimeType) == (payload_type, "audio/opus")
        assert (opus.parameters["useinbandfec"], opus.parameters["usedtx"]) == (1, "1")


def test_we_are_active_towards_a_passive_offer() -> None:
    offer = parse_offer(OFFER.replace("setup:actpass", "setup:passive"), LIMITS)
    text = write_answer(offer, RECEIVE, SEND, Local([], 1, Credentials.generate(), "CD", {"1": 1, "2": 2}, "c"))
    assert "a=setup:active" in text
    assert "a=setup:passive" not in text


def test_m_lines_that_are_no_slot_are_refused_and_left_out_of_the_bundle() -> None:
    offer = parse_offer(OFFER, LIMITS)
    text = write_answer(offer, {"1": SlotName.STAGE}, {}, Local([], 1, Credentials.generate(), "CD", {"1": 1}, "c"))
    assert "a=group:BUNDLE 1\r\n" in text
    assert "m=audio 0 " in text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sdp.unreadable"),
        ("hello", "sdp.unreadable"),
        (OFFER.replace("m=video", "m=vi deo"), "sdp.unreadable"),
        (OFFER.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96"), "sdp.unreadable"),
        (OFFER.replace("a=ice-ufrag:abcd\n", ""), "sdp.no_ice"),
        (OFFER.replace("a=ice-pwd:" + "a" * 24, "a=ice-pwd:short"), "sdp.no_ice"),
        (OFFER.replace("a=fingerprint:sha-256", "a=fingerprint:md5"), "sdp.no_fingerprint"),
        (OFFER.replace("a=setup:actpass\n", ""), "sdp.no_fingerprint"),
        (OFFER.replace("a=mid:2", "a=mid:1"), "sdp.slots"),
        (OFFER.replace("a=mid:2\n", ""), "sdp.slots"),
        (HEAD + (STAGE + SECURITY) * 500, "sdp.too_large"),
        (OFFER + "m=audio 9 X 1\n" * (LIMITS.sdp_media_sections + 1), "sdp.too_many_media"),
        (OFFER + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n" * 65, "sdp.too_many_candidates"),
        (OFFER + "a=x:" + "y" * 5_000, "sdp.line_too_long"),
        (OFFER + "a=x:\u2028m=video", "sdp.unreadable"),
    ],
)
def test_a_bad_offer_is_refused_by_name(text: str, code: str) -> None:
    assert refusal(text) == code


def test_500_m_lines_are_too_many_whatever_their_length() -> None:
    assert refusal("m=audio 9 X 1\n" * 500) == "sdp.too_many_media"


def test_just_as_many_m_lines_as_allowed_pass_the_limit() -> None:
    media = "".join((STAGE + SECURITY).replace("a=mid:1", f"a=mid:{n}") for n in range(LIMITS.sdp_media_sections))
    assert len(parse_offer(HEAD + media, LIMITS).sections) == LIMITS.sdp_media_sections


@pytest.mark.parametrize(
    ("receive", "send", "code"),
    [
        ({"9": SlotName.STAGE}, {}, "sdp.slots"),
        ({"0": SlotName.STAGE}, {}, "sdp.slots"),
        ({"2": SlotName.STAGE}, {}, "sdp.slots"),
        ({"1": SlotName.AUDIO1}, {}, "sdp.slots"),
        ({}, {"1": Track.CAMERA}, "sdp.slots"),
        ({"1": SlotName.STAGE, "2": SlotName.STAGE}, {}, "sdp.slots"),
    ],
)
def test_slots_that_do_not_fit_are_refused(receive: dict[str, SlotName], send: dict[str, Track], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_slots(parse_offer(OFFER, LIMITS), receive, send)
    assert caught.value.code == code


def test_video_without_vp8_is_refused() -> None:
    offer = parse_offer(OFFER.replace("VP8/90000", "H264/90000"), LIMITS)
    with pytest.raises(BadInput) as caught:
        check_slots(offer, RECEIVE, SEND)
    assert caught.value.code == "sdp.codec"


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_no_mutation_of_an_offer_gets_past_the_gate_as_another_error(seed: int) -> None:
    dice = random.Random(seed)
    lines = OFFER.splitlines()
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(lines))
        line = lines[at]
        cut = dice.randrange(len(line) + 1)
        lines[at] = dice.choice(
            [
                line[:cut],
                line[cut:],
                line[:cut] + dice.choice("0:/ ;é\x00=9") + line[cut:],
                lines[dice.randrange(5)],
                "",
            ]
        )
    with suppress(BadInput):
        offer = parse_offer("\n".join(lines), LIMITS)
        check_slots(offer, RECEIVE, SEND)
        write_answer(offer, RECEIVE, SEND, Local(["::1"], 1, Credentials.generate(), "CD", {"1": 1, "2": 2}, "c"))
