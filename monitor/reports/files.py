"""Tables as CSV and XLSX. Each function works for a while: call it in a thread."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime, tzinfo

import xlsxwriter

from monitor.reports.model import Report
from monitor.reports.tables import Cell, Section, Table, tables
from monitor.reports.texts import Language
from monitor.sheets import BYTE_ORDER_MARK, cell

_MOMENT = "%d/%m/%Y %H:%M:%S"
_A4 = 9
_MOMENT_FORMAT = "dd/mm/yyyy hh:mm:ss"
_HEAD = {"bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#e8eef6"}
_DEEPEST = 7
"""Levels that a workbook can fold."""
_WIDEST = 60
"""Characters of a sheet's column."""


def text_of(value: Cell, language: Language | None = None) -> str:
    """A cell as people read it; a decimal comma in Vietnamese, a point without a language (for machines)."""
    match value:
        case None:
            return ""
        case datetime():
            return value.strftime(_MOMENT)
        case float():
            return f"{value:.1f}".replace(".", "," if language == "vi" else ".")
        case _:
            return str(value)


def csv_file(report: Report, section: Section, language: Language, zone: tzinfo) -> str:
    """One table; what a spreadsheet would run as a formula is led by an apostrophe."""
    (table,) = (t for t in tables(report, language, zone) if t.section == section)
    text = io.StringIO()
    rows = [[cell(text_of(v), zone) if isinstance(v, str) else text_of(v) for v in row] for row in table.rows]
    csv.writer(text).writerows([table.header, *rows])
    return BYTE_ORDER_MARK + text.getvalue()


def xlsx_file(report: Report, language: Language, zone: tzinfo) -> bytes:
    """A workbook with one sheet for each table; nothing in it is a formula."""
    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(data, options) as book:
        formats = _Formats(book)
        for table in tables(report, language, zone):
            sheet = book.add_worksheet(table.title[:31])
            _lay_out(sheet, table)
            sheet.write_row(0, 0, table.header, formats.of(bold=True, **_HEAD))
            _write_rows(sheet, table, formats)
    return data.getvalue()


def _lay_out(sheet: xlsxwriter.worksheet.Worksheet, table: Table) -> None:
    """To be read and sorted on the screen, and printed across one page's width with the header on each."""
    for column, name in enumerate(table.header):
        texts = [text_of(row[column]) for row in table.rows]
        longest = max(map(len, texts), default=0)
        word = max(map(len, name.split()), default=0)
        sheet.set_column(column, column, min(_WIDEST, max(longest, word, len(name) / 2) + 2))
    sheet.freeze_panes(1, 0)
    if table.section != "summary":
        # The total is no row to be sorted among the others.
        sheet.autofilter(0, 0, len(table.rows) - table.levels.count(0), len(table.header) - 1)
    if table.levels:
        sheet.outline_settings(symbols_below=False)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_rows(sheet: xlsxwriter.worksheet.Worksheet, table: Table, formats: _Formats) -> None:
    for number, (row, style) in enumerate(zip(table.rows, styles(table), strict=True), start=1):
        if table.levels:
            # Folding a unit leaves its own sum above to be seen.
            sheet.set_row(number, None, None, {"level": min(_DEEPEST, max(0, table.levels[number - 1] - 1))})
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, value, formats.of(num_format=_MOMENT_FORMAT))
            elif isinstance(value, float):
                sheet.write_number(number, column, value, formats.of(num_format="0.0"))
            elif value is not None:
                depth = style.depth if column == 0 else 0
                sheet.write(number, column, value, formats.of(bold=style.bold, indent=depth))


@dataclass(frozen=True)
class Style:
    """How a row stands out: what has rows below it and the total are bold, `depth` is how far it is set in."""

    bold: bool = False
    depth: int = 0


def styles(table: Table) -> list[Style]:
    """For each row."""
    if not table.levels:
        return [Style()] * len(table.rows)
    below = (*table.levels[1:], 0)
    return [Style(n == 0 or after > n, max(0, n - 1)) for n, after in zip(table.levels, below, strict=True)]


class _Formats:
    """A workbook's cell formats, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], xlsxwriter.format.Format] = {}

    def of(self, **properties: object) -> xlsxwriter.format.Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]
