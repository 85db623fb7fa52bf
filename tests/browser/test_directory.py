"""The directory's page: the tree that is opened step by step, searching, files that are tried first, renames."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from playwright.async_api import FilePayload

from core.database import Database
from tests.support.organizer import Desk, organizer

HEADER = ("code", "name", "unit", "unit_name", "unit_kind", "seats")
GOOD = ("d9", "Hội trường 9", "c9", "Xã 9", "xã", "40")
WRONG = ("d 8", "Hội trường 8", "c1", "", "", "-1")


def _csv(*rows: tuple[str, ...]) -> FilePayload:
    text = "\n".join(",".join(row) for row in rows)
    return {"name": "danh-ba.csv", "mimeType": "text/csv", "buffer": text.encode()}


def _xlsx(*rows: tuple[str, ...]) -> FilePayload:
    book, data = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(data)
    return {"name": "danh-ba.xlsx", "mimeType": "application/octet-stream", "buffer": data.getvalue()}


async def _count(desk: Desk, table: str) -> int:
    found: int = await desk.site.database.pool.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_the_tree_is_opened_step_by_step_and_searched(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await database.pool.execute("INSERT INTO bridge_point (code, name, unit) VALUES ('d2b', 'Nhà văn hóa', 'c2')")
        await desk.open("/organizer/directory")
        await desk.at("directory-c2").wait_for()
        assert await desk.at("directory-d2b").count() == 0
        await desk.at("open-c2").click()
        await desk.at("directory-d2b").wait_for()
        await desk.at("directory-search").fill("nha van")
        await desk.at("directory-c1").wait_for(state="detached")
        await desk.at("directory-d2b").click()
        assert "d2b" in await desk.at("point-facts").inner_text()
        await desk.at("directory-search").fill("xa 1")
        await desk.at("directory-c1").click()
        assert "d1" in await desk.at("point-facts").inner_text()


@pytest.mark.parametrize("form", [_csv, _xlsx])
async def test_a_file_is_tried_first_and_its_problems_are_listed_by_row(
    database: Database, tmp_path: Path, form: object
) -> None:
    made = _csv if form is _csv else _xlsx
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/directory")
        await desk.at("import-file").set_input_files([made(HEADER, GOOD, WRONG)])
        problems = desk.at("import-problem")
        await problems.first.wait_for()
        said = await problems.first.inner_text()
        assert "Mã" in said
        assert "“d 8”" in said
        assert set(await problems.evaluate_all("rows => rows.map((row) => row.dataset.row)")) == {"3"}
        assert await desk.at("import-apply").count() == 0
        await desk.at("import-file").set_input_files([made(HEADER, GOOD)])
        await desk.at("import-apply").wait_for()
        assert await _count(desk, "bridge_point") == 3
        await desk.at("import-apply").click()
        await desk.at("import-report").wait_for(state="detached")
        assert await _count(desk, "bridge_point") == 4


async def test_a_rename_is_shown_with_the_name_before_and_can_be_undone(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/directory")
        await desk.at("directory-c2").click()
        await desk.at("rename").click()
        await desk.at("rename-name").fill("Phường Mới")
        await desk.at("rename-do").click()
        history = desk.at("unit-history")
        await history.wait_for()
        assert "Xã 2" in await history.inner_text()
        assert "Phường Mới" in await desk.at("directory-c2").inner_text()
        await desk.page.get_by_role("button", name="Hoàn tác").click()
        await desk.at("directory-c2").get_by_text("Xã 2").wait_for()


async def test_a_merger_moves_the_points_and_is_told_by_the_unit_that_took_them(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/directory")
        await desk.at("directory-c2").click()
        await desk.at("merge").click()
        assert await desk.at("merge-do").is_disabled()
        await desk.at("merge-into").click()
        await desk.at("merge-into-search").fill("xa 3")
        await desk.page.keyboard.press("Enter")
        await desk.at("merge-do").click()
        await desk.at("directory-c2").wait_for(state="detached")
        await desk.at("directory-c3").click()
        history = desk.at("unit-history")
        await history.wait_for()
        assert "Xã 2" in await history.inner_text()
        assert await database.pool.fetchval("SELECT unit FROM bridge_point WHERE code = 'd2'") == "c3"


async def test_an_empty_directory_is_filled_with_the_communes_of_a_province(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path, points=0) as desk:
        await database.pool.execute("DELETE FROM unit")
        await desk.open("/organizer/directory")
        await desk.page.locator("[data-testid=country] option[value='79']").wait_for(state="attached")
        await desk.at("country").select_option("79")
        await desk.at("country-load").click()
        await desk.at("directory-79").wait_for()
        assert await _count(desk, "bridge_point") == 168


async def test_a_halls_facts_are_corrected_on_the_page_and_wrong_ones_are_told(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/directory")
        await desk.at("directory-c2").click()
        await desk.at("point-edit").click()
        await desk.at("point-operator").fill("Trần Thị Mai")
        await desk.at("point-operator_phone").fill("gọi sau")
        await desk.at("point-save").click()
        assert "Số điện thoại" in await desk.at("import-problem").inner_text()
        await desk.at("point-operator_phone").fill("+84 909 000 111")
        await desk.at("point-seats").fill("")
        await desk.at("point-save").click()
        await desk.at("point-facts").get_by_text("Trần Thị Mai +84 909 000 111").wait_for()
        assert await database.pool.fetchval("SELECT seats FROM bridge_point WHERE code = 'd2'") == 0
