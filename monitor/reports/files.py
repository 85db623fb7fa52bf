"""Tables as CSV and XLSX. Each function works for a while: call it in a thread."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
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
_TOP: dict[str, object] = {"valign": "top"}
_WIDEST = 60
"""Characters of a sheet's column."""
_ARROW = 4
"""Characters that a filter's arrow covers in its header, which is bold besides."""
_LINE_POINTS = 15.0


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
        book.set_properties({"title": report.title})
        formats = _Formats(book)
        for table in tables(report, language, zone):
            sheet = book.add_worksheet(table.title[:31])
            widths = _widths(table)
            _lay_out(sheet, table, widths)
            _on_paper(sheet, report.title)
            sheet.write_row(0, 0, table.header, formats.of(bold=True, **_HEAD))
            sheet.set_row(0, _height(table.header, [width - _ARROW for width in widths]))
            _write_rows(sheet, table, widths, formats)
    return data.getvalue()


def _widths(table: Table) -> list[float]:
    """In characters: room for every value up to a bound, and for the header's words beside the filter's arrow."""
    found = []
    for column, name in enumerate(table.header):
        longest = max((len(text_of(row[column])) for row in table.rows), default=0)
        deepest = max(table.levels, default=0) if column == 0 else 0
        named = max(max(map(len, name.split())), len(name) / 2) + _ARROW
        found.append(min(_WIDEST, max(longest + 2 * deepest + 3, named)))
    return found


def _height(texts: Sequence[str], widths: Sequence[float]) -> float:
    """Points, for as many lines as the longest text takes."""
    cells = zip(texts, widths, strict=True)
    lines = (len(textwrap.wrap(text, max(1, int(width)))) for text, width in cells if len(text) > width)
    return _LINE_POINTS * max(1, *lines, 1)


def _lay_out(sheet: xlsxwriter.worksheet.Worksheet, table: Table, widths: Sequence[float]) -> None:
    """To be read and sorted on the screen."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    if table.section != "summary":
        # The total is no row to be sorted among the others.
        sheet.autofilter(0, 0, len(table.rows) - table.levels.count(0), len(table.header) - 1)
    if table.levels:
        sheet.outline_settings(symbols_below=False)


def _on_paper(sheet: xlsxwriter.worksheet.Worksheet, title: str) -> None:
    """Across one page's width, with the header on each page; an ampersand would begin a command."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_header("&L" + title.replace("&", "&&"))
    sheet.set_footer("&L&A&R&P / &N")


def _write_rows(
    sheet: xlsxwriter.worksheet.Worksheet, table: Table, widths: Sequence[float], formats: _Formats
) -> None:
    for number, (row, style) in enumerate(zip(table.rows, styles(table), strict=True), start=1):
        # Folding a unit leaves its own sum above to be seen.
        folded = {"level": min(_DEEPEST, max(0, table.levels[number - 1] - 1))} if table.levels else {}
        height = _height([text_of(value) for value in row], widths)
        sheet.set_row(number, height if height > _LINE_POINTS else None, None, folded)
        for column, value in enumerate(row):
            # What is on the left keeps away from the number before it.
            left = {**_TOP, "align": "left", "indent": style.depth if column == 0 else 1}
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, value, formats.of(num_format=_MOMENT_FORMAT, **left))
            elif isinstance(value, float):
                sheet.write_number(number, column, value, formats.of(num_format="0.0", **_TOP))
            elif value is not None:
                looks = left if isinstance(value, str) or table.section == "summary" else _TOP
                sheet.write(number, column, value, formats.of(bold=style.bold, text_wrap=True, **looks))


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
