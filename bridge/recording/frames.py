"""Depacketising: VP8 (RFC 7741), H.264 (RFC 6184) and Opus (RFC 7587) packets in order, to the frames they carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bridge.media.h264 import FU_A, IDR, SPS, picture_size, units_of
from bridge.media.vp8 import parse_descriptor
from bridge.recording.reorder import Packet

VP8, H264, OPUS = "vp8", "h264", "opus"
_START_CODE = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a file holds it; `timestamp` in units of its RTP clock, unwrapped."""

    codec: str
    timestamp: int
    key: bool
    data: bytes
    width: int = 0
    height: int = 0


class Depacketiser(Protocol):
    """Turns packets into frames. `needs_key`: it has lost something and waits for a key frame."""

    needs_key: bool

    def add(self, packet: Packet) -> Frame | None:
        """The frame that `packet` completes, if it does and if a decoder could use it."""
        ...


class OpusFrames:
    """Each packet is a frame (RFC 7587 section 4.2)."""

    needs_key = False

    def add(self, packet: Packet) -> Frame | None:
        """The packet itself."""
        return Frame(OPUS, packet.timestamp, True, packet.payload) if packet.payload else None


@dataclass
class Vp8Frames:
    """Frames of VP8. After a loss nothing until the next key frame: what refers to a missing picture shows dirt."""

    needs_key: bool = True
    _parts: list[bytes] = field(default_factory=list)
    _timestamp: int = -1
    _key: tuple[int, int] | None = None

    def add(self, packet: Packet) -> Frame | None:
        """As `Depacketiser.add`."""
        if packet.after_loss or (self._parts and packet.timestamp != self._timestamp):
            self._drop()
        descriptor = parse_descriptor(packet.payload)
        if descriptor is None or descriptor.starts_frame == bool(self._parts):
            self._drop()
            if descriptor is None or not descriptor.starts_frame:
                return None
        if not self._parts:
            self._timestamp = packet.timestamp
            self._key = (descriptor.width, descriptor.height) if descriptor.key_frame else None
        self._parts.append(packet.payload[descriptor.size :])
        return self._finish() if packet.marker else None

    def _drop(self) -> None:
        self._parts.clear()
        self.needs_key = True

    def _finish(self) -> Frame | None:
        data, self._parts = b"".join(self._parts), []
        if self._key is None:
            return None if self.needs_key else Frame(VP8, self._timestamp, False, data)
        self.needs_key = False
        return Frame(VP8, self._timestamp, True, data, *self._key)


@dataclass
class H264Frames:
    """Access units of H.264 as a byte stream (annex B). Begins, and goes on after a loss, at a parameter set."""

    needs_key: bool = True
    _units: list[bytes] = field(default_factory=list)
    _fragment: bytearray | None = None
    _timestamp: int = -1
    _damaged: bool = False

    def add(self, packet: Packet) -> Frame | None:
        """As `Depacketiser.add`."""
        if packet.timestamp != self._timestamp:
            if self._units or self._fragment is not None:
                self.needs_key = True
            self._begin(packet.timestamp)
        if packet.after_loss:
            self.needs_key, self._damaged, self._fragment = True, True, None
        if not self._take(packet.payload):
            self.needs_key, self._damaged = True, True
        return self._finish() if packet.marker else None

    def _begin(self, timestamp: int) -> None:
        self._units, self._fragment, self._timestamp, self._damaged = [], None, timestamp, False

    def _take(self, payload: bytes) -> bool:
        if len(payload) > 2 and payload[0] & 0x1F == FU_A:
            return self._take_fragment(payload)
        found = list(units_of(payload))
        self._units += found
        return bool(found) and self._fragment is None

    def _take_fragment(self, payload: bytes) -> bool:
        """Section 5.8: S begins the unit, E ends it; its header is put together from both bytes."""
        if payload[1] & 0x80:
            self._fragment = bytearray((payload[0] & 0xE0 | payload[1] & 0x1F,))
        if self._fragment is None:
            return False
        self._fragment += payload[2:]
        if payload[1] & 0x40:
            self._units.append(bytes(self._fragment))
            self._fragment = None
        return True

    def _finish(self) -> Frame | None:
        units, timestamp, whole = self._units, self._timestamp, not self._damaged and self._fragment is None
        self._begin(timestamp)
        sets = [unit for unit in units if unit[0] & 0x1F == SPS]
        key = whole and bool(sets) and any(unit[0] & 0x1F == IDR for unit in units)
        if key:
            self.needs_key = False
        if not units or not whole or self.needs_key:
            self.needs_key = self.needs_key or not whole
            return None
        data = b"".join(_START_CODE + unit for unit in units)
        return Frame(H264, timestamp, key, data, *(picture_size(sets[0]) if sets else (0, 0)))
