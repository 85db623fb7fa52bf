"""A frame's packets made ready for the wire: stamped with the time of sending, and evened out for segmentation.

UDP generic segmentation offload (UDP_SEGMENT) cuts one buffer into datagrams of one size, of which only the
last may be shorter. Encoders make a frame's packets differ by a byte or two; RTP padding evens them out.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.media.slots import Placed

MAX_SEGMENTS = 40
"""Below the kernel's 64, and such that full packets stay under its 64 kB per call."""
MAX_BATCH_BYTES = 52_000
MAX_PADDING = 24
"""More padding than this costs more than another system call."""

STAMP_BYTES = 8


def send_time_block(identifier: int, at: float) -> bytes:
    """A header extension block that holds only abs-send-time: 24 bits, 6 of them seconds, of `at` in seconds."""
    return b"\xbe\xde\x00\x01" + (identifier << 28 | 2 << 24 | _stamp(at)).to_bytes(4, "big")


def restamped(block: bytes, at: float) -> bytes:
    """The same block with another time."""
    return block[:5] + _stamp(at).to_bytes(3, "big")


def _stamp(at: float) -> int:
    return int(at * (1 << 18)) & 0xFF_FFFF


def batches_of(frame: Sequence[Placed], send_time: int, at: float) -> list[list[Placed]]:
    """The frame's packets, one list for each system call; `send_time` is the extension's id, 0 for none."""
    if send_time:
        block = send_time_block(send_time, at)
        frame = [(head, block + body) for head, body in frame]
    return [even_out(frame[start:end]) for start, end in split_batches([len(body) for _, body in frame])]


def split_batches(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of packets that can go out in one call, in order: all but the last nearly as long as the longest."""
    ranges: list[tuple[int, int]] = []
    start, longest, shortest, total = 0, 0, 1 << 16, 0
    for index, size in enumerate(sizes):
        fits = shortest >= max(longest, size) - MAX_PADDING
        if index > start and (not fits or index - start >= MAX_SEGMENTS or total + size > MAX_BATCH_BYTES):
            ranges.append((start, index))
            start, longest, shortest, total = index, 0, 1 << 16, 0
        longest, shortest, total = max(longest, size), min(shortest, size), total + size
    if sizes:
        ranges.append((start, len(sizes)))
    return ranges


def even_out(packets: Sequence[Placed]) -> list[Placed]:
    """Pads all but the last to the longest one's length (RFC 3550 section 5.1, P bit)."""
    longest = max(len(body) for _, body in packets)
    return [*(_pad(head, body, longest - len(body)) for head, body in packets[:-1]), packets[-1]]


def _pad(head: bytes, body: bytes, count: int) -> Placed:
    if count == 0:
        return head, body
    return bytes((head[0] | 0x20,)) + head[1:], body + bytes(count - 1) + bytes((count,))
