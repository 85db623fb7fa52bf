"""Telling a queue from jitter. Jitter makes packets late and lets others through on time; in a queue all are late.

So what counts is not how delays change but the lowest of them: the lowest of the last half second, above the lowest of
the last quarter of a minute, is how long even the luckiest packet had to wait. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RECENT_SECONDS = 0.5
"""A delay that wanders comes back to its base within this time, a queue does not: its source fills it on."""
LEAST_SAMPLES = 8
"""Fewer recent ones say nothing: all of them may have had bad luck."""
BASE_SECONDS = 15.0
"""Where the way itself has become longer, it takes this long until that is not a queue any more."""
_BLOCK_SECONDS = 0.1


@dataclass(slots=True)
class StandingQueue:
    """The wait that stays in a series of delays. Feed it each with `take`; `wait` is None while there are too few.

    Delays may be relative to anything, also to a clock that drifts by some milliseconds in `BASE_SECONDS`.
    """

    wait: float | None = None
    """How long the luckiest of the recent samples waited, as of the last finished tenth of a second."""
    recent_seconds: float = RECENT_SECONDS
    least_samples: int = LEAST_SAMPLES
    _began: float = float("-inf")
    _lowest: float = float("inf")
    _samples: int = 0
    _recent: deque[tuple[float, float, int]] = field(default_factory=deque)
    _base: deque[tuple[float, float]] = field(default_factory=deque)
    """Ascending: each is the lowest of what came since the one before it."""
    _usual: float = float("inf")
    """The lowest before the last `accept`."""

    def take(self, delay: float, now: float) -> bool:
        """A sample came; True when `wait` was reckoned anew."""
        if now - self._began < _BLOCK_SECONDS:
            self._samples += 1
            if delay < self._lowest:
                self._lowest = delay
            return False
        if self._samples:
            self._close()
        self._began, self._lowest, self._samples = now, delay, 1
        return True

    def accept(self) -> None:
        """What all recent samples waited was no queue: it is how long the way is now."""
        if self._recent:
            self._usual = self._base[0][1]
            self._base = deque([(self._recent[-1][0], min(lowest for _, lowest, _ in self._recent))])
            self.wait = None if self.wait is None else 0.0

    def refuse(self) -> None:
        """What was accepted last was a queue after all."""
        self._base.appendleft((self._recent[-1][0], min(self._usual, self._base[0][1])))

    def _close(self) -> None:
        began, lowest = self._began, self._lowest
        self._recent.append((began, lowest, self._samples))
        while self._recent[0][0] <= began - self.recent_seconds:
            self._recent.popleft()
        while self._base and self._base[-1][1] >= lowest:
            self._base.pop()
        self._base.append((began, lowest))
        while self._base[0][0] <= began - BASE_SECONDS:
            self._base.popleft()
        covered = began - self._recent[0][0] >= self.recent_seconds - 2 * _BLOCK_SECONDS
        enough = covered and sum(samples for _, _, samples in self._recent) >= self.least_samples
        floor = min(lowest for _, lowest, _ in self._recent)
        self.wait = floor - self._base[0][1] if enough else None
