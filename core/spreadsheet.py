"""Reading people's spreadsheets: CSV and XLSX to rows of named cells. No I/O, no database."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

import openpyxl
import structlog

from core.model import Model

log = structlog.get_logger("spreadsheet")

BOM = b"\xef\xbb\xbf"
MAX_COLUMNS = 64
XLSX_UNPACKED_BYTES = 48 * 1024 * 1024
"""A full file of 20,000 rows unpacks to under 10 MB; `zipfile` never unpacks more than an entry declares."""
XLSX_ENTRIES = 200
_BLANK_ROWS_PER_ROW = 10
"""Spreadsheets trail blank rows; more than this many per allowed row are not worth reading."""

_VALUE_SHOWN = 60

C = TypeVar("C", bound=StrEnum)


@dataclass(frozen=True)
class Row(Generic[C]):
    """One line of the file; cells are stripped, absent columns are absent, empty cells are empty text."""

    number: int
    cells: dict[C, str]

    def __getitem__(self, column: C) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Layout(Generic[C]):
    """What a kind of file holds: its columns by folded header (None: accepted, not read), and how much of it is read.

    `family` begins the codes of its refusals.
    """

    family: str
    headers: Mapping[str, C | None]
    required: Sequence[C]
    most_bytes: int
    most_rows: int


class FileRefused(Exception):
    """The file cannot be read any further; `row` 0 means the file as a whole."""

    def __init__(self, code: str, message: str, *, row: int = 0, column: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.row = row
        self.column = column


class FileProblem(Model):
    """Why a file cannot be applied. `row` counts as a spreadsheet does (the header is row 1); 0: the file.

    `value` is what the file says there, shortened; empty where that says nothing.
    """

    row: int
    column: str
    code: str
    message: str
    value: str = ""


@dataclass
class Problems:
    """Collects what is wrong with a file; keeps the first `most` and counts the rest. `family` begins the codes."""

    family: str
    most: int
    shown: list[FileProblem] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, column: str, code: str, message: str, value: str = "") -> None:
        """One more, by its code without the family."""
        shown = value if len(value) <= _VALUE_SHOWN else f"{value[: _VALUE_SHOWN - 1]}…"
        code = f"{self.family}.{code}"
        self._add(FileProblem(row=row, column=column, code=code, message=message, value=shown))

    def refuse(self, refusal: FileRefused) -> None:
        """Reading ended there."""
        self._add(FileProblem(row=refusal.row, column=refusal.column, code=refusal.code, message=refusal.message))

    def _add(self, problem: FileProblem) -> None:
        self.count += 1
        if len(self.shown) < self.most:
            self.shown.append(problem)


def fold(text: str) -> str:
    """Text without case, accents and punctuation: what headers and kinds are compared by."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", plain.replace("đ", "d")).strip()


def read_rows(data: bytes, file_name: str, layout: Layout[C]) -> Iterator[Row[C]]:
    """The rows of a `.csv` or `.xlsx` file that hold anything; raises `FileRefused` where reading must end."""
    try:
        yield from _read(data, file_name, layout)
    except FileRefused as exc:
        exc.code = f"{layout.family}.{exc.code}"
        raise


def _read(data: bytes, file_name: str, layout: Layout[C]) -> Iterator[Row[C]]:
    if len(data) > layout.most_bytes:
        raise FileRefused("too_large", f"The file is larger than {layout.most_bytes:,} bytes.")
    name = file_name.lower()
    if name.endswith(".csv"):
        yield from _named(_csv_lines(data), layout)
    elif name.endswith(".xlsx"):
        yield from _named(_xlsx_lines(data), layout)
    else:
        raise FileRefused("format", "Send a .csv or an .xlsx file.")


def _named(lines: Iterable[list[str]], layout: Layout[C]) -> Iterator[Row[C]]:
    """Takes the first line as headers, leaves blank lines out, and counts."""
    columns: dict[int, C] = {}
    number = rows = 0
    try:
        for number, line in enumerate(lines, start=1):
            if number == 1:
                columns = _columns(line, layout)
            elif any(line):
                rows += 1
                yield Row(number, {column: line[i] for i, column in columns.items() if i < len(line)})
            if rows > layout.most_rows or number > layout.most_rows * _BLANK_ROWS_PER_ROW:
                message = f"The file has more than {layout.most_rows:,} rows. Split it into smaller files."
                raise FileRefused("too_many_rows", message, row=number)
    except csv.Error as exc:
        message = f"This row is not well-formed CSV ({exc}). Look for a quotation mark that is never closed."
        raise FileRefused("format", message, row=number + 1) from exc
    if number == 0:
        raise FileRefused("empty", "The file is empty.")


def _columns(header: list[str], layout: Layout[C]) -> dict[int, C]:
    columns: dict[int, C] = {}
    for i, text in enumerate(header):
        name = fold(text)
        if not name:
            continue
        if name not in layout.headers:
            raise FileRefused("unknown_column", f"Column “{text[:60]}” is not known.", row=1, column=text[:60])
        column = layout.headers[name]
        if column in columns.values():
            raise FileRefused("repeated_column", f"Column “{text[:60]}” is there twice.", row=1, column=text[:60])
        if column is not None:
            columns[i] = column
    for column in layout.required:
        if column not in columns.values():
            message = f"Column “{column}” is missing from the first row."
            raise FileRefused("missing_column", message, row=1, column=column)
    return columns


def _csv_lines(data: bytes) -> Iterator[list[str]]:
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for line in reader:
        yield [unguarded(cell.strip()) for cell in line[:MAX_COLUMNS]]


def _decoded(data: bytes) -> str:
    skipped = len(BOM) if data.startswith(BOM) else 0
    try:
        return data[skipped:].decode("utf-8")
    except UnicodeDecodeError as exc:
        position = exc.start + skipped
        raise FileRefused(
            "encoding",
            f"Byte {position:,} (counted from 0) is not UTF-8. Save the file as “CSV UTF-8” and send it again.",
            row=data.count(b"\n", 0, position) + 1,
        ) from exc


def _xlsx_lines(data: bytes) -> Iterator[list[str]]:
    try:
        _check_unpacked_size(data)
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            for line in workbook.worksheets[0].iter_rows(max_col=MAX_COLUMNS, values_only=True):
                yield [unguarded(_cell(value)) for value in line]
        finally:
            workbook.close()
    except FileRefused:
        raise
    except Exception as exc:
        # openpyxl promises no error types for damaged files: whatever comes means the same to the user.
        log.info("xlsx_unreadable", error=type(exc).__name__)
        raise FileRefused("format", "This is not a readable .xlsx file.") from exc


def _check_unpacked_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    if len(entries) > XLSX_ENTRIES or sum(entry.file_size for entry in entries) > XLSX_UNPACKED_BYTES:
        raise FileRefused("too_large", "The spreadsheet unpacks to far more than such a list needs.")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


_FORMULA = tuple("=+-@\t\r＝＋－＠")


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection); `unguarded` takes it back."""
    hidden = text.startswith("'") and text[1:].startswith((*_FORMULA, "'"))
    return f"'{text}" if hidden or text.startswith(_FORMULA) else text


def unguarded(text: str) -> str:
    """Undoes `guarded`, and leaves alone what was never guarded."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text
