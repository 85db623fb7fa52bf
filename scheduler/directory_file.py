"""Reading directory files: CSV and XLSX to rows of named cells. No I/O, no database.

What a file may look like is written for its users in docs/directory-file.md.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import openpyxl
import structlog

from core.settings import Limits
from scheduler.directory_columns import HEADERS, REQUIRED, Column

log = structlog.get_logger("directory")

BOM = b"\xef\xbb\xbf"
MAX_COLUMNS = 64
XLSX_UNPACKED_BYTES = 48 * 1024 * 1024
"""A full file of 20,000 rows unpacks to under 10 MB; `zipfile` never unpacks more than an entry declares."""
XLSX_ENTRIES = 200
_BLANK_ROWS_PER_ROW = 10
"""Spreadsheets trail blank rows; more than this many per allowed row are not worth reading."""


@dataclass(frozen=True)
class Row:
    """One line of the file; cells are stripped, absent columns are absent, empty cells are empty text."""

    number: int
    cells: dict[Column, str]

    def __getitem__(self, column: Column) -> str:
        return self.cells.get(column, "")


class FileRefused(Exception):
    """The file cannot be read any further; `row` 0 means the file as a whole."""

    def __init__(self, code: str, message: str, *, row: int = 0, column: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.row = row
        self.column = column


def fold(text: str) -> str:
    """Text without case, accents and punctuation: what headers and kinds are compared by."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", plain.replace("đ", "d")).strip()


def read_rows(data: bytes, file_name: str, limits: Limits) -> Iterator[Row]:
    """The rows of a `.csv` or `.xlsx` file that hold anything; raises `FileRefused` where reading must end."""
    if len(data) > limits.directory_bytes:
        raise FileRefused("directory.too_large", f"The file is larger than {limits.directory_bytes:,} bytes.")
    name = file_name.lower()
    if name.endswith(".csv"):
        yield from _named(_csv_lines(data), limits)
    elif name.endswith(".xlsx"):
        yield from _named(_xlsx_lines(data), limits)
    else:
        raise FileRefused("directory.format", "Send a .csv or an .xlsx file.")


def _named(lines: Iterable[list[str]], limits: Limits) -> Iterator[Row]:
    """Takes the first line as headers, leaves blank lines out, and counts."""
    columns: dict[int, Column] = {}
    number = rows = 0
    try:
        for number, line in enumerate(lines, start=1):
            if number == 1:
                columns = _columns(line)
            elif any(line):
                rows += 1
                yield Row(number, {column: line[i] for i, column in columns.items() if i < len(line)})
            if rows > limits.directory_rows or number > limits.directory_rows * _BLANK_ROWS_PER_ROW:
                message = f"The file has more than {limits.directory_rows:,} rows. Split it into smaller files."
                raise FileRefused("directory.too_many_rows", message, row=number)
    except csv.Error as exc:
        message = f"This row is not well-formed CSV ({exc}). Look for a quotation mark that is never closed."
        raise FileRefused("directory.format", message, row=number + 1) from exc
    if number == 0:
        raise FileRefused("directory.empty", "The file is empty.")


def _columns(header: list[str]) -> dict[int, Column]:
    columns: dict[int, Column] = {}
    for i, text in enumerate(header):
        name = fold(text)
        if not name:
            continue
        if name not in HEADERS:
            raise FileRefused(
                "directory.unknown_column", f"Column “{text[:60]}” is not known.", row=1, column=text[:60]
            )
        column = HEADERS[name]
        if column in columns.values():
            raise FileRefused(
                "directory.repeated_column", f"Column “{text[:60]}” is there twice.", row=1, column=text[:60]
            )
        if column is not None:
            columns[i] = column
    for column in REQUIRED:
        if column not in columns.values():
            message = f"Column “{column}” is missing from the first row."
            raise FileRefused("directory.missing_column", message, row=1, column=column)
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
            "directory.encoding",
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
        raise FileRefused("directory.format", "This is not a readable .xlsx file.") from exc


def _check_unpacked_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    if len(entries) > XLSX_ENTRIES or sum(entry.file_size for entry in entries) > XLSX_UNPACKED_BYTES:
        raise FileRefused("directory.too_large", "The spreadsheet unpacks to far more than a directory needs.")


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
