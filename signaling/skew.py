"""How far another machine's clock is from this one, by asking it for the time. Pure.

The answer with the shortest round trip of late is the one least held up on the way (NTP's clock filter, RFC 5905
section 10). The same is done by the pages (`web/ui/src/lib/skew.ts`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

KEPT: Final = 12
"""Answers; with a beat each 5 s those of the last minute, so that a clock that is set right is soon believed."""


@dataclass(frozen=True)
class Skew:
    """The own clock minus the other's, and how far that may be wrong: half of the round trip."""

    ms: float
    error_ms: float


class SkewFilter:
    """Feed it answers; it keeps the best of the last `KEPT`."""

    def __init__(self) -> None:
        self._answers: deque[Skew] = deque(maxlen=KEPT)

    def take(self, sent_ms: float, round_trip_ms: float, server_ms: float) -> None:
        """An answer: when it was asked by the own wall clock, how long it took, and the time that it told."""
        if round_trip_ms >= 0:
            half = round_trip_ms / 2
            self._answers.append(Skew(sent_ms + half - server_ms, half))

    @property
    def best(self) -> Skew | None:
        """The answer of the shortest round trip; None before the first."""
        return min(self._answers, key=lambda answer: answer.error_ms, default=None)
