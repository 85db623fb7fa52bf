"""The delegates' file: what it adds and changes, and every problem of it, named by row."""

from __future__ import annotations

import io

import openpyxl
import pytest

from core.errors import Refused
from core.identity import Signer
from core.settings import Limits
from core.spreadsheet import read_rows
from monitor.delegates import file
from monitor.delegates.file import Listed, Plan, layout, plan_import

POINTS = ("d1", "d2")
HEADER = "STT;Mã đại biểu;Họ và tên;Chức vụ;Đơn vị công tác;Mã điểm cầu"


def plan(text: str, present: dict[str, Listed] | None = None, name: str = "a.csv") -> Plan:
    return plan_import(read_rows(text.encode(), name, layout(Limits())), present or {}, POINTS)


def problems(text: str, present: dict[str, Listed] | None = None) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.code) for one in plan(text, present).report.problems]


def test_a_vietnamese_file_is_read() -> None:
    found = plan(f"{HEADER}\n1;DB1;Nguyễn Văn Ánh;Chủ tịch;UBND xã;d1\n\n2;DB2;Trần Thị Bé;;;d2\n")
    assert found.changed == (
        Listed("DB1", "Nguyễn Văn Ánh", "d1", "Chủ tịch", "UBND xã"),
        Listed("DB2", "Trần Thị Bé", "d2"),
    )
    assert (found.report.rows, found.report.added, found.report.applied) == (2, 2, False)


def test_a_workbook_is_read_the_same() -> None:
    book, data = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["code", "name", "point"])
    book.active.append([101, "Lê Văn C", "d1"])
    book.save(data)
    found = plan_import(read_rows(data.getvalue(), "a.xlsx", layout(Limits())), {}, POINTS)
    assert found.changed == (Listed("101", "Lê Văn C", "d1"),)


def test_a_second_file_changes_by_code_and_takes_nobody_away() -> None:
    present = {
        "a": Listed("a", "An", "d1", "Trưởng ban"),
        "b": Listed("b", "Bình", "d1"),
        "c": Listed("c", "Cúc", "d2"),
    }
    found = plan("code,name,point,position\na,An,d2,\nb,Bình,d1,\n", present)
    assert found.changed == (Listed("a", "An", "d2", "Trưởng ban"),)
    report = found.report
    assert (report.added, report.updated, report.unchanged, report.unmentioned) == (0, 1, 1, 1)


def test_every_problem_is_named_by_row_and_nothing_is_applied() -> None:
    text = "code,name,point\na,An,d9\n,Bình,d1\nc c,Cúc,d1\nd,,d1\ne,E,d1\ne,Em,d1\nf," + "x" * 201 + ",d1\n"
    assert problems(text) == [
        (2, "point", "delegates.unknown_point"),
        (3, "code", "delegates.missing_value"),
        (4, "code", "delegates.bad_code"),
        (5, "name", "delegates.missing_value"),
        (7, "code", "delegates.duplicate_code"),
        (8, "name", "delegates.too_long"),
    ]
    assert plan(text).changed == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "delegates.empty"),
        ("code,name\n", "delegates.missing_column"),
        ("code,name,point,tuổi\n", "delegates.unknown_column"),
        ("code,mã,name,point\n", "delegates.repeated_column"),
        ('code,name,point\n"a', "delegates.format"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, code: str) -> None:
    assert [one[2] for one in problems(text)] == [code]


def test_a_file_of_another_kind_is_refused() -> None:
    assert [one.code for one in plan("x", name="a.pdf").report.problems] == ["delegates.format"]


def test_a_conference_has_room_for_so_many_delegates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MOST_DELEGATES", 2)
    present = {"a": Listed("a", "An", "d1")}
    assert problems("code,name,point\nb,B,d1\n", present) == []
    assert problems("code,name,point\nb,B,d1\nc,C,d1\n", present) == [(0, "", "delegates.too_many")]


def test_a_ticket_is_short_and_good_for_its_numbers_only() -> None:
    signer = Signer("a secret of the tests, at least 32 long")
    token = signer.ticket_token(4_294_967_295, 65_535)
    assert (len(token), signer.ticket(token)) == (24, (4_294_967_295, 65_535))
    for wrong in ("", "x" * 24, "é" * 24, token[:-1], token + "AAAA", token.swapcase(), token[:-4] + "AAAA"):
        with pytest.raises(Refused, match=r"ticket\.invalid"):
            signer.ticket(wrong)
    with pytest.raises(Refused):
        Signer("another secret of the tests, also long").ticket(token)
