"""What was sent lately on one output stream, so that it can be sent once more."""

from __future__ import annotations

from bridge.media.slots import Placed

PACKETS = 512
"""More than a second of the largest picture; with the longest payloads under 700 kB. A power of two."""
SECONDS = 1.0
"""Nobody waits longer than this for a packet that is missing."""


class SentPackets:
    """The newest packets of a timeline, exactly as they were encrypted.

    SRTP must never encrypt two different packets under one index (RFC 3711 section 9.1): what is sent again on the same
    SSRC has to be the same bytes, padding and send time included. That is why the packets are kept as they left
    and not made anew from the source's.
    """

    __slots__ = ("_ring",)

    def __init__(self) -> None:
        self._ring: list[tuple[int, float, Placed] | None] = [None] * PACKETS

    def add(self, placed: Placed, at: float) -> None:
        """Remembers a packet that leaves at `at` (monotonic seconds)."""
        head = placed[0]
        sequence = head[2] << 8 | head[3]
        self._ring[sequence & PACKETS - 1] = (sequence, at, placed)

    def find(self, sequence: int, now: float) -> Placed | None:
        """The packet of that outgoing sequence number; None when it never was or is too old."""
        found = self._ring[sequence & PACKETS - 1]
        if found is None or found[0] != sequence or now - found[1] > SECONDS:
            return None
        return found[2]

    def was_sent(self, sequence: int) -> bool:
        """Whether that packet was sent lately, however long ago: what a source's line lost never was."""
        found = self._ring[sequence & PACKETS - 1]
        return found is not None and found[0] == sequence

    def expired(self, sequence: int, now: float) -> bool:
        """Whether that packet was sent, but too long ago to be sent again."""
        return self.was_sent(sequence) and self.find(sequence, now) is None

    def copy(self) -> SentPackets:
        """The same past, for a timeline that forks."""
        twin = SentPackets()
        twin._ring = self._ring.copy()
        return twin
