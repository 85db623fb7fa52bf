"""Whether packets to a receiver wait in a queue, told from the round trips of its answers.

Jitter lets some packets through on time, a queue none: what counts is the luckiest of late.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

QUEUE_SECONDS = 0.03
"""The luckiest trip of late this much above the shortest, besides what trips move by anyway, means a queue."""
RECENT, RECENT_SECONDS = 4, 0.8
"""So many trips of late, none older than this; fewer say nothing."""
BASE_SECONDS = 15.0
"""The shortest is that of the last so many seconds: a way may become longer for good, and shorter at once."""
_FEW, _MUCH_SECONDS = 2, 0.06
_SWAYS = 2.0
_SWAY_SHARE = 1 / 8
"""How much of each step from trip to trip goes into the usual one."""
_LONGEST_STEP = 0.06
"""A queue that comes or goes is no sway."""


@dataclass(slots=True)
class Trips:
    """One receiver's. Feed it each with `take`."""

    _recent: deque[tuple[float, float]] = field(default_factory=deque)
    _base: deque[tuple[float, float]] = field(default_factory=deque)
    """Ascending: each is the shortest of what came since the one before it."""
    _sway: float = 0.0

    @property
    def known(self) -> bool:
        """The recent trips are enough to tell."""
        return len(self._recent) == RECENT

    @property
    def wait(self) -> float:
        """How long the luckiest of late waited, seconds; 0 when there are too few."""
        return min(trip for _, trip in self._recent) - self._base[0][1] if self.known else 0.0

    @property
    def waiting(self) -> bool:
        """Packets wait, as far as is known."""
        return self.wait > QUEUE_SECONDS + _SWAYS * self._sway

    @property
    def clear(self) -> bool:
        """Nothing waits, and that is known."""
        return self.known and self.wait <= QUEUE_SECONDS

    @property
    def rose(self) -> bool:
        """The two newest trips were both much longer than usual: with another sign of a queue that is one."""
        if len(self._recent) < _FEW:
            return False
        newest = min(self._recent[-1][1], self._recent[-2][1])
        return newest - self._base[0][1] > _MUCH_SECONDS + _SWAYS * self._sway

    @property
    def newest(self) -> float:
        """The newest trip of late, seconds; 0 when there is none."""
        return self._recent[-1][1] if self._recent else 0.0

    def take(self, seconds: float, now: float) -> None:
        """An answer came after so long."""
        recent, base = self._recent, self._base
        if recent:
            step = min(abs(seconds - recent[-1][1]), _LONGEST_STEP)
            self._sway += (step - self._sway) * _SWAY_SHARE
        recent.append((now, seconds))
        if len(recent) > RECENT:
            recent.popleft()
        self.forget(now)
        while base and base[-1][1] >= seconds:
            base.pop()
        base.append((now, seconds))
        while base[0][0] < now - BASE_SECONDS:
            base.popleft()

    def forget(self, now: float) -> None:
        """What came long ago says nothing of now."""
        while self._recent and self._recent[0][0] < now - RECENT_SECONDS:
            self._recent.popleft()

    def accept(self) -> None:
        """The way is longer now: the trips of late are no queue."""
        self._base = deque(one for one in self._base if one[0] >= self._recent[0][0]) if self._recent else deque()
