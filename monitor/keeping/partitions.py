"""Which partitions there are to be: days of samples, months of minutes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS_AHEAD = 3
"""Days that have a partition before they begin; so long may nobody be able to make another."""
MONTHS_AHEAD = 1


@dataclass(frozen=True)
class Span:
    """One partition: its name's end, and what it holds (`begins` <= time < `ends`)."""

    suffix: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Rule:
    """How a table is cut, by which column, and how long it is kept: days where it is cut by days, else months."""

    table: str
    key: str
    by_days: bool
    keep: int

    def wanted(self, now: datetime) -> Iterator[Span]:
        """The partitions of now and of what comes."""
        ahead = DAYS_AHEAD if self.by_days else MONTHS_AHEAD
        span = self._span(now)
        for _ in range(ahead + 1):
            yield span
            span = self._span(span.ends)

    def oldest_kept(self, now: datetime) -> Span:
        """The partition before which nothing is kept at `now`."""
        if self.by_days:
            return self._span(now - timedelta(days=self.keep))
        months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - self.keep
        return self._span(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC))

    def _span(self, at: datetime) -> Span:
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.by_days:
            return Span(f"d{day:%Y%m%d}", day, day + timedelta(days=1))
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return Span(f"m{first:%Y%m}", first, following)


def rules(sample_days: int, minute_months: int) -> tuple[Rule, ...]:
    """The tables that are cut by time."""
    return (
        Rule("link_sample", "at", True, sample_days),
        Rule("endpoint_sample", "at", True, sample_days),
        Rule("line_minute", "minute", False, minute_months),
    )
