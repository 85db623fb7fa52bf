"""RTCP (RFC 3550 section 6, RFC 4585, REMB): the few packets that a forwarding node writes and reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiortc import rtp

_NTP_EPOCH = 2_208_988_800
_PLI = struct.Struct("!BBHII")
_MAX_REPORTS = 31
MAX_MISSING = 272
"""Sequence numbers taken from one NACK, and put into one."""


@dataclass(frozen=True)
class KeyframeWanted:
    """PLI or FIR: the receiver cannot go on without a key frame on `ssrc`."""

    ssrc: int


@dataclass(frozen=True)
class ReportBlock:
    """What a receiver says about one stream (RFC 3550 section 6.4.1). Times in units of 1/65536 s."""

    ssrc: int
    lost: int
    """Packets lost since the beginning; can be negative when some came twice."""
    highest: int
    """Extended highest sequence number received."""
    jitter: int
    last_report: int
    delay: int
    fraction: int = 0


@dataclass(frozen=True)
class SenderClock:
    """A sender report: the middle 32 bits of its NTP time, to be sent back in our reports."""

    ssrc: int
    ntp_middle: int


@dataclass(frozen=True)
class Bandwidth:
    """REMB: what the receiver's line carries, in bit/s."""

    bitrate: int


@dataclass(frozen=True)
class PacketsMissing:
    """Generic NACK (RFC 4585 section 6.2.1): the receiver of `ssrc` misses these."""

    ssrc: int
    sequences: tuple[int, ...]


Feedback: TypeAlias = KeyframeWanted | ReportBlock | SenderClock | Bandwidth | PacketsMissing


def ntp_time(unix_seconds: float) -> int:
    """64-bit NTP time of an instant."""
    return round((unix_seconds + _NTP_EPOCH) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def ntp_middle(ntp: int) -> int:
    """The 32 bits that reports carry: seconds modulo 65536, in units of 1/65536 s."""
    return ntp >> 16 & 0xFFFF_FFFF


def parse_feedback(data: bytes) -> list[Feedback]:
    """All that concerns us in a decrypted compound packet; a damaged one gives nothing."""
    try:
        return [item for packet in rtp.RtcpPacket.parse(data) for item in _read(packet)]
    except (ValueError, IndexError, struct.error):
        return []


def _read(packet: rtp.AnyRtcpPacket) -> Iterator[Feedback]:
    if isinstance(packet, rtp.RtcpSrPacket):
        yield SenderClock(packet.ssrc, ntp_middle(packet.sender_info.ntp_timestamp))
    if isinstance(packet, rtp.RtcpSrPacket | rtp.RtcpRrPacket):
        for r in packet.reports:
            yield ReportBlock(r.ssrc, r.packets_lost, r.highest_sequence, r.jitter, r.lsr, r.dlsr, r.fraction_lost)
    elif isinstance(packet, rtp.RtcpRtpfbPacket) and packet.fmt == rtp.RTCP_RTPFB_NACK:
        yield PacketsMissing(packet.media_ssrc, tuple(sequence & 0xFFFF for sequence in packet.lost[:MAX_MISSING]))
    elif isinstance(packet, rtp.RtcpPsfbPacket):
        yield from _read_payload_feedback(packet)


def _read_payload_feedback(packet: rtp.RtcpPsfbPacket) -> Iterator[Feedback]:
    if packet.fmt == rtp.RTCP_PSFB_PLI:
        yield KeyframeWanted(packet.media_ssrc)
    elif packet.fmt == rtp.RTCP_PSFB_FIR:
        for at in range(0, len(packet.fci) - 7, 8):
            yield KeyframeWanted(struct.unpack_from("!I", packet.fci, at)[0])
    elif packet.fmt == rtp.RTCP_PSFB_APP and packet.fci[:4] == b"REMB":
        yield Bandwidth(rtp.unpack_remb_fci(packet.fci)[0])


def picture_loss(sender: int, ssrc: int) -> bytes:
    """PLI (RFC 4585 section 6.3.1)."""
    return _PLI.pack(0x81, rtp.RTCP_PSFB, 2, sender, ssrc)


def missing(sender: int, ssrc: int, sequences: Sequence[int]) -> bytes:
    """Generic NACK (RFC 4585 section 6.2.1) for at most 272 packets, in ascending order also over a wrap."""
    fields: list[tuple[int, int]] = []
    for sequence in sequences[:MAX_MISSING]:
        behind = sequence - fields[-1][0] & 0xFFFF if fields else 0
        if 1 <= behind <= 16:
            fields[-1] = (fields[-1][0], fields[-1][1] | 1 << behind - 1)
        elif behind or not fields:
            fields.append((sequence, 0))
    head = struct.pack("!BBHII", 0x80 | rtp.RTCP_RTPFB_NACK, rtp.RTCP_RTPFB, 2 + len(fields), sender, ssrc)
    return head + b"".join(struct.pack("!HH", *entry) for entry in fields)


def remb(sender: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    """Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03), bit/s over all `ssrcs`."""
    fci = rtp.pack_remb_fci(bitrate, list(ssrcs))
    return bytes(rtp.RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_APP, ssrc=sender, media_ssrc=0, fci=fci))


def receiver_report(sender: int, blocks: Sequence[ReportBlock]) -> bytes:
    """RR about at most 31 streams."""
    reports = [
        rtp.RtcpReceiverInfo(
            ssrc=b.ssrc,
            fraction_lost=b.fraction,
            packets_lost=rtp.clamp_packets_lost(b.lost),
            highest_sequence=b.highest & 0xFFFF_FFFF,
            jitter=min(b.jitter, 0xFFFF_FFFF),
            lsr=b.last_report,
            dlsr=min(b.delay, 0xFFFF_FFFF),
        )
        for b in blocks[:_MAX_REPORTS]
    ]
    return bytes(rtp.RtcpRrPacket(ssrc=sender, reports=reports))


def sender_report(ssrc: int, ntp: int, rtp_timestamp: int, packets: int, octets: int) -> bytes:
    """SR without report blocks; counts wrap at 32 bits."""
    info = rtp.RtcpSenderInfo(
        ntp_timestamp=ntp,
        rtp_timestamp=rtp_timestamp & 0xFFFF_FFFF,
        packet_count=packets & 0xFFFF_FFFF,
        octet_count=octets & 0xFFFF_FFFF,
    )
    return bytes(rtp.RtcpSrPacket(ssrc=ssrc, sender_info=info))


def source_description(ssrcs: Sequence[int], cname: str) -> bytes:
    """SDES with one CNAME for all `ssrcs` (RFC 3550 section 6.5)."""
    chunks = [rtp.RtcpSourceInfo(ssrc=ssrc, items=[(1, cname.encode("ascii"))]) for ssrc in ssrcs[:_MAX_REPORTS]]
    return bytes(rtp.RtcpSdesPacket(chunks=chunks))
