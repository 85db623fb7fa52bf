"""How fast a line lets through what leaves together: checks sent behind one another come, and are answered, apart.

Of the time between two answers only what lay between their checks is at fault, whatever waits before them: so it tells
what a line carries without filling it (packet trains; Dovrolis, Ramanathan and Moore, 2004). A line that lets short
bursts through and no more seems wide. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from bridge.media.middle import middle_half

CHECKS = 5
TRAIN_SECONDS = 0.06
"""So long a line needs for a train when it carries what is believed of it: longer would hold up sound."""
LEAST_OCTETS, MOST_OCTETS = 600, 3_000
PAUSE_SECONDS, LONG_PAUSE_SECONDS = 0.5, 1.5
"""From train to train: soon after the line was too full, and as long as it may be narrow."""
_LEAST_SHARE = 0.5
_LEAST_SPAN = 0.001
"""The clock of whoever reads the answers tells no shorter time."""
_TRAINS, _FEW = 5, 2
_ALIKE = 1.3
"""The middle of what the trains say lies within this factor, or they say nothing: answers are held up as well."""


@dataclass(slots=True)
class Train:
    """Checks that left together, as they are answered."""

    octets: int = 0
    """Of what has been sent of it."""
    _first: tuple[int, float] | None = None
    _last: tuple[int, float] | None = None
    _mixed: bool = False
    """Answers overtook one another: their times say nothing."""

    def answered(self, octets: int, now: float) -> None:
        """The check came with which the train was so long."""
        if self._first is None:
            self._first = octets, now
        elif octets > (self._last or self._first)[0]:
            self._last = octets, now
        else:
            self._mixed = True

    @property
    def first_octets(self) -> int:
        """How long it was with the first check that was answered; 0 before."""
        return self._first[0] if self._first is not None else 0

    @property
    def rate(self) -> int | None:
        """What lay between the first and the last that was answered came so fast, bit/s; None: too little did."""
        if self._first is None or self._last is None or self._mixed:
            return None
        (first, began), (last, ended) = self._first, self._last
        if last - first < _LEAST_SHARE * self.octets:
            return None
        return round((last - first) * 8 / max(ended - began, _LEAST_SPAN))


@dataclass(slots=True)
class Trains:
    """One receiver's, the last few."""

    _trains: deque[Train] = field(default_factory=lambda: deque(maxlen=_TRAINS))
    _sent_at: float = float("-inf")

    def due(self, limit: int, now: float, *, soon: bool) -> int:
        """How long a train is to be sent now, octets, to a line that is believed to carry `limit`, bit/s; 0: none."""
        if now - self._sent_at < (PAUSE_SECONDS if soon else LONG_PAUSE_SECONDS):
            return 0
        return min(max(round(limit * TRAIN_SECONDS / 8), LEAST_OCTETS), MOST_OCTETS)

    def begin(self, now: float) -> Train:
        """A train is about to be sent."""
        self._sent_at = now
        self._trains.append(Train())
        return self._trains[-1]

    @property
    def rate(self) -> int | None:
        """What the line carries, bit/s; None as long as the trains do not agree, or are too few."""
        rates = [rate for train in self._trains if (rate := train.rate) is not None]
        if len(rates) < _FEW:
            return None
        low, high = middle_half(rates)
        return round(median(rates)) if high <= _ALIKE * low else None

    def forget(self) -> None:
        """The line has become another one."""
        self._trains.clear()
