"""What a source's line carries: packets that wait in a queue say when it is too much, REMB tells it.

aiortc's estimator hears a queue grow, but takes a delay that wanders for one, and does not hear one behind jitter. So
its word counts when a queue is there, and a queue that stays needs no word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiortc.rate import BandwidthUsage, RateCounter, RemoteBitrateEstimator

from bridge.media.bursts import Bursts
from bridge.media.standing import StandingQueue

CEILING = 2_500_000
"""What every source may send, bit/s: enough for three simulcast layers of 720p."""
FLOOR = 100_000
QUEUE_SECONDS = 0.06
"""Every recent packet waited this long: the line is too full, whatever else is said."""
GROWING_SECONDS = 0.04
"""So long is enough where the estimator hears the delay grow."""
ROW_SECONDS, ROW_FACTOR = 4.0, 2.0
"""So soon after a verdict the next wants this much longer a wait: what waits alike when less is sent is no queue."""
AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 1.0, 8.0
"""From one verdict to the next, as what had been sent before must be through; doubled each time in a row.

A way that has become longer looks like a queue that never empties until `BASE_SECONDS` have passed.
"""
THROUGH = 0.85
"""Of what got through is asked for, so that the queue empties (as aiortc's estimator has it)."""
_THROUGH_MS = 500
"""A queue gives out what the line carries; from before there was one comes more."""
HOLD_SECONDS = 1.0
"""After the line was too full, before it is tried with more; doubled when that fails, up to the longest."""
LONGEST_HOLD_SECONDS = 2.0
GROWTH = 1.25
"""Per second, after the hold. Senders themselves grow by 8 % a second within what they are told."""
DROP = 0.97
_FORGET_SECONDS = 2.0
"""After a pause as long as this the past says nothing about the line."""
_STAMPS = 1 << 24
_STAMPS_PER_SECOND = 1 << 18


@dataclass(slots=True)
class Uplink:
    """One leg's. Feed it the packets that carry abs-send-time; without any it allows everything."""

    ceiling: int = CEILING
    target: int = CEILING
    """What the source may send, bit/s."""
    urgent: bool = False
    """The target fell by so much that the source must know now; the teller sets it back."""
    _estimator: RemoteBitrateEstimator | None = None
    _queue: StandingQueue = field(default_factory=StandingQueue)
    _bursts: Bursts = field(default_factory=Bursts)
    _stamp: int = 0
    _sent: float = 0.0
    """When the packet left, in seconds on the source's clock from its first on."""
    _packet_at: float = 0.0
    _full_at: float = float("-inf")
    _again: float = 0.0
    _hold: float = HOLD_SECONDS
    _grown_at: float = 0.0

    def take(self, send_time: int, size: int, ssrc: int, now: float) -> None:
        """A packet of `size` bytes came that left at `send_time` (24 bits, 6 of them seconds)."""
        if self._estimator is None or now - self._packet_at > _FORGET_SECONDS:
            self._begin(send_time)
        self._packet_at = now
        step = (send_time - self._stamp + _STAMPS // 2) % _STAMPS - _STAMPS // 2
        self._stamp, self._sent = send_time, self._sent + step / _STAMPS_PER_SECOND
        self._bursts.take(self._sent, now, size)
        looked = self._queue.take(now - self._sent, now)
        assert self._estimator is not None
        self._estimator.add(int(now * 1000), send_time, size, ssrc)
        if looked and self._waits(now) and now - self._full_at > self._again:
            self._too_full(now)

    @property
    def carries(self) -> int:
        """What gets through in a moment at least, bit/s; 0: not known."""
        return self._bursts.carries

    def allow(self, ceiling: int) -> None:
        """Lets the source send so much from now on, bit/s, instead of what a conference needs."""
        self.ceiling = self.target = ceiling

    def grow(self, now: float) -> int:
        """The target now; to be called about once a second."""
        if self.target < self.ceiling and now - self._full_at >= self._hold:
            elapsed = min(now - max(self._grown_at, self._full_at), 2.0)
            self.target = min(self.ceiling, round(self.target * GROWTH**elapsed))
            if self.target == self.ceiling:
                self._hold = HOLD_SECONDS
        self._grown_at = now
        return self.target

    def _begin(self, send_time: int) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._estimator.incoming_bitrate = RateCounter(_THROUGH_MS)
        self._queue, self._stamp, self._sent = StandingQueue(), send_time, 0.0
        self._bursts = Bursts()

    def _waits(self, now: float) -> bool:
        assert self._estimator is not None
        grows = self._estimator.detector.state() is BandwidthUsage.OVERUSING
        least = GROWING_SECONDS if grows else QUEUE_SECONDS
        in_a_row = now - self._full_at < ROW_SECONDS
        return (self._queue.wait or 0.0) > least * (ROW_FACTOR if in_a_row else 1.0)

    def _too_full(self, now: float) -> None:
        assert self._estimator is not None
        through = self._estimator.incoming_bitrate.rate(int(now * 1000)) or 0
        target = max(FLOOR, min(round(THROUGH * through), self.target))
        if now - self._full_at > self._hold and self._full_at > 0:
            self._hold = min(2 * self._hold, LONGEST_HOLD_SECONDS)
        self.urgent = self.urgent or target < DROP * self.target
        in_a_row = now - self._full_at < max(ROW_SECONDS, 2 * self._again)
        self._again = min(2 * self._again, LONGEST_AGAIN_SECONDS) if in_a_row else AGAIN_SECONDS
        self.target, self._full_at = target, now
        self._bursts.forget()
