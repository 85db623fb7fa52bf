"""Who chairs a conference: booked, changed and told like its title, and in one place at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import DiemcauError
from core.identity import Principal
from core.model import ConferenceState, Role
from core.settings import Limits
from scheduler.model import BookingRequest, ClashRequest, Conference, ConferenceChange, ExtendRequest, StepRequest
from scheduler.series import SeriesBook
from scheduler.series_model import Scope, SeriesChange, SeriesRequest
from scheduler.service import Scheduler
from scheduler.store import Store
from tests.support.directory import NOON, booking_of, load_points, times

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = NOON + HOUR


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 6)
    return scheduler


def request(point: int, chair: str | None, hours: float = 0, minutes: float = 60) -> BookingRequest:
    asked = booking_of(f"Họp {point}", START + hours * HOUR, [f"P{point:03d}"], minutes=minutes)
    return asked.model_copy(update={"chair": chair})


async def booked(scheduler: Scheduler, point: int, chair: str | None, hours: float = 0) -> Conference:
    return await scheduler.book(request(point, chair, hours), "lan")


async def appoint(scheduler: Scheduler, of: Conference, chair: str, version: int | None = None) -> Conference:
    change = ConferenceChange(chair=chair, version=version)
    return (await scheduler.bookings.change(of.id, change, "mai")).conference


async def refusal(asked: Awaitable[object]) -> DiemcauError:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value


async def test_the_chair_is_appointed_changed_and_released_each_with_its_line_of_history(scheduler: Scheduler) -> None:
    made = await booked(scheduler, 0, None)
    assert made.chair is None
    for chair in ("minh", "hoa", "hoa", ""):
        await appoint(scheduler, made, chair)
    assert (await scheduler.conference(made.id)).chair is None
    lines = (await scheduler.bookings.history(made.id))[1:]
    told = [(line.by, change.field, change.old, change.new) for line in lines for change in line.changes]
    assert told == [
        ("mai", "chair", None, "minh"),
        ("mai", "chair", "minh", "hoa"),
        ("mai", "chair", "hoa", None),
    ]
    assert [one.version for one in await scheduler.conferences()] == [4]


async def test_a_chair_appointed_on_top_of_an_unseen_change_is_refused(scheduler: Scheduler) -> None:
    made = await booked(scheduler, 0, "minh")
    await appoint(scheduler, made, "hoa", made.version)
    refused = await refusal(appoint(scheduler, made, "lan", made.version))
    assert refused.code == "conference.changed"
    assert (await scheduler.conference(made.id)).chair == "hoa"


async def test_nobody_chairs_two_conferences_at_once_and_the_other_is_named(scheduler: Scheduler) -> None:
    first = await booked(scheduler, 0, "minh")
    after = await booked(scheduler, 1, "minh", hours=1)
    refused = await refusal(booked(scheduler, 2, "minh", hours=0.5))
    assert (refused.code, refused.data["conference"], refused.data["title"]) == ("chair.elsewhere", first.id, "Họp 0")
    assert (refused.data["chair"], refused.data["until"]) == ("minh", "2026-09-01T14:00:00Z")
    beside = await booked(scheduler, 2, "hoa", hours=0.5)
    assert (await refusal(appoint(scheduler, beside, "minh"))).code == "chair.elsewhere"
    assert (await scheduler.conference(beside.id)).chair == "hoa"
    await scheduler.cancel(first.id, "lan")
    await scheduler.cancel(after.id, "lan")
    assert (await appoint(scheduler, beside, "minh")).chair == "minh"


async def test_a_conference_is_not_moved_to_where_its_chair_is_elsewhere(scheduler: Scheduler) -> None:
    other = await booked(scheduler, 0, "minh", hours=5)
    made = await booked(scheduler, 1, "minh")
    moved = ConferenceChange(times=times(START + 5.5 * HOUR))
    assert (await refusal(scheduler.bookings.change(made.id, moved, "lan"))).data["conference"] == other.id
    both = moved.model_copy(update={"chair": "hoa"})
    assert (await scheduler.bookings.change(made.id, both, "lan")).conference.times.start == START + 5.5 * HOUR


async def test_a_running_conference_may_last_longer_than_its_chair_has_time(
    scheduler: Scheduler, database: Database
) -> None:
    made = await booked(scheduler, 0, "minh")
    await booked(scheduler, 1, "minh", hours=1)
    assert await Store(database).open(made.id, "clockwork", NOON)
    longer = await scheduler.bookings.extend(made.id, ExtendRequest(minutes=15), "minh")
    assert longer.times.stop == START + 1.25 * HOUR
    assert (await refusal(appoint(scheduler, await booked(scheduler, 2, None), "minh"))).code == "chair.elsewhere"


async def test_a_draft_does_not_hold_its_chair_until_it_is_submitted(scheduler: Scheduler) -> None:
    await booked(scheduler, 0, "minh")
    draft = request(1, "minh").model_copy(update={"draft": True})
    kept = await scheduler.book(draft, "lan")
    assert (kept.state, kept.chair) == (ConferenceState.DRAFT, "minh")
    assert (await refusal(scheduler.bookings.submit(kept.id, StepRequest(), "lan"))).code == "chair.elsewhere"


async def test_the_preview_says_what_the_chair_has_elsewhere(scheduler: Scheduler) -> None:
    made = await booked(scheduler, 0, "minh")
    asked = ClashRequest(times=times(START + HOUR / 2), points=("P001",), chair="minh")
    busy = (await scheduler.clashes(asked)).chair
    assert busy is not None
    assert (busy.conference, busy.title, busy.until) == (made.id, "Họp 0", START + HOUR)
    assert (await scheduler.clashes(asked.model_copy(update={"ignore": made.id}))).chair is None
    assert (await scheduler.clashes(asked.model_copy(update={"chair": "hoa"}))).chair is None


async def test_of_many_who_book_one_chair_at_once_one_gets_it(scheduler: Scheduler) -> None:
    asked = (scheduler.book(request(point, "minh"), "lan") for point in range(6))
    found = await asyncio.gather(*asked, return_exceptions=True)
    won = [one for one in found if isinstance(one, Conference)]
    lost = [one.code for one in found if isinstance(one, DiemcauError)]
    assert (len(won), lost) == (1, ["chair.elsewhere"] * 5)


async def test_a_series_has_its_chair_in_every_occurrence_and_names_the_one_that_clashes(
    scheduler: Scheduler, database: Database, bus: Bus, clock: ManualClock
) -> None:
    series = SeriesBook(database, bus, clock, Limits())
    other = await booked(scheduler, 0, "minh", hours=24.5)
    daily = SeriesRequest(
        title="Giao ban", first=times(START), rule="FREQ=DAILY;COUNT=3", points=("P001",), chair="minh"
    )
    shown = (await series.preview(daily)).occurrences
    assert [one.chair and one.chair.conference for one in shown] == [None, other.id, None]
    refused = await refusal(series.book(daily, "lan"))
    assert (refused.code, refused.data["start"]) == ("chair.elsewhere", (START + DAY).isoformat())
    made = await series.book(daily.model_copy(update={"chair": "hoa"}), "lan")
    assert [one.chair for one in made.series.occurrences] == ["hoa"] * 3
    last = SeriesChange(scope=Scope.FOLLOWING, change=ConferenceChange(chair="minh"))
    await series.change(made.series.occurrences[2].id, last, "lan")
    assert [one.chair for one in (await series.series(made.series.id)).occurrences] == ["hoa", "hoa", "minh"]
    everything = SeriesChange(scope=Scope.ALL, change=ConferenceChange(chair="minh"))
    assert (await refusal(series.change(made.series.occurrences[0].id, everything, "lan"))).code == "chair.elsewhere"


async def test_who_enters_as_the_chair_of_an_open_conference_without_one_is_its_chair(
    scheduler: Scheduler, database: Database
) -> None:
    made = await booked(scheduler, 0, None)
    minh, hoa = (Principal(username=name, name=name, roles=frozenset({Role.CHAIR})) for name in ("minh", "hoa"))
    await scheduler.chairs.take(made.id, minh)
    assert (await scheduler.conference(made.id)).chair is None
    assert await Store(database).open(made.id, "clockwork", NOON)
    await scheduler.chairs.take(made.id, minh)
    assert (await refusal(scheduler.chairs.take(made.id, hoa))).data == {"chair": "minh", "name": "minh"}
    assert (await scheduler.conference(made.id)).chair == "minh"
    last = (await scheduler.bookings.history(made.id))[-1]
    assert [(change.field, change.old, change.new) for change in last.changes] == [("chair", None, "minh")]
    assert await scheduler.chairs.may_extend(made.id, "minh")
    assert not await scheduler.chairs.may_extend(made.id, "hoa")


@pytest.mark.parametrize("name", [" ", "x" * 65, "a\x00b"])
async def test_what_cannot_be_an_accounts_name_is_refused(scheduler: Scheduler, name: str) -> None:
    asked = request(0, None).model_copy(update={"chair": name})
    assert (await refusal(scheduler.book(asked, "lan"))).code == "chair.unknown"
