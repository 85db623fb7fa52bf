"""What a line was found to carry when it was too full. Pure.

Up: while packets queue and are lost, what comes in is what gets through. A line that only loses shows no queue, and one
that only is longer loses nothing: neither says what it carries.

Down: what gets through is known at the far end only. Its estimator (REMB), when the line is too full, says 0.85 of what
came of the pictures (draft-ietf-rmcat-gcc-02 section 5.5, beta). The sound that the node sent in the same period, less
its losses, came beside them. It counts as long as the node takes that very estimate for the line's limit.

A way that only becomes longer looks to that estimator like a queue that grows. So what it says is told once packets are
lost as well, or the round trip falls again when less is sent, as it does when a queue drains; and no longer once more
than that has come through.
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
DISPROVED = 0.95
"""An estimate may be so much below what the line carries; of two samples the lesser counts, since losses are reported
up to a sample later."""
SURE_SAMPLES = 5
"""So many after the estimate, 10 s, something else must speak for a full line as well: the node tries a line again
with more within that time."""
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
        self._choose()

    def disprove(self, carried: float) -> None:
        """The line carries at least this much: what says less was wrong, or is over."""
        if self.kbps is not None and self.kbps < carried:
            self.forget()

    def forget(self) -> None:
        """All of it."""
        self._recent.clear()
        self._choose()

    def _choose(self) -> None:
        found = [one for one in self._recent if one is not None]
        self.kbps = round(max(found), 1) if found else None


@dataclass(slots=True)
class Capacity:
    """One line's. Feed it every sample; None: it has not been too full of late. Rates in kbit/s, all traffic."""

    _up: _Told = field(default_factory=_Told)
    _down: _Told = field(default_factory=_Told)
    _shortest_ms: float = float("inf")
    _is_sure: bool = False
    """Whether something beside the far end's estimate spoke for a full line down."""
    _unsure: int = 0
    """Samples since the newest estimate."""
    _longest_ms: float = 0.0
    """Since the far end spoke of a full line."""
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
        return self._down.kbps if self._is_sure else None

    def add(self, sample: LinkSample) -> None:
        """Takes the newest sample."""
        self._up.take(sample.kbps_up if self._is_full_up(sample) else None)
        estimated = self._estimated(sample)
        self._unsure = 0 if estimated is not None else self._unsure + 1
        self._down.take(estimated)
        self._down.disprove(DISPROVED * self._came_through(sample))
        self._make_sure(sample)

    @staticmethod
    def _estimated(sample: LinkSample) -> float | None:
        """What the far end's estimate comes to, where it is the limit."""
        limit, estimate = sample.limit_down_kbps, sample.remb_down_kbps
        if limit is None or estimate is None or abs(limit - estimate) > _SAME * estimate:
            return None
        return estimate / BETA + sample.sound_down_kbps * (1 - (sample.audio_down.loss or 0.0))

    def _came_through(self, sample: LinkSample) -> float:
        """The lesser of what came through in this sample and in the one before."""
        before, trip = self._trip_ms, sample.rtt_ms
        grows = before is not None and trip is not None and trip > before + QUEUE_MS
        is_clean = sample.loss_down is not None and sample.loss_down <= FULL_LOSS and not grows
        former, self._through_kbps = self._through_kbps, sample.kbps_down if is_clean else 0.0
        self._trip_ms = before if trip is None else trip
        return min(former, self._through_kbps)

    def _make_sure(self, sample: LinkSample) -> None:
        trip = self._trip_ms or 0.0
        if not self._is_sure and self._unsure > SURE_SAMPLES:
            self._down.forget()
        if self._down.kbps is None:
            self._is_sure, self._longest_ms = False, trip
            return
        self._longest_ms = max(self._longest_ms, trip)
        # Most of the wait is gone, and not only what the way's length wavers by.
        drained = trip < self._longest_ms - QUEUE_MS and trip < (self._longest_ms + self._shortest_ms) / 2
        self._is_sure = self._is_sure or drained or (sample.loss_down or 0.0) > FULL_LOSS

    def _is_full_up(self, sample: LinkSample) -> bool:
        if sample.rtt_ms is None:
            return False
        self._shortest_ms = min(self._shortest_ms, sample.rtt_ms)
        return sample.rtt_ms > self._shortest_ms + QUEUE_MS and (sample.loss_up or 0.0) > FULL_LOSS
