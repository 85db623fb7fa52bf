"""Looking for free time in the book: the shell around `free_time`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput
from core.model import PointRef
from scheduler.choosing import Choosing
from scheduler.directory_store import ChosenPoint, is_text
from scheduler.free_time import Blocking, Gap, NearMiss, Range, Wanted, candidates, gaps
from scheduler.free_time_model import Blocker, FreeTimeRequest, FreeTimes, FreeWindow, NearMissWindow
from scheduler.working_time import Span, working_spans

log = structlog.get_logger("free_time")

SQL = load_queries("scheduler", "free_time.sql")
LONGEST_SEARCH = timedelta(days=400)
BLOCKERS = 20
NEAR_MISSES = 5
_CHAIR = 0
"""The chair's number among the points; the database numbers those from 1."""


class FreeTime:
    """Answers "when are they all free?"."""

    def __init__(self, database: Database, clock: Clock, choosing: Choosing, zone: str) -> None:
        self._pool = database.pool
        self._clock = clock
        self._choosing = choosing
        self._zone = ZoneInfo(zone)

    async def find(self, request: FreeTimeRequest) -> FreeTimes:
        """The first `count` free windows from now on, or who is in the way; raises as `Choosing.points`, and

        `BadInput` `free_time.range`, `.chair`, `.longer_than_day`.
        """
        span = _span(request, self._clock.now())
        if request.chair is not None and not is_text(request.chair):
            raise BadInput("free_time.chair", "The chair's name is not readable text.")
        _refuse_longer_than_day(request)
        points = await self._choosing.points(request.choice)
        wanted = _wanted(request)
        open_ranges = self._open(request, span)
        numbers = [point.number for point in points]
        margins = (span.start - timedelta(seconds=wanted.before), span.stop + timedelta(seconds=wanted.after))
        chair = await self._chair_busy(request, margins)
        rows = await self._pool.fetch(SQL["busy"], numbers, *margins)
        busy = [*((row["start"], row["stop"]) for row in rows), *chair]
        found: list[Gap] = []
        for gap in gaps(open_ranges, busy, wanted):
            found.append(gap)
            if len(found) == request.count:
                break
        if found:
            return FreeTimes(points=len(points), windows=tuple(_window(gap) for gap in found))
        by_point = await self._pool.fetch(SQL["busy_by_point"], numbers, *margins)
        return await asyncio.to_thread(_explained, points, candidates(open_ranges, wanted), wanted, by_point, chair)

    def _open(self, request: FreeTimeRequest, span: Span) -> list[Range]:
        spans = [span] if request.hours is None else working_spans(request.hours, span, self._zone)
        return [(start.timestamp(), stop.timestamp()) for start, stop in spans]

    async def _chair_busy(self, request: FreeTimeRequest, margins: tuple[datetime, datetime]) -> list[Range]:
        """The chair's conferences, so narrowed that `before` and `after` do not count for a person."""
        if request.chair is None:
            return []
        rows = await self._pool.fetch(SQL["chair_busy"], request.chair, *margins)
        before, after = request.before_minutes * 60, request.after_minutes * 60
        return [(row["start"] + after, row["stop"] - before) for row in rows]


def _span(request: FreeTimeRequest, now: datetime) -> Span:
    start = max(request.earliest, now)
    if request.latest <= start:
        raise BadInput("free_time.range", "The time to look in is over or ends before it begins.", field="latest")
    if request.latest - start > LONGEST_SEARCH:
        message = f"Look in at most {LONGEST_SEARCH.days} days at once."
        raise BadInput("free_time.range", message, field="latest")
    return Span(start, request.latest)


def _refuse_longer_than_day(request: FreeTimeRequest) -> None:
    """A search that cannot find anything is a mistake in the question."""
    if request.hours is None:
        return
    limit = request.hours.longest_minutes
    if request.minutes > limit:
        message = f"No part of the working day is longer than {limit} minutes."
        raise BadInput("free_time.longer_than_day", message, limit_minutes=limit)


def _wanted(request: FreeTimeRequest) -> Wanted:
    return Wanted(
        length=request.minutes * 60.0,
        before=request.before_minutes * 60.0,
        after=request.after_minutes * 60.0,
        step=request.step_minutes * 60.0,
    )


def _explained(
    points: Sequence[ChosenPoint], starts: list[float], wanted: Wanted, busy: Sequence[Any], chair: Sequence[Range]
) -> FreeTimes:
    blocking = Blocking(starts, wanted)
    ranges = [*((start, stop, [_CHAIR]) for start, stop in chair), *((row[0], row[1], row[2]) for row in busy)]
    for start, stop, holders in sorted(ranges, key=itemgetter(0)):
        blocking.add(holders, start, stop)
    refs = {point.number: PointRef(code=point.code, name=point.name) for point in points}
    return FreeTimes(
        points=len(points),
        windows=(),
        starts=len(starts),
        blockers=tuple(Blocker(point=refs.get(holder), blocked=n) for holder, n in blocking.most(BLOCKERS)),
        near_misses=tuple(_near_miss(miss, refs) for miss in blocking.near_misses(NEAR_MISSES, BLOCKERS)),
    )


def _near_miss(miss: NearMiss, refs: dict[int, PointRef]) -> NearMissWindow:
    return NearMissWindow(
        start=_moment(miss.start),
        stop=_moment(miss.stop),
        busy=miss.busy,
        chair_busy=_CHAIR in miss.holders,
        points=tuple(refs[holder] for holder in miss.holders if holder != _CHAIR),
    )


def _window(gap: Gap) -> FreeWindow:
    return FreeWindow(start=_moment(gap.start), stop=_moment(gap.stop), until=_moment(gap.until))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
