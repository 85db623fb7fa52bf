"""The endpoint's one offer, and what it needs to know from the answer."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiortc import sdp
from aiortc.rtcdtlstransport import RTCDtlsFingerprint

from core.errors import BadInput
from core.model import SlotName, Track

MID_EXTENSION = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME_EXTENSION = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL_EXTENSION = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

VP8_TYPE, H264_TYPE = 96, 102
"""Payload types of pictures. H.264 is only received: an encoder that sends it shall not be refused because of us."""

Address = tuple[str, int]

_MOST_CANDIDATES = 16
_NO_ADDRESS = (str(ipaddress.IPv4Address(0)), 9)
"""How SDP says that there is no address yet (RFC 8840 section 4.1.3)."""


@dataclass(frozen=True)
class Credentials:
    """One side of an ICE session (RFC 8445 section 5.3)."""

    ufrag: str
    password: str


def new_credentials() -> Credentials:
    """Random ones: 32 and 128 bits."""
    return Credentials(secrets.token_hex(4), secrets.token_hex(16))


@dataclass(frozen=True)
class Peer:
    """Whom to connect to: ICE credentials and candidates, and the certificate it must show."""

    credentials: Credentials
    candidates: tuple[Address, ...]
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    is_dtls_client: bool


@dataclass(frozen=True)
class Section:
    """One m-line of the answer; no payload type means that it was refused."""

    payload_type: int | None
    ssrcs: tuple[int, ...]
    extensions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The parts of an answer that matter here."""

    peer: Peer
    sections: dict[str, Section]


@dataclass(frozen=True)
class Local:
    """What an offer says about this side."""

    credentials: Credentials
    fingerprint: str
    address: Address | None
    cname: str
    ssrcs: dict[Track, int]
    estimates: bool = False
    """It estimates what its line carries and says so (REMB)."""


def write_offer(local: Local, slots: Sequence[SlotName]) -> tuple[str, dict[str, SlotName], dict[str, Track]]:
    """The offer: microphone and camera to send, a screen where it can be shown, then every slot to receive.

    Also what each mid is for.
    """
    tracks = (Track.MICROPHONE, Track.CAMERA, *((Track.CONTENT,) if SlotName.CONTENT in slots else ()))
    send = {str(number): track for number, track in enumerate(tracks)}
    receive = {str(number): slot for number, slot in enumerate(slots, start=len(send))}
    lines = ["v=0", f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {' '.join([*send, *receive])}", "a=msid-semantic:WMS *"]
    for mid, track in send.items():
        stream = [f"a=msid:{local.cname} {track.value}", f"a=ssrc:{local.ssrcs[track]} cname:{local.cname}"]
        lines += [*_section(local, mid, track, "sendonly"), *stream]
    for mid, slot in receive.items():
        lines += _section(local, mid, slot.track, "recvonly")
    return "\r\n".join(lines) + "\r\n", receive, send


def _section(local: Local, mid: str, track: Track, direction: str) -> list[str]:
    audio = track is Track.MICROPHONE
    host, port = local.address or _NO_ADDRESS
    takes_h264 = not audio and direction == "recvonly"
    formats = "111" if audio else f"{VP8_TYPE} {H264_TYPE}" if takes_h264 else f"{VP8_TYPE}"
    lines = [
        f"m={'audio' if audio else 'video'} {port} UDP/TLS/RTP/SAVPF {formats}",
        f"c=IN IP{6 if ':' in host else 4} {host}",
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=ice-ufrag:{local.credentials.ufrag}",
        f"a=ice-pwd:{local.credentials.password}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:actpass",
        f"a=extmap:1 {MID_EXTENSION}",
    ]
    if audio:
        lines += [f"a=extmap:2 {AUDIO_LEVEL_EXTENSION}", "a=rtpmap:111 opus/48000/2"]
        lines += ["a=fmtp:111 minptime=20;useinbandfec=1;usedtx=1"]
    else:
        lines += ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir"]
        if local.estimates and direction == "recvonly":
            lines += ["a=rtcp-fb:96 goog-remb", f"a=extmap:3 {SEND_TIME_EXTENSION}"]
    if takes_h264:
        parameters = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
        lines += [f"a=rtpmap:{H264_TYPE} H264/90000", f"a=fmtp:{H264_TYPE} {parameters}"]
    if local.address:
        lines += [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", "a=end-of-candidates"]
    return lines


def read_description(text: str) -> Answer:
    """Reads an answer (or an offer, which looks the same). Raises `BadInput` when it cannot be used."""
    try:
        session = sdp.SessionDescription.parse(text)
        return Answer(_peer(session), {media.rtp.muxId: _read_section(media) for media in session.media})
    except Exception as exc:  # aiortc.sdp raises seven kinds of exceptions on bad input
        raise BadInput("media.answer_unusable", "The media server's answer cannot be used.") from exc


def _peer(session: sdp.SessionDescription) -> Peer:
    first = session.media[0]
    candidates = [
        (c.priority, (c.ip, c.port))
        for media in session.media
        for c in media.ice_candidates
        if c.component == 1 and c.protocol.lower() == "udp" and _is_address(c.ip)
    ]
    ordered = dict.fromkeys(address for _, address in sorted(candidates, reverse=True))
    if not ordered or first.ice is None or first.dtls is None or not first.dtls.fingerprints:
        raise ValueError("candidates, ICE credentials or the fingerprint are missing")
    return Peer(
        _credentials(first.ice.usernameFragment, first.ice.password),
        tuple(ordered)[:_MOST_CANDIDATES],
        tuple(first.dtls.fingerprints),
        first.dtls.role == "client",
    )


def _credentials(ufrag: str | None, password: str | None) -> Credentials:
    if not ufrag or not password:
        raise ValueError("the ICE credentials are missing")
    return Credentials(ufrag, password)


def _is_address(host: str) -> bool:
    """Link-local addresses are none: they mean nothing without a scope, which SDP cannot give."""
    try:
        return not ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def _read_section(media: sdp.MediaDescription) -> Section:
    wanted = "opus" if media.kind == "audio" else "vp8"
    codecs = [c.payloadType for c in media.rtp.codecs if c.mimeType.split("/")[-1].lower() == wanted]
    refused = media.port == 0 or media.direction == "inactive" or not codecs
    return Section(
        None if refused else codecs[0],
        tuple(source.ssrc for source in media.ssrc),
        {extension.uri: extension.id for extension in media.rtp.headerExtensions},
    )
