"""Counting what arrives: one counter per received stream, without I/O.

Sequence numbers, loss and jitter follow RFC 3550 appendices A.1, A.3 and A.8.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from bridge.endpoint.negotiation import H264_TYPE
from bridge.media.rtp import parse_header
from bridge.media.vp8 import Vp8Descriptor, parse_descriptor
from core.model import ParticipantId

KeyFrameMark = tuple[int, int]
"""What a key frame is recognised by: the length and CRC-32 of its bytes without payload descriptors."""

_TIMESTAMP_TOLERANCE_SECONDS = 1.0
_PICTURE_ID_MASK = 0x7FFF


@dataclass(frozen=True)
class SlotReception:
    """What one slot has received since the connection began.

    `expected` is the extended highest sequence number minus the first, plus one; `frames` counts marker bits.
    Jumps count where a receiver's decoder would have noticed a switch of source: a sequence number that is not the
    next, a timestamp that moved by more than a second against the clock, a picture id that is not the next
    although no packet was missing. `last_key_frame_at` and `shown_since` (the first key frame of
    the participant that `last_key_frame_of` names) are monotonic seconds.
    """

    packets: int = 0
    expected: int = 0
    bytes: int = 0
    frames: int = 0
    key_frames: int = 0
    last_key_frame_at: float | None = None
    last_key_frame_of: ParticipantId | None = None
    shown_since: float | None = None
    sequence_jumps: int = 0
    timestamp_jumps: int = 0
    picture_id_jumps: int = 0


@dataclass(frozen=True)
class ReportFigures:
    """What a receiver report says of one stream: loss in 1/256, jitter in timestamp units (RFC 3550 section 6.4.1)."""

    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int


class StreamCounter:
    """Counts the packets of one stream. Subclassed for video, which also looks at its frames."""

    def __init__(self, clock_rate: int) -> None:
        self.packets = 0
        self.octets = 0
        self.frames = 0
        self.sequence_jumps = 0
        self.timestamp_jumps = 0
        self._clock_rate = clock_rate
        self._first = -1
        self._highest = -1
        self._timestamp = 0
        self._arrival = 0.0
        self._jitter = 0.0
        self._reported_expected = 0
        self._reported_packets = 0

    @property
    def expected(self) -> int:
        """Packets that the sender must have sent, as far as the sequence numbers tell."""
        return self._highest - self._first + 1 if self._first >= 0 else 0

    def take(self, packet: bytes, now: float) -> None:
        """Counts one RTP packet that arrived at `now` (monotonic seconds)."""
        timestamp = int.from_bytes(packet[4:8], "big")
        self.packets += 1
        self.octets += len(packet)
        if self._first < 0:
            self._first = self._highest = packet[2] << 8 | packet[3]
            self._timestamp, self._arrival = timestamp, now
            self._frame_begins(packet, now, True)
        else:
            self._take_next(packet, timestamp, now)
        if packet[1] & 0x80:
            self._frame_ends()

    def take_late(self, packet: bytes) -> None:
        """Counts a packet that comes after later ones: overtaken, or sent again."""
        self.packets += 1
        self.octets += len(packet)
        if packet[1] & 0x80:
            self.frames += 1

    def _take_next(self, packet: bytes, timestamp: int, now: float) -> None:
        step = ((packet[2] << 8 | packet[3]) - self._highest) & 0xFFFF
        if step != 1:
            self.sequence_jumps += 1
        if step < 0x8000:
            self._highest += step
        if timestamp != self._timestamp:
            self._note_time(timestamp, now)
            self._frame_begins(packet, now, step == 1)
        else:
            self._frame_goes_on(packet, step == 1)

    def _note_time(self, timestamp: int, now: float) -> None:
        """Jitter is taken from each frame's first packet: the others' distance is the sender's pacing."""
        moved = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        difference = abs((now - self._arrival) * self._clock_rate - moved)
        if difference > _TIMESTAMP_TOLERANCE_SECONDS * self._clock_rate:
            self.timestamp_jumps += 1
        else:
            self._jitter += (difference - self._jitter) / 16
        self._timestamp, self._arrival = timestamp, now

    def _frame_begins(self, packet: bytes, now: float, contiguous: bool) -> None:
        """A packet with a new timestamp."""

    def _frame_goes_on(self, packet: bytes, contiguous: bool) -> None:
        """Another packet with the timestamp of the one before."""

    def _frame_ends(self) -> None:
        self.frames += 1

    def report(self) -> ReportFigures:
        """The figures since the report before this one."""
        expected, packets = self.expected, self.packets
        new_expected = expected - self._reported_expected
        lost = new_expected - (packets - self._reported_packets)
        self._reported_expected, self._reported_packets = expected, packets
        fraction = (lost << 8) // new_expected if new_expected > 0 and lost > 0 else 0
        return ReportFigures(min(fraction, 255), expected - packets, self._highest & 0xFFFFFFFF, int(self._jitter))

    def snapshot(self) -> SlotReception:
        """The counters now."""
        return SlotReception(
            packets=self.packets,
            expected=self.expected,
            bytes=self.octets,
            frames=self.frames,
            sequence_jumps=self.sequence_jumps,
            timestamp_jumps=self.timestamp_jumps,
        )


class VideoCounter(StreamCounter):
    """Counts a VP8 stream: key frames, whose they are, and picture ids (RFC 7741)."""

    def __init__(self, owner_of: Callable[[KeyFrameMark], ParticipantId | None]) -> None:
        super().__init__(90_000)
        self._owner_of = owner_of
        self._picture_id: int | None = None
        self._key_frame: KeyFrameMark | None = None
        self.key_frames = 0
        self.picture_id_jumps = 0
        self.last_key_frame_at: float | None = None
        self.last_key_frame_of: ParticipantId | None = None
        self.shown_since: float | None = None

    def _frame_begins(self, packet: bytes, now: float, contiguous: bool) -> None:
        self._key_frame = None
        descriptor, data = _opened(packet)
        if descriptor is None:
            return
        self._note_picture_id(descriptor.picture_id, contiguous)
        if descriptor.key_frame:
            self.key_frames += 1
            self.last_key_frame_at = now
            self._key_frame = (len(data), zlib.crc32(data))

    def _note_picture_id(self, picture_id: int | None, contiguous: bool) -> None:
        before = self._picture_id
        self._picture_id = picture_id
        if contiguous and before is not None and picture_id != (before + 1) & _PICTURE_ID_MASK:
            self.picture_id_jumps += 1

    def _frame_goes_on(self, packet: bytes, contiguous: bool) -> None:
        if self._key_frame is None:
            return
        descriptor, data = _opened(packet)
        if descriptor is None or not contiguous:
            self._key_frame = None
            return
        size, digest = self._key_frame
        self._key_frame = (size + len(data), zlib.crc32(data, digest))

    def _frame_ends(self) -> None:
        self.frames += 1
        if self._key_frame is not None:
            owner = self._owner_of(self._key_frame)
            if owner != self.last_key_frame_of:
                self.last_key_frame_of, self.shown_since = owner, self.last_key_frame_at
            self._key_frame = None

    def snapshot(self) -> SlotReception:
        """The counters now."""
        return SlotReception(
            packets=self.packets,
            expected=self.expected,
            bytes=self.octets,
            frames=self.frames,
            key_frames=self.key_frames,
            last_key_frame_at=self.last_key_frame_at,
            last_key_frame_of=self.last_key_frame_of,
            shown_since=self.shown_since,
            sequence_jumps=self.sequence_jumps,
            timestamp_jumps=self.timestamp_jumps,
            picture_id_jumps=self.picture_id_jumps,
        )


def _opened(packet: bytes) -> tuple[Vp8Descriptor | None, bytes]:
    """The payload descriptor and the VP8 bytes after it; of an H.264 packet neither."""
    header = parse_header(packet)
    if header is None or header.payload_type == H264_TYPE:
        return None, b""
    payload = packet[header.payload_start : header.payload_end]
    descriptor = parse_descriptor(payload)
    return (descriptor, payload[descriptor.size :]) if descriptor else (None, b"")
