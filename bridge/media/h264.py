"""H.264 in RTP (RFC 6184): where a receiver can begin, and how large the picture is. Payloads pass unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IDR, SPS, PPS = 5, 7, 8
STAP_A, FU_A = 24, 28
_CHROMA_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_MAX_GOLOMB_ZEROS = 24


@dataclass(frozen=True, slots=True)
class H264Start:
    """A packet with a sequence parameter set: its access unit begins a coded video sequence (section 7.4.1.2.1)."""

    width: int
    height: int


def units_of(payload: bytes) -> Iterator[bytes]:
    """The whole NAL units in a payload: itself, or those that a STAP-A holds; none of a fragment."""
    kind = payload[0] & 0x1F if payload else 0
    if 1 <= kind <= 23:
        yield payload
    elif kind == STAP_A:
        at = 1
        while at + 2 < len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            if size == 0 or at + 2 + size > len(payload):
                return
            yield payload[at + 2 : at + 2 + size]
            at += 2 + size


def is_readable(payload: bytes) -> bool:
    """Whether it is a packet of packetization mode 0 or 1 (section 6.2): a single unit, a STAP-A or an FU-A."""
    kind = payload[0] & 0x1F if payload else 0
    return 1 <= kind <= 23 or (kind == STAP_A and len(payload) > 3) or (kind == FU_A and len(payload) > 2)


def find_start(payload: bytes) -> H264Start | None:
    """The start of a coded video sequence in this packet.

    An IDR picture without a parameter set before it in its access unit is none: who joins there could not decode it.
    """
    for unit in units_of(payload):
        if unit[0] & 0x1F == SPS:
            return H264Start(*picture_size(unit))
    return None


def picture_size(sps: bytes) -> tuple[int, int]:
    """Width and height of a sequence parameter set (H.264 section 7.3.2.1.1); zeros when it cannot be read."""
    try:
        return _picture_size(_Bits(sps[1:].replace(b"\0\0\3", b"\0\0")))
    except ValueError:
        return 0, 0


class _Bits:
    """Reads bits and Exp-Golomb codes; raises ValueError at the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("cut short")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > _MAX_GOLOMB_ZEROS:
                raise ValueError("no such code")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _picture_size(bits: _Bits) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = _skip_high_profile(bits) if profile in _CHROMA_PROFILES else 1
    bits.golomb()
    _skip_picture_order(bits)
    bits.golomb()
    bits.take(1)
    width, rows = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    height = rows * (2 - frames_only)
    bits.take(1)
    if bits.take(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        across = 2 if chroma in (1, 2) else 1
        down = (2 if chroma == 1 else 1) * (2 - frames_only)
        width, height = width - across * (left + right), height - down * (top + bottom)
    return (width, height) if 0 < width <= 1 << 14 and 0 < height <= 1 << 14 else (0, 0)


def _skip_high_profile(bits: _Bits) -> int:
    """Up to the scaling lists; returns chroma_format_idc."""
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed_golomb()
