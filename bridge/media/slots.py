"""The slot rewriter: one unbroken output stream out of many inputs.

A `Timeline` is what a receiver sees on one SSRC: sequence numbers without holes that we made, timestamps that
follow real time, VP8 picture ids that only grow. Receivers that always saw the same thing share one timeline,
so that a packet is rewritten once for all of them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from struct import Struct

from bridge.media.rtp import SEQUENCES, TIMESTAMPS, sequence_distance
from bridge.media.vp8 import PICTURE_IDS, Vp8Descriptor, rewrite_ids

FIRST_SEQUENCE_BELOW = 0x4000
"""A new output starts low: a receiver that loses its first packets must not meet a wrap (RFC 3711 section 3.3.1)."""

_HEAD = Struct("!BBHI")
_HISTORY = 16
_REBASE_AFTER = 4_096
_SHORTEST_STEP_SECONDS = 0.01
_PICTURE_JUMP = 0x1000


Placed = tuple[bytes, bytes]
"""Of one outgoing packet: the first 8 bytes of its header, and what follows the SSRC."""


@dataclass(slots=True)
class MediaPacket:
    """One decrypted packet of an incoming stream; `picture_id` is unwrapped to 15 bits."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    at: float
    vp8: Vp8Descriptor | None = None
    picture_id: int = 0
    h264_start: bool | None = None
    """Of H.264: whether a receiver can begin with it. None: it is something else."""

    @property
    def starts_key_frame(self) -> bool:
        """Whether a receiver can begin with this packet."""
        return self.vp8.key_frame if self.vp8 is not None else self.h264_start is not False


@dataclass(slots=True)
class Segment:
    """The part of a timeline that one source fills: how its numbers become the timeline's."""

    highest: int
    """Highest sequence number that was placed, as the source counts."""
    offsets: list[tuple[int, int]]
    """(from this sequence number on, add this), newest first: one more entry for each packet left out."""
    timestamp_offset: int
    picture_offset: int | None = None
    tl0_offset: int | None = None

    def offset_of(self, sequence: int) -> int | None:
        """What to add to a sequence number; None when it is before this segment or too old."""
        for start, offset in self.offsets:
            if sequence_distance(sequence, start) >= 0:
                return offset
        return None

    def close_gap_at(self, sequence: int) -> None:
        """What follows `sequence` moves up into its place."""
        self.offsets.insert(0, (sequence + 1 & 0xFFFF, self.offsets[0][1] - 1 & 0xFFFF))
        del self.offsets[_HISTORY:]

    def rebase(self) -> None:
        """Forgets old entries before serial arithmetic would take them for new ones."""
        if sequence_distance(self.highest, self.offsets[0][0]) > _REBASE_AFTER:
            self.offsets = [(self.highest - _REBASE_AFTER // 2 & 0xFFFF, self.offsets[0][1])]


@dataclass(slots=True)
class Timeline:
    """One output stream's numbers. `begin` it with a packet of a source, then `place` that source's packets."""

    payload_type: int
    clock_rate: int
    send_time: int = 0
    """Id of the header extension that its packets get when they leave; 0 for none."""
    sequence: int = field(default_factory=lambda: secrets.randbelow(FIRST_SEQUENCE_BELOW))
    timestamp: int = field(default_factory=lambda: secrets.randbelow(TIMESTAMPS))
    picture_id: int = 0
    tl0picidx: int = 0
    at: float | None = None
    """When the newest packet came, on the node's monotonic clock; None before the first."""
    packets: int = 0
    octets: int = 0
    holes: int = 0
    """Numbers below the newest that no packet was placed at, because it has not come (yet)."""
    segment: Segment | None = None
    began: int = 0
    """The number of the newest segment's first packet."""

    def begin(self, packet: MediaPacket) -> Segment | None:
        """Goes over to the source of `packet`, which must be one that a decoder can begin with.

        Returns the segment that ends, with which `place_late` still takes packets that were under way.
        """
        ended = self.segment
        elapsed = 0.0 if self.at is None else max(packet.at - self.at, _SHORTEST_STEP_SECONDS)
        timestamp = self.timestamp + round(elapsed * self.clock_rate)
        self.began = (self.sequence + 1) % SEQUENCES
        offset = (self.began - packet.sequence) % SEQUENCES
        self.segment = Segment(
            highest=packet.sequence - 1 & 0xFFFF,
            offsets=[(packet.sequence, offset)],
            timestamp_offset=(timestamp - packet.timestamp) % TIMESTAMPS,
        )
        return ended

    def skip(self, packet: MediaPacket) -> None:
        """`packet` is not passed on, and the receiver must not miss it; a late one leaves its hole."""
        if self.segment is not None and sequence_distance(packet.sequence, self.segment.highest) > 0:
            self.segment.close_gap_at(packet.sequence)

    def place(self, packet: MediaPacket) -> Placed | None:
        """The outgoing packet without its SSRC; None when there is no place for it."""
        segment = self.segment
        if segment is None:
            return None
        newest = sequence_distance(packet.sequence, segment.highest) > 0
        offset = segment.offset_of(packet.sequence)
        if offset is None:
            return None
        payload = packet.payload
        if packet.vp8 is not None:
            payload = self._with_ids(packet, packet.vp8, segment, newest)
        sequence = packet.sequence + offset & 0xFFFF
        timestamp = (packet.timestamp + segment.timestamp_offset) % TIMESTAMPS
        if not newest:
            self.holes -= 1
        else:
            self.holes += sequence - self.sequence - 1 & 0xFFFF
            segment.highest, self.sequence, self.timestamp, self.at = packet.sequence, sequence, timestamp, packet.at
            segment.rebase()
        self.packets += 1
        self.octets += len(payload)
        second = self.payload_type | 0x80 if packet.marker else self.payload_type
        return _HEAD.pack(0x90 if self.send_time else 0x80, second, sequence, timestamp), payload

    def is_behind(self, packet: MediaPacket) -> bool:
        """Whether a later packet of the same source was placed before `packet`."""
        return self.segment is not None and sequence_distance(packet.sequence, self.segment.highest) < 0

    def place_late(self, packet: MediaPacket, ended: Segment) -> Placed | None:
        """As `place`, for a packet of the source before: only into a hole that it left behind."""
        if sequence_distance(packet.sequence, ended.highest) >= 0:
            return None
        current, self.segment = self.segment, ended
        placed = self.place(packet)
        self.segment = current
        return placed

    def same_as(self, other: Timeline) -> bool:
        """Whether a receiver could change from one to the other and see no difference."""
        return (self.payload_type, self.clock_rate, self.sequence, self.timestamp, self.picture_id, self.tl0picidx) == (
            other.payload_type,
            other.clock_rate,
            other.sequence,
            other.timestamp,
            other.picture_id,
            other.tl0picidx,
        )

    def fork(self) -> Timeline:
        """A timeline with the same past and a future of its own; it has no source yet."""
        return Timeline(
            self.payload_type,
            self.clock_rate,
            self.send_time,
            self.sequence,
            self.timestamp,
            self.picture_id,
            self.tl0picidx,
            self.at,
            self.packets,
            self.octets,
            self.holes,
        )

    def _with_ids(self, packet: MediaPacket, vp8: Vp8Descriptor, segment: Segment, newest: bool) -> bytes:
        picture_id, tl0picidx = self.picture_id, self.tl0picidx
        if vp8.picture_id_at:
            picture_id = self._picture_id(packet.picture_id, vp8.key_frame and newest, segment)
        if vp8.tl0picidx is not None:
            if segment.tl0_offset is None:
                segment.tl0_offset = self.tl0picidx + 1 - vp8.tl0picidx
            tl0picidx = vp8.tl0picidx + segment.tl0_offset & 0xFF
        if newest:
            self.picture_id, self.tl0picidx = picture_id, tl0picidx
        return rewrite_ids(packet.payload, vp8, picture_id, tl0picidx)

    def _picture_id(self, source_id: int, may_jump: bool, segment: Segment) -> int:
        """Continues the ids; a source that jumps at a key frame (a restarted encoder) is brought back in line."""
        if segment.picture_offset is not None:
            picture_id = (source_id + segment.picture_offset) % PICTURE_IDS
            if not may_jump or 0 < (picture_id - self.picture_id) % PICTURE_IDS < _PICTURE_JUMP:
                return picture_id
        segment.picture_offset = self.picture_id + 1 - source_id
        return (self.picture_id + 1) % PICTURE_IDS
