"""What a line was found to carry when it was too full. Pure.

Up: while packets queue and are lost, what comes in is what gets through. A line that only loses shows no queue, and one
that only is longer loses nothing: neither says what it carries.

Down: the node measures it, once it is sure that the line is narrow and its way has not only become longer. What it said
last counts; no longer once more than that has come through.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from core.model import LinkSample

QUEUE_MS = 60.0
"""A round trip so much above the shortest of the line is a queue (as in the node's own rule for receivers' lines)."""
FULL_LOSS = 0.02
"""A full queue drops packets; less than this is anything."""
DISPROVED = 0.9
"""What is measured may be so much below what the line carries; of two samples the lesser counts, since losses are
reported up to a sample later."""
KEPT_SAMPLES = 30
"""A minute at one each 2 s: so long it is told after the line was full."""


@dataclass(slots=True)
class _Told:
    newest: bool = False
    """What was found last counts; else the most of late, for a line was not always full."""
    kbps: float | None = None
    _recent: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))

    def take(self, carried: float | None) -> None:
        """What the newest sample says."""
        self._recent.append(carried)
        if carried is None and self.kbps is None:
            return
        self._choose()

    def disprove(self, carried: float) -> None:
        """The line carries at least this much: what says less was wrong, or is over."""
        if self.kbps is not None and self.kbps < carried:
            self._recent.clear()
            self.kbps = None

    def _choose(self) -> None:
        found = [one for one in self._recent if one is not None]
        self.kbps = None if not found else round(found[-1] if self.newest else max(found), 1)


@dataclass(slots=True)
class Capacity:
    """One line's. Feed it every sample; None: it has not been too full of late. Rates in kbit/s, all traffic."""

    _up: _Told = field(default_factory=_Told)
    _down: _Told = field(default_factory=lambda: _Told(newest=True))
    _shortest_ms: float = float("inf")
    _trip_ms: float | None = None
    _through_kbps: float = 0.0
    """What came through in the newest sample without loss or a growing queue."""

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
        self._down.take(sample.limit_down_kbps)
        self._down.disprove(DISPROVED * self._came_through(sample))

    def _came_through(self, sample: LinkSample) -> float:
        """The lesser of what came through in this sample and in the one before."""
        before, trip = self._trip_ms, sample.rtt_ms
        grows = before is not None and trip is not None and trip > before + QUEUE_MS
        is_clean = sample.loss_down is not None and sample.loss_down <= FULL_LOSS and not grows
        former, self._through_kbps = self._through_kbps, sample.kbps_down if is_clean else 0.0
        self._trip_ms = before if trip is None else trip
        return min(former, self._through_kbps)

    def _is_full_up(self, sample: LinkSample) -> bool:
        if sample.rtt_ms is None:
            return False
        self._shortest_ms = min(self._shortest_ms, sample.rtt_ms)
        return sample.rtt_ms > self._shortest_ms + QUEUE_MS and (sample.loss_up or 0.0) > FULL_LOSS
