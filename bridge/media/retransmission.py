"""Answering a receiver's NACKs (RFC 4585 section 6.2.1): what may be sent again, and how it is wrapped (RFC 4588)."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.media.batches import STAMP_BYTES, restamped
from bridge.media.slots import FIRST_SEQUENCE_BELOW, Placed

PACKETS_PER_SECOND = 100.0
BURST = 150.0
"""A receiver that asks for more than this has lost its line, not packets."""
AGAIN_SECONDS = 0.02
"""A packet asked for again sooner than this is still under way."""
MOST_TIMES = 6
OFTEN, OFTEN_SECONDS = 3, 2.0
"""As many packets of sound within this time are a line that loses much."""
_REMEMBERED = 256


@dataclass(slots=True)
class Retransmissions:
    """One slot's: decides what is sent again, and numbers the retransmission stream."""

    ssrc: bytes = b""
    """Of the retransmission stream; empty when the receiver negotiated none."""
    payload_types: Mapping[int, int] = field(default_factory=dict)
    """Of the retransmission stream, by that of the packet."""
    allowance: float = BURST
    _asked: deque[float] = field(default_factory=lambda: deque(maxlen=OFTEN))
    _at: float = 0.0
    _sequence: int = field(default_factory=lambda: secrets.randbelow(FIRST_SEQUENCE_BELOW))
    _sent: dict[int, tuple[float, int]] = field(default_factory=dict)

    def allowed(self, sequences: Iterable[int], now: float, round_trip: float = 0.0) -> Iterator[int]:
        """Those of `sequences` that may be sent again now; taking one counts as sending it.

        `round_trip` in seconds: what was sent sooner ago is still under way, however impatient the receiver is.
        """
        pause = max(AGAIN_SECONDS, round_trip)
        self.allowance = min(BURST, self.allowance + (now - self._at) * PACKETS_PER_SECOND)
        self._at = now
        for sequence in sequences:
            last, times = self._sent.get(sequence, (now - 1.0, 0))
            if self.allowance < 1 or now - last < pause or times >= MOST_TIMES:
                continue
            self.allowance -= 1
            if times == 0:
                self._asked.append(now)
            self._sent.pop(sequence, None)
            self._sent[sequence] = (now, times + 1)
            while len(self._sent) > _REMEMBERED:
                del self._sent[next(iter(self._sent))]
            yield sequence

    def often(self, now: float) -> bool:
        """Whether packets were often asked for lately; the repetitions of a request do not count."""
        return len(self._asked) == OFTEN and now - self._asked[0] <= OFTEN_SECONDS

    def wrap(self, placed: Placed, at: float) -> Placed | None:
        """The packet as one of the retransmission stream: its own number, the old one before the payload.

        It tells that it leaves at `at`: with the time of its first sending it would look to the receiver's estimator as
        if it had waited long, and the line as if it were full. None when there is no such stream for it; then the same
        packet is sent again.
        """
        head, body = placed
        payload_type = self.payload_types.get(head[1] & 0x7F)
        if payload_type is None:
            return None
        self._sequence = self._sequence + 1 & 0xFFFF
        second = head[1] & 0x80 | payload_type
        start = STAMP_BYTES if head[0] & 0x10 else 0
        wrapped = (restamped(body[:start], at) if start else b"") + head[2:4] + body[start:]
        return bytes((head[0], second)) + self._sequence.to_bytes(2, "big") + head[4:8], wrapped
