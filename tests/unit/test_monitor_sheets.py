"""CSV that spreadsheets open right and safely."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.model import ConferenceId, Grade, LegId, ParticipantId, PointCode, PointRef
from monitor.model import Attendance, AttendanceRow, GradedSample
from monitor.sheets import ATTENDANCE_HEADER, QUALITY_HEADER, attendance_sheet, cell, quality_sheet

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (-1.5, "-1.5"),
        (0.07200000286102295, "0.07200000286"),
        (1234567.891, "1234567.891"),
        (START, "2026-11-23T08:30:00.000+07:00"),
        ("Phường Bến Nghé", "Phường Bến Nghé"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+84", "'+84"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_cell(value: str | float | datetime | None, text: str) -> None:
    assert cell(value, SAIGON) == text


def test_the_attendance_sheet() -> None:
    there = AttendanceRow(
        point=PointCode("P1"),
        name='Xã "A", B',
        first_joined=START,
        last_left=START + timedelta(minutes=1),
        seconds_present=60.0,
        intervals=1,
    )
    absent = AttendanceRow(point=PointCode("P2"), name="=cmd")
    text = attendance_sheet(Attendance(expected=2, present=0, rows=(there, absent)), SAIGON)
    assert text.startswith("\ufeffpoint,name,")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        list(ATTENDANCE_HEADER),
        ["P1", 'Xã "A", B', "no", "2026-11-23T08:30:00.000+07:00", "2026-11-23T08:31:00.000+07:00", "60", "1"],
        ["P2", "'=cmd", "no", "", "", "0", "0"],
    ]


async def test_the_quality_sheet_comes_in_pieces_and_names_points() -> None:
    async def samples() -> AsyncIterator[GradedSample]:
        for number in range(1001):
            yield GradedSample(
                conference=ConferenceId("c"),
                participant=ParticipantId("point:P1" if number else "chair"),
                leg=LegId("l"),
                at=START + timedelta(seconds=2 * number),
                kbps_up=12.5,
                kbps_down=900,
                loss_down=0.072,
                grade=Grade.POOR,
            )

    points = {ParticipantId("point:P1"): PointRef(code="P1", name="Xã A")}
    pieces = [piece async for piece in quality_sheet(samples(), points, SAIGON)]
    assert len(pieces) == 4
    rows = list(csv.reader(io.StringIO("".join(pieces).removeprefix("\ufeff"))))
    assert rows[0] == list(QUALITY_HEADER)
    assert len(rows) == 1002
    assert rows[1][:3] == ["", "", "chair"]
    assert rows[2] == [
        "P1", "Xã A", "point:P1", "2026-11-23T08:30:02.000+07:00", "poor", "12.5", "900",
        "", "0.072", "", "", "", "udp", "l",
    ]  # fmt: skip


async def test_a_quality_sheet_without_samples_is_its_header() -> None:
    async def nothing() -> AsyncIterator[GradedSample]:
        none: list[GradedSample] = []
        for sample in none:
            yield sample

    assert [piece async for piece in quality_sheet(nothing(), {}, SAIGON)] == [
        "\ufeff" + ",".join(QUALITY_HEADER) + "\r\n"
    ]
