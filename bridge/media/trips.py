"""Whether packets to a receiver wait in a queue, told from the round trips of its reports."""

from __future__ import annotations

from dataclasses import dataclass

QUEUE_SECONDS = 0.06
"""A round trip this much above the shortest of late, besides what it moves by anyway, means a queue."""
WINDOW_SECONDS = 5.0
"""The shortest is that of the last one to two windows: a way may become longer for good, and shorter at once."""
_SWAYS = 2.0
"""Trips lie so many of their usual steps above the shortest without a queue."""
_SWAY_SHARE = 1 / 8
"""How much of each step goes into the usual one."""


@dataclass(slots=True)
class Trips:
    """One receiver's. `waiting` is what the newest report says."""

    waiting: bool = False
    _before: float = float("inf")
    _shortest: float = float("inf")
    _since: float = float("-inf")
    _last: float | None = None
    _sway: float = 0.0

    def take(self, seconds: float, now: float) -> None:
        """A report came by which the round trip was so long."""
        if now - self._since > WINDOW_SECONDS:
            self._before, self._shortest, self._since = self._shortest, seconds, now
        self._shortest = min(self._shortest, seconds)
        if self._last is not None:
            # A queue that comes or goes is no sway.
            step = min(abs(seconds - self._last), QUEUE_SECONDS)
            self._sway += (step - self._sway) * _SWAY_SHARE
        self._last = seconds
        self.waiting = seconds > min(self._before, self._shortest) + QUEUE_SECONDS + _SWAYS * self._sway

    def accept(self) -> None:
        """The way is longer now: the newest trip is no queue."""
        if self._last is not None:
            self._before = self._shortest = self._last
            self.waiting = False
