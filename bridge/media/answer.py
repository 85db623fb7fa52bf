"""Writing the SDP answer: ICE-lite, everything on one port, one fixed SSRC for each receive slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.media.ice import Credentials
from bridge.media.sdp import MID_URI, REPAIRED_RID_URI, RID_URI, Offer, Section
from core.model import SlotName, Track


@dataclass(frozen=True)
class Local:
    """Our side of a leg."""

    addresses: Sequence[str]
    port: int
    credentials: Credentials
    fingerprint: str
    """SHA-256, colon-separated."""
    ssrcs: Mapping[str, int]
    """By mid of the receive slots."""
    cname: str


def write_answer(offer: Offer, receive: Mapping[str, SlotName], send: Mapping[str, Track], local: Local) -> str:
    """The answer to a checked offer. M-lines that are neither a slot nor a source are refused (RFC 3264 section 6)."""
    used = [section for section in offer.sections if section.mid in receive or section.mid in send]
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
    lines += ["a=group:BUNDLE " + " ".join(section.mid for section in used), "a=msid-semantic: WMS *"]
    for section in offer.sections:
        if section not in used:
            lines += [f"m={section.kind} 0 {section.profile} {section.formats}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=mid:{section.mid}", "a=inactive"]
            continue
        lines += _media(section, section.mid in receive, section.mid in send)
        lines += _transport(offer, local)
        # In every section, not only the bundle's first: aiortc takes them from the last, browsers from any.
        lines += _candidates(local)
        if section.mid in receive:
            lines += _slot(receive[section.mid], local.ssrcs[section.mid], local.cname)
    return "\r\n".join(lines) + "\r\n"


def _media(section: Section, to_client: bool, from_client: bool) -> list[str]:
    payload_type = section.payload_type
    direction = "sendrecv" if to_client and from_client else "sendonly" if to_client else "recvonly"
    h264 = [f for f in section.h264 if f.payload_type == payload_type or (to_client and f.fragments)]
    formats = " ".join(str(number) for number in dict.fromkeys([payload_type, *(f.payload_type for f in h264)]))
    lines = [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}"]
    lines += [f"a={direction}", "a=rtcp-mux", "a=rtcp-rsize"]
    if section.kind == "audio":
        lines += [f"a=rtpmap:{payload_type} opus/48000/2", f"a=fmtp:{payload_type} minptime=10;useinbandfec=1;usedtx=1"]
    else:
        lines += [f"a=rtpmap:{payload_type} VP8/90000", *_feedback(payload_type)] if section.codec is None else []
        for format in h264:
            lines += [f"a=rtpmap:{format.payload_type} H264/90000", *_feedback(format.payload_type)]
            parameters = f"packetization-mode={int(format.fragments)};profile-level-id={format.profile_level_id}"
            lines += [f"a=fmtp:{format.payload_type} level-asymmetry-allowed=1;{parameters}"]
    if from_client:
        wanted = (MID_URI, RID_URI, REPAIRED_RID_URI) if section.rids else (MID_URI,)
        lines += [f"a=extmap:{section.extensions[uri]} {uri}" for uri in wanted if uri in section.extensions]
        lines += [f"a=rid:{rid} recv" for rid in section.rids]
        lines += [f"a=simulcast:recv {';'.join(section.rids)}"] if section.rids else []
    return lines


def _feedback(payload_type: int | None) -> list[str]:
    return [f"a=rtcp-fb:{payload_type} {kind}" for kind in ("nack pli", "ccm fir", "goog-remb")]


def _transport(offer: Offer, local: Local) -> list[str]:
    return [
        f"a=ice-ufrag:{local.credentials.ufrag}",
        f"a=ice-pwd:{local.credentials.password}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:active" if offer.setup == "passive" else "a=setup:passive",
    ]


def _candidates(local: Local) -> list[str]:
    """Host candidates in the order of the configured addresses (RFC 8445 section 5.1.2.1)."""
    lines = []
    for index, address in enumerate(local.addresses):
        priority = 126 << 24 | (65_535 - index) << 8 | 255
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {local.port} typ host")
    return [*lines, "a=end-of-candidates"]


def _slot(slot: SlotName, ssrc: int, cname: str) -> list[str]:
    msid = f"msid:{slot.value} {slot.value}"
    return [f"a={msid}", f"a=ssrc:{ssrc} cname:{cname}", f"a=ssrc:{ssrc} {msid}"]
