"""Writing the directory as a file that the import takes back unchanged. No I/O, no database."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import xlsxwriter

from core.spreadsheet import guarded
from scheduler.directory_columns import BACKUP, LINE, NUMBERS, OPERATORS, Column, LineColumns
from scheduler.directory_model import Line, PointRecord, UnitRecord

Cells = dict[Column, str]
_WIDTHS = {Column.NAME: 40, Column.UNIT_NAME: 32, Column.ADDRESS: 40, Column.EQUIPMENT: 30, Column.OPERATOR_EMAIL: 28}
_WIDTH = 14


def write_csv(units: Iterable[UnitRecord], points: Iterable[PointRecord]) -> str:
    """The directory as CSV with a byte order mark, which is how spreadsheets know UTF-8: units first, then points."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.DictWriter(out, list(Column), restval="")
    writer.writeheader()
    writer.writerows({column: guarded(text) for column, text in cells.items()} for cells in _rows(units, points))
    return out.getvalue()


def write_xlsx(units: Iterable[UnitRecord], points: Iterable[PointRecord]) -> bytes:
    """The same as a spreadsheet: a frozen first row with filters, codes and telephone numbers kept as text."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page = workbook.add_worksheet("directory")
    bold = workbook.add_format({"bold": True})
    for place, column in enumerate(Column):
        page.write_string(0, place, column, bold)
        page.set_column(place, place, _WIDTHS.get(column, _WIDTH))
    last = 0
    for last, cells in enumerate(_rows(units, points), start=1):
        for place, column in enumerate(Column):
            text = cells.get(column, "")
            if text and column in NUMBERS:
                page.write_number(last, place, int(text))
            elif text:
                # The import takes an apostrophe before a formula's sign for a guard, in either kind of file.
                page.write_string(last, place, guarded(text) if text.startswith("'") else text)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, last, len(Column) - 1)
    workbook.close()
    return out.getvalue()


def _rows(units: Iterable[UnitRecord], points: Iterable[PointRecord]) -> Iterator[Cells]:
    for unit in units:
        yield {
            Column.UNIT: unit.code,
            Column.UNIT_NAME: unit.name,
            Column.UNIT_KIND: unit.kind,
            Column.PARENT_UNIT: unit.parent or "",
            Column.UPLINK_KBPS: _number(unit.uplink_kbps),
        }
    for point in points:
        yield {
            Column.CODE: point.code,
            Column.NAME: point.name,
            Column.UNIT: point.unit,
            Column.SEATS: str(point.seats),
            Column.CONTACT: point.contact,
            Column.ADDRESS: point.address,
            Column.EQUIPMENT: "; ".join(point.equipment),
            **_operators(point),
            **_line(LINE, point.line),
            **_line(BACKUP, point.backup),
        }


def _operators(point: PointRecord) -> Cells:
    cells: Cells = {}
    for columns, operator in zip(OPERATORS, point.operators, strict=False):
        cells |= {columns.name: operator.name, columns.phone: operator.phone, columns.email: operator.email}
    return cells


def _line(columns: LineColumns, line: Line | None) -> Cells:
    if line is None:
        return {}
    return {
        columns.provider: line.provider,
        columns.up_kbps: _number(line.up_kbps),
        columns.down_kbps: _number(line.down_kbps),
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
