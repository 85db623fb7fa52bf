"""VP8 in RTP (RFC 7741): what the payload descriptor and the frame header say, and rewriting their ids."""

from __future__ import annotations

from dataclasses import dataclass

PICTURE_IDS = 1 << 15
_START_CODE = b"\x9d\x01\x2a"


@dataclass(slots=True)
class Vp8Descriptor:
    """What a payload descriptor says, and where (offsets into the payload, 0 for what is not there)."""

    starts_frame: bool
    key_frame: bool
    """True on the first packet of a key frame only."""
    picture_id: int | None
    picture_id_at: int
    picture_id_bytes: int
    tl0picidx: int | None
    tl0picidx_at: int
    temporal_layer: int
    size: int
    width: int = 0
    height: int = 0


def parse_descriptor(payload: bytes) -> Vp8Descriptor | None:
    """Reads the descriptor, and the picture size on the first packet of a key frame; None when cut short."""
    try:
        return _parse(payload)
    except IndexError:
        return None


def _parse(payload: bytes) -> Vp8Descriptor | None:
    first = payload[0]
    at = 1
    picture_id = tl0picidx = None
    picture_at = picture_bytes = tl0_at = temporal = 0
    if first & 0x80:
        flags = payload[at]
        at += 1
        if flags & 0x80:
            picture_at = at
            picture_bytes = 2 if payload[at] & 0x80 else 1
            picture_id = (payload[at] & 0x7F) << 8 | payload[at + 1] if picture_bytes == 2 else payload[at]
            at += picture_bytes
        if flags & 0x40:
            tl0_at = at
            tl0picidx = payload[at]
            at += 1
        if flags & 0x30:
            temporal = payload[at] >> 6 & (3 if flags & 0x20 else 0)
            at += 1
    starts = bool(first & 0x10) and first & 0x07 == 0
    key = starts and payload[at] & 1 == 0
    width, height = _frame_size(payload, at) if key else (0, 0)
    return Vp8Descriptor(
        starts, key, picture_id, picture_at, picture_bytes, tl0picidx, tl0_at, temporal, at, width, height
    )


def _frame_size(payload: bytes, at: int) -> tuple[int, int]:
    """Width and height in a key frame's header (RFC 6386 section 9.1); zeros when they are not there."""
    if payload[at + 3 : at + 6] != _START_CODE or len(payload) < at + 10:
        return 0, 0
    width = int.from_bytes(payload[at + 6 : at + 8], "little") & 0x3FFF
    height = int.from_bytes(payload[at + 8 : at + 10], "little") & 0x3FFF
    return width, height


def rewrite_ids(payload: bytes, descriptor: Vp8Descriptor, picture_id: int, tl0picidx: int) -> bytes:
    """The payload with other ids. A picture id is written with 15 bits, whatever it had; one not there stays out."""
    at = descriptor.picture_id_at
    if at:
        rest = at + descriptor.picture_id_bytes
        payload = payload[:at] + (0x8000 | picture_id).to_bytes(2, "big") + payload[rest:]
    tl0_at = descriptor.tl0picidx_at
    if tl0_at:
        tl0_at += 2 - descriptor.picture_id_bytes if at else 0
        payload = payload[:tl0_at] + bytes((tl0picidx,)) + payload[tl0_at + 1 :]
    return payload


class PictureIds:
    """Unwraps a stream's picture ids (7 or 15 bits, RFC 7741 section 4.2) to 15 bits that count on."""

    def __init__(self) -> None:
        self._last: int | None = None

    def unwrap(self, picture_id: int, size: int) -> int:
        """The id in 15 bits; `size` is the bytes it had on the wire."""
        if size == 2:
            return picture_id
        if self._last is None:
            self._last = picture_id
            return picture_id
        step = (picture_id - self._last + 0x40 & 0x7F) - 0x40
        value = (self._last + step) % PICTURE_IDS
        if step > 0:
            self._last = value
        return value
