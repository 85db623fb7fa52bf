"""The document for the file as the press takes it. Works for a while: call it in a thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, tzinfo

from monitor.reports.charts import Curve, charts, curve
from monitor.reports.files import styles, text_of
from monitor.reports.model import Report
from monitor.reports.tables import Cell, Table, tables
from monitor.reports.texts import TEXTS, Language

_TEXTS = (
    "report",
    "page",
    "chart",
    "charts",
    "contents",
    "curve",
    "none",
    "made",
    "signed.author",
    "signed.office",
    "signed.how",
)
_DEEP, _WIDE = 100.0, 600.0
_NARROWEST, _WIDEST = 6.0, 26.0
"""Characters for which a column has room at least, and at most: what is longer takes several lines."""
_HEADER_LINES = 3
_BOLD = 1.2
"""How much wider a header's letters are."""
_MOST = 0.9
"""The share of a column's texts that are to stand on one line."""


def printable(report: Report, language: Language, zone: tzinfo) -> bytes:
    """Title page, charts, sums, then every table, as JSON for `report.typ`."""
    day = report.start.astimezone(zone).date()
    drawn, total = curve(report, zone), report.total

    def word(key: str, **facts: object) -> str:
        return TEXTS[key][language == "en"].format(**facts)

    page = {
        "title": report.title,
        "language": language,
        "texts": {key: word(key) for key in _TEXTS},
        "day": word("day", day=f"{day:%d/%m/%Y}"),
        "curve": None if drawn is None else _curve(drawn, word("curve.note", most=drawn.most)),
        "charts": [asdict(chart) for chart in charts(report, language, zone)],
        "times": _times(report, zone),
        "made_at": text_of(report.made_at.astimezone(zone).replace(tzinfo=None)),
        "interim": None if report.is_over else word(f"conference.{report.state}"),
        "keys": [
            [word("key.points"), f"{total.came} / {total.points}"],
            [word("key.declared"), _of(total.declared, total.expected)],
            [word("key.verified"), _of(total.verified, total.listed)],
            [word("key.late"), str(total.late)],
            [word("key.incidents"), str(len(report.incidents))],
        ],
        "tables": [_printed(table, language, day) for table in tables(report, language, zone)],
    }
    return json.dumps(page, ensure_ascii=False).encode()


def printed_text(value: Cell, language: Language, day: date) -> str:
    """A cell as the document shows it: a moment of the conference's own day without the date."""
    if isinstance(value, datetime) and value.date() == day:
        return f"{value:%H:%M:%S}"
    return text_of(value, language)


def _of(have: int, whole: int) -> str:
    """A nought of nought says nothing."""
    return f"{have} / {whole}" if have or whole else "–"


def _times(report: Report, zone: tzinfo) -> str:
    """The day once where the conference begins and ends on it."""
    start, stop = report.start.astimezone(zone), report.stop.astimezone(zone)
    until = "%H:%M" if start.date() == stop.date() else "%H:%M %d/%m/%Y"
    return f"{start:%d/%m/%Y %H:%M} – {stop.strftime(until)}"


def _printed(table: Table, language: Language, day: date) -> dict[str, object]:
    # The summary stands beside the title, which gives no meaning to a time alone.
    own_day = date.min if table.section == "summary" else day
    rows = [[printed_text(value, language, own_day) for value in row] for row in table.rows]
    columns = list(zip(*rows, strict=True)) or [()] * len(table.header)
    values = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    return {
        "section": table.section,
        "title": table.title,
        "header": table.header,
        "widths": [_width(name, texts) for name, texts in zip(table.header, columns, strict=True)],
        "numbers": [_are_numbers(column) for column in values],
        "rows": rows,
        "styles": [asdict(style) for style in styles(table)] if table.levels else [],
    }


def _width(name: str, texts: Sequence[str]) -> float:
    """How much of the line a column gets: room for most of its texts, and for its name in a few lines."""
    lengths = sorted(map(len, texts))
    usual = lengths[int(_MOST * (len(lengths) - 1))] if lengths else 0
    named = _BOLD * max(max(map(len, name.split())), len(name) / _HEADER_LINES)
    return min(_WIDEST, max(_NARROWEST, usual, named))


def _are_numbers(values: Sequence[Cell]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) for value in known)


def _curve(drawn: Curve, note: str) -> dict[str, object]:
    """A curve as SVG, without words: those are the page's."""
    top, step = max(1, drawn.most), _WIDE / max(1, len(drawn.values) - 1)
    heights = (_DEEP - value / top * (_DEEP - 4) for value in drawn.values)
    points = " ".join(f"{n * step:.1f},{height:.1f}" for n, height in enumerate(heights))
    lines = "".join(
        f'<line x1="{tick.at * _WIDE:.1f}" y1="0" x2="{tick.at * _WIDE:.1f}" y2="{_DEEP:.0f}" stroke="#c9ced6"'
        ' stroke-width="0.4"/>'
        for tick in drawn.ticks
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE:.0f} {_DEEP:.0f}">'
        f'<polygon points="0,{_DEEP:.0f} {points} {_WIDE:.0f},{_DEEP:.0f}" fill="#dbe7f5"/>{lines}'
        f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/></svg>'
    )
    return {"svg": svg, "note": note, "most": str(drawn.most), "ticks": [asdict(tick) for tick in drawn.ticks]}
