"""Choosing points from a real directory, and keeping audiences."""

from __future__ import annotations

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, Conflict, NotFound
from core.settings import Limits
from scheduler.choosing import Choosing
from scheduler.choosing_model import AudienceRequest, Choice, Chosen
from scheduler.service import Scheduler
from tests.support.directory import import_text

DIRECTORY = """code,name,unit,unit_name,unit_kind,parent_unit
,,VN,Trung ương,centre,
,,79,Thành phố Hồ Chí Minh,province,VN
,,80,Tỉnh Tây Ninh,province,VN
B1,Hội trường Bến Thành,BT,Phường Bến Thành,commune,79
B2,Nhà văn hóa Bến Thành,BT,,,
C1,Hội trường Côn Đảo,CD,Đặc khu Côn Đảo,commune,79
T1,Hội trường Tân Ninh,TN,Phường Tân Ninh,commune,80
"""


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    report = await import_text(scheduler, DIRECTORY)
    assert report.applied, report.problems
    return scheduler


@pytest.fixture
def choosing(database: Database, clock: ManualClock, scheduler: Scheduler) -> Choosing:
    return Choosing(database, clock, Limits(points_per_conference=3))


def codes(chosen: Chosen) -> list[str]:
    assert chosen.count == len(chosen.points)
    return [point.code for point in chosen.points]


async def test_all_of_a_city_but_an_island(choosing: Choosing) -> None:
    assert codes(await choosing.resolve(Choice(units=("79",)))) == ["B1", "B2", "C1"]
    assert codes(await choosing.resolve(Choice(units=("79",), except_units=("CD",)))) == ["B1", "B2"]
    assert codes(await choosing.resolve(Choice(units=("VN",), except_units=("79",), points=("B2",)))) == ["T1"]
    assert codes(await choosing.resolve(Choice(units=("VN",), except_points=("B2", "T1")))) == ["B1", "C1"]
    assert codes(await choosing.resolve(Choice())) == []


async def test_equal_names_are_told_apart_by_the_unit_above_that_is_called_otherwise(
    scheduler: Scheduler, choosing: Choosing
) -> None:
    twins = "".join(f"H{n},Phường Hòa Bình,U{n},Phường Hòa Bình,commune,{n}\n" for n in ("79", "80"))
    await import_text(scheduler, DIRECTORY.splitlines()[0] + "\n" + twins)
    [line] = (await choosing.resolve(Choice(pasted="Phường Hòa Bình"))).ambiguous
    places = {(found.code, found.place) for found in line.candidates}
    assert places == {("H79", "Thành phố Hồ Chí Minh"), ("H80", "Tỉnh Tây Ninh")}


async def test_a_pasted_list_adds_halls_and_whole_units(choosing: Choosing) -> None:
    chosen = await choosing.resolve(Choice(pasted="1\tPhường Bến Thành\nt1\nNowhere\n", except_points=("B1",)))
    assert codes(chosen) == ["B2", "T1"]
    assert [(line.line, line.text) for line in chosen.unknown] == [(3, "Nowhere")]


async def test_an_audience_is_resolved_anew_and_keeps_its_exceptions_to_itself(
    choosing: Choosing, scheduler: Scheduler
) -> None:
    city = Choice(units=("79",), except_units=("CD",))
    audience = await choosing.save(AudienceRequest(name=" Thành phố ", choice=city), "lan")
    assert (audience.name, audience.version, audience.choice) == ("Thành phố", 1, city)
    assert codes(await choosing.resolve(Choice(audiences=("thanh pho",), points=("C1",)))) == ["B1", "B2", "C1"]
    await import_text(scheduler, "code,name,unit\nB3,Third,BT\n")
    assert codes(await choosing.resolve(Choice(audiences=("Thành phố",)))) == ["B1", "B2", "B3"]


async def test_audiences_are_listed_changed_and_dropped(choosing: Choosing) -> None:
    first = await choosing.save(AudienceRequest(name="B", choice=Choice(points=("B1",))), "lan")
    await choosing.save(AudienceRequest(name="á", choice=Choice(points=("T1",))), "lan")
    assert [audience.name for audience in await choosing.audiences()] == ["á", "B"]
    wider = Choice(points=("B1", "B2"))
    changed = await choosing.change(first.id, AudienceRequest(name="B", choice=wider, version=1), "minh")
    assert (changed.choice, changed.version, changed.changed_by) == (wider, 2, "minh")
    with pytest.raises(Conflict, match="changed"):
        await choosing.change(first.id, AudienceRequest(name="C", choice=wider, version=1), "lan")
    with pytest.raises(Conflict, match="name_taken"):
        await choosing.change(first.id, AudienceRequest(name="Á", choice=wider), "lan")
    with pytest.raises(Conflict, match="name_taken"):
        await choosing.save(AudienceRequest(name="b", choice=wider), "lan")
    await choosing.drop(first.id)
    for id in (first.id, "x"):
        with pytest.raises(NotFound):
            await choosing.audience(id)
        with pytest.raises(NotFound):
            await choosing.drop(id)


async def test_an_audience_that_contains_itself_is_refused(choosing: Choosing) -> None:
    first = await choosing.save(AudienceRequest(name="First", choice=Choice(points=("B1",))), "lan")
    await choosing.save(AudienceRequest(name="Second", choice=Choice(audiences=("First",))), "lan")
    with pytest.raises(BadInput, match="audience_circle"):
        await choosing.change(first.id, AudienceRequest(name="First", choice=Choice(audiences=("Second",))), "lan")
    assert codes(await choosing.resolve(Choice(audiences=("Second",)))) == ["B1"]


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice(units=("NO",)), "booking.unknown_unit"),
        (Choice(units=("79",), except_units=("NO",)), "booking.unknown_unit"),
        (Choice(points=("NO",)), "booking.unknown_point"),
        (Choice(except_points=("NO",)), "booking.unknown_point"),
        (Choice(units=("\x00",)), "booking.unknown_unit"),
        (Choice(points=("\x00",)), "booking.unknown_point"),
        (Choice(audiences=("No",)), "choosing.unknown_audience"),
        (Choice(audiences=("\x00",)), "choosing.unknown_audience"),
    ],
)
async def test_what_does_not_exist_is_named(choosing: Choosing, choice: Choice, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        await choosing.resolve(choice)
    assert caught.value.code == code


async def test_for_booking_the_choice_must_be_clear_and_of_the_right_size(choosing: Choosing) -> None:
    assert [point.code for point in await choosing.points(Choice(units=("79",)))] == ["B1", "B2", "C1"]
    for choice, code in [
        (Choice(pasted="B1\nNowhere"), "choosing.unclear"),
        (Choice(), "booking.no_points"),
        (Choice(units=("VN",)), "booking.too_many_points"),
    ]:
        with pytest.raises(BadInput) as caught:
            await choosing.points(choice)
        assert caught.value.code == code


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb"])
async def test_an_audience_needs_a_name(choosing: Choosing, name: str) -> None:
    with pytest.raises(BadInput, match=r"choosing\.name"):
        await choosing.save(AudienceRequest(name=name, choice=Choice()), "lan")
