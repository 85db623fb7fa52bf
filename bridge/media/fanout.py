"""The fan-out: one frame to many receivers, one system call per receiver and batch where the kernel can."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import pylibsrtp

from bridge.media.forwarding import Slot
from bridge.media.sealing import Sealer
from bridge.media.slots import Placed


@dataclass(slots=True)
class FanoutCounters:
    """Totals since the start."""

    packets: int = 0
    bytes: int = 0
    unprotectable: int = 0
    resent: int = 0


class Fanout:
    """Encrypts and sends. `send_batch(data, segment, address)` puts protected packets on the wire."""

    def __init__(self, send_batch: Callable[[memoryview, int, tuple[object, ...]], None]) -> None:
        self._send_batch = send_batch
        self._seal = Sealer().seal
        self.counters = FanoutCounters()

    def send(self, batches: list[list[Placed]], slots: Collection[Slot]) -> None:
        """One frame's packets to every slot: this is where the node's time goes."""
        packets = sum(len(batch) for batch in batches)
        seal, send_batch = self._seal, self._send_batch
        for slot in slots:
            ssrc, route = slot.ssrc_bytes, slot.route
            session, address = route.sending, route.address
            try:
                for batch in batches:
                    data, segment = seal(session, ssrc, batch)
                    send_batch(data, segment, address)
            except pylibsrtp.Error:
                self.counters.unprotectable += packets
        self.counters.packets += packets * len(slots)
        octets = sum(len(body) for batch in batches for _, body in batch)
        self.counters.bytes += (octets + 12 * packets) * len(slots)

    def resend(self, slot: Slot, ssrc: bytes, placed: Placed) -> int:
        """One packet once more to one receiver; returns the bytes that this took."""
        try:
            data, segment = self._seal(slot.route.sending, ssrc, [placed])
        except pylibsrtp.Error:
            self.counters.unprotectable += 1
            return 0
        self._send_batch(data, segment, slot.route.address)
        self.counters.resent += 1
        return len(data)
