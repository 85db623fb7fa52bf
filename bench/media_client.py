"""The load: one publisher of made-up VP8 packets, and receivers that only count."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

import pylibsrtp
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket

from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import Local, Section
from bridge.media.rtp import build_packet
from core.model import Track

HOST = "127.0.0.1"
FRAME_PACKETS = 5
_KEY_FRAME_EVERY = 200
_VERIFY_EVERY = 1_000
"""One packet in so many is decrypted, which proves that what is counted is media; counting must stay cheap."""

_KEY_FRAME_HEADER = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01"
"""RFC 6386 section 9.1: a key frame of 640x360."""

_DELTA_FRAME_HEADER = b"\x11\x00\x00"


class CountingReceiver(SecureLine):
    """Counts RTP packets as they come, mostly without decrypting them."""

    def __init__(self, host: str | None, *, controlling: bool = True) -> None:
        # Not coalesced: a receiver elsewhere would not save the sender any work either.
        super().__init__(lambda _: None, lambda _: None, host=host, controlling=controlling, coalesce=False)
        self.packets = 0
        self.undecryptable = 0

    def take_protected(self, data: bytes) -> None:
        if 191 < data[1] < 224:
            return
        self.packets += 1
        if self.packets % _VERIFY_EVERY == 1:
            self._verify(data)

    def _verify(self, data: bytes) -> None:
        try:
            if self._inbound is not None:
                self._inbound.unprotect(data)
        except pylibsrtp.Error:
            self.undecryptable += 1


@dataclass
class Clock90:
    """Sequence, timestamp and picture id of the made-up stream."""

    sequence: int = field(default_factory=lambda: secrets.randbits(15))
    timestamp: int = field(default_factory=lambda: secrets.randbits(31))
    picture_id: int = 0


class Publisher(SecureLine):
    """Sends frames of five packets; each 200th is a key frame, and so is the next after one is asked for."""

    def __init__(self, size: int, host: str | None) -> None:
        super().__init__(lambda _: None, self._take_rtcp, host=host)
        self.ssrc = secrets.randbits(32)
        self.sent = 0
        self._size = size
        self._noise = secrets.token_bytes(size)
        self._at = Clock90()
        self._frames = 0
        self._key_frame_wanted = True
        self._payload_type = 96
        self._mid, self._mid_extension = "", 0

    def negotiated(self, section: Section, mid: str, mid_extension: int) -> None:
        """What the answer says about the stream."""
        assert section.payload_type is not None
        self._payload_type, self._mid, self._mid_extension = section.payload_type, mid, mid_extension

    async def publish(self, packets_per_second: float, seconds: float) -> float:
        """Sends at a steady rate; returns the seconds that it took."""
        began = upcoming = time.perf_counter()
        while time.perf_counter() - began < seconds:
            self._send_frame(round(90_000 * FRAME_PACKETS / packets_per_second))
            upcoming += FRAME_PACKETS / packets_per_second
            await asyncio.sleep(max(0.0, upcoming - time.perf_counter()))
        return time.perf_counter() - began

    def _send_frame(self, ticks: int) -> None:
        key_frame = self._key_frame_wanted or self._frames % _KEY_FRAME_EVERY == 0
        self._key_frame_wanted = False
        self._frames += 1
        at = self._at
        at.timestamp = (at.timestamp + ticks) & 0xFFFFFFFF
        at.picture_id = (at.picture_id + 1) & 0x7FFF
        identifier = (0x8000 | at.picture_id).to_bytes(2, "big")
        for number in range(FRAME_PACKETS):
            at.sequence = (at.sequence + 1) & 0xFFFF
            head = (b"\x80\x80" if number else b"\x90\x80") + identifier
            if number == 0:
                head += _KEY_FRAME_HEADER if key_frame else _DELTA_FRAME_HEADER
            packet = build_packet(
                payload_type=self._payload_type,
                marker=number == FRAME_PACKETS - 1,
                sequence=at.sequence,
                timestamp=at.timestamp,
                ssrc=self.ssrc,
                payload=head + self._noise[len(head) :],
                mid=self._mid,
                mid_extension=self._mid_extension,
            )
            self.send_rtp(packet)
            self.sent += 1

    def _take_rtcp(self, data: bytes) -> None:
        try:
            packets = RtcpPacket.parse(data)
        except ValueError:
            return
        if any(isinstance(p, RtcpPsfbPacket) and p.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR) for p in packets):
            self._key_frame_wanted = True


def local_of(line: SecureLine, ssrc: int = 0) -> Local:
    """What this line's offer says about it."""
    ssrcs = {Track.MICROPHONE: (ssrc + 1) & 0xFFFFFFFF, Track.CAMERA: ssrc}
    return Local(line.ice.credentials, line.fingerprint, line.ice.address, "load", ssrcs)
