from __future__ import annotations

import csv
import io

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput
from core.settings import Limits
from scheduler.service import Scheduler
from tests.support.directory import import_text, load_points, scheduler_of


async def test_ho_chi_minh_city_is_loaded_once_however_often(scheduler: Scheduler) -> None:
    first = await scheduler.load_province("79")
    assert (first.applied, first.units_new, first.points_new) == (True, 170, 168)
    again = await scheduler.load_province("79")
    assert (again.units_new, again.units_updated, again.points_new, again.points_unchanged) == (0, 0, 0, 168)
    units = {unit.code: unit for unit in await scheduler.units()}
    assert (units["VN"].points, units["79"].points, units["79"].parent) == (168, 168, "VN")
    assert units["79"].name == "Thành phố Hồ Chí Minh"
    assert len(await scheduler.points(unit="79")) == 168


@pytest.mark.parametrize("code", ["0", "100", "x", "", "-1"])
async def test_a_province_that_is_none_is_refused(scheduler: Scheduler, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        await scheduler.load_province(code)
    assert caught.value.code == "directory.unknown_province"


async def test_points_are_found_by_unit_and_by_text_without_case_and_accents(scheduler: Scheduler) -> None:
    await scheduler.load_province("79")
    assert [p.name for p in await scheduler.points(q="con dao")] == ["Đặc khu Côn Đảo"]
    assert [p.name for p in await scheduler.points(unit="79", q="CÔN ĐẢO ")] == ["Đặc khu Côn Đảo"]
    [island] = await scheduler.points(q="con dao")
    assert await scheduler.points(unit=island.unit) == [island]
    assert await scheduler.points(q=island.code) == [island]
    for nothing in ("%", "_", "\x00", "\ud800"):
        assert await scheduler.points(q=nothing) == []
        assert await scheduler.points(unit=nothing) == []


async def test_a_dry_run_reports_and_changes_nothing(scheduler: Scheduler) -> None:
    text = "code,name,unit,unit_name,unit_kind\nP1,Hall,U,Unit,commune\n"
    dry = await import_text(scheduler, text, dry_run=True)
    assert (dry.applied, dry.units_new, dry.points_new) == (False, 1, 1)
    assert await scheduler.units() == []
    assert (await import_text(scheduler, text)).applied


async def test_one_problem_keeps_the_whole_file_out(scheduler: Scheduler) -> None:
    text = "code,name,unit,unit_name,unit_kind\nP1,Hall,U,Unit,commune\nP1,Twice,U,,\nP2,Hall,NONE,,\n"
    report = await import_text(scheduler, text)
    assert not report.applied
    assert [(p.row, p.code) for p in report.problems] == [
        (3, "directory.duplicate_code"),
        (4, "directory.unknown_unit"),
    ]
    assert await scheduler.units() == []


async def test_importing_again_updates_by_code_and_deletes_nothing(scheduler: Scheduler) -> None:
    await load_points(scheduler, 3)
    before = {p.code: p for p in await scheduler.points()}
    report = await import_text(scheduler, "code,name,unit,seats\nP001,Renamed,WARD,40\n")
    assert (report.applied, report.points_updated, report.points_new) == (True, 1, 0)
    after = {p.code: p for p in await scheduler.points()}
    changed = before["P001"].model_copy(update={"name": "Renamed", "seats": 40})
    assert after == before | {"P001": changed}


async def test_an_export_comes_back_unchanged_and_computes_nothing_in_a_spreadsheet(scheduler: Scheduler) -> None:
    await load_points(scheduler, 2)
    await import_text(scheduler, "code,name,unit,contact\nP000,\"=cmd|' /C calc'!A0\",WARD,+84 28 3822 0000\n")
    text = await scheduler.export_csv()
    for line in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)
    before = await scheduler.points()
    report = await scheduler.import_directory(text.encode(), "back.csv", dry_run=False)
    assert (report.applied, report.points_unchanged, report.units_updated) == (True, 2, 0)
    assert await scheduler.points() == before
    assert before[0].name == "=cmd|' /C calc'!A0"


async def test_100_000_rows_are_refused_and_the_old_directory_stays(scheduler: Scheduler) -> None:
    codes = await load_points(scheduler, 2)
    rows = "\n".join(f"N{i},Hall,WARD" for i in range(100_000))
    report = await import_text(scheduler, "code,name,unit\n" + rows)
    assert [p.code for p in report.problems] == ["directory.too_many_rows"]
    assert not report.applied
    assert [p.code for p in await scheduler.points()] == codes


async def test_the_largest_allowed_file_is_applied(database: Database, bus: Bus, clock: ManualClock) -> None:
    scheduler = scheduler_of(database, bus, clock, Limits(directory_rows=5_000))
    await load_points(scheduler, 1)
    rows = "\n".join(f"N{i},Hall,WARD" for i in range(5_000))
    assert (await import_text(scheduler, "code,name,unit\n" + rows)).points_new == 5_000
