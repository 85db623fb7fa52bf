from __future__ import annotations

import io
import time
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import UnitKind
from core.settings import Limits
from core.spreadsheet import guarded, unguarded
from scheduler.directory import Directory, ImportPlan, plan_import
from scheduler.directory_export import write_csv, write_xlsx
from scheduler.directory_file import read_rows
from scheduler.directory_model import Line, Operator, PointRecord, UnitRecord
from scheduler.provinces import nation_rows, province_rows

EMPTY = Directory({}, {})
CITY = UnitRecord(code="CITY", name="City", kind=UnitKind.PROVINCE)
HALL = PointRecord(code="P1", name="Hall", unit="CITY", seats=10, contact="Reception", number=1)
PRESENT = Directory({"CITY": CITY}, {"P1": HALL})
HEADER = "code,name,unit,unit_name,unit_kind,parent_unit,seats,contact\n"


def plan(
    data: bytes | str, present: Directory = EMPTY, name: str = "a.csv", limits: Limits | None = None
) -> ImportPlan:
    data = data.encode() if isinstance(data, str) else data
    return plan_import(read_rows(data, name, limits or Limits()), present)


def found(outcome: ImportPlan) -> list[tuple[int, str, str]]:
    assert not outcome.units
    assert not outcome.points
    return [(p.row, p.column, p.code.removeprefix("directory.")) for p in outcome.report.problems]


def sheet(rows: list[list[object]]) -> bytes:
    workbook = openpyxl.Workbook(write_only=True)
    page = workbook.create_sheet()
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def test_one_file_carries_units_and_points_in_any_order() -> None:
    outcome = plan(HEADER + "P1,Hall,W,Ward,commune,CITY,120,Reception\n,,CITY,City,province,,,\n")
    assert {u.code: u.parent for u in outcome.units} == {"W": "CITY", "CITY": None}
    assert outcome.points == (PointRecord(code="P1", name="Hall", unit="W", seats=120, contact="Reception"),)
    assert outcome.report.model_dump(exclude={"problems"}) == {
        "applied": False,
        "rows": 2,
        "units_new": 2,
        "units_updated": 0,
        "points_new": 1,
        "points_updated": 0,
        "points_unchanged": 0,
        "points_unmentioned": 0,
        "unmentioned": (),
        "problem_count": 0,
    }


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_vietnamese_headers_any_delimiter_and_a_byte_order_mark_are_read(delimiter: str, mark: bytes) -> None:
    lines = [
        ["STT", "Mã điểm cầu", "TÊN ĐIỂM CẦU", "Đơn vị", "Tên đơn vị", "Cấp đơn vị", "Số chỗ", "Đầu mối"],
        ["1", "P1", "Hội trường", "Q1", "Phường Bến Thành", "Phường", "80", "Văn phòng"],
    ]
    outcome = plan(mark + "\r\n".join(delimiter.join(line) for line in lines).encode())
    assert outcome.report.problems == ()
    assert outcome.units[0].kind is UnitKind.COMMUNE
    assert outcome.points[0].seats == 80


def test_a_spreadsheet_says_the_same_as_the_csv() -> None:
    rows: list[list[object]] = [
        ["code", "name", "unit", "unit_name", "unit_kind", "seats"],
        [101, "Hall", 79, "Thành phố", "province", 12.0],
        [None, None, None, None, None, None],
        ["P2", "Other", "79", None, None, None],
    ]
    outcome = plan(sheet(rows), name="Điểm cầu.XLSX")
    assert outcome.report.problems == ()
    assert [(p.code, p.unit, p.seats) for p in outcome.points] == [("101", "79", 12), ("P2", "79", 0)]


def test_every_problem_is_named_by_row_and_nothing_is_planned() -> None:
    long = "x" * 201
    text = HEADER + (
        "P1,Hall,CITY,,,,10,\n"
        "P1,Again,CITY,,,,10,\n"
        "P3,Hall,NOWHERE,,,,1,\n"
        "P4,Hall,CITY,,,,many,\n"
        "P5,Hall,CITY,,,,-1,\n"
        "P6,Hall,CITY,,,,100001,\n"
        f"P7,{long},CITY,,,,,{long}\n"
        "P 8,Hall,CITY,,,,,\n"
        "P9,,CITY,,,,,\n"
        "P10,Hall,,,,,,\n"
        ",,NEW,,commune,CITY,,\n"
        ",,NEW2,Name,,CITY,,\n"
        ",,NEW3,Name,village,,,\n"
        ",,NEW4,Name,commune,GONE,,\n"
        "P15,Ha\x07ll,CITY,,,,,\n"
        ",Nobody,,,,,,\n"
    )
    assert sorted(found(plan(text, PRESENT))) == [
        (3, "code", "duplicate_code"),
        (4, "unit", "unknown_unit"),
        (5, "seats", "bad_seats"),
        (6, "seats", "bad_seats"),
        (7, "seats", "bad_seats"),
        (8, "contact", "too_long"),
        (8, "name", "too_long"),
        (9, "code", "bad_code"),
        (10, "name", "missing_value"),
        (11, "unit", "missing_value"),
        (12, "unit_name", "missing_value"),
        (13, "unit_kind", "missing_value"),
        (14, "unit_kind", "bad_kind"),
        (15, "parent_unit", "unknown_unit"),
        (16, "name", "control_character"),
        (17, "code", "missing_value"),
    ]


def test_the_longest_allowed_values_are_taken() -> None:
    text = HEADER + f"{'c' * 64},{'n' * 200},CITY,,,,100000,{'k' * 200}\n"
    assert plan(text, PRESENT).report.problem_count == 0
    assert found(plan(HEADER + f"{'c' * 65},n,CITY,,,,,\n", PRESENT)) == [(2, "code", "bad_code")]


def test_a_wrong_encoding_names_the_byte_and_says_how_to_save() -> None:
    good = HEADER + "P1,Hội trường,CITY,,,,,\nP2,"
    data = good.encode() + "Café".encode("latin-1") + b",CITY,,,,,\n"
    problem = plan(data, PRESENT).report.problems[0]
    assert (problem.code, problem.row) == ("directory.encoding", 3)
    assert f"{len(good.encode()) + 3:,}" in problem.message
    assert "UTF-8" in problem.message


def test_utf_16_is_refused_at_its_first_byte() -> None:
    assert found(plan(HEADER.encode("utf-16")))[0][2] == "encoding"


@pytest.mark.parametrize(
    ("header", "column", "code"),
    [
        ("code,name\n", "unit", "missing_column"),
        ("name,unit\n", "code", "missing_column"),
        ("code,name,unit,saets\n", "saets", "unknown_column"),
        ("code,name,unit,Đơn vị\n", "Đơn vị", "repeated_column"),
    ],
)
def test_a_wrong_first_row_is_named(header: str, column: str, code: str) -> None:
    assert found(plan(header)) == [(1, column, code)]


def test_an_empty_file_an_open_quote_and_another_format_are_refused() -> None:
    assert found(plan("")) == [(0, "", "empty")]
    assert found(plan(HEADER + 'P1,"Hall,CITY\n')) == [(2, "", "format")]
    assert found(plan(HEADER, name="points.xls")) == [(0, "", "format")]
    assert found(plan(b"PK\x03\x04 not a zip", name="a.xlsx")) == [(0, "", "format")]


def test_exactly_the_allowed_rows_pass_and_one_more_is_refused() -> None:
    limits = Limits(directory_rows=3)
    lines = [f"P{i},Hall,CITY" for i in range(2, 6)]
    assert plan("code,name,unit\n" + "\n".join(lines[:3]), PRESENT, limits=limits).report.points_new == 3
    assert found(plan("code,name,unit\n" + "\n".join(lines), PRESENT, limits=limits)) == [(5, "", "too_many_rows")]


def test_one_byte_more_than_allowed_is_refused() -> None:
    text = "code,name,unit\nP2,Hall,CITY\n"
    assert plan(text, PRESENT, limits=Limits(directory_bytes=len(text))).report.problem_count == 0
    assert found(plan(text, PRESENT, limits=Limits(directory_bytes=len(text) - 1))) == [(0, "", "too_large")]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_100_000_rows_are_refused_soon(kind: str) -> None:
    rows: list[list[object]] = [["code", "name", "unit"]]
    rows += [[f"P{i}", "Hall", "CITY"] for i in range(100_000)]
    data = sheet(rows) if kind == "xlsx" else "\n".join(",".join(map(str, row)) for row in rows).encode()
    began = time.process_time()
    outcome = plan(data, PRESENT, name=f"a.{kind}")
    assert found(outcome) == [(20_002, "", "too_many_rows")]
    assert time.process_time() - began < 10


def test_a_spreadsheet_that_unpacks_to_a_gigabyte_is_refused_without_unpacking() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.xml", "w") as entry,
    ):
        for _ in range(64):
            entry.write(bytes(1024 * 1024))
    began = time.process_time()
    assert found(plan(out.getvalue(), name="bomb.xlsx")) == [(0, "", "too_large")]
    assert time.process_time() - began < 1


def test_a_file_updates_by_code_and_an_empty_cell_changes_nothing() -> None:
    outcome = plan(HEADER + "P1,,,,,,25,\n", PRESENT)
    assert outcome.points == (HALL.model_copy(update={"seats": 25}),)
    assert outcome.report.points_updated == 1
    assert plan(HEADER + "P1,Hall,CITY,,,,10,Reception\n", PRESENT).report.points_unchanged == 1
    assert plan(HEADER + "P1,,,,,,,-\n", PRESENT).points[0].contact == ""


FULL = PointRecord(
    code="P2",
    name="'=Hall",
    unit="CITY",
    seats=120,
    contact="+84 28 3822 0000",
    address="-5, Lê Lợi",
    equipment=("camera", "=projector"),
    operators=(
        Operator(name="Trần Thị Bình", phone="+84 90 123 4567", email="binh@example.vn"),
        Operator(name="Lê Văn Cường", phone="0903 000 111"),
    ),
    line=Line(provider="VNPT", up_kbps=20_000, down_kbps=50_000),
    backup=Line(provider="Viettel 4G", down_kbps=8_000),
    number=2,
)
DEEP = "code,name,unit,equipment,address,operator,operator_phone,operator_email,operator_2,line_provider,line_up_kbps\n"


def full() -> Directory:
    return Directory({"CITY": CITY}, {"P1": HALL, "P2": FULL})


def test_people_lines_and_equipment_are_read_under_vietnamese_headers_too() -> None:
    header = "Mã,Tên,Đơn vị,Địa chỉ,Thiết bị,Người vận hành,SĐT,Email,Nhà mạng,Băng thông lên (kbit/s),backup_up_kbps"
    row = "P9,Hội trường,CITY,1 Lê Lợi,camera; micro ;camera,Minh,0903 1,minh@example.vn,VNPT,20000,512"
    [point] = plan(f"{header}\n{row}\n", PRESENT).points
    assert point.equipment == ("camera", "micro")
    assert point.operators == (Operator(name="Minh", phone="0903 1", email="minh@example.vn"),)
    assert (point.line, point.backup) == (Line(provider="VNPT", up_kbps=20_000), Line(up_kbps=512))


def test_a_unit_carries_its_uplink() -> None:
    header = "code,name,unit,unit_name,unit_kind,uplink_kbps\n"
    assert plan(header + ",,CITY,,,200000\n", PRESENT).units[0].uplink_kbps == 200_000
    fast = Directory({"CITY": CITY.model_copy(update={"uplink_kbps": 5})}, {})
    assert plan(header + ",,CITY,City,,\n", fast).report.units_updated == 0
    assert plan(header + ",,CITY,,,-\n", fast).units[0].uplink_kbps is None
    assert found(plan(header + ",,CITY,,,10 Mbit\n", PRESENT)) == [(2, "uplink_kbps", "bad_bandwidth")]


def test_empty_cells_keep_and_hyphens_erase_people_and_lines() -> None:
    assert plan(DEEP + "P2,,,,,,,,,,\n", full()).report.points_unchanged == 1
    [erased] = plan(DEEP + "P2,,,-,-,-,,,,-,-\n", full()).points
    assert erased.operators == FULL.operators[1:]
    assert (erased.equipment, erased.address) == ((), "")
    assert erased.line == Line(down_kbps=50_000)
    [changed] = plan(DEEP + "P2,,,,,,-,,,,9000\n", full()).points
    assert changed.operators[0] == Operator(name="Trần Thị Bình", email="binh@example.vn")
    assert changed.line == Line(provider="VNPT", up_kbps=9_000, down_kbps=50_000)


def test_a_new_operator_does_not_inherit_the_telephone_of_the_old_one() -> None:
    [changed] = plan(DEEP + "P2,,,,,Nguyễn Văn An,,,,,\n", full()).points
    assert changed.operators[0] == Operator(name="Nguyễn Văn An")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"operator": "A", "operator_phone": "call me"}, ("operator_phone", "bad_phone")),
        ({"operator": "A", "operator_phone": "+-()"}, ("operator_phone", "bad_phone")),
        ({"operator": "A", "operator_email": "nobody"}, ("operator_email", "bad_email")),
        ({"operator": "A", "operator_email": "a@b"}, ("operator_email", "bad_email")),
        ({"operator_phone": "0903 111 222"}, ("operator", "missing_value")),
        ({"equipment": "; ".join(str(i) for i in range(21))}, ("equipment", "too_long")),
        ({"address": "a" * 301}, ("address", "too_long")),
        ({"line_up_kbps": "1.5"}, ("line_up_kbps", "bad_bandwidth")),
        ({"backup_down_kbps": "100000001"}, ("backup_down_kbps", "bad_bandwidth")),
    ],
)
def test_odd_people_and_lines_are_named(cells: dict[str, str], problem: tuple[str, str]) -> None:
    text = ",".join(["code", "name", "unit", *cells]) + "\n" + ",".join(["P1", "", "", *cells.values()]) + "\n"
    assert found(plan(text, PRESENT)) == [(2, *problem)]


def test_points_of_the_same_units_that_the_file_lacks_are_reported_and_left_alone() -> None:
    ward = UnitRecord(code="W", name="Ward", kind=UnitKind.COMMUNE, parent="CITY")
    other = UnitRecord(code="X", name="Other", kind=UnitKind.COMMUNE)
    below = HALL.model_copy(update={"code": "P3", "unit": "W", "number": 3})
    beside = HALL.model_copy(update={"code": "P4", "unit": "X", "number": 4})
    present = Directory({u.code: u for u in (CITY, ward, other)}, {p.code: p for p in (HALL, FULL, below, beside)})
    outcome = plan("code,name,unit\nP2,Renamed,CITY\n", present)
    assert [point.code for point in outcome.points] == ["P2"]
    assert (outcome.report.points_unmentioned, outcome.report.unmentioned) == (2, ("P1", "P3"))


def test_a_unit_that_was_merged_is_not_raised_from_the_dead() -> None:
    present = Directory({"CITY": CITY}, {"P1": HALL}, {"OLD": "CITY"})
    text = HEADER + "P5,Hall,OLD,,,,,\n,,W,Ward,commune,OLD,,\n"
    assert found(plan(text, present)) == [(2, "unit", "merged_unit"), (3, "parent_unit", "merged_unit")]


def test_a_tree_may_be_of_any_depth() -> None:
    lines = [f",,U{i},Unit {i},commune,{f'U{i - 1}' if i else ''},," for i in range(200)]
    assert plan(HEADER + "\n".join(lines)).report.units_new == 200


def test_rows_that_disagree_about_a_unit_and_circles_are_refused() -> None:
    disagree = HEADER + ",,W,Ward,commune,CITY,,\n,,W,Other,commune,CITY,,\n"
    assert found(plan(disagree, PRESENT)) == [(3, "unit_name", "unit_disagrees")]
    circle = HEADER + ",,A,A,commune,B,,\n,,B,B,commune,A,,\n,,C,C,commune,A,,\n,,D,D,commune,D,,\n"
    assert found(plan(circle)) == [(row, "parent_unit", "unit_circle") for row in (2, 3, 5)]


def test_every_problem_is_listed_up_to_as_many_as_a_file_may_have_rows() -> None:
    report = plan("code,name,unit\n" + "P 1,Hall,CITY\n" * 300, PRESENT).report
    assert [problem.row for problem in report.problems] == list(range(2, 302))
    report = plan("code,name,unit,seats\n" + "P 1,Hall,CITY,many\n" * 15_000, PRESENT).report
    assert (len(report.problems), report.problem_count) == (20_000, 30_000)


@pytest.mark.parametrize("text", ["=1+1", "+84 28 3822", "-", "@x", "＝1", "'=1", "''", "plain", "'quoted'", ""])
def test_what_a_spreadsheet_would_compute_is_guarded_and_comes_back(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "＝"))
    assert unguarded(guarded(text)) == text


@given(st.text(st.sampled_from("'=+-@a＝ "), max_size=6))
def test_guarding_loses_nothing(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_is_taken_back_unchanged(kind: str) -> None:
    ward = UnitRecord(code="W", name="=HYPERLINK(1)", kind=UnitKind.COMMUNE, parent="CITY", uplink_kbps=100_000)
    units = [CITY, ward]
    points = [HALL, FULL, PointRecord(code="007", name='@"quoted", 1', unit="W", contact="'quoted'", number=3)]
    present = Directory({u.code: u for u in units}, {p.code: p for p in points})
    data = write_csv(units, points).encode() if kind == "csv" else write_xlsx(units, points)
    report = plan(data, present, f"a.{kind}").report
    assert (report.points_unchanged, report.points_updated, report.units_updated) == (3, 0, 0)
    fresh = plan(data, name=f"a.{kind}")
    assert list(fresh.units) == units
    assert [p.model_copy(update={"number": 0}) for p in points] == list(fresh.points)


def test_a_spreadsheet_holds_numbers_as_numbers_and_no_formula() -> None:
    page = openpyxl.load_workbook(io.BytesIO(write_xlsx([CITY], [FULL]))).worksheets[0]
    cells = dict(zip([cell.value for cell in page[1]], page[3], strict=True))
    assert (cells["seats"].value, cells["line_up_kbps"].value) == (120, 20_000)
    assert cells["equipment"].value == "camera; =projector"
    assert page.freeze_panes == "A2"
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"n", "s"}


def test_ho_chi_minh_city_has_its_168_communes() -> None:
    outcome = plan_import(province_rows("79"), EMPTY)
    communes = [u for u in outcome.units if u.kind is UnitKind.COMMUNE]
    assert [sum(u.name.startswith(kind) for u in communes) for kind in ("Phường", "Xã", "Đặc khu")] == [113, 54, 1]
    assert {u.parent for u in communes} == {"79"}
    assert len({p.unit for p in outcome.points}) == len(outcome.points) == 168


def test_the_nation_has_34_provinces_and_3_321_communes() -> None:
    outcome = plan_import(nation_rows(), EMPTY)
    names = [unit.name for unit in outcome.units] + [point.name for point in outcome.points]
    assert [name for name in names if name != " ".join(name.split())] == []
    assert (len(outcome.units), len(outcome.points)) == (1 + 34 + 3_321, 3_321)
    assert outcome.report.problem_count == 0


def test_a_bad_cell_about_a_hall_does_not_hide_its_unit_from_other_rows() -> None:
    rows = "P1,Hall,W,Ward,commune,CITY,many,\nP2,Other hall,W,,,,10,\nP1,Third,W,,,,10,\n"
    assert found(plan(HEADER + rows, PRESENT)) == [(2, "seats", "bad_seats")]


def test_points_of_a_badly_described_unit_are_not_reported_for_it_again() -> None:
    rows = "P2,Hall,W,Ward,region,CITY,10,\nP3,Other hall,W,,,,10,\n,,V,Village,commune,W,,\nP4,Third,X,,,,10,\n"
    assert found(plan(HEADER + rows, PRESENT)) == [(2, "unit_kind", "bad_kind"), (5, "unit", "unknown_unit")]


def test_a_problem_says_what_the_file_says_there_and_shortens_what_is_long() -> None:
    problems = plan(
        HEADER + f"P2,Hall,CITY,,,,tám mươi,\nP3,Hall,X,,,,10,\n{'y' * 99},Hall,CITY,,,,1,\n", PRESENT
    ).report
    assert [problem.value for problem in problems.problems] == ["tám mươi", "y" * 59 + "…", "X"]
