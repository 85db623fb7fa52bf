"""Tables as CSV, XLSX and PDF. Each function works for a while: call it in a thread."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from importlib import resources

import typst
import xlsxwriter

from monitor.reports.charts import charts
from monitor.reports.model import Report
from monitor.reports.tables import Cell, Section, Table, tables
from monitor.reports.texts import TEXTS, Language
from monitor.sheets import BYTE_ORDER_MARK, cell

_MOMENT = "%d/%m/%Y %H:%M:%S"
_DEEP, _WIDE = 100.0, 600.0


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
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
            "moment": book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
            "tenths": book.add_format({"num_format": "0.0"}),
        }
        for table in tables(report, language, zone):
            sheet = book.add_worksheet(table.title[:31])
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(table.header) - 1, 20)
            sheet.write_row(0, 0, table.header, formats["head"])
            _write_rows(sheet, table, formats)
    return data.getvalue()


def _write_rows(sheet: xlsxwriter.worksheet.Worksheet, table: Table, formats: dict[str, object]) -> None:
    for number, row in enumerate(table.rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, value, formats["moment"])
            elif isinstance(value, float):
                sheet.write_number(number, column, value, formats["tenths"])
            elif value is not None:
                sheet.write(number, column, value)


def pdf_file(report: Report, language: Language, zone: tzinfo) -> bytes:
    """A document for the file: title page, sums, a curve of presence, then every table."""
    page = {
        "title": report.title,
        "language": language,
        "texts": {key: TEXTS[key][language == "en"] for key in ("report", "page", "curve", "none")},
        "curve": _curve(report.curve) if report.curve else "",
        "most": str(max(report.curve, default=0)),
        "charts": [asdict(chart) for chart in charts(report, language)],
        "from": text_of(report.start.astimezone(zone).replace(tzinfo=None)),
        "tables": [_printed(table, language) for table in tables(report, language, zone)],
    }
    template = resources.files("monitor.reports").joinpath("report.typ").read_bytes()
    fonts = str(resources.files("font_roboto").joinpath("files"))
    inputs = {"page": json.dumps(page, ensure_ascii=False)}
    document: bytes = typst.compile(template, font_paths=[fonts], ignore_system_fonts=True, sys_inputs=inputs)  # type: ignore[misc]
    return document


def _printed(table: Table, language: Language) -> dict[str, object]:
    rows = [[text_of(value, language) for value in row] for row in table.rows]
    return {"section": table.section, "title": table.title, "header": table.header, "rows": rows}


def _curve(values: Sequence[int]) -> str:
    """A curve as SVG, without words: those are the page's."""
    top, step = max(1, *values), _WIDE / max(1, len(values) - 1)
    points = " ".join(f"{n * step:.1f},{_DEEP - value / top * (_DEEP - 4):.1f}" for n, value in enumerate(values))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE:.0f} {_DEEP:.0f}">'
        f'<polygon points="0,{_DEEP:.0f} {points} {_WIDE:.0f},{_DEEP:.0f}" fill="#dbe7f5"/>'
        f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/></svg>'
    )
