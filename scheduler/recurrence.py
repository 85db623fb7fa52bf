"""Recurrence rules (RFC 5545 section 3.3.10) expanded within bounds, and occurrences moved together. Pure.

A rule comes from a stranger: only its known parts with sane values reach the library that expands it, and it is
expanded for two years at most.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from core.errors import BadInput
from core.model import ConferenceTimes
from scheduler import booking
from scheduler.series_model import MAX_OCCURRENCES, SeriesRequest, SkipReason
from scheduler.working_time import holiday_name

LONGEST_SERIES = timedelta(days=731)

_NUMBERS = r"[+-]?\d{1,3}(,[+-]?\d{1,3})*"
_PARTS = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(r"[1-9]\d{0,2}"),
    "COUNT": re.compile(r"[1-9]\d{0,5}"),
    "UNTIL": re.compile(r"\d{8}(T\d{6}Z?)?"),
    "BYDAY": re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU))*"),
    "BYMONTHDAY": re.compile(_NUMBERS),
    "BYYEARDAY": re.compile(_NUMBERS),
    "BYWEEKNO": re.compile(_NUMBERS),
    "BYMONTH": re.compile(r"\d{1,2}(,\d{1,2})*"),
    "BYSETPOS": re.compile(_NUMBERS),
    "WKST": re.compile(r"MO|TU|WE|TH|FR|SA|SU"),
}


@dataclass(frozen=True)
class Occurrence:
    """A start that the rule gives (in UTC), the times that follow from it, and why it is left out, if it is."""

    recurrence_id: datetime
    times: ConferenceTimes
    holiday: str | None
    skipped: SkipReason | None


@dataclass(frozen=True)
class Shape:
    """How an occurrence lies about its recurrence id: the start's shift on the wall clock, and three durations."""

    shift: timedelta
    doors: timedelta
    length: timedelta
    last_join: timedelta


def zone_of(name: str) -> ZoneInfo:
    """The time zone; raises `BadInput` `series.zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise BadInput("series.zone", "There is no such time zone.") from exc


def occurrences(request: SeriesRequest) -> list[Occurrence]:
    """Every start that the rule gives, in order.

    Raises `BadInput` `booking.times`, `series.rule`, `.zone`, `.endless`, `.too_long`, `.first`, `.exdate`, `.overlap`.
    """
    zone = zone_of(request.zone)
    first = booking.ordered_times(request.first)
    starts = [start.astimezone(UTC) for start in _starts(request.rule, first.start.astimezone(zone))]
    if not starts or starts[0] != first.start:
        raise BadInput("series.first", "The first conference is not on a day that the rule gives.", field="first")
    exdates = {exdate.astimezone(UTC) for exdate in request.exdates}
    if strangers := sorted(exdates - set(starts)):
        message = "A left-out start is not one that the rule gives."
        raise BadInput("series.exdate", message, exdates=[exdate.isoformat() for exdate in strangers])
    shape = shape_of(first, first.start, zone)
    found = [_occurrence(start, shape, zone, exdates, request.skip_holidays) for start in starts]
    _refuse_overlap(found, request)
    return found


def _starts(rule: str, first: datetime) -> list[datetime]:
    parts = _parts(rule)
    count = int(parts.pop("COUNT", "0"))
    if count and "UNTIL" in parts:
        raise BadInput("series.rule", "A rule has COUNT or UNTIL, not both.", part="UNTIL")
    if not count and "UNTIL" not in parts:
        raise BadInput("series.endless", "Say when the series ends: by COUNT or UNTIL.")
    horizon = first + LONGEST_SERIES
    until = horizon if count else _until(parts.pop("UNTIL"), first)
    wanted = min(count or MAX_OCCURRENCES + 1, MAX_OCCURRENCES + 1)
    starts = list(islice(takewhile(lambda start: start <= min(until, horizon), _expanded(parts, first)), wanted))
    if len(starts) > MAX_OCCURRENCES:
        message = f"A series has at most {MAX_OCCURRENCES} occurrences."
        raise BadInput("series.too_long", message, limit=MAX_OCCURRENCES)
    if until > horizon or len(starts) < count:
        raise BadInput("series.too_long", "A series lasts at most two years.", limit_days=LONGEST_SERIES.days)
    return starts


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for text in rule.upper().removeprefix("RRULE:").split(";"):
        name, _, value = text.partition("=")
        known = _PARTS.get(name)
        if known is None or name in parts or not known.fullmatch(value):
            raise BadInput("series.rule", f"This part of the rule cannot be used: {text[:40]}", part=text[:40])
        parts[name] = value
    if "FREQ" not in parts:
        raise BadInput("series.rule", "The rule does not say how often: FREQ is missing.", part="FREQ")
    return parts


def _until(text: str, first: datetime) -> datetime:
    """UNTIL as a moment: a date means the whole day, a time without Z is on the series' own clock."""
    try:
        if len(text) == 8:
            return datetime.strptime(text + "T235959", "%Y%m%dT%H%M%S").replace(tzinfo=first.tzinfo)
        zone = UTC if text.endswith("Z") else first.tzinfo
        return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    except ValueError as exc:
        raise BadInput("series.rule", f"This is no date: {text}", part="UNTIL") from exc


def _expanded(parts: dict[str, str], first: datetime) -> Iterator[datetime]:
    """The rule's starts on the wall clock of `first`, without an end but the calendar's.

    A rule that no day ever fits (30 February) would be searched until the year 9999, for seconds. So it is expanded
    in the last years before that which have the same calendar, and what comes out is carried back.
    """
    shift = _twin_year(first.year) - first.year
    twin = first.replace(tzinfo=None, year=first.year + shift)
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        for start in rrulestr(rule, dtstart=twin):
            yield start.replace(year=start.year - shift, tzinfo=first.tzinfo)
    except (ValueError, TypeError, IndexError, OverflowError) as exc:
        raise BadInput("series.rule", "This rule cannot be used.", part=rule[:40]) from exc


@lru_cache(maxsize=64)
def _twin_year(year: int) -> int:
    """The last year that, with the one before and the three after it, has the same calendar as `year` and its own."""
    return next(twin for twin in range(9996, 9000, -1) if all(_same_calendar(year + k, twin + k) for k in range(-1, 4)))


def _same_calendar(year: int, other: int) -> bool:
    return isleap(year) == isleap(other) and date(year, 1, 1).weekday() == date(other, 1, 1).weekday()


def _occurrence(
    start: datetime, shape: Shape, zone: ZoneInfo, exdates: Collection[datetime], skip_holidays: bool
) -> Occurrence:
    holiday = holiday_name(start.astimezone(zone).date())
    skipped = None
    if start in exdates:
        skipped = SkipReason.EXDATE
    elif holiday is not None and skip_holidays:
        skipped = SkipReason.HOLIDAY
    return Occurrence(start, times_of(start, shape, zone), holiday, skipped)


def _refuse_overlap(found: Sequence[Occurrence], request: SeriesRequest) -> None:
    spans = [
        booking.span(one.times, request.setup_minutes, request.teardown_minutes) for one in found if not one.skipped
    ]
    for (_, stop), (start, _) in pairwise(spans):
        if start < stop:
            message = "An occurrence would begin before the one before it has ended."
            raise BadInput("series.overlap", message, start=start.isoformat())


def shape_of(times: ConferenceTimes, recurrence_id: datetime, zone: ZoneInfo) -> Shape:
    """How the times lie about the recurrence id."""
    return Shape(
        shift=_wall(times.start, zone) - _wall(recurrence_id, zone),
        doors=times.start - times.can_join_after,
        length=times.stop - times.start,
        last_join=times.must_join_before - times.start,
    )


def times_of(recurrence_id: datetime, shape: Shape, zone: ZoneInfo) -> ConferenceTimes:
    """The times of the occurrence with that recurrence id, in that shape."""
    start = (_wall(recurrence_id, zone) + shape.shift).replace(tzinfo=zone).astimezone(UTC)
    return ConferenceTimes(
        can_join_after=start - shape.doors,
        start=start,
        stop=start + shape.length,
        must_join_before=start + shape.last_join,
    )


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall there shows."""
    return moment.astimezone(zone).replace(tzinfo=None)
