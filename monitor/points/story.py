"""A point's story from its presence intervals and the floor's movements. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from core.model import Departure
from monitor.points.model import Happening, PointEvent

Interval = tuple[datetime, datetime | None, Departure | None]
"""Joined, left (None: still there), how it left."""
FloorMove = tuple[datetime, str, bool]
"""When, the event's type in the conference's log, and whether it names this point."""


def tell(intervals: Iterable[Interval], moves: Iterable[FloorMove]) -> tuple[PointEvent, ...]:
    """Both together, oldest first."""
    events = [*_presence(intervals), *_floor(moves)]
    return tuple(sorted(events, key=lambda event: event.at))


def _presence(intervals: Iterable[Interval]) -> Iterator[PointEvent]:
    for joined, left, how in intervals:
        yield PointEvent(at=joined, what=Happening.JOINED)
        if left is not None:
            yield PointEvent(at=left, what=Happening.LEFT, how=how)


def _floor(moves: Iterable[FloorMove]) -> Iterator[PointEvent]:
    """The floor's moves as this point felt them: another's grant ends its own turn too."""
    holds = False
    for at, kind, own in moves:
        if kind == "floor_granted":
            if own and not holds:
                yield PointEvent(at=at, what=Happening.FLOOR_GRANTED)
            elif holds and not own:
                yield PointEvent(at=at, what=Happening.FLOOR_ENDED)
            holds = own
        elif kind in ("floor_released", "floor_revoked"):
            if holds and own:
                yield PointEvent(at=at, what=Happening.FLOOR_ENDED)
                holds = False
        elif own:
            asked = kind == "floor_requested"
            yield PointEvent(at=at, what=Happening.FLOOR_REQUESTED if asked else Happening.REQUEST_DENIED)
