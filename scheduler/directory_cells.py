"""What a cell of a directory file may hold, column by column. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from core.model import UnitKind
from core.spreadsheet import fold
from scheduler.directory_columns import BACKUP, LINE, OPERATORS, Column
from scheduler.directory_model import MAX_EQUIPMENT, MAX_KBPS

ERASE = "-"
"""In a column that may be empty: make it empty. An empty cell leaves what is there."""

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PHONE = re.compile(r"[0-9+(). /-]{3,40}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_MAX_SEATS = 100_000
_KINDS = {
    **{kind.value: kind for kind in UnitKind},
    "center": UnitKind.CENTRE,
    "trung uong": UnitKind.CENTRE,
    "tinh": UnitKind.PROVINCE,
    "thanh pho": UnitKind.PROVINCE,
    "ward": UnitKind.COMMUNE,
    "xa": UnitKind.COMMUNE,
    "phuong": UnitKind.COMMUNE,
    "dac khu": UnitKind.COMMUNE,
}
_NOT_ERASABLE = frozenset({Column.CODE, Column.NAME, Column.UNIT, Column.UNIT_NAME, Column.UNIT_KIND, Column.SEATS})

Fault = tuple[str, str]
"""A problem's code (without "directory.") and its sentence."""


def fault_of(column: Column, text: str) -> Fault | None:
    """What is wrong with a cell; nothing is wrong with an empty one."""
    if not text or (text == ERASE and column not in _NOT_ERASABLE):
        return None
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        return "control_character", "There is an invisible control character or a line break."
    if column in _LENGTHS and len(text) > _LENGTHS[column]:
        return "too_long", f"{len(text)} characters; at most {_LENGTHS[column]} are allowed."
    check = _CHECKS.get(column)
    return check(text) if check is not None else None


def seats_of(text: str) -> int | None:
    """A number of seats; None when it is none."""
    number = _whole(text)
    return number if number is not None and number <= _MAX_SEATS else None


def kbps_of(text: str) -> int | None:
    """A bandwidth in kbit/s; None when it is none."""
    number = _whole(text)
    return number if number is not None and number <= MAX_KBPS else None


def kind_of(text: str) -> UnitKind | None:
    """A unit's kind by one of its names."""
    return _KINDS.get(fold(text))


def equipment_of(text: str) -> tuple[str, ...]:
    """Items between semicolons, each once."""
    return tuple(dict.fromkeys(item.strip() for item in text.split(";") if item.strip()))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _code(text: str) -> Fault | None:
    message = "A code has 1 to 64 letters A-Z, digits, dots, hyphens, underscores."
    return None if _CODE.fullmatch(text) else ("bad_code", message)


def _seats(text: str) -> Fault | None:
    message = "Seats must be a whole number from 0 to 100,000."
    return None if seats_of(text) is not None else ("bad_seats", message)


def _kind(text: str) -> Fault | None:
    return None if kind_of(text) is not None else ("bad_kind", "The kind must be centre, province or commune.")


def _kbps(text: str) -> Fault | None:
    message = f"A bandwidth is a whole number of kbit/s from 0 to {MAX_KBPS:,}."
    return None if kbps_of(text) is not None else ("bad_bandwidth", message)


def _phone(text: str) -> Fault | None:
    good = _PHONE.fullmatch(text) and sum(c.isdigit() for c in text) >= 3
    return None if good else ("bad_phone", "A telephone number has digits, blanks, and the signs + ( ) . - /.")


def _email(text: str) -> Fault | None:
    good = len(text) <= 254 and _EMAIL.fullmatch(text)
    return None if good else ("bad_email", "This is not an address for mail.")


def _equipment(text: str) -> Fault | None:
    items = equipment_of(text)
    if len(items) > MAX_EQUIPMENT or any(len(item) > 100 for item in items):
        return "too_long", f"At most {MAX_EQUIPMENT} items of 100 characters, between semicolons."
    return None


_LENGTHS: dict[Column, int] = {
    Column.NAME: 200,
    Column.UNIT_NAME: 200,
    Column.CONTACT: 200,
    Column.ADDRESS: 300,
    **{columns.name: 200 for columns in OPERATORS},
    **{columns.provider: 100 for columns in (LINE, BACKUP)},
}
_CHECKS: dict[Column, Callable[[str], Fault | None]] = {
    Column.CODE: _code,
    Column.UNIT: _code,
    Column.PARENT_UNIT: _code,
    Column.SEATS: _seats,
    Column.UNIT_KIND: _kind,
    Column.UPLINK_KBPS: _kbps,
    Column.EQUIPMENT: _equipment,
    **{columns.phone: _phone for columns in OPERATORS},
    **{columns.email: _email for columns in OPERATORS},
    **{column: _kbps for columns in (LINE, BACKUP) for column in (columns.up_kbps, columns.down_kbps)},
}
