"""The country's real units (`vietnam-provinces`) as rows of a directory file: 34 provinces, 3,321 communes."""

from __future__ import annotations

from collections.abc import Iterator

from vietnam_provinces import Province, ProvinceCode, Ward

from core.errors import BadInput
from core.model import Model, UnitKind
from scheduler.directory_columns import Column
from scheduler.directory_file import Row

CENTRE_CODE = "VN"
CENTRE_NAME = "Trung ương"


class ProvinceName(Model):
    """A province as the country's own list has it."""

    code: str
    name: str


def provinces() -> list[ProvinceName]:
    """The country's provinces, in order of their codes."""
    found = (ProvinceName(code=f"{one.code:02d}", name=_name(one.name)) for one in Province.iter_all())
    return sorted(found, key=lambda province: province.code)


def province_rows(code: str) -> Iterator[Row]:
    """The centre, the province of that official code ("79", "01" or "1"), its communes, and a point in each.

    Raises `BadInput` `directory.unknown_province`.
    """
    try:
        province = Province.from_code(ProvinceCode(int(code)))
    except ValueError as exc:
        raise BadInput("directory.unknown_province", "There is no province with this code.") from exc
    return _numbered([_centre(), *_province(province)])


def nation_rows() -> Iterator[Row]:
    """The centre, every province, every commune, and a point in each commune."""
    return _numbered([_centre(), *(cells for province in Province.iter_all() for cells in _province(province))])


def _numbered(cells: list[dict[Column, str]]) -> Iterator[Row]:
    return (Row(number, row) for number, row in enumerate(cells, start=2))


def _centre() -> dict[Column, str]:
    return {Column.UNIT: CENTRE_CODE, Column.UNIT_NAME: CENTRE_NAME, Column.UNIT_KIND: UnitKind.CENTRE}


def _name(written: str) -> str:
    """Some communes are written with two spaces between words."""
    return " ".join(written.split())


def _province(province: Province) -> Iterator[dict[Column, str]]:
    """Codes are written as the statistics office writes them: two digits for a province, five for a commune."""
    code = f"{province.code:02d}"
    yield {
        Column.UNIT: code,
        Column.UNIT_NAME: _name(province.name),
        Column.UNIT_KIND: UnitKind.PROVINCE,
        Column.PARENT_UNIT: CENTRE_CODE,
    }
    for ward in Ward.iter_by_province(province.code):
        yield {
            Column.CODE: f"{ward.code:05d}",
            Column.NAME: _name(ward.name),
            Column.UNIT: f"{ward.code:05d}",
            Column.UNIT_NAME: _name(ward.name),
            Column.UNIT_KIND: UnitKind.COMMUNE,
            Column.PARENT_UNIT: code,
        }
