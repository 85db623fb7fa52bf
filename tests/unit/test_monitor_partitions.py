"""Which partitions there are to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from monitor.keeping.partitions import rules

SAMPLES, REPORTS, MINUTES = rules(sample_days=7, minute_months=36)


def test_days_are_made_ahead_and_end_where_the_next_begins() -> None:
    spans = list(SAMPLES.wanted(datetime(2026, 12, 30, 23, 59, tzinfo=UTC)))
    assert [one.suffix for one in spans] == ["d20261230", "d20261231", "d20270101", "d20270102"]
    assert all(one.ends == other.begins for one, other in pairwise(spans))
    assert [one.suffix for one in REPORTS.wanted(datetime(2026, 12, 30, tzinfo=UTC))] == [one.suffix for one in spans]


def test_days_are_those_of_utc() -> None:
    morning = datetime(2026, 11, 24, 6, 59, tzinfo=timezone(timedelta(hours=7)))
    assert next(SAMPLES.wanted(morning)).suffix == "d20261123"


def test_months_go_over_the_year() -> None:
    assert [one.suffix for one in MINUTES.wanted(datetime(2026, 12, 31, tzinfo=UTC))] == ["m202612", "m202701"]
    assert MINUTES.oldest_kept(datetime(2026, 1, 31, tzinfo=UTC)).suffix == "m202301"
    assert MINUTES.oldest_kept(datetime(2026, 12, 1, tzinfo=UTC)).suffix == "m202312"


def test_seven_days_keep_the_day_that_a_sample_of_seven_days_ago_is_in() -> None:
    assert SAMPLES.oldest_kept(datetime(2026, 11, 23, 12, tzinfo=UTC)).suffix == "d20261116"
