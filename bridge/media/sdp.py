"""The one gate for SDP offers: limits first, then the parser, then whether the m-lines fit the slots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiortc import sdp as aiortc_sdp
from aiortc.rtcdtlstransport import X509_DIGEST_ALGORITHMS, RTCDtlsFingerprint

from bridge.media.ice import Credentials
from core.errors import BadInput
from core.model import SlotName, Track
from core.settings import Limits

if not __debug__:
    raise RuntimeError("The SDP parser checks by assert statements: do not run python with -O.")

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

MAX_RIDS = 4
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{1,16}$")
_UFRAG = re.compile(r"^[A-Za-z0-9+/]{4,256}$")
_PASSWORD = re.compile(r"^[A-Za-z0-9+/]{22,256}$")
_FINGERPRINT = re.compile(r"^([0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2}$")
_CODECS = {"audio": ("opus", 48_000), "video": ("vp8", 90_000)}
_PROFILE = re.compile(r"^(42|4d|64)[0-9a-f]{4}$")
_KINDS = {Track.MICROPHONE: "audio", Track.CAMERA: "video", Track.CONTENT: "video"}


@dataclass(frozen=True)
class H264Format:
    """One profile of H.264 that an m-line offers (RFC 6184 section 8.1)."""

    payload_type: int
    profile_level_id: str
    fragments: bool
    """Packetization mode 1: fragmented units are allowed, which is what encoders send."""

    @property
    def codec(self) -> str:
        """What streams and slots call it: profiles are codecs of their own, levels are not."""
        return f"h264-{self.profile_level_id[:2]}"


@dataclass(frozen=True)
class Section:
    """One m-line of an offer, as far as we use it. Directions are the client's."""

    mid: str
    kind: str
    sends: bool
    receives: bool
    payload_type: int | None
    """Of VP8 or Opus, else of the first H.264; None when the m-line offers none of them."""
    clock_rate: int
    rids: tuple[str, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    """Announced SSRCs without the retransmission ones."""
    repairs: Mapping[int, int] = field(default_factory=dict)
    """Announced retransmission SSRCs with the SSRC that each repairs (RFC 5576 section 4.2)."""
    rtx: Mapping[int, int] = field(default_factory=dict)
    """Payload types of retransmissions by the payload type that they repair (RFC 4588 section 8.6)."""
    nack: bool = False
    """Generic NACK is offered for `payload_type` (RFC 4585 section 4.2)."""
    remb: bool = False
    """REMB is offered for `payload_type`."""
    formats: str = ""
    profile: str = ""
    codec: str | None = None
    """The codec of `payload_type` when it is H.264; None: VP8 or Opus, which everybody takes."""
    h264: tuple[H264Format, ...] = ()
    """One for each profile of H.264 that is offered."""

    @property
    def send_time(self) -> int:
        """Id of abs-send-time on pictures; 0 when it was not offered, or would not fit a one-byte header."""
        number = self.extensions.get(SEND_TIME_URI, 0) if self.kind == "video" else 0
        return number if number < 15 else 0

    @property
    def level(self) -> int:
        """Id of the level of a microphone (RFC 6464); 0 when it was not offered."""
        return self.extensions.get(LEVEL_URI, 0) if self.kind == "audio" else 0

    @property
    def h264_taken(self) -> dict[str, int]:
        """Payload types by codec of the H.264 that a receiver takes as it is forwarded."""
        return {format.codec: format.payload_type for format in self.h264 if format.fragments}


@dataclass(frozen=True)
class Offer:
    """A checked offer."""

    sections: tuple[Section, ...]
    credentials: Credentials
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    setup: Literal["actpass", "active", "passive"]

    def section(self, mid: str) -> Section:
        """The m-line of that mid; it must exist."""
        return next(section for section in self.sections if section.mid == mid)


def parse_offer(text: str, limits: Limits) -> Offer:
    """Reads an offer. Raises `BadInput` with an `sdp.*` code that says what is wrong with it."""
    _check_limits(text, limits)
    try:
        parsed = aiortc_sdp.SessionDescription.parse(text)
        raw = aiortc_sdp.grouplines(text)[1]
        sections = tuple(_section(media, lines) for media, lines in zip(parsed.media, raw, strict=True))
    except Exception as exc:
        # On mutated offers the parser fails with seven unrelated exception types, AssertionError among them.
        raise _unreadable() from exc
    if not sections:
        raise _unreadable()
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids) or not all(_TOKEN.match(mid) for mid in mids):
        raise BadInput("sdp.slots", "Every m-line must have a mid of its own.")
    return _with_security(parsed.media, sections)


def _unreadable() -> BadInput:
    return BadInput("sdp.unreadable", "The SDP offer cannot be read.")


def _check_limits(text: str, limits: Limits) -> None:
    if len(text) > limits.sdp_bytes or len(text.encode("utf-8", "surrogatepass")) > limits.sdp_bytes:
        raise BadInput("sdp.too_large", "The SDP offer is too large.", limit=limits.sdp_bytes)
    lines = text.splitlines()
    if any(len(line) > limits.sdp_line_bytes for line in lines):
        raise BadInput("sdp.line_too_long", "A line of the SDP offer is too long.", limit=limits.sdp_line_bytes)
    if sum(line.startswith("m=") for line in lines) > limits.sdp_media_sections:
        raise BadInput("sdp.too_many_media", "The SDP offer has too many m-lines.", limit=limits.sdp_media_sections)
    if sum(line.startswith("a=candidate") for line in lines) > limits.sdp_candidates:
        raise BadInput("sdp.too_many_candidates", "Too many ICE candidates.", limit=limits.sdp_candidates)
    if any(character in text for character in "\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        raise _unreadable()


def _section(media: aiortc_sdp.MediaDescription, lines: list[str]) -> Section:
    name, clock_rate = _CODECS.get(media.kind, ("", 0))
    codec = next((c for c in media.rtp.codecs if c.name.lower() == name and c.clockRate == clock_rate), None)
    h264 = _h264(media)
    payload_type = codec.payloadType if codec is not None else h264[0].payload_type if h264 else None
    direction = media.direction or "sendrecv"
    pairs = [group.items[:2] for group in media.ssrc_group if group.semantic == "FID" and len(group.items) > 1]
    repairs = {int(repair): int(repaired) for repaired, repair in pairs[:MAX_RIDS]}
    feedback = {
        (f.type, f.parameter or "") for c in media.rtp.codecs for f in c.rtcpFeedback if c.payloadType == payload_type
    }
    return Section(
        mid=media.rtp.muxId or "",
        kind=media.kind,
        sends=direction in ("sendonly", "sendrecv"),
        receives=direction in ("recvonly", "sendrecv"),
        payload_type=payload_type if payload_type is not None and 35 <= payload_type <= 127 else None,
        clock_rate=clock_rate,
        rids=_rids(lines),
        extensions={e.uri: e.id for e in media.rtp.headerExtensions if 1 <= e.id <= 255},
        ssrcs=tuple(s.ssrc for s in media.ssrc if s.ssrc not in repairs and 0 < s.ssrc < 1 << 32)[:MAX_RIDS],
        repairs=repairs,
        rtx=_retransmission_types(media),
        nack=("nack", "") in feedback,
        remb=("goog-remb", "") in feedback,
        formats=" ".join(str(f) for f in media.fmt),
        profile=media.profile,
        codec=h264[0].codec if codec is None and h264 else None,
        h264=h264,
    )


def _h264(media: aiortc_sdp.MediaDescription) -> tuple[H264Format, ...]:
    """Of each profile the first format, one of packetization mode 1 before one of mode 0."""
    formats = []
    for codec in media.rtp.codecs if media.kind == "video" else ():
        number = codec.payloadType or 0
        if codec.name.lower() == "h264" and codec.clockRate == 90_000 and 35 <= number <= 127:
            # Section 8.1: without the parameters it is the baseline profile and mode 0.
            profile = str(codec.parameters.get("profile-level-id", "42000a")).lower()
            fragments = str(codec.parameters.get("packetization-mode", 0)) == "1"
            if _PROFILE.match(profile):
                formats.append(H264Format(number, profile, fragments))
    chosen: dict[str, H264Format] = {}
    for format in sorted(formats, key=lambda format: not format.fragments):
        chosen.setdefault(format.codec, format)
    return tuple(chosen.values())


def _retransmission_types(media: aiortc_sdp.MediaDescription) -> dict[int, int]:
    found = {}
    for codec in media.rtp.codecs:
        repaired, number = codec.parameters.get("apt"), codec.payloadType or 0
        if codec.name.lower() == "rtx" and isinstance(repaired, int) and 35 <= number <= 127:
            found[repaired] = number
    return found


def _rids(lines: list[str]) -> tuple[str, ...]:
    """The stream ids of `a=simulcast:send` (RFC 8853); of alternatives the first, paused ones too."""
    for line in lines:
        words = line.removeprefix("a=simulcast:").split()
        if line.startswith("a=simulcast:") and "send" in words[:-1]:
            found = words[words.index("send") + 1].split(";")
            rids = tuple(item.split(",")[0].lstrip("~") for item in found)
            return tuple(rid for rid in rids if _TOKEN.match(rid))[:MAX_RIDS]
    return ()


def _with_security(media: list[aiortc_sdp.MediaDescription], sections: tuple[Section, ...]) -> Offer:
    ice = media[0].ice
    ufrag, password = (ice.usernameFragment or "", ice.password or "") if ice is not None else ("", "")
    if not _UFRAG.match(ufrag) or not _PASSWORD.match(password):
        raise BadInput("sdp.no_ice", "The SDP offer has no valid ICE credentials.")
    dtls = media[0].dtls
    fingerprints = tuple(
        RTCDtlsFingerprint(algorithm=f.algorithm.lower(), value=f.value)
        for f in (dtls.fingerprints if dtls is not None else ())
        if f.algorithm.lower() in X509_DIGEST_ALGORITHMS and _FINGERPRINT.match(f.value)
    )
    if dtls is None or not fingerprints:
        raise BadInput("sdp.no_fingerprint", "The SDP offer has no DTLS fingerprint or setup that we know.")
    roles: dict[str, Literal["actpass", "active", "passive"]] = {
        "auto": "actpass", "client": "active", "server": "passive"
    }  # fmt: skip
    return Offer(sections, Credentials(ufrag, password), fingerprints, roles[dtls.role])


def check_slots(offer: Offer, receive: Mapping[str, SlotName], send: Mapping[str, Track]) -> None:
    """Raises `sdp.slots` or `sdp.codec` unless the offer's m-lines are what `receive` and `send` say they are."""
    if len(set(receive.values())) != len(receive):
        raise BadInput("sdp.slots", "A slot is named for two m-lines.")
    sections = {section.mid: section for section in offer.sections}
    if not receive.keys() | send.keys() <= sections.keys():
        raise BadInput("sdp.slots", "A slot is named for an m-line that the SDP offer does not have.")
    for mid, slot in receive.items():
        _check_section(sections[mid], _KINDS[slot.track], sections[mid].receives)
        if sections[mid].codec is not None:
            raise BadInput("sdp.codec", "To receive pictures, VP8 must be offered.", mid=mid, needs="VP8")
    for mid, track in send.items():
        _check_section(sections[mid], _KINDS[track], sections[mid].sends)


def _check_section(section: Section, kind: str, direction_fits: bool) -> None:
    if section.kind != kind or not direction_fits:
        raise BadInput("sdp.slots", "An m-line has another kind or direction than its slot.", mid=section.mid)
    if section.payload_type is None:
        needs = "Opus" if kind == "audio" else "VP8 or H.264"
        raise BadInput("sdp.codec", f"This m-line must offer {needs}.", mid=section.mid, needs=needs)
