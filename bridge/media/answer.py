"""Writing the SDP answer: ICE-lite, everything on one port, one fixed SSRC for each receive slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.media.ice import Credentials
from bridge.media.sdp import LEVEL_URI, MID_URI, REPAIRED_RID_URI, RID_URI, SEND_TIME_URI, Offer, Section
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
    rtx_ssrcs: Mapping[str, int] = field(default_factory=dict)
    """Of retransmissions, by mid of the receive slots that have them."""
    version: int = 1
    """Counts the answers of one leg (RFC 8866 section 5.2)."""


def write_answer(offer: Offer, receive: Mapping[str, SlotName], send: Mapping[str, Track], local: Local) -> str:
    """The answer to a checked offer. M-lines that are neither a slot nor a source are refused (RFC 3264 section 6)."""
    used = [section for section in offer.sections if section.mid in receive or section.mid in send]
    lines = ["v=0", f"o=- 1 {local.version} IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
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
            ssrcs = [local.ssrcs[section.mid]]
            ssrcs += [local.rtx_ssrcs[section.mid]] if section.mid in local.rtx_ssrcs else []
            lines += _slot(receive[section.mid], ssrcs, local.cname)
    return "\r\n".join(lines) + "\r\n"


def _media(section: Section, to_client: bool, from_client: bool) -> list[str]:
    payload_type = section.payload_type
    direction = "sendrecv" if to_client and from_client else "sendonly" if to_client else "recvonly"
    h264 = [f for f in section.h264 if f.payload_type == payload_type or (to_client and f.fragments)]
    numbers = list(dict.fromkeys([payload_type or 0, *(f.payload_type for f in h264)]))
    repairs = {section.rtx[n]: n for n in numbers if n in section.rtx} if section.nack else {}
    formats = " ".join(str(number) for number in [*numbers, *repairs])
    lines = [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}"]
    lines += [f"a={direction}", "a=rtcp-mux", "a=rtcp-rsize"]
    if section.kind == "audio":
        lines += [f"a=rtpmap:{payload_type} opus/48000/2", f"a=fmtp:{payload_type} minptime=10;useinbandfec=1;usedtx=1"]
        lines += [f"a=rtcp-fb:{payload_type} nack"] if section.nack else []
    else:
        lines += (
            [f"a=rtpmap:{payload_type} VP8/90000", *_feedback(payload_type, section.nack)]
            if section.codec is None
            else []
        )
        for format in h264:
            lines += [f"a=rtpmap:{format.payload_type} H264/90000", *_feedback(format.payload_type, section.nack)]
            parameters = f"packetization-mode={int(format.fragments)};profile-level-id={format.profile_level_id}"
            lines += [f"a=fmtp:{format.payload_type} level-asymmetry-allowed=1;{parameters}"]
        for number, repaired in repairs.items():
            lines += [f"a=rtpmap:{number} rtx/90000", f"a=fmtp:{number} apt={repaired}"]
        lines += [f"a=extmap:{section.send_time} {SEND_TIME_URI}"] if section.send_time else []
    if from_client:
        wanted = [MID_URI, RID_URI, REPAIRED_RID_URI] if section.rids else [MID_URI]
        wanted += [LEVEL_URI] if section.level else []
        lines += [f"a=extmap:{section.extensions[uri]} {uri}" for uri in wanted if uri in section.extensions]
        lines += [f"a=rid:{rid} recv" for rid in section.rids]
        lines += [f"a=simulcast:recv {';'.join(section.rids)}"] if section.rids else []
    return lines


def _feedback(payload_type: int | None, nack: bool) -> list[str]:
    kinds = (*(("nack",) if nack else ()), "nack pli", "ccm fir", "goog-remb")
    return [f"a=rtcp-fb:{payload_type} {kind}" for kind in kinds]


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


def _slot(slot: SlotName, ssrcs: Sequence[int], cname: str) -> list[str]:
    """The slot's stream, and its retransmissions when there are two SSRCs (RFC 5576 section 4.2)."""
    msid = f"msid:{slot.value} {slot.value}"
    lines = [f"a={msid}"]
    lines += [f"a=ssrc-group:FID {ssrcs[0]} {ssrcs[1]}"] if len(ssrcs) > 1 else []
    return lines + [line for ssrc in ssrcs for line in (f"a=ssrc:{ssrc} cname:{cname}", f"a=ssrc:{ssrc} {msid}")]
