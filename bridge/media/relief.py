"""Telling a queue from a way that has become longer: a queue shrinks when less is sent, a way does not. Pure.

As long as a queue stands, its line gives out what it carries. So a second in which a tenth less than that is sent takes
a tenth of a second of waiting away.
"""

from __future__ import annotations

from dataclasses import dataclass

LESS = 0.88
"""Only what is below what a queue gives out by this factor counts: a delay that moves by 60 ms within the half second
over which rates are measured changes them by so much.
"""
ENOUGH_SECONDS = 0.12
"""So much of a queue should have gone before what is left says anything."""
GREW_SECONDS = 0.03
"""It has become longer since: reckoned anew from there."""


@dataclass(slots=True)
class Relief:
    """What should be left of a queue since it was told, with the wait of then and what got `through`, bit/s."""

    wait: float
    through: int
    at: float
    gone: float = 0.0
    """Seconds of it that should be over."""

    def take(self, wait: float, rate: int, now: float) -> bool | None:
        """How long packets wait now, and what comes, bit/s. Returns whether it was a queue; None: not known yet."""
        if wait > self.wait + GREW_SECONDS:
            self.wait, self.through, self.gone = wait, rate, 0.0
        elif self.through:
            self.gone = max(0.0, self.gone + (LESS - rate / self.through) * (now - self.at))
        self.at = now
        if wait < self.wait / 2:
            return True
        return None if self.gone < ENOUGH_SECONDS else wait < self.wait - self.gone / 2
