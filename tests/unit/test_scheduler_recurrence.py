"""Recurrence rules: what RFC 5545 means by them, within bounds that no rule can break."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from scheduler.model import RequestedTimes
from scheduler.recurrence import Occurrence, occurrences, shape_of, times_of
from scheduler.series_model import SeriesRequest, SkipReason

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 9, 7, 8, tzinfo=HANOI)
HOUR = timedelta(hours=1)


def request(rule: str, first: datetime = MONDAY, *, minutes: float = 60, **more: Any) -> SeriesRequest:
    stop = first + timedelta(minutes=minutes)
    times = RequestedTimes(can_join_after=first - HOUR / 4, start=first, stop=stop, must_join_before=stop)
    return SeriesRequest.model_validate({"title": "t", "first": times, "rule": rule, "points": ("P",), **more})


def days(rule: str, first: datetime = MONDAY, **more: Any) -> list[str]:
    return [f"{one.recurrence_id.astimezone(HANOI):%m-%d}" for one in occurrences(request(rule, first, **more))]


def code_of(rule: str, first: datetime = MONDAY, **more: Any) -> str:
    with pytest.raises(BadInput) as caught:
        occurrences(request(rule, first, **more))
    return caught.value.code


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["09-07", "09-08", "09-09"]),
        ("RRULE:FREQ=WEEKLY;COUNT=2", ["09-07", "09-14"]),
        ("freq=weekly;interval=2;count=3", ["09-07", "09-21", "10-05"]),
        ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", ["09-07", "09-10", "09-14", "09-17"]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", ["09-07", "10-05", "11-02"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=5;COUNT=2", ["09-07", "10-07"]),
        ("FREQ=YEARLY;BYMONTH=9,12;BYMONTHDAY=7;COUNT=2", ["09-07", "12-07"]),
        ("FREQ=WEEKLY;UNTIL=20260921", ["09-07", "09-14", "09-21"]),
        ("FREQ=WEEKLY;UNTIL=20260921T010000Z", ["09-07", "09-14", "09-21"]),
        ("FREQ=WEEKLY;UNTIL=20260921T005959Z", ["09-07", "09-14"]),
        ("FREQ=WEEKLY;UNTIL=20260921T080000", ["09-07", "09-14", "09-21"]),
        ("FREQ=MONTHLY;UNTIL=20261107", ["09-07", "10-07", "11-07"]),
    ],
)
def test_rules_mean_what_the_rfc_says(rule: str, expected: list[str]) -> None:
    assert days(rule) == expected


def test_a_month_without_that_day_has_no_occurrence() -> None:
    assert days("FREQ=MONTHLY;COUNT=3", datetime(2026, 12, 31, 8, tzinfo=HANOI)) == ["12-31", "01-31", "03-31"]


def test_the_leap_day_is_found_where_it_is() -> None:
    assert days("FREQ=YEARLY;COUNT=1", datetime(2028, 2, 29, 8, tzinfo=HANOI)) == ["02-29"]
    rule = "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=14"
    assert days(rule, datetime(2027, 1, 31, 8, tzinfo=HANOI))[1::12] == ["02-28", "02-29"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=DAILY", "series.endless"),
        ("FREQ=DAILY;COUNT=401", "series.too_long"),
        ("FREQ=MONTHLY;COUNT=26", "series.too_long"),
        ("FREQ=WEEKLY;UNTIL=20280908", "series.too_long"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261001", "series.rule"),
        ("FREQ=SECONDLY;COUNT=2", "series.rule"),
        ("FREQ=DAILY;BYHOUR=9;COUNT=2", "series.rule"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "series.rule"),
        ("FREQ=DAILY;COUNT=0", "series.rule"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "series.rule"),
        ("FREQ=DAILY;UNTIL=20261340", "series.rule"),
        ("FREQ=MONTHLY;BYDAY=99MO;COUNT=2", "series.rule"),
        ("COUNT=2", "series.rule"),
        ("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;COUNT=2", "series.rule"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", "series.first"),
        ("FREQ=WEEKLY;UNTIL=20260101", "series.first"),
    ],
)
def test_a_rule_out_of_bounds_is_refused_by_name(rule: str, code: str) -> None:
    assert code_of(rule) == code


def test_the_longest_series_just_passes() -> None:
    assert len(occurrences(request("FREQ=DAILY;COUNT=400"))) == 400
    assert len(occurrences(request("FREQ=WEEKLY;UNTIL=20280904T010000Z"))) == 105


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
        "FREQ=DAILY;BYWEEKNO=0;COUNT=2",
        "FREQ=WEEKLY;BYMONTH=99;COUNT=2",
        "FREQ=YEARLY;BYYEARDAY=400;COUNT=1",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2MO;COUNT=9",
    ],
)
def test_a_rule_that_no_day_fits_costs_no_time(rule: str) -> None:
    before = time.process_time()
    assert code_of(rule) == "series.too_long"
    assert time.process_time() - before < 1


PARTS = (
    *("BYDAY=MO", "BYDAY=-1FR", "BYDAY=TU,TH", "BYMONTHDAY=31", "BYMONTHDAY=-1,15", "BYMONTH=2", "BYSETPOS=1,-1"),
    *("BYYEARDAY=366", "BYWEEKNO=53", "WKST=SU", "INTERVAL=7", "COUNT=12", "UNTIL=20270101", "BYMONTH=9"),
)


@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), parts=st.lists(st.sampled_from(PARTS), max_size=5)
)
def test_whatever_the_rule_it_gives_ordered_starts_at_its_time_of_day_or_a_named_refusal(
    freq: str, parts: list[str]
) -> None:
    rule = ";".join([f"FREQ={freq}", *parts])
    starts = starts_or_code(rule)
    if isinstance(starts, str):
        assert starts.startswith("series.")
        return
    assert starts[0] == MONDAY
    assert starts == sorted(set(starts))
    assert len(starts) <= 400
    assert starts[-1] - starts[0] <= timedelta(days=731)
    assert {start.astimezone(HANOI).timetz() for start in starts} == {MONDAY.timetz()}


def starts_or_code(rule: str) -> list[datetime] | str:
    try:
        return [one.recurrence_id for one in occurrences(request(rule))]
    except BadInput as refusal:
        return refusal.code


def test_occurrences_keep_their_time_of_day_when_the_clocks_change() -> None:
    first = datetime(2026, 10, 20, 9, tzinfo=BERLIN)
    found = occurrences(request("FREQ=WEEKLY;COUNT=2", first, zone="Europe/Berlin"))
    assert [one.times.start for one in found] == [
        datetime(2026, 10, 20, 7, tzinfo=UTC),
        datetime(2026, 10, 27, 8, tzinfo=UTC),
    ]
    assert [one.times.stop - one.times.can_join_after for one in found] == [1.25 * HOUR] * 2


def skipped(found: list[Occurrence]) -> list[SkipReason | None]:
    return [one.skipped for one in found]


def test_left_out_starts_and_holidays_are_skipped() -> None:
    first = datetime(2027, 4, 28, 8, tzinfo=HANOI)
    exdate = first + timedelta(days=1)
    rule = "FREQ=DAILY;COUNT=5"
    found = occurrences(request(rule, first, exdates=(exdate,), skip_holidays=True))
    assert skipped(found) == [None, SkipReason.EXDATE, SkipReason.HOLIDAY, SkipReason.HOLIDAY, None]
    assert found[2].holiday
    kept = occurrences(request(rule, first))
    assert skipped(kept) == [None] * 5
    assert kept[2].holiday == found[2].holiday
    assert code_of(rule, first, exdates=(exdate + HOUR,)) == "series.exdate"


def test_occurrences_may_touch_but_not_overlap_each_other() -> None:
    assert len(occurrences(request("FREQ=DAILY;COUNT=2", minutes=1_425))) == 2
    assert code_of("FREQ=DAILY;COUNT=2", minutes=1_426) == "series.overlap"
    assert code_of("FREQ=DAILY;COUNT=2", minutes=1_425, teardown_minutes=1) == "series.overlap"


def test_an_unknown_zone_is_refused() -> None:
    for zone in ("Mars/Base", "../etc/passwd", "\x00", ""):
        assert code_of("FREQ=DAILY;COUNT=2", zone=zone) == "series.zone"


def test_a_shape_carried_to_its_own_recurrence_id_gives_the_same_times() -> None:
    [one, other] = occurrences(request("FREQ=WEEKLY;COUNT=2"))
    shape = shape_of(one.times, one.recurrence_id, HANOI)
    assert times_of(one.recurrence_id, shape, HANOI) == one.times
    assert times_of(other.recurrence_id, shape, HANOI) == other.times
