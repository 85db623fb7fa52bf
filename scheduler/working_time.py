"""Working hours and Vietnam's holidays: when people can be asked to a hall. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field, model_validator

from core.model import Model


class Span(NamedTuple):
    """A half-open range of time; both ends are aware."""

    start: datetime
    stop: datetime


class DaySpan(Model):
    """A part of a working day, in local time."""

    start: time
    stop: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start.tzinfo or self.stop.tzinfo or self.start >= self.stop:
            raise ValueError("a working day's part is in local time and ends after it begins")
        return self

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.stop.hour - self.start.hour) * 60 + self.stop.minute - self.start.minute


class WorkingHours(Model):
    """ISO weekdays (1: Monday) and the parts of a day that are worked; by default as Vietnam's offices do.

    A conference fits into one part. Holidays are left out unless `on_holidays`; Saturdays that are officially worked
    instead of another day count as working days.
    """

    weekdays: Annotated[frozenset[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1)] = frozenset({1, 2, 3, 4, 5})
    parts: Annotated[tuple[DaySpan, ...], Field(min_length=1, max_length=8)] = (
        DaySpan(start=time(7, 30), stop=time(11, 30)),
        DaySpan(start=time(13, 30), stop=time(17, 0)),
    )
    on_holidays: bool = False

    @property
    def longest_minutes(self) -> int:
        """How long a conference can be to fit."""
        return max(part.minutes for part in self.parts)


def working_spans(hours: WorkingHours, span: Span, zone: ZoneInfo) -> Iterator[Span]:
    """The working parts of every day that `span` touches, cut to it, in order."""
    day, last = span.start.astimezone(zone).date(), span.stop.astimezone(zone).date()
    parts = sorted(hours.parts, key=lambda part: part.start)
    while day <= last:
        if _is_worked(day, hours):
            for part in parts:
                start = max(span.start, datetime.combine(day, part.start, zone))
                stop = min(span.stop, datetime.combine(day, part.stop, zone))
                if start < stop:
                    yield Span(start, stop)
        day += timedelta(days=1)


def holiday_name(day: date) -> str | None:
    """What Vietnam celebrates on that day (in Vietnamese), or why it is off; None on a day like any other."""
    name: str | None = _vietnam(day.year).get(day)
    return name


class Holiday(Model):
    """A day off with its name in both languages, or a weekend day that is `worked` in place of another."""

    day: date
    name: str
    name_en: str
    worked: bool = False


def holidays_between(first: date, last: date) -> tuple[Holiday, ...]:
    """The days from `first` to `last`, both included, on which offices do other than their weekday says."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(holiday for day in days if (holiday := _holiday(day)) is not None)


def _holiday(day: date) -> Holiday | None:
    if is_worked_instead(day):
        return Holiday(day=day, name="Làm bù", name_en="Worked in place of another day", worked=True)
    name = holiday_name(day)
    return None if name is None else Holiday(day=day, name=name, name_en=_vietnam(day.year, "en_US")[day])


def is_worked_instead(day: date) -> bool:
    """Whether that day of a weekend is officially worked in place of another day."""
    return day in _vietnam(day.year).weekend_workdays


def _is_worked(day: date, hours: WorkingHours) -> bool:
    if hours.on_holidays:
        return day.isoweekday() in hours.weekdays
    if is_worked_instead(day):
        return True
    return day.isoweekday() in hours.weekdays and holiday_name(day) is None


@lru_cache(maxsize=64)
def _vietnam(year: int, language: str = "vi") -> holidays.HolidayBase:
    """One year's holidays; where the government has not yet announced swaps, those of the law."""
    return holidays.country_holidays("VN", years=year, language=language, expand=False)
