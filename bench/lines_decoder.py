"""What a decoder would make of the packets that came: what it could show, and when that stood, without I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bridge.media.rtp import parse_header, sequence_distance
from bridge.media.vp8 import parse_descriptor

_KEPT = 2_048
_GAPS = 30


@dataclass(frozen=True)
class _Packet:
    starts: bool
    ends: bool
    key: bool
    width: int


@dataclass
class Decoder:
    """One VP8 stream without simulcast or temporal layers. Pictures are decoded in order, from a key frame on."""

    decoded: int = 0
    width: int = 0
    freezes: int = 0
    frozen_seconds: float = 0.0
    """As browsers count them: a gap of three usual ones, or 150 ms longer than usual."""
    _packets: dict[int, _Packet] = field(default_factory=dict)
    _next: int | None = None
    _highest: int = 0
    _decoded_at: float | None = None
    _gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_GAPS))

    def take(self, packet: bytes, now: float) -> None:
        """A packet of the stream came at `now`, in whatever order, perhaps once more."""
        header = parse_header(packet)
        vp8 = parse_descriptor(packet[header.payload_start : header.payload_end]) if header is not None else None
        if header is None or vp8 is None:
            return
        number = self._highest + sequence_distance(header.sequence, self._highest & 0xFFFF)
        self._highest = max(self._highest, number)
        if self._next is not None and number < self._next:
            return
        self._packets[number] = _Packet(vp8.starts_frame, header.marker, vp8.key_frame, vp8.width)
        while (found := self._following()) is not None:
            self._show(*found, now)

    def _following(self) -> tuple[int, int] | None:
        """First and last packet of the next picture that can be decoded: the next one, or a later key frame."""
        starts = [] if self._next is None else [self._next]
        starts += sorted(number for number, packet in self._packets.items() if packet.key and packet.starts)
        for start in starts:
            end = self._end(start)
            if end is not None:
                return start, end
        return None

    def _end(self, start: int) -> int | None:
        """The last packet of the picture that begins at `start`; None when it is not whole."""
        first, number = self._packets.get(start), start
        if first is None or not first.starts:
            return None
        while (packet := self._packets.get(number)) is not None:
            if packet.ends:
                return number
            number += 1
        return None

    def _show(self, first: int, last: int, now: float) -> None:
        self.width = self._packets[first].width or self.width
        self._next = last + 1
        self._packets = {n: p for n, p in self._packets.items() if last < n and n > self._highest - _KEPT}
        self.decoded += 1
        if self._decoded_at is not None:
            gap = now - self._decoded_at
            usual = sum(self._gaps) / len(self._gaps) if self._gaps else gap
            if gap > max(3 * usual, usual + 0.15):
                self.freezes += 1
                self.frozen_seconds += gap
            self._gaps.append(gap)
        self._decoded_at = now
