"""CSV files that a spreadsheet opens right: UTF-8 with byte order mark, local times with offset, no live formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from core.model import ParticipantId, PointRef
from monitor.model import Attendance, AttendanceRow, GradedSample

BYTE_ORDER_MARK = "\ufeff"
"""Excel reads a CSV file as UTF-8 only when it begins with this."""

ATTENDANCE_HEADER = ("point", "name", "present", "first_joined", "last_left", "seconds_present", "intervals")
QUALITY_HEADER = (
    "point",
    "name",
    "participant",
    "at",
    "grade",
    "kbps_up",
    "kbps_down",
    "loss_up",
    "loss_down",
    "jitter_up_ms",
    "jitter_down_ms",
    "rtt_ms",
    "transport",
    "leg",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ROWS_PER_PIECE = 500


def cell(value: str | float | datetime | None, zone: tzinfo) -> str:
    """One cell's text; what a spreadsheet would run as a formula is led by an apostrophe (OWASP, CSV injection)."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(zone).isoformat(timespec="milliseconds")
        case str():
            return f"'{value}" if value.lstrip(" ").startswith(_FORMULA_STARTS) else value
        case _:
            return f"{value:.10g}"


def lines(rows: Iterable[Sequence[str | float | datetime | None]], zone: tzinfo) -> str:
    """Rows as CSV text (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows([cell(value, zone) for value in row] for row in rows)
    return text.getvalue()


def attendance_sheet(attendance: Attendance, zone: tzinfo) -> str:
    """The attendance as one file; times in `zone`, durations in seconds."""
    return BYTE_ORDER_MARK + lines([ATTENDANCE_HEADER, *map(_attendance_row, attendance.rows)], zone)


def _attendance_row(row: AttendanceRow) -> Sequence[str | float | datetime | None]:
    return (
        row.point,
        row.name,
        row.present,
        row.first_joined,
        row.last_left,
        row.seconds_present,
        row.intervals,
    )


async def quality_sheet(
    samples: AsyncIterator[GradedSample], points: Mapping[ParticipantId, PointRef], zone: tzinfo
) -> AsyncGenerator[str, None]:
    """Every sample as pieces of one file: rates in kbit/s, losses as fractions of 1, times in ms."""
    yield BYTE_ORDER_MARK + lines([QUALITY_HEADER], zone)
    rows = []
    async for sample in samples:
        rows.append(_quality_row(sample, points.get(sample.participant)))
        if len(rows) == _ROWS_PER_PIECE:
            yield lines(rows, zone)
            rows = []
    if rows:
        yield lines(rows, zone)


def _quality_row(sample: GradedSample, point: PointRef | None) -> Sequence[str | float | datetime | None]:
    return (
        point.code if point else None,
        point.name if point else None,
        sample.participant,
        sample.at,
        sample.grade.value,
        sample.kbps_up,
        sample.kbps_down,
        sample.loss_up,
        sample.loss_down,
        sample.jitter_up_ms,
        sample.jitter_down_ms,
        sample.rtt_ms,
        sample.transport.value,
        sample.leg,
    )
