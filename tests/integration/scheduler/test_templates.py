"""Templates and booking again: the same points and durations at another time."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta

import asyncpg
import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import DiemcauError
from core.model import ConferenceId, ConferenceState
from scheduler.model import BookingRequest, Conference, RequestedTimes
from scheduler.service import Scheduler
from scheduler.templates import AgainRequest, SaveTemplate, Template, Templates
from tests.support.directory import NOON, booking_of, load_points

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 3)
    return scheduler


@pytest.fixture
def templates(database: Database, clock: ManualClock, scheduler: Scheduler) -> Templates:
    return Templates(database, clock, scheduler.bookings)


async def code_of(asked: Awaitable[object]) -> str:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value.code


async def model_conference(scheduler: Scheduler) -> Conference:
    start = NOON + 2 * HOUR
    times = RequestedTimes(
        can_join_after=start - 20 * MINUTE, start=start, stop=start + HOUR, must_join_before=start + 30 * MINUTE
    )
    request = BookingRequest(
        title="Giao ban", times=times, points=("P000", "P001"), setup_minutes=10, teardown_minutes=5, chair="minh"
    )
    return await scheduler.book(request, "lan")


async def saved(scheduler: Scheduler, templates: Templates, name: str = "Weekly") -> Template:
    conference = await model_conference(scheduler)
    return await templates.save(SaveTemplate(conference=conference.id, name=name), "lan")


def is_like(conference: Conference, former: Conference, later: timedelta) -> bool:
    times = {name: moment + later for name, moment in former.times}
    return (
        dict(conference.times) == times
        and conference.points == former.points
        and (conference.setup_minutes, conference.teardown_minutes) == (former.setup_minutes, former.teardown_minutes)
    )


async def test_a_conference_is_saved_and_booked_from(scheduler: Scheduler, templates: Templates) -> None:
    former = await model_conference(scheduler)
    template = await templates.save(SaveTemplate(conference=former.id, name=" Weekly "), "lan")
    assert (template.name, template.title, template.points) == ("Weekly", "Giao ban", ("P000", "P001"))
    assert (template.doors, template.length, template.last_join) == (20 * MINUTE, HOUR, 30 * MINUTE)
    later = timedelta(days=7)
    booked = await templates.book(template.id, AgainRequest(start=former.times.start + later), "mai")
    assert is_like(booked.conference, former, later)
    assert (booked.conference.title, booked.conference.booked_by) == ("Giao ban", "mai")


async def test_a_booking_from_a_template_is_a_booking_like_any_other(
    scheduler: Scheduler, templates: Templates
) -> None:
    template = await saved(scheduler, templates)
    await scheduler.book(booking_of("Other", NOON + 24 * HOUR, ["P001"]), "mai")
    taken = AgainRequest(start=NOON + 24 * HOUR, title="Again")
    assert await code_of(templates.book(template.id, taken, "lan")) == "booking.clash"
    partly = await templates.book(template.id, taken.model_copy(update={"leave_out_clashing": True}), "lan", "k")
    assert partly.conference.title == "Again"
    assert [clash.point for clash in partly.left_out] == ["P001"]
    repeated = await templates.book(template.id, taken.model_copy(update={"leave_out_clashing": True}), "lan", "k")
    assert repeated == partly
    draft = await templates.book(template.id, taken.model_copy(update={"draft": True}), "lan")
    assert draft.conference.state is ConferenceState.DRAFT


async def test_a_conference_that_is_over_is_booked_again(scheduler: Scheduler, templates: Templates) -> None:
    former = await model_conference(scheduler)
    await scheduler.cancel(former.id, "lan")
    booked = await templates.again(former.id, AgainRequest(start=former.times.start), "lan")
    assert is_like(booked.conference, former, timedelta(0))
    assert booked.conference.id != former.id
    assert await code_of(templates.again(former.id, AgainRequest(start=NOON - HOUR), "lan")) == "booking.past"


async def test_booking_again_keeps_the_chair_unless_another_is_named(
    scheduler: Scheduler, templates: Templates
) -> None:
    former = await model_conference(scheduler)
    template = await templates.save(SaveTemplate(conference=former.id, name="Weekly"), "lan")
    assert template.chair == "minh"
    for days, (chair, expected) in enumerate(((None, "minh"), ("hoa", "hoa"), ("", None)), start=1):
        request = AgainRequest(start=former.times.start + timedelta(days=days), chair=chair)
        assert (await templates.again(former.id, request, "lan")).conference.chair == expected
        later = request.model_copy(update={"start": request.start + 4 * HOUR})
        assert (await templates.book(template.id, later, "lan")).conference.chair == expected


async def test_a_chair_who_is_elsewhere_is_told_when_booking_again(scheduler: Scheduler, templates: Templates) -> None:
    former = await model_conference(scheduler)
    other = booking_of("Elsewhere", former.times.start + timedelta(days=1), ["P002"])
    await scheduler.book(other.model_copy(update={"chair": "minh"}), "mai")
    request = AgainRequest(start=former.times.start + timedelta(days=1))
    assert await code_of(templates.again(former.id, request, "lan")) == "chair.elsewhere"
    freed = await templates.again(former.id, request.model_copy(update={"chair": ""}), "lan")
    assert freed.conference.chair is None


async def test_templates_are_listed_by_name_and_forgotten(scheduler: Scheduler, templates: Templates) -> None:
    conference = await model_conference(scheduler)
    for name in ("ông", "Đón", "An", "dân", "bàn"):
        await templates.save(SaveTemplate(conference=conference.id, name=name), "lan")
    listed = await templates.templates()
    assert [(one.name, one.points) for one in listed] == [("An", 2), ("bàn", 2), ("dân", 2), ("Đón", 2), ("ông", 2)]
    await templates.delete(listed[0].id)
    assert [one.name for one in await templates.templates()] == ["bàn", "dân", "Đón", "ông"]
    assert await code_of(templates.delete(listed[0].id)) == "template.unknown"


async def test_a_name_is_given_once_whatever_its_case_and_accents(scheduler: Scheduler, templates: Templates) -> None:
    conference = await model_conference(scheduler)
    await templates.save(SaveTemplate(conference=conference.id, name="Hội nghị"), "lan")
    for name, code in (("HOI NGHI", "template.name_taken"), (" ", "template.name"), ("x" * 201, "template.name")):
        assert await code_of(templates.save(SaveTemplate(conference=conference.id, name=name), "lan")) == code
    await templates.save(SaveTemplate(conference=conference.id, name="x" * 200), "lan")


async def test_what_is_unknown_is_not_found(templates: Templates) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for id in (nobody, "x"):
        assert await code_of(templates.template(id)) == "template.unknown"
        assert await code_of(templates.book(id, AgainRequest(start=NOON), "lan")) == "template.unknown"
        save = SaveTemplate(conference=ConferenceId(id), name="n")
        assert await code_of(templates.save(save, "lan")) == "conference.unknown"


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("template_name_length", "name = ''"),
        ("template_title_length", "title = repeat('t', 201)"),
        ("template_times_in_order", "length = '0'"),
        ("template_times_in_order", "doors = '-1 minute'"),
        ("template_times_in_order", "last_join = length + interval '1 minute'"),
    ],
)
async def test_an_impossible_template_is_refused_by_name(
    scheduler: Scheduler, templates: Templates, database: Database, constraint: str, change: str
) -> None:
    await saved(scheduler, templates)
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await database.pool.execute(f"UPDATE template SET {change}")
    assert caught.value.constraint_name == constraint
