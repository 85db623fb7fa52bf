"""The columns of a directory file, and all the headers that they are known by."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Column(StrEnum):
    """The columns of a directory file, by their English header."""

    CODE = "code"
    NAME = "name"
    UNIT = "unit"
    UNIT_NAME = "unit_name"
    UNIT_KIND = "unit_kind"
    PARENT_UNIT = "parent_unit"
    UPLINK_KBPS = "uplink_kbps"
    SEATS = "seats"
    CONTACT = "contact"
    ADDRESS = "address"
    EQUIPMENT = "equipment"
    OPERATOR = "operator"
    OPERATOR_PHONE = "operator_phone"
    OPERATOR_EMAIL = "operator_email"
    OPERATOR_2 = "operator_2"
    OPERATOR_2_PHONE = "operator_2_phone"
    OPERATOR_2_EMAIL = "operator_2_email"
    OPERATOR_3 = "operator_3"
    OPERATOR_3_PHONE = "operator_3_phone"
    OPERATOR_3_EMAIL = "operator_3_email"
    LINE_PROVIDER = "line_provider"
    LINE_UP_KBPS = "line_up_kbps"
    LINE_DOWN_KBPS = "line_down_kbps"
    BACKUP_PROVIDER = "backup_provider"
    BACKUP_UP_KBPS = "backup_up_kbps"
    BACKUP_DOWN_KBPS = "backup_down_kbps"


class OperatorColumns(NamedTuple):
    """Where a file has one operator."""

    name: Column
    phone: Column
    email: Column


class LineColumns(NamedTuple):
    """Where a file has one line."""

    provider: Column
    up_kbps: Column
    down_kbps: Column


OPERATORS = (
    OperatorColumns(Column.OPERATOR, Column.OPERATOR_PHONE, Column.OPERATOR_EMAIL),
    OperatorColumns(Column.OPERATOR_2, Column.OPERATOR_2_PHONE, Column.OPERATOR_2_EMAIL),
    OperatorColumns(Column.OPERATOR_3, Column.OPERATOR_3_PHONE, Column.OPERATOR_3_EMAIL),
)
LINE = LineColumns(Column.LINE_PROVIDER, Column.LINE_UP_KBPS, Column.LINE_DOWN_KBPS)
BACKUP = LineColumns(Column.BACKUP_PROVIDER, Column.BACKUP_UP_KBPS, Column.BACKUP_DOWN_KBPS)
NUMBERS = frozenset({Column.UPLINK_KBPS, Column.SEATS, *LINE[1:], *BACKUP[1:]})
REQUIRED = (Column.CODE, Column.NAME, Column.UNIT)

HEADERS: dict[str, Column | None] = {
    **{column.value.replace("_", " "): column for column in Column},
    "point code": Column.CODE,
    "ma": Column.CODE,
    "ma diem cau": Column.CODE,
    "point name": Column.NAME,
    "ten": Column.NAME,
    "ten diem cau": Column.NAME,
    "diem cau": Column.NAME,
    "unit code": Column.UNIT,
    "don vi": Column.UNIT,
    "ma don vi": Column.UNIT,
    "ten don vi": Column.UNIT_NAME,
    "cap": Column.UNIT_KIND,
    "cap don vi": Column.UNIT_KIND,
    "loai don vi": Column.UNIT_KIND,
    "parent": Column.PARENT_UNIT,
    "don vi cap tren": Column.PARENT_UNIT,
    "ma don vi cap tren": Column.PARENT_UNIT,
    "duong truyen len cap tren": Column.UPLINK_KBPS,
    "duong truyen len cap tren kbit s": Column.UPLINK_KBPS,
    "so cho": Column.SEATS,
    "so cho ngoi": Column.SEATS,
    "so ghe": Column.SEATS,
    "lien he": Column.CONTACT,
    "nguoi lien he": Column.CONTACT,
    "dau moi": Column.CONTACT,
    "dia chi": Column.ADDRESS,
    "thiet bi": Column.EQUIPMENT,
    "trang thiet bi": Column.EQUIPMENT,
    "nguoi van hanh": Column.OPERATOR,
    "can bo ky thuat": Column.OPERATOR,
    "ky thuat vien": Column.OPERATOR,
    "dien thoai": Column.OPERATOR_PHONE,
    "so dien thoai": Column.OPERATOR_PHONE,
    "sdt": Column.OPERATOR_PHONE,
    "email": Column.OPERATOR_EMAIL,
    "thu dien tu": Column.OPERATOR_EMAIL,
    "nha mang": Column.LINE_PROVIDER,
    "bang thong len": Column.LINE_UP_KBPS,
    "bang thong len kbit s": Column.LINE_UP_KBPS,
    "bang thong xuong": Column.LINE_DOWN_KBPS,
    "bang thong xuong kbit s": Column.LINE_DOWN_KBPS,
    "nha mang du phong": Column.BACKUP_PROVIDER,
    "bang thong len du phong": Column.BACKUP_UP_KBPS,
    "bang thong xuong du phong": Column.BACKUP_DOWN_KBPS,
    # Columns that people keep for themselves: accepted, not read.
    "stt": None,
    "no": None,
    "ghi chu": None,
    "note": None,
}
