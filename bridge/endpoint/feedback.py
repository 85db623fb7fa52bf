"""RTCP as an endpoint speaks it: reports out, key-frame requests and sender reports in (RFC 3550, 4585, 5104)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import unpack_from

from aiortc import clock as ntp
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from bridge.endpoint.reception import StreamCounter
from bridge.endpoint.sending import Player
from bridge.media.rtcp import PacketsMissing, parse_feedback

_SDES_CNAME = 1


@dataclass(frozen=True)
class SenderReportSeen:
    """The newest sender report of a stream: the middle of its NTP time, and when it came (monotonic seconds)."""

    middle_ntp: int
    at: float


class Feedback:
    """Writes this side's compound reports and reads the peer's."""

    def __init__(self, cname: str) -> None:
        self._cname = cname.encode()
        self._seen: dict[int, SenderReportSeen] = {}

    def report(self, players: list[Player], streams: Mapping[int, StreamCounter], now: float) -> bytes:
        """A compound packet: a sender report per stream sent (or one receiver report), and who speaks."""
        blocks = [self._block(ssrc, stream, now) for ssrc, stream in streams.items()]
        active = [player for player in players if player.next_at is not None and player.packets]
        packets: list[AnyRtcpPacket] = []
        for player in active:
            packets.append(RtcpSrPacket(player.ssrc, _sender_info(player, now), blocks))
            blocks = []
        speaker = active[0].ssrc if active else players[0].ssrc
        if not active:
            packets.append(RtcpRrPacket(speaker, blocks))
        packets.append(RtcpSdesPacket([RtcpSourceInfo(speaker, [(_SDES_CNAME, self._cname)])]))
        return b"".join(bytes(packet) for packet in packets)

    def _block(self, ssrc: int, stream: StreamCounter, now: float) -> RtcpReceiverInfo:
        figures = stream.report()
        seen = self._seen.get(ssrc)
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=figures.fraction_lost,
            packets_lost=max(-(1 << 23), min(figures.packets_lost, (1 << 23) - 1)),
            highest_sequence=figures.highest_sequence,
            jitter=figures.jitter,
            lsr=seen.middle_ntp if seen else 0,
            dlsr=round((now - seen.at) * 65_536) & 0xFFFFFFFF if seen else 0,
        )

    def take(self, data: bytes, streams: Mapping[int, StreamCounter], now: float) -> set[int]:
        """Reads a compound packet; returns the streams of this side for which a key frame is wanted.

        Raises `ValueError` when it cannot be read.
        """
        wanted: set[int] = set()
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpSrPacket) and packet.ssrc in streams:
                middle = packet.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
                self._seen[packet.ssrc] = SenderReportSeen(middle, now)
            elif isinstance(packet, RtcpPsfbPacket):
                wanted.update(_key_frames_wanted(packet))
        return wanted


def packets_missing(data: bytes) -> Iterator[tuple[int, int]]:
    """Stream and sequence number of each packet that the peer asks for again (RFC 4585 section 6.2.1)."""
    for item in parse_feedback(data):
        if isinstance(item, PacketsMissing):
            yield from ((item.ssrc, sequence) for sequence in item.sequences)


def _sender_info(player: Player, now: float) -> RtcpSenderInfo:
    return RtcpSenderInfo(
        ntp_timestamp=ntp.current_ntp_time(),
        rtp_timestamp=player.timestamp_at(now),
        packet_count=player.packets & 0xFFFFFFFF,
        octet_count=player.octets & 0xFFFFFFFF,
    )


def _key_frames_wanted(packet: RtcpPsfbPacket) -> Iterator[int]:
    if packet.fmt == RTCP_PSFB_PLI:
        yield packet.media_ssrc
    elif packet.fmt == RTCP_PSFB_FIR:
        # RFC 5104 section 4.3.1.1: entries of 8 bytes, each beginning with the stream that is asked.
        for at in range(0, len(packet.fci) - 7, 8):
            yield unpack_from("!I", packet.fci, at)[0]
