"""The endpoint's offer, and reading answers."""

from __future__ import annotations

import pytest
from aiortc import sdp

from bridge.endpoint.negotiation import (
    AUDIO_LEVEL_EXTENSION,
    MID_EXTENSION,
    Credentials,
    Local,
    read_description,
    write_offer,
)
from core.errors import BadInput
from core.model import AUDIENCE_SLOTS, SlotName, Track

LOCAL = Local(
    Credentials("abcd", "p" * 32),
    ":".join(["AB"] * 32),
    ("127.0.0.1", 5_004),
    "hall",
    {Track.MICROPHONE: 11, Track.CAMERA: 22, Track.CONTENT: 33},
)


def test_the_offer_has_every_track_and_every_slot() -> None:
    text, receive, send = write_offer(LOCAL, AUDIENCE_SLOTS)
    assert send == {"0": Track.MICROPHONE, "1": Track.CAMERA, "2": Track.CONTENT}
    assert list(receive.values()) == list(AUDIENCE_SLOTS)
    parsed = sdp.SessionDescription.parse(text)
    assert [(m.rtp.muxId, m.kind, m.direction) for m in parsed.media] == [
        ("0", "audio", "sendonly"),
        ("1", "video", "sendonly"),
        ("2", "video", "sendonly"),
        ("3", "video", "recvonly"),
        ("4", "video", "recvonly"),
        ("5", "video", "recvonly"),
        ("6", "audio", "recvonly"),
        ("7", "audio", "recvonly"),
        ("8", "audio", "recvonly"),
    ]
    assert [m.ssrc[0].ssrc for m in parsed.media[:3]] == [11, 22, 33]
    assert parsed.group[0].items == [*send, *receive]


def test_sound_is_offered_with_fec_and_dtx() -> None:
    text, _, _ = write_offer(LOCAL, AUDIENCE_SLOTS)
    sounds = [media.rtp.codecs[0] for media in sdp.SessionDescription.parse(text).media if media.kind == "audio"]
    assert len(sounds) == 4
    assert all((codec.parameters["useinbandfec"], codec.parameters["usedtx"]) == (1, "1") for codec in sounds)


def test_no_screen_is_offered_where_none_can_be_shown() -> None:
    _, receive, send = write_offer(LOCAL, [SlotName.STAGE])
    assert (send, receive) == ({"0": Track.MICROPHONE, "1": Track.CAMERA}, {"2": SlotName.STAGE})


def test_a_description_is_read_back_as_written() -> None:
    text, _, _ = write_offer(LOCAL, [SlotName.STAGE])
    answer = read_description(text)
    assert answer.peer.credentials == LOCAL.credentials
    assert answer.peer.candidates == (("127.0.0.1", 5_004),)
    assert answer.peer.fingerprints[0].value == LOCAL.fingerprint
    assert answer.sections["0"].payload_type == 111
    assert answer.sections["0"].extensions == {MID_EXTENSION: 1, AUDIO_LEVEL_EXTENSION: 2}
    assert answer.sections["1"].ssrcs == (22,)


def test_without_an_address_of_its_own_the_offer_names_none() -> None:
    text, _, _ = write_offer(Local(LOCAL.credentials, LOCAL.fingerprint, None, "hall", LOCAL.ssrcs), [])
    assert "candidate" not in text
    assert "127.0.0.1" not in text


def test_who_is_the_dtls_client_is_read_from_setup() -> None:
    text, _, _ = write_offer(LOCAL, [])
    assert read_description(text.replace("actpass", "active")).peer.is_dtls_client
    assert not read_description(text.replace("actpass", "passive")).peer.is_dtls_client


def test_a_refused_section_has_no_payload_type() -> None:
    text, _, _ = write_offer(LOCAL, [])
    answer = read_description(text.replace("m=video 5004", "m=video 0"))
    assert answer.sections["1"].payload_type is None
    assert answer.sections["0"].payload_type == 111


def test_candidates_that_cannot_be_used_are_left_out() -> None:
    text, _, _ = write_offer(LOCAL, [])
    more = (
        "a=candidate:2 1 udp 9 fe80::1 5004 typ host\r\n"
        "a=candidate:3 1 tcp 9 127.0.0.2 5004 typ host tcptype passive\r\n"
        "a=candidate:4 1 udp 9 127.0.0.3 5005 typ host\r\n"
    )
    assert read_description(text + more).peer.candidates == (("127.0.0.1", 5_004), ("127.0.0.3", 5_005))


@pytest.mark.parametrize("cut", ["ice-ufrag", "ice-pwd", "fingerprint", "candidate"])
def test_an_answer_without_what_is_needed_is_refused(cut: str) -> None:
    text, _, _ = write_offer(LOCAL, [])
    lines = [line for line in text.split("\r\n") if not line.startswith(f"a={cut}")]
    with pytest.raises(BadInput) as caught:
        read_description("\r\n".join(lines))
    assert caught.value.code == "media.answer_unusable"


@pytest.mark.parametrize("text", ["", "v=0", "\0" * 100, "v=0\r\nm=video x y z\r\n", "m=audio 9 RTP 111\r\na=mid"])
def test_garbage_is_one_error(text: str) -> None:
    with pytest.raises(BadInput):
        read_description(text)
