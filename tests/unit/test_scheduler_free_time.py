"""Free time decided: the sweep against a brute force, working hours against Vietnam's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scheduler.free_time import Blocking, Range, Wanted, candidates, gaps, less, merged
from scheduler.working_time import DaySpan, Span, WorkingHours, holiday_name, is_worked_instead, working_spans

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda r: (float(r[0]), float(sum(r)))))
WANTED = st.builds(
    Wanted,
    length=st.integers(1, 8).map(float),
    before=st.integers(0, 4).map(float),
    after=st.integers(0, 4).map(float),
    step=st.sampled_from([1.0, 5.0]),
)


def fits(start: float, open_ranges: list[Range], busy: list[Range], wanted: Wanted) -> bool:
    """The definition, without any cleverness."""
    stop = start + wanted.length
    works = any(a <= start and stop <= b for a, b in open_ranges)
    return works and not any(a < stop + wanted.after and start - wanted.before < b for a, b in busy)


@given(RANGES, RANGES, WANTED)
def test_the_gaps_hold_exactly_the_starts_that_fit(open_: list[Range], busy: list[Range], wanted: Wanted) -> None:
    open_ = merged(open_)
    found = set()
    for gap in gaps(open_, busy, wanted):
        assert gap.stop == gap.start + wanted.length <= gap.until
        start = gap.start
        while start + wanted.length <= gap.until:
            found.add(start)
            start += wanted.step
    every = {float(start) for start in range(80) if start % wanted.step == 0}
    assert found == {start for start in every if fits(start, open_, busy, wanted)}


@given(RANGES, st.lists(RANGES, max_size=5), WANTED)
def test_blockers_are_counted_as_one_would_by_hand(open_: list[Range], book: list[list[Range]], wanted: Wanted) -> None:
    open_ = merged(open_)
    starts = candidates(open_, wanted)
    assert starts == [float(s) for s in range(80) if s % wanted.step == 0 and fits(s, open_, [], wanted)]
    blocking = Blocking(starts, wanted)
    together: dict[Range, set[int]] = {}
    for holder, busy in enumerate(book):
        for span in busy:
            together.setdefault(span, set()).add(holder)
    for (start, stop), holders in sorted(together.items()):
        blocking.add(holders, start, stop)
    in_the_way = [{h for h, busy in enumerate(book) if not fits(s, open_, busy, wanted)} for s in starts]
    blocked = {h: sum(h in holders for holders in in_the_way) for h in range(len(book))}
    assert dict(blocking.most(10)) == {h: n for h, n in blocked.items() if n}
    misses = blocking.near_misses(3, 10)
    assert [miss.busy for miss in misses] == [len(in_the_way[starts.index(miss.start)]) for miss in misses]
    assert sorted(miss.busy for miss in misses) == sorted(len(h) for h in in_the_way)[:3]
    assert all(set(miss.holders) == in_the_way[starts.index(miss.start)] for miss in misses)


@given(RANGES, RANGES)
def test_taking_away_leaves_what_neither_touches(open_: list[Range], busy: list[Range]) -> None:
    left = list(less(merged(open_), merged(busy)))
    for moment in (i + 0.5 for i in range(80)):
        inside = any(a <= moment < b for a, b in open_) and not any(a <= moment < b for a, b in busy)
        assert any(a <= moment < b for a, b in left) == inside


def at(day: int, hour: int, minute: int = 0, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def test_a_week_of_vietnams_offices_around_the_national_day() -> None:
    days = list(working_spans(WorkingHours(), Span(at(1, 0), at(6, 0)), ZONE))
    assert days == [
        Span(at(3, 7, 30), at(3, 11, 30)),
        Span(at(3, 13, 30), at(3, 17)),
        Span(at(4, 7, 30), at(4, 11, 30)),
        Span(at(4, 13, 30), at(4, 17)),
    ]


def test_parts_are_cut_to_the_time_that_is_asked_about() -> None:
    assert list(working_spans(WorkingHours(), Span(at(3, 8), at(3, 14)), ZONE)) == [
        Span(at(3, 8), at(3, 11, 30)),
        Span(at(3, 13, 30), at(3, 14)),
    ]
    utc = Span(datetime(2026, 9, 3, 1, tzinfo=UTC), datetime(2026, 9, 3, 7, tzinfo=UTC))
    assert list(working_spans(WorkingHours(), utc, ZONE)) == [
        Span(at(3, 8), at(3, 11, 30)),
        Span(at(3, 13, 30), at(3, 14)),
    ]


def test_holidays_and_swapped_days_are_known() -> None:
    assert holiday_name(date(2026, 2, 17)) == "Tết Nguyên Đán"
    assert holiday_name(date(2026, 9, 2)) == "Quốc khánh"
    assert holiday_name(date(2026, 9, 3)) is None
    assert holiday_name(date(2026, 8, 31)) is not None
    assert is_worked_instead(date(2026, 8, 22))
    worked = working_spans(WorkingHours(), Span(at(22, 0, month=8), at(23, 0, month=8)), ZONE)
    assert len(list(worked)) == 2


def test_on_holidays_only_the_weekdays_count() -> None:
    hours = WorkingHours(weekdays=frozenset({3, 6}), on_holidays=True, parts=(DaySpan(start=time(8), stop=time(9)),))
    spans = list(working_spans(hours, Span(at(1, 0), at(8, 0)), ZONE))
    assert [span.start.date() for span in spans] == [date(2026, 9, 2), date(2026, 9, 5)]
    assert all(span.stop - span.start == timedelta(hours=1) for span in spans)


@pytest.mark.parametrize("part", [{"start": "09:00", "stop": "09:00"}, {"start": "09:00Z", "stop": "10:00Z"}])
def test_a_part_of_a_day_is_local_and_in_order(part: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        DaySpan.model_validate(part)
