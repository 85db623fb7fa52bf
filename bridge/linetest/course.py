"""The course of one line test: which phase it is in, how much the node sends, and what came of it. Without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean, median

from core.linetest import LineTestNow, NodeFigures, Phase
from core.model import LinkSample

PHASES = ((Phase.STEADY, 6.0), (Phase.UP, 9.0), (Phase.DOWN, 10.0))
"""In this order, with seconds."""
SECONDS = sum(seconds for _, seconds in PHASES)
STEPS_KBPS = (500, 1_000, 2_000, 3_000, 5_000, 8_000)
"""What the node sends on top of the picture, one after the other. It stays at the one after the first that was too
much: there the line is full whatever the picture takes of it."""
STEP_SECONDS = 1.5
UPLINK_KBPS = 8_000
"""What the endpoint may send at most."""
_NEARLY = 0.98
FULL_LOSS, FULL_RISE_MS = 0.1, 150.0
"""Once loaded, as much more loss or round trip than before means that the line is full, whatever the endpoint says."""
CONNECT_SECONDS = 20.0
SAMPLE_SECONDS = 1.0


@dataclass
class Course:
    """One test. Times are of one monotonic clock, in seconds."""

    opened_at: float
    _begun_at: float | None = None
    _failed: bool = False
    _kbps: float | None = None
    _steady: list[LinkSample] = field(default_factory=list)
    _up: list[float] = field(default_factory=list)
    _down: list[float] = field(default_factory=list)
    _full_since: float | None = None
    _up_filled: bool = False

    def connected(self, now: float) -> None:
        """Media flows; harmless when it did already."""
        if self._begun_at is None:
            self._begun_at = now

    def failed(self) -> None:
        """The leg is over; nothing changes any more."""
        self._failed = True

    def phase(self, now: float) -> Phase:
        """What the test does now."""
        if self._begun_at is None:
            late = now - self.opened_at > CONNECT_SECONDS
            return Phase.FAILED if late or self._failed else Phase.CONNECTING
        left = now - self._begun_at
        for phase, seconds in PHASES:
            if left < seconds:
                return Phase.FAILED if self._failed else phase
            left -= seconds
        return Phase.DONE

    def load_kbps(self, now: float) -> int:
        """What the node shall send besides the picture now."""
        if self._begun_at is None or self.phase(now) is not Phase.DOWN:
            return 0
        at = now if self._full_since is None else min(now, self._full_since + STEP_SECONDS)
        step = int((at - self._begun_at - (SECONDS - PHASES[-1][1])) / STEP_SECONDS)
        return STEPS_KBPS[min(max(step, 0), len(STEPS_KBPS) - 1)]

    def sampled(self, sample: LinkSample, now: float) -> None:
        """A sample over the last second or so."""
        phase = self.phase(now)
        self._kbps = sample.kbps_up
        if phase is Phase.STEADY:
            self._steady.append(sample)
        elif phase is Phase.UP:
            self._up.append(sample.kbps_up)
            told = sample.remb_up_kbps
            self._up_filled |= told is not None and told < _NEARLY * UPLINK_KBPS
        elif phase is Phase.DOWN:
            self._down.append(sample.kbps_down)
            if self._full_since is None and (sample.limit_down_kbps is not None or self._is_queued(sample)):
                self._full_since = now

    def _is_queued(self, sample: LinkSample) -> bool:
        """What the node sends waits or falls out, which it did not before there was a load."""
        lost = (sample.loss_down or 0.0) - (_mean(one.loss_down for one in self._steady) or 0.0)
        usual = _middle(one.rtt_ms for one in self._steady)
        rise = 0.0 if sample.rtt_ms is None or usual is None else sample.rtt_ms - usual
        return lost > FULL_LOSS or rise > FULL_RISE_MS

    def look(self, now: float) -> LineTestNow:
        """For whoever waits."""
        gone = 0.0 if self._begun_at is None else now - self._begun_at
        return LineTestNow(
            phase=self.phase(now), progress=min(gone / SECONDS, 1.0), kbps=self._kbps, node=self.figures()
        )

    def figures(self) -> NodeFigures:
        """What has been found out so far."""
        return NodeFigures(
            kbps_up=best_of_two(self._up),
            kbps_down_sent=best_of_two(self._down),
            up_filled=self._up_filled,
            down_filled=self._full_since is not None,
            loss_up=_mean(sample.loss_up for sample in self._steady),
            loss_down=_mean(sample.loss_down for sample in self._steady),
            jitter_up_ms=_middle(sample.jitter_up_ms for sample in self._steady),
            rtt_ms=_middle(sample.rtt_ms for sample in self._steady),
        )


def best_of_two(rates: Sequence[float]) -> float | None:
    """The highest mean of two rates in a row: one alone may be a queue that emptied."""
    return max((fmean(pair) for pair in pairwise(rates)), default=None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
