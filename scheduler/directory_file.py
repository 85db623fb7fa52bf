"""Reading directory files: CSV and XLSX to rows of named cells. No I/O, no database.

What a file may look like is written for its users in docs/directory-file.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from core import spreadsheet
from core.settings import Limits
from scheduler.directory_columns import HEADERS, REQUIRED, Column

Row: TypeAlias = spreadsheet.Row[Column]


def read_rows(data: bytes, file_name: str, limits: Limits) -> Iterator[Row]:
    """The rows of a `.csv` or `.xlsx` file that hold anything; raises `FileRefused` where reading must end."""
    layout = spreadsheet.Layout("directory", HEADERS, REQUIRED, limits.directory_bytes, limits.directory_rows)
    return spreadsheet.read_rows(data, file_name, layout)
