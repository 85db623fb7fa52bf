"""The profile that is wanted, and the lightest that will do: chosen while booking, kept through everything after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, Conflict, DiemcauError
from core.model import PictureRates
from core.settings import Limits
from scheduler.model import BookingRequest, ConferenceChange, StepRequest
from scheduler.plan.model import MediaNode, PlanWish, ProfileName
from scheduler.plan.service import Plans
from scheduler.series import SeriesBook
from scheduler.series_model import Scope, SeriesChange, SeriesRequest
from scheduler.service import Scheduler
from scheduler.templates import AgainRequest, SaveTemplate, Templates
from tests.support.directory import NOON, booking_of, load_points, scheduler_of, times
from tests.support.plans import FULL, STANDARD

HOUR = timedelta(hours=1)
FULL_ONLY = PlanWish(profile=ProfileName.FULL, lightest=ProfileName.FULL)
ANYTHING = PlanWish(profile=ProfileName.FULL, lightest=ProfileName.VOICE)
FULL_OR_LESS = PlanWish(profile=ProfileName.FULL, lightest=ProfileName.LIGHT)
NODE_KBPS = 4 * STANDARD.down_kbps + FULL.down_kbps


class House:
    """One node, near the points, that can send four points the standard profile but not the full one."""

    def __init__(self, database: Database, bus: Bus) -> None:
        clock = ManualClock(NOON)
        self.database = database
        self.scheduler: Scheduler = scheduler_of(database, bus, clock)
        self.bookings = self.scheduler.bookings
        self.plans = Plans(database, clock)
        self.series = SeriesBook(database, bus, clock, Limits())
        self.templates = Templates(database, clock, self.bookings)
        self.codes: list[str] = []

    async def furnish(self) -> None:
        self.codes = await load_points(self.scheduler, 4)
        await self.plans.put_node(MediaNode(code="ward", name="Ward", unit="WARD", legs=50, kbps=NODE_KBPS + 4_000))

    def request(self, wish: PlanWish, hours: int = 1) -> BookingRequest:
        asked = booking_of("Briefing", NOON + hours * HOUR, self.codes)
        return asked.model_copy(update={"wish": wish})


@pytest.fixture
async def house(database: Database, bus: Bus) -> House:
    made = House(database, bus)
    await made.furnish()
    return made


async def test_a_booking_that_insists_is_refused_by_name_and_by_how_much(house: House) -> None:
    with pytest.raises(Conflict) as refused:
        await house.bookings.book(house.request(FULL_ONLY), "lan")
    assert refused.value.code == "plan.over_capacity"
    [limit] = refused.value.data["limits"]
    needed = (4 + 2) * FULL.down_kbps
    assert (limit["kind"], limit["code"], limit["needed"]) == ("node_kbps", "ward", needed)
    assert limit["short"] == needed - NODE_KBPS - 4_000
    assert await house.scheduler.conferences() == []


async def test_a_booking_that_accepts_less_gets_it_and_is_told_why(house: House) -> None:
    booked = await house.bookings.book(house.request(FULL_OR_LESS), "lan")
    assert booked.plan is not None
    assert booked.plan.profile is ProfileName.STANDARD
    assert [(limit.kind, limit.code) for limit in booked.plan.degraded_by] == [("node_kbps", "ward")]
    assert booked.conference.wish == FULL_OR_LESS
    assert (await house.scheduler.conference(booked.conference.id)).wish == FULL_OR_LESS
    assert [one.wish for one in await house.scheduler.conferences()] == [FULL_OR_LESS]


async def test_the_bridge_is_told_what_the_plan_gives_and_to_whom_less(house: House) -> None:
    await house.database.pool.execute(
        "INSERT INTO point_line (point, backup, provider, down_kbps, up_kbps)"
        " SELECT number, false, '', 300, 300 FROM bridge_point WHERE code = $1",
        house.codes[0],
    )
    booked = await house.bookings.book(house.request(ANYTHING), "lan")
    pictures = (await house.scheduler.spec(booked.conference.id)).pictures
    assert pictures is not None
    assert pictures.profile == booked.plan.profile if booked.plan else False
    rates = pictures.of(house.codes[1])
    given = STANDARD if pictures.profile == "standard" else FULL
    assert (rates.stage, rates.second, rates.content) == (given.stage_kbps, given.second_kbps, given.content_kbps)
    assert pictures.lighter == {house.codes[0]: "voice"}
    assert pictures.of(house.codes[0]) == PictureRates(stage=0, second=0, content=0)


async def test_a_wish_upside_down_or_with_an_unknown_chair_is_refused(house: House) -> None:
    upside_down = PlanWish(profile=ProfileName.LIGHT, lightest=ProfileName.FULL)
    for wish, code in ((upside_down, "plan.lightest"), (PlanWish(chair_unit="NOWHERE"), "plan.unknown_unit")):
        with pytest.raises(BadInput) as refused:
            await house.bookings.book(house.request(wish), "lan")
        assert refused.value.code == code
    assert await house.scheduler.conferences() == []


async def test_a_changed_wish_is_a_version_with_its_line_of_history(house: House) -> None:
    booked = await house.bookings.book(house.request(PlanWish()), "lan")
    wish = PlanWish(profile=ProfileName.LIGHT, lightest=ProfileName.LIGHT, chair_unit="CITY")
    changed = await house.bookings.change(booked.conference.id, ConferenceChange(wish=wish, version=1), "minh")
    assert (changed.conference.version, changed.conference.wish) == (2, wish)
    assert changed.plan is not None
    assert changed.plan.profile is ProfileName.LIGHT
    line = (await house.bookings.history(booked.conference.id))[-1]
    assert {change.field: (change.old, change.new) for change in line.changes} == {
        "profile": ("standard", "light"),
        "lightest": ("voice", "light"),
        "chair_unit": (None, "CITY"),
    }
    same = await house.bookings.change(booked.conference.id, ConferenceChange(wish=wish), "minh")
    assert (same.conference.version, same.plan) == (2, None)


async def test_a_running_conference_keeps_the_profile_it_was_planned_with(house: House) -> None:
    booked = await house.bookings.book(house.request(PlanWish()), "lan")
    await house.database.pool.execute("UPDATE conference SET state = 'open'")
    with pytest.raises(Conflict) as refused:
        await house.bookings.change(booked.conference.id, ConferenceChange(wish=FULL_OR_LESS), "lan")
    assert (refused.value.code, refused.value.data["field"]) == ("conference.running", "wish")


async def test_a_draft_keeps_its_wish_until_it_is_submitted(house: House) -> None:
    draft = house.request(FULL_ONLY).model_copy(update={"draft": True})
    booked = await house.bookings.book(draft, "lan")
    assert booked.plan is not None
    assert not booked.plan.planned
    with pytest.raises(Conflict) as refused:
        await house.bookings.submit(booked.conference.id, StepRequest(), "lan")
    assert refused.value.code == "plan.over_capacity"


async def test_a_series_carries_the_wish_to_every_occurrence(house: House) -> None:
    request = SeriesRequest(
        title="Weekly",
        first=times(NOON + HOUR),
        rule="FREQ=WEEKLY;COUNT=3",
        points=tuple(house.codes),
        wish=FULL_OR_LESS,
    )
    booked = await house.series.book(request, "lan")
    assert [plan.conference for plan in booked.plans] == [one.id for one in booked.series.occurrences]
    assert {(plan.profile, len(plan.degraded_by)) for plan in booked.plans} == {(ProfileName.STANDARD, 1)}
    assert {one.wish for one in booked.series.occurrences} == {FULL_OR_LESS}
    light = PlanWish(profile=ProfileName.LIGHT, lightest=ProfileName.LIGHT)
    following = SeriesChange(scope=Scope.FOLLOWING, change=ConferenceChange(wish=light))
    changed = await house.series.change(booked.series.occurrences[1].id, following, "lan")
    assert [plan.profile for plan in changed.plans] == [ProfileName.LIGHT] * 2
    wishes = [one.wish for one in (await house.series.series(booked.series.id)).occurrences]
    assert wishes == [FULL_OR_LESS, light, light]
    insisting = request.model_copy(update={"first": times(NOON + 5 * HOUR), "wish": FULL_ONLY})
    with pytest.raises(DiemcauError) as refused:
        await house.series.book(insisting, "lan")
    assert refused.value.code == "plan.over_capacity"


async def test_templates_and_booking_again_keep_the_wish_or_take_another(house: House) -> None:
    light = PlanWish(profile=ProfileName.LIGHT, lightest=ProfileName.VOICE, chair_unit="CITY")
    made = (await house.bookings.book(house.request(light), "lan")).conference
    saved = await house.templates.save(SaveTemplate(conference=made.id, name="Weekly"), "lan")
    assert saved.wish == light
    assert [one.wish for one in await house.templates.templates()] == [light]
    from_template = await house.templates.book(saved.id, AgainRequest(start=NOON + 4 * HOUR), "lan")
    again = await house.templates.again(made.id, AgainRequest(start=NOON + 7 * HOUR), "lan")
    other = await house.templates.again(made.id, AgainRequest(start=NOON + 10 * HOUR, wish=PlanWish()), "lan")
    assert [one.conference.wish for one in (from_template, again, other)] == [light, light, PlanWish()]
    assert again.plan is not None
    assert again.plan.profile is ProfileName.LIGHT
