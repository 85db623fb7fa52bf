"""When a running conference is warned that its time is running out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

DEFAULT_MINUTES = (15, 5, 1)


def mark_due(minutes: Sequence[int], start: datetime, stop: datetime, warned: int | None, now: datetime) -> int | None:
    """The warning to give now, in minutes before the stop; `warned` is the smallest that was given for this stop.

    The mark whose moment was last counts: one that was slept through is not given after a later one. A mark whose
    moment lies before the start (of a short conference) is never given.
    """
    if now >= stop:
        return None
    passed = [mark for mark in minutes if start < stop - timedelta(minutes=mark) <= now]
    mark = min(passed, default=None)
    if mark is None or (warned is not None and warned <= mark):
        return None
    return mark
