"""Packets of one slot in the order they were sent, without waiting for ever for those that never come."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.media.rtp import SEQUENCES, TIMESTAMPS, sequence_distance

WAIT_SECONDS = 0.5
"""For a missing packet: a source's repair needs a round trip or two."""
MOST_HELD = 512


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; sequence number and timestamp are unwrapped. `after_loss`: packets before it are missing."""

    sequence: int
    timestamp: int
    marker: bool
    payload_type: int
    payload: bytes
    after_loss: bool = False


class Reorder:
    """Feed `add`, take what it returns; call it with nothing new by `expire`."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._timestamp = 0
        self._held: dict[int, Packet] = {}
        self._gap_since: float | None = None

    def add(self, head: bytes, payload: bytes, now: float) -> list[Packet]:
        """`head` is the first eight bytes of an RTP header. Returns packets that are in order now."""
        sequence, timestamp = int.from_bytes(head[2:4], "big"), int.from_bytes(head[4:8], "big")
        if self._next is None:
            self._next, self._timestamp = sequence + SEQUENCES, timestamp + TIMESTAMPS
        number = self._next + sequence_distance(sequence, self._next & 0xFFFF)
        if number < self._next or number in self._held:
            return []
        moved = (timestamp - self._timestamp + TIMESTAMPS // 2) % TIMESTAMPS - TIMESTAMPS // 2
        at = self._timestamp + moved
        self._timestamp = max(self._timestamp, at)
        self._held[number] = Packet(number, at, head[1] > 127, head[1] & 0x7F, payload)
        return self._release(now)

    def expire(self, now: float) -> list[Packet]:
        """What is no longer worth waiting for its predecessors."""
        return self._release(now)

    def _release(self, now: float) -> list[Packet]:
        released: list[Packet] = []
        lost = False
        while self._held and self._next is not None:
            packet = self._held.pop(self._next, None)
            if packet is None:
                if self._gap_since is None:
                    self._gap_since = now
                if now - self._gap_since < WAIT_SECONDS and len(self._held) < MOST_HELD:
                    break
                self._next, lost = min(self._held), True
                self._gap_since = None
                continue
            released.append(replace(packet, after_loss=True) if lost else packet)
            self._next, self._gap_since, lost = packet.sequence + 1, None, False
        return released
