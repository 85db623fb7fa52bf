"""Whether something has lasted long enough to count, and has been gone long enough not to. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pulse:
    """Turns on when it was felt for `rise` seconds without a gap longer than `gap`, off `fall` seconds after the last.

    Times are monotonic seconds.
    """

    rise: float
    fall: float
    gap: float = 6.0
    is_on: bool = False
    began: float | None = None
    last: float = float("-inf")
    asked: float = 0.0

    def feel(self, present: bool, now: float, *, sure: bool = False) -> bool:
        """Notes what is felt at `now`; returns whether it counts. What is `sure` counts at once."""
        self.asked = now
        if present:
            if self.began is None or (not self.is_on and now - self.last > self.gap):
                self.began = now
            self.last = now
            self.is_on = self.is_on or sure or now - self.began >= self.rise
        elif now - self.last >= self.fall:
            self.is_on, self.began = False, None
        return self.is_on

    def hold(self, now: float) -> bool:
        """Nothing can be felt at `now`: what counts goes on counting, and this time is no recovery."""
        if self.is_on:
            self.last += now - self.asked
        self.asked = now
        return self.is_on
