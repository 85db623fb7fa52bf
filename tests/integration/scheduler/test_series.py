"""Series: every occurrence is a conference of its own, and several are changed in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, DiemcauError
from core.messages import CONFERENCE_CHANGED
from core.model import ConferenceId, ConferenceState
from core.settings import Limits
from scheduler.approvals import Approvals
from scheduler.model import ClashRequest, ConferenceChange, StepRequest
from scheduler.series import SeriesBook
from scheduler.series_model import (
    OnClash,
    Scope,
    SeriesBooked,
    SeriesChange,
    SeriesRequest,
    SeriesStep,
    SkipReason,
)
from scheduler.service import Scheduler
from scheduler.store import Store
from tests.support.directory import NOON, booking_of, load_points, times

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
RULE = "FREQ=WEEKLY;COUNT=4"
STARTS = [NOON + HOUR + i * WEEK for i in range(4)]


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 4)
    return scheduler


@pytest.fixture
def series(database: Database, bus: Bus, clock: ManualClock, scheduler: Scheduler) -> SeriesBook:
    return SeriesBook(database, bus, clock, Limits())


def weekly(*points: str, **more: Any) -> SeriesRequest:
    asked = {"title": "Weekly", "first": times(NOON + HOUR), "rule": RULE, "points": points or ("P000", "P001")}
    return SeriesRequest.model_validate({**asked, **more})


async def refusal(asked: Awaitable[object]) -> DiemcauError:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value


def ids(booked: SeriesBooked) -> list[ConferenceId]:
    return [one.id for one in booked.series.occurrences]


async def starts(series: SeriesBook, booked: SeriesBooked) -> list[float]:
    """Each occurrence's distance from the start that the rule gave it, in hours."""
    found = (await series.series(booked.series.id)).occurrences
    return [(one.times.start - start) / HOUR for one, start in zip(found, STARTS, strict=True)]


def moved(hours: float, occurrence: int, scope: Scope, **more: Any) -> SeriesChange:
    return SeriesChange(scope=scope, change=ConferenceChange(times=times(STARTS[occurrence] + hours * HOUR), **more))


async def test_a_series_is_booked_as_conferences_that_are_announced(
    scheduler: Scheduler, series: SeriesBook, bus: Bus
) -> None:
    with bus.subscribe(CONFERENCE_CHANGED) as news:
        booked = await series.book(weekly(), "lan")
        announced = [(await anext(aiter(news))).conference for _ in range(4)]
    assert announced == ids(booked)
    assert [one.recurrence_id for one in booked.series.occurrences] == STARTS
    assert {one.state for one in booked.series.occurrences} == {ConferenceState.CONFIRMED}
    third = await scheduler.conference(announced[2])
    assert (third.series, third.recurrence_id, len(third.points)) == (booked.series.id, STARTS[2], 2)
    assert await series.series(booked.series.id) == booked.series
    assert len(await scheduler.bookings.history(third.id)) == 1


async def test_a_clash_in_one_occurrence_is_shown_for_that_occurrence_and_nothing_is_booked(
    scheduler: Scheduler, series: SeriesBook
) -> None:
    other = await scheduler.book(booking_of("Other", STARTS[2], ["P001"]), "mai")
    refused = await refusal(series.book(weekly(), "lan"))
    assert refused.code == "series.clash"
    [clash] = refused.data["occurrences"]
    assert clash["recurrence_id"] == STARTS[2].isoformat().replace("+00:00", "Z")
    assert [(c["point"], c["conference"]) for c in clash["clashes"]] == [("P001", other.id)]
    assert [c.id for c in await scheduler.conferences()] == [other.id]


async def test_the_preview_shows_clashes_holidays_and_what_is_skipped(scheduler: Scheduler, series: SeriesBook) -> None:
    await scheduler.book(booking_of("Other", NOON + HOUR + timedelta(days=2), ["P001"]), "mai")
    request = weekly(rule="FREQ=DAILY;COUNT=3", skip_holidays=True)
    preview = await series.preview(request)
    assert preview.points == 2
    assert [(one.skipped, one.holiday is not None, one.count) for one in preview.occurrences] == [
        (True, True, 0),
        (True, True, 0),
        (False, False, 1),
    ]


async def test_the_clashing_occurrence_is_skipped_or_booked_without_its_points_on_request(
    scheduler: Scheduler, series: SeriesBook
) -> None:
    await scheduler.book(booking_of("Other", STARTS[2], ["P001"]), "mai")
    await scheduler.book(booking_of("Whole", STARTS[3], ["P000", "P001"]), "mai")
    without = await series.book(weekly(on_clash=OnClash.LEAVE_OUT_POINTS), "lan")
    assert [one.points for one in without.series.occurrences] == [2, 2, 1]
    assert [(one.recurrence_id, one.count) for one in without.left_out] == [(STARTS[2], 1)]
    assert [(one.recurrence_id, one.reason) for one in without.skipped] == [(STARTS[3], SkipReason.CLASH)]
    assert without.series.exdates == (STARTS[3],)
    other = await scheduler.book(booking_of("Other", STARTS[1], ["P003"]), "mai")
    skipping = await series.book(weekly("P002", "P003", on_clash=OnClash.SKIP_OCCURRENCE), "lan")
    assert [one.recurrence_id for one in skipping.series.occurrences] == [STARTS[0], *STARTS[2:]]
    [skipped] = skipping.skipped
    assert skipped.clashes is not None
    assert [(clash.point, clash.conference) for clash in skipped.clashes.clashes] == [("P003", other.id)]


async def test_a_series_that_clashes_everywhere_is_refused_even_when_it_may_skip(series: SeriesBook) -> None:
    await series.book(weekly(), "lan")
    refused = await refusal(series.book(weekly(on_clash=OnClash.SKIP_OCCURRENCE), "mai"))
    assert (refused.code, len(refused.data["occurrences"])) == ("series.clash", 4)


async def test_a_series_is_booked_once_per_key(scheduler: Scheduler, series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan", "k")
    assert await series.book(weekly(), "lan", "k") == booked
    assert len(await scheduler.conferences()) == 4


async def test_one_occurrence_is_changed_alone_and_keeps_its_recurrence_id(
    scheduler: Scheduler, series: SeriesBook
) -> None:
    booked = await series.book(weekly(), "lan")
    one = ids(booked)[1]
    changed = await series.change(one, moved(2, 1, Scope.THIS, title="Moved"), "mai")
    assert changed.changed == (one,)
    alone = await scheduler.conference(one)
    assert (alone.title, alone.recurrence_id, alone.times.start) == ("Moved", STARTS[1], STARTS[1] + 2 * HOUR)
    assert await starts(series, booked) == [0, 2, 0, 0]


async def test_this_and_the_following_move_together(series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    await series.change(ids(booked)[1], moved(3, 1, Scope.FOLLOWING), "mai")
    assert await starts(series, booked) == [0, 3, 3, 3]


async def test_all_move_but_those_that_were_moved_alone(series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    alone = ids(booked)[2]
    await series.change(alone, moved(5, 2, Scope.THIS), "mai")
    changed = await series.change(ids(booked)[1], moved(1, 1, Scope.ALL, title="New"), "mai")
    assert await starts(series, booked) == [1, 1, 5, 1]
    assert changed.kept_times == (alone,)
    assert {one.title for one in (await series.series(booked.series.id)).occurrences} == {"New"}


async def test_occurrences_may_move_onto_each_others_former_times(series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    await series.change(ids(booked)[0], moved(7 * 24, 0, Scope.ALL), "lan")
    assert await starts(series, booked) == [7 * 24] * 4


async def test_a_clash_in_one_of_them_refuses_the_whole_change(scheduler: Scheduler, series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    await scheduler.book(booking_of("Other", STARTS[3] + 2 * HOUR, ["P000"]), "mai")
    refused = await refusal(series.change(ids(booked)[0], moved(2, 0, Scope.ALL), "lan"))
    assert [one["recurrence_id"][:10] for one in refused.data["occurrences"]] == [f"{STARTS[3]:%Y-%m-%d}"]
    assert await starts(series, booked) == [0, 0, 0, 0]


async def test_points_are_added_where_they_are_free_on_request(scheduler: Scheduler, series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    await scheduler.book(booking_of("Other", STARTS[2], ["P002"]), "mai")
    change = ConferenceChange(add_points=("P002",), remove_points=("P001",))
    first = ids(booked)[0]
    refused = await refusal(series.change(first, SeriesChange(scope=Scope.ALL, change=change), "lan"))
    assert refused.code == "series.clash"
    free = change.model_copy(update={"leave_out_clashing": True})
    changed = await series.change(first, SeriesChange(scope=Scope.ALL, change=free), "lan")
    assert [(one.recurrence_id, one.count) for one in changed.left_out] == [(STARTS[2], 1)]
    points = [one.points for one in (await series.series(booked.series.id)).occurrences]
    assert points == [2, 2, 1, 2]
    both = moved(1, 0, Scope.ALL, leave_out_clashing=True)
    assert (await refusal(series.change(first, both, "lan"))).code == "series.leave_out"


async def test_what_is_over_or_running_is_left_alone(
    scheduler: Scheduler, series: SeriesBook, database: Database, clock: ManualClock
) -> None:
    booked = await series.book(weekly(), "lan")
    first, second, third, _ = ids(booked)
    assert await Store(database).open(first, "clockwork", NOON)
    await scheduler.cancel(second, "lan")
    changed = await series.change(third, moved(1, 2, Scope.ALL), "lan")
    assert await starts(series, booked) == [0, 0, 1, 1]
    assert len(changed.changed) == 2
    refused = await refusal(series.change(second, moved(1, 1, Scope.ALL), "lan"))
    assert refused.code == "conference.over"
    assert (await scheduler.conference(first)).state is ConferenceState.OPEN


async def test_this_and_the_following_are_cancelled(scheduler: Scheduler, series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    step = SeriesStep(scope=Scope.FOLLOWING, step=StepRequest(note="Budget"))
    cancelled = await series.cancel(ids(booked)[2], step, "lan")
    assert list(cancelled.changed) == ids(booked)[2:]
    states = [one.state.value for one in (await series.series(booked.series.id)).occurrences]
    assert states == ["confirmed", "confirmed", "cancelled", "cancelled"]
    free = ClashRequest(times=times(STARTS[3]), points=("P000",))
    assert (await scheduler.clashes(free)).clashes == ()
    assert (await scheduler.bookings.history(ids(booked)[3]))[-1].note == "Budget"


async def test_a_change_on_top_of_an_unseen_change_is_refused(series: SeriesBook) -> None:
    booked = await series.book(weekly(), "lan")
    one = ids(booked)[1]
    await series.change(one, moved(1, 1, Scope.THIS), "lan")
    for asked in (
        series.change(one, moved(2, 1, Scope.ALL, version=1), "lan"),
        series.cancel(one, SeriesStep(scope=Scope.ALL, step=StepRequest(version=1)), "lan"),
    ):
        assert (await refusal(asked)).code == "conference.changed"


async def test_occurrences_wait_for_approval_each(scheduler: Scheduler, series: SeriesBook, database: Database) -> None:
    approvals = Approvals(database)
    await approvals.demand("WARD", True)
    await approvals.appoint("boss", "CITY")
    booked = await series.book(weekly(), "lan")
    assert {one.state for one in booked.series.occurrences} == {ConferenceState.REQUESTED}
    assert [c.id for c in await approvals.waiting_for("boss")] == ids(booked)


async def test_what_is_not_a_series_is_not_found(scheduler: Scheduler, series: SeriesBook) -> None:
    single = await scheduler.book(booking_of("t", NOON + HOUR, ["P000"]), "lan")
    for id in (single.id, ConferenceId("x"), ConferenceId("00000000-0000-4000-8000-000000000000")):
        assert (await refusal(series.change(id, moved(1, 0, Scope.ALL), "lan"))).status == 404
        assert (await refusal(series.series(id))).code == "series.unknown"


async def test_a_series_of_too_many_reservations_is_refused(
    series: SeriesBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.series.MAX_RESERVATIONS", 8)
    assert len((await series.book(weekly(), "lan")).series.occurrences) == 4
    refused = await refusal(series.book(weekly("P001", "P002", "P003"), "lan"))
    assert (refused.code, refused.data["wanted"]) == ("series.too_large", 12)


async def test_a_series_of_nothing_is_refused(series: SeriesBook) -> None:
    assert (await refusal(series.book(weekly(exdates=tuple(STARTS)), "lan"))).code == "series.nothing_left"
    assert (await refusal(series.book(weekly(first=times(NOON - WEEK)), "lan"))).code == "booking.past"


async def test_a_year_of_weeks_for_hundreds_of_points_is_booked_and_moved(
    scheduler: Scheduler, series: SeriesBook
) -> None:
    codes = await load_points(scheduler, 150)
    booked = await series.book(weekly(*codes, rule="FREQ=WEEKLY;COUNT=52"), "lan")
    assert sum(one.points for one in booked.series.occurrences) == 52 * 150
    changed = await series.change(ids(booked)[0], moved(1, 0, Scope.ALL), "lan")
    assert len(changed.changed) == 52
    with pytest.raises(Conflict) as caught:
        await series.book(weekly(*codes, rule="FREQ=WEEKLY;COUNT=52", first=times(NOON + 2 * HOUR)), "mai")
    found = caught.value.data["occurrences"]
    assert [(one["count"], len(one["clashes"])) for one in found] == [(150, 50)] * 52
