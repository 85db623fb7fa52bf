"""Mergers and renames: points move, history stays, old conferences show the names of their day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, Conflict, NotFound
from core.model import UnitKind
from core.settings import Limits
from scheduler.choosing import Choosing
from scheduler.choosing_model import Choice, MergedUnit
from scheduler.directory_mergers import Mergers
from scheduler.directory_model import MergeRequest
from scheduler.service import Scheduler
from tests.support.directory import NOON, booking_of, import_text

DIRECTORY = """code,name,unit,unit_name,unit_kind,parent_unit
,,VN,Trung ương,centre,
,,79,Thành phố Hồ Chí Minh,province,VN
,,74,Tỉnh Bình Dương,province,VN
,,TDM,Phường Thủ Dầu Một,commune,74
P1,Hội trường Bến Thành,BT,Phường Bến Thành,commune,79
P2,Hội trường Thủ Dầu Một,TDM,,,
P3,Hội trường tỉnh,74,,,
"""
DAY = timedelta(days=1)


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    report = await import_text(scheduler, DIRECTORY)
    assert report.applied, report.problems
    return scheduler


@pytest.fixture
def mergers(database: Database, clock: ManualClock, scheduler: Scheduler) -> Mergers:
    return Mergers(database, clock)


async def test_a_province_goes_into_another_with_all_that_is_below_it(scheduler: Scheduler, mergers: Mergers) -> None:
    successor = await mergers.merge(MergeRequest(units=("74",), into="79"))
    assert successor.name == "Thành phố Hồ Chí Minh"
    units = {unit.code: unit for unit in await scheduler.units()}
    assert set(units) == {"VN", "79", "TDM", "BT"}
    assert (units["TDM"].parent, units["79"].points) == ("79", 3)
    assert {point.code: point.unit for point in await scheduler.points()} == {"P1": "BT", "P2": "TDM", "P3": "79"}
    [past] = await mergers.history("74")
    assert (past.name, past.parent, past.successor) == ("Tỉnh Bình Dương", "VN", "79")
    assert (past.valid_from, past.valid_to) == (None, NOON)
    assert await mergers.predecessors("79") == [past]
    assert await mergers.history("79") == []


async def test_several_become_a_new_one_and_a_chain_of_mergers_is_followed(
    scheduler: Scheduler, mergers: Mergers, database: Database, clock: ManualClock
) -> None:
    request = MergeRequest(units=("BT", "TDM"), into="SG", name="Phường Sài Gòn", kind=UnitKind.COMMUNE, parent="79")
    await mergers.merge(request)
    clock.advance(86_400)
    await mergers.merge(MergeRequest(units=("SG", "74"), into="79"))
    assert {point.unit for point in await scheduler.points()} == {"79"}
    assert [past.code for past in await mergers.predecessors("79")] == ["74", "SG", "BT", "TDM"]
    chosen = await Choosing(database, clock, Limits()).resolve(Choice(units=("TDM",)))
    assert chosen.merged == (MergedUnit(code="TDM", successor="79"),)
    assert chosen.count == 3


async def test_a_merger_may_take_in_the_unit_above(scheduler: Scheduler, mergers: Mergers) -> None:
    await mergers.merge(MergeRequest(units=("74", "TDM"), into="TDM", name="Thành phố Thủ Dầu Một"))
    units = {unit.code: unit for unit in await scheduler.units()}
    assert (units["TDM"].parent, units["TDM"].name, units["TDM"].points) == ("VN", "Thành phố Thủ Dầu Một", 2)


async def test_a_renamed_unit_keeps_its_code_and_its_past(mergers: Mergers, clock: ManualClock) -> None:
    await mergers.merge(MergeRequest(units=("BT",), into="BT", name="Phường Sài Gòn", effective=NOON - 30 * DAY))
    clock.advance(86_400)
    await mergers.merge(MergeRequest(units=("BT",), into="BT", name="Phường Gia Định"))
    first, second = await mergers.history("BT")
    assert (first.name, first.valid_from, first.valid_to) == ("Phường Bến Thành", None, NOON - 30 * DAY)
    assert (second.name, second.valid_from, second.valid_to) == ("Phường Sài Gòn", NOON - 30 * DAY, NOON + DAY)
    assert first.successor is second.successor is None


async def test_an_old_conference_shows_the_names_of_its_day_and_a_new_one_todays(
    scheduler: Scheduler, database: Database, clock: ManualClock
) -> None:
    old = await scheduler.book(booking_of("Old", NOON + DAY, ["P1"]), "lan")
    coming = await scheduler.book(booking_of("Coming", NOON + 4 * DAY, ["P1"]), "lan")
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('diemcau.effective', $1::timestamptz::text, true)", NOON + 2 * DAY)
        await connection.execute("UPDATE bridge_point SET name = 'Hội trường Sài Gòn' WHERE code = 'P1'")
    clock.advance(3 * 86_400)
    assert [point.name for point in (await scheduler.conference(old.id)).points] == ["Hội trường Bến Thành"]
    assert [point.name for point in (await scheduler.conference(coming.id)).points] == ["Hội trường Sài Gòn"]


async def test_what_else_belongs_to_a_merged_unit_moves_and_is_not_doubled(
    database: Database, mergers: Mergers
) -> None:
    await database.pool.execute("INSERT INTO media_node (code, name, unit, legs, kbps) VALUES ('N', 'n', '74', 10, 10)")
    await database.pool.execute("INSERT INTO approver VALUES ('lan', '74'), ('lan', '79'), ('minh', '74')")
    await mergers.merge(MergeRequest(units=("74",), into="79"))
    assert await database.pool.fetchval("SELECT unit FROM media_node") == "79"
    rows = await database.pool.fetch("SELECT username, unit FROM approver ORDER BY username")
    assert [tuple(row) for row in rows] == [("lan", "79"), ("minh", "79")]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (MergeRequest(units=("NO",), into="79"), "directory.unknown_unit"),
        (MergeRequest(units=("74",), into="79", parent="NO"), "directory.unknown_unit"),
        (MergeRequest(units=("74",), into="NEW"), "directory.merge_incomplete"),
        (MergeRequest(units=("74",), into="N W", name="n", kind=UnitKind.PROVINCE), "directory.merge_incomplete"),
        (MergeRequest(units=("79",), into="79", parent="BT"), "directory.unit_circle"),
        (MergeRequest(units=("74",), into="79", effective=NOON + DAY), "directory.merge_future"),
    ],
)
async def test_a_merger_that_cannot_be_is_named(mergers: Mergers, request_: MergeRequest, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        await mergers.merge(request_)
    assert caught.value.code == code


async def test_a_merged_code_is_not_used_again(scheduler: Scheduler, mergers: Mergers) -> None:
    await mergers.merge(MergeRequest(units=("74",), into="79"))
    with pytest.raises(Conflict, match="merged_unit"):
        await mergers.merge(MergeRequest(units=("BT",), into="74", name="n", kind=UnitKind.PROVINCE))
    report = await import_text(scheduler, "code,name,unit\nP9,Hall,74\n")
    assert [problem.code for problem in report.problems] == ["directory.merged_unit"]


async def test_a_unit_that_never_was_has_no_history(mergers: Mergers) -> None:
    for code in ("NO", "\x00"):
        with pytest.raises(NotFound):
            await mergers.history(code)
    assert await mergers.predecessors("NO") == []
