"""The periodic RTCP of a leg: what we tell senders (REMB, RR) and receivers (SR)."""

from __future__ import annotations

from bridge.media import rtcp
from bridge.media.leg import Leg
from core.model import Track

REPORT_SECONDS = 1.0
SENDER_REPORT_SECONDS = 2.0


def to_source(leg: Leg, now: float) -> bytes | None:
    """RR about what the leg sends, and REMB; None when it sends nothing."""
    streams = [stream for stream in leg.layers.values() if stream.reception.packets]
    if not streams:
        return None
    packet = rtcp.receiver_report(leg.ssrc, [stream.reception.report(stream.ssrc, now) for stream in streams])
    video = [stream.ssrc for stream in streams if stream.track is not Track.MICROPHONE]
    leg.uplink.urgent = False
    return packet + rtcp.remb(leg.ssrc, leg.uplink.grow(now), video) if video else packet


def to_receiver(leg: Leg, ntp: int, now: float, cname: str) -> list[bytes]:
    """A sender report of each slot that shows something (RFC 3550 section 6.4.1), each with its SDES."""
    packets = []
    for slot in leg.slots.values():
        cohort = slot.cohort
        if cohort is None or cohort.stream is None or cohort.timeline.at is None:
            continue
        timestamp = cohort.timeline.timestamp + round((now - cohort.timeline.at) * slot.clock_rate)
        report = rtcp.sender_report(slot.ssrc, ntp, timestamp, *slot.sent)
        packets.append(report + rtcp.source_description([slot.ssrc], cname))
    return packets
