"""The fan-out: one frame to many receivers, a system call for many of them where the kernel can."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import pylibsrtp

from bridge.media.forwarding import Slot
from bridge.media.outbox import BUFFER_BYTES, MESSAGES, Outbox
from bridge.media.sealing import Sealer, sealed_bytes
from bridge.media.slots import Placed


@dataclass(slots=True)
class FanoutCounters:
    """Totals since the start."""

    packets: int = 0
    bytes: int = 0
    unprotectable: int = 0
    resent: int = 0


class Fanout:
    """Encrypts and sends. `post(box)` puts an outbox's protected packets on the wire and need not keep them."""

    def __init__(self, post: Callable[[Outbox], None]) -> None:
        self._post = post
        self._box = Outbox()
        self._seal = Sealer(self._box).seal
        self.counters = FanoutCounters()

    def send(self, batches: list[list[Placed]], slots: Collection[Slot]) -> None:
        """One frame's packets to every slot: this is where the node's time goes."""
        packets = sum(len(batch) for batch in batches)
        sized = [(batch, BUFFER_BYTES - sealed_bytes(batch)) for batch in batches]
        box, seal, add, at = self._box, self._seal, self._box.add, 0
        for slot in slots:
            ssrc, route = slot.ssrc_bytes, slot.route
            session, address = route.sending, route.address
            try:
                for batch, latest in sized:
                    if at > latest or len(box.messages) == MESSAGES:
                        self._flush()
                        at = 0
                    end, segment = seal(session, ssrc, batch, at)
                    add(at, end, segment, address)
                    at = end
            except pylibsrtp.Error:
                self.counters.unprotectable += packets
        self._flush()
        self.counters.packets += packets * len(slots)
        octets = sum(len(body) for batch in batches for _, body in batch)
        self.counters.bytes += (octets + 12 * packets) * len(slots)

    def resend(self, slot: Slot, ssrc: bytes, placed: Placed) -> int:
        """One packet once more to one receiver; returns the bytes that this took."""
        try:
            end, segment = self._seal(slot.route.sending, ssrc, [placed], 0)
        except pylibsrtp.Error:
            self.counters.unprotectable += 1
            return 0
        self._box.add(0, end, segment, slot.route.address)
        self._flush()
        self.counters.resent += 1
        return end

    def _flush(self) -> None:
        if self._box.messages:
            self._post(self._box)
            self._box.clear()
