"""What several conferences need together at the busiest instant. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Use:
    """Two amounts of one link (up, down) or node (legs, kbit/s) needed from `since` until just before `until`."""

    code: str
    first: int
    second: int
    since: datetime
    until: datetime


def busiest(uses: Iterable[Use], start: datetime, stop: datetime) -> dict[str, tuple[int, int]]:
    """For each code the most of each amount needed at one instant between `start` and `stop`.

    The two maxima need not be at the same instant: each amount has a limit of its own.
    """
    events: dict[str, list[tuple[datetime, int, int]]] = {}
    for use in uses:
        since, until = max(use.since, start), min(use.until, stop)
        if since < until:
            events.setdefault(use.code, []).extend(((since, use.first, use.second), (until, -use.first, -use.second)))
    return {code: _peak(sorted(found)) for code, found in events.items()}


def _peak(events: list[tuple[datetime, int, int]]) -> tuple[int, int]:
    """At one instant what ends goes before what begins: sorted by amount, the negative ones come first."""
    first = second = most_first = most_second = 0
    at = None
    for moment, more_first, more_second in events:
        if moment != at:
            most_first, most_second, at = max(most_first, first), max(most_second, second), moment
        first += more_first
        second += more_second
    return max(most_first, first), max(most_second, second)
