"""What a line was found to carry when it was too full. Pure.

Up: while packets queue and are lost, what comes in is what gets through. A line that only loses shows no queue, and one
that only is longer loses nothing: neither says what it carries.

Down: what gets through is known at the far end only. Its estimator (REMB), when the line is too full, says 0.85 of what
came of the pictures (draft-ietf-rmcat-gcc-02 section 5.5, beta). The sound that the node sent in the same period, less
its losses, came beside them. It counts as long as the node takes that very estimate for the line's limit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from core.model import LinkSample

QUEUE_MS = 60.0
"""A round trip so much above the shortest of the line is a queue (as in the node's own rule for receivers' lines)."""
FULL_LOSS = 0.02
"""A full queue drops packets; less than this is anything."""
BETA = 0.85
KEPT_SAMPLES = 30
"""A minute at one each 2 s: so long it is told after the line was full."""
_SAME = 0.01


@dataclass(slots=True)
class _Told:
    kbps: float | None = None
    _recent: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))

    def take(self, carried: float | None) -> None:
        """What the newest sample says; the most of what was found of late counts, for a line was not always full."""
        self._recent.append(carried)
        if carried is None and self.kbps is None:
            return
        found = [one for one in self._recent if one is not None]
        self.kbps = round(max(found), 1) if found else None


@dataclass(slots=True)
class Capacity:
    """One line's. Feed it every sample; None: it has not been too full of late. Rates in kbit/s, all traffic."""

    _up: _Told = field(default_factory=_Told)
    _down: _Told = field(default_factory=_Told)
    _shortest_ms: float = float("inf")

    @property
    def up_kbps(self) -> float | None:
        """Towards the node."""
        return self._up.kbps

    @property
    def down_kbps(self) -> float | None:
        """From the node."""
        return self._down.kbps

    def add(self, sample: LinkSample) -> None:
        """Takes the newest sample."""
        self._up.take(sample.kbps_up if self._is_full_up(sample) else None)
        limit, estimate = sample.limit_down_kbps, sample.remb_down_kbps
        is_estimate = limit is not None and estimate is not None and abs(limit - estimate) <= _SAME * estimate
        sound = sample.sound_down_kbps * (1 - (sample.audio_down.loss or 0.0))
        self._down.take(estimate / BETA + sound if is_estimate and estimate is not None else None)

    def _is_full_up(self, sample: LinkSample) -> bool:
        if sample.rtt_ms is None:
            return False
        self._shortest_ms = min(self._shortest_ms, sample.rtt_ms)
        return sample.rtt_ms > self._shortest_ms + QUEUE_MS and (sample.loss_up or 0.0) > FULL_LOSS
