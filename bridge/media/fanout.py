"""The fan-out: one frame to many receivers, one system call per receiver and frame where the kernel can.

UDP generic segmentation offload (UDP_SEGMENT) cuts one buffer into datagrams of one size, of which only the
last may be shorter. Encoders make a frame's packets differ by a byte or two; RTP padding evens them out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pylibsrtp

from bridge.media.forwarding import Slot
from bridge.media.sealing import Sealer
from bridge.media.slots import Placed

MAX_SEGMENTS = 40
"""Below the kernel's 64, and such that full packets stay under its 64 kB per call."""
MAX_BATCH_BYTES = 52_000
MAX_PADDING = 24
"""More padding than this costs more than another system call."""


@dataclass(slots=True)
class FanoutCounters:
    """Totals since the start."""

    packets: int = 0
    bytes: int = 0
    unprotectable: int = 0


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


class Fanout:
    """Encrypts and sends. `send_batch(data, segment, address)` puts protected packets on the wire."""

    def __init__(self, send_batch: Callable[[memoryview, int, tuple[object, ...]], None]) -> None:
        self._send_batch = send_batch
        self._seal = Sealer().seal
        self.counters = FanoutCounters()

    def send(self, frame: list[Placed], slots: Collection[Slot]) -> None:
        """One frame's packets to every slot: this is where the node's time goes."""
        sizes = [len(body) for _, body in frame]
        batches = [even_out(frame[start:end]) for start, end in split_batches(sizes)]
        seal, send_batch = self._seal, self._send_batch
        for slot in slots:
            ssrc, route = slot.ssrc_bytes, slot.route
            session, address = route.sending, route.address
            try:
                for batch in batches:
                    data, segment = seal(session, ssrc, batch)
                    send_batch(data, segment, address)
            except pylibsrtp.Error:
                self.counters.unprotectable += len(frame)
        self.counters.packets += len(frame) * len(slots)
        self.counters.bytes += (sum(sizes) + 12 * len(frame)) * len(slots)
