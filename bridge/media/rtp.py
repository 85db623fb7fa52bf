"""RTP packets (RFC 3550) and their header extensions (RFC 8285): reading, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32
HEADER_BYTES = 12

_FIXED = Struct("!BBHII")
_WORDS = Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE
_TWO_BYTE_PROFILE = 0x1000


@dataclass(slots=True)
class RtpHeader:
    """Where things are in one packet; the payload is `data[payload_start:payload_end]`, padding excluded."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload_start: int
    payload_end: int
    extension_profile: int
    extension_start: int
    extension_end: int


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram on a multiplexed port is RTCP rather than RTP (RFC 5761 section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def parse_header(data: bytes) -> RtpHeader | None:
    """Reads the header of a decrypted packet; None when it is not RTP or is cut short."""
    if len(data) < HEADER_BYTES or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    start, end = HEADER_BYTES + 4 * (first & 0x0F), len(data)
    profile = extension_start = extension_end = 0
    if first & 0x10:
        if start + 4 > end:
            return None
        profile, words = _WORDS.unpack_from(data, start)
        extension_start = start + 4
        start = extension_end = extension_start + 4 * words
    if first & 0x20:
        end -= data[-1] or SEQUENCES
    if start > end:
        return None
    return RtpHeader(
        second > 127, second & 0x7F, sequence, timestamp, ssrc, start, end, profile, extension_start, extension_end
    )


def header_extensions(data: bytes, header: RtpHeader) -> dict[int, bytes]:
    """The extensions by their id; a damaged tail is left out (RFC 8285 section 4.1.2)."""
    if header.extension_profile == _ONE_BYTE_PROFILE:
        return _one_byte(data[header.extension_start : header.extension_end])
    if header.extension_profile & 0xFFF0 == _TWO_BYTE_PROFILE:
        return _two_byte(data[header.extension_start : header.extension_end])
    return {}


def send_time(data: bytes, header: RtpHeader, identifier: int) -> int | None:
    """The abs-send-time of a packet (24 bits, 6 of them seconds), None when it carries none."""
    value = header_extensions(data, header).get(identifier, b"")
    return int.from_bytes(value, "big") if len(value) == 3 else None


def _one_byte(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        identifier, length = block[at] >> 4, (block[at] & 0x0F) + 1
        if block[at] == 0:
            at += 1
            continue
        if identifier == 15 or at + 1 + length > len(block):
            break
        if identifier:
            found[identifier] = block[at + 1 : at + 1 + length]
        at += 1 + length
    return found


def _two_byte(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        if block[at] == 0:
            at += 1
            continue
        if at + 2 > len(block) or at + 2 + block[at + 1] > len(block):
            break
        found[block[at]] = block[at + 2 : at + 2 + block[at + 1]]
        at += 2 + block[at + 1]
    return found


def audio_level(data: bytes, header: RtpHeader, identifier: int) -> int | None:
    """The level of the sound in -dBov, 0 the loudest, 127 silence (RFC 6464 section 3)."""
    value = header_extensions(data, header).get(identifier)
    return value[0] & 0x7F if value else None


def build_packet(
    *,
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    mid: str = "",
    mid_extension: int = 0,
) -> bytes:
    """One packet, with an sdes:mid extension when `mid_extension` is not 0 (RFC 9143 section 15)."""
    extension = b""
    if mid_extension:
        value = mid.encode("ascii")[:16]
        block = bytes([mid_extension << 4 | len(value) - 1]) + value
        block += bytes(-len(block) % 4)
        extension = _WORDS.pack(_ONE_BYTE_PROFILE, len(block) // 4) + block
    first = 0x90 if extension else 0x80
    second = payload_type | (0x80 if marker else 0)
    return _FIXED.pack(first, second, sequence, timestamp, ssrc) + extension + payload


def sequence_distance(later: int, earlier: int) -> int:
    """How far `later` is after `earlier`, in -32768..32767 (RFC 1982 serial arithmetic)."""
    return (later - earlier + 0x8000 & 0xFFFF) - 0x8000
