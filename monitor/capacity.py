"""What a line was found to carry when it was too full: what gets through while packets queue and are lost. Pure.

A line that only loses shows no queue, and one that only is longer loses nothing: neither says what it carries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from core.model import LinkSample

QUEUE_MS = 60.0
"""A round trip so much above the shortest of the line is a queue (as in the node's own rule for receivers' lines)."""
FULL_LOSS = 0.02
"""A full queue drops packets; less than this is anything."""
KEPT_SAMPLES = 30
"""A minute at one each 2 s: so long it is told after the line was full."""
_USED = 4


@dataclass(slots=True)
class Capacity:
    """One line's. Feed it every sample; None: it has not been too full of late. Rates in kbit/s, all traffic."""

    up_kbps: float | None = None
    down_kbps: float | None = None
    _shortest_ms: float = float("inf")
    _up: list[float] = field(default_factory=list)
    _down: list[float] = field(default_factory=list)
    _since_up: int = 0
    _since_down: int = 0

    def add(self, sample: LinkSample) -> None:
        """Takes the newest sample."""
        queues = False
        if sample.rtt_ms is not None:
            self._shortest_ms = min(self._shortest_ms, sample.rtt_ms)
            queues = sample.rtt_ms > self._shortest_ms + QUEUE_MS
        lost_up, lost_down = sample.loss_up or 0.0, sample.loss_down or 0.0
        self.up_kbps, self._since_up = _taken(
            self._up, sample.kbps_up if queues and lost_up > FULL_LOSS else None, self.up_kbps, self._since_up
        )
        through = sample.kbps_down * (1 - lost_down)
        self.down_kbps, self._since_down = _taken(
            self._down, through if queues and lost_down > FULL_LOSS else None, self.down_kbps, self._since_down
        )


def _taken(recent: list[float], carried: float | None, told: float | None, since: int) -> tuple[float | None, int]:
    if carried is None:
        return (told, since + 1) if since < KEPT_SAMPLES else (None, since)
    if since > 1:
        recent.clear()
    recent.append(carried)
    del recent[:-_USED]
    return round(median(recent), 1), 0
