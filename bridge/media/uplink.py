"""What a source's line carries: delays of its packets say when it is too much (aiortc's estimator), REMB tells it."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.rate import BandwidthUsage, RemoteBitrateEstimator

CEILING = 2_500_000
"""What every source may send, bit/s: enough for three simulcast layers of 720p."""
FLOOR = 100_000
HOLD_SECONDS = 1.0
"""After the line was too full, before it is tried with more; doubled when that fails, up to the longest."""
LONGEST_HOLD_SECONDS = 2.0
GROWTH = 1.25
"""Per second, after the hold. Senders themselves grow by 8 % a second within what they are told."""
DROP = 0.97
_FORGET_SECONDS = 2.0
"""After a pause as long as this the estimator's past says nothing about the line."""


@dataclass(slots=True)
class Uplink:
    """One leg's. Feed it the packets that carry abs-send-time; without any it allows everything."""

    ceiling: int = CEILING
    target: int = CEILING
    """What the source may send, bit/s."""
    urgent: bool = False
    """The target fell by so much that the source must know now; the teller sets it back."""
    _estimator: RemoteBitrateEstimator | None = None
    _packet_at: float = 0.0
    _full_at: float = float("-inf")
    _hold: float = HOLD_SECONDS
    _grown_at: float = 0.0

    def take(self, send_time: int, size: int, ssrc: int, now: float) -> None:
        """A packet of `size` bytes came that left at `send_time` (24 bits, 6 of them seconds)."""
        estimator = self._estimator
        if estimator is None or now - self._packet_at > _FORGET_SECONDS:
            estimator = self._estimator = RemoteBitrateEstimator()
        self._packet_at = now
        estimate = estimator.add(int(now * 1000), send_time, size, ssrc)
        if estimate is not None and estimator.detector.state() is BandwidthUsage.OVERUSING:
            self._too_full(estimate[0], now)

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

    def _too_full(self, estimate: int, now: float) -> None:
        target = max(FLOOR, min(estimate, self.target))
        if now - self._full_at > self._hold and self._full_at > 0:
            self._hold = min(2 * self._hold, LONGEST_HOLD_SECONDS)
        self.urgent = self.urgent or target < DROP * self.target
        self.target, self._full_at = target, now
