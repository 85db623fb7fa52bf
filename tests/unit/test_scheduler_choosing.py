"""A pasted list: what each line means, and what is reported when it means nothing or too much."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.spreadsheet import fold
from scheduler.choosing_names import Named, NameIndex, core, match_lines
from scheduler.directory import Directory, plan_import
from scheduler.provinces import nation_rows

CITY = Named("79", "Thành phố Hồ Chí Minh", None, False)
TAY_NINH = Named("80", "Tỉnh Tây Ninh", None, False)
DA_NANG = Named("48", "Thành phố Đà Nẵng", None, False)
ENTRIES = [
    CITY,
    TAY_NINH,
    DA_NANG,
    Named("26743", "Phường Bến Thành", "79", False),
    Named("26743", "Phường Bến Thành", "26743", True),
    Named("26732", "Đặc khu Côn Đảo", "79", True),
    Named("U1", "Xã Bình Dương", "80", False),
    Named("H1", "Xã Bình Dương", "U1", True),
    Named("H2", "Phường Bình Dương", "79", True),
    Named("H3", "Xã Hòa Bình", "79", True),
    Named("H4", "Xã Hòa Bình", "80", True),
    Named("H5", "Xã Hòa Bình", "48", True),
    Named("L1", "Xã Văn Lang", "80", True),
    Named("L2", "Xã Văn Lăng", "80", True),
    Named("00123", "Xã Phường Giang", "79", True),
]
INDEX = NameIndex(ENTRIES)


def meant(line: str) -> set[str]:
    return {entry.code for entry in INDEX.find(line)}


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("26743", {"26743"}),
        ("h1", {"H1"}),
        ("123", {"00123"}),
        ("Phường Bến Thành", {"26743"}),
        ("BEN THANH", {"26743"}),
        ("P. Bến Thành", {"26743"}),
        (unicodedata.normalize("NFD", "bến thành"), {"26743"}),
        ("đk Côn Đảo", {"26732"}),
        ("1\tĐặc khu Côn Đảo\t120 chỗ", {"26732"}),
        ("Hồ Chí Minh", {"79"}),
        ("TP Hồ Chí Minh", {"79"}),
        ("Phường Bình Dương", {"H2"}),
        ("xã bình dương", {"H1"}),
        ("Bình Dương", {"H1", "H2"}),
        ("Bình Dương, Tây Ninh", {"H1"}),
        ("Xã Hòa Bình", {"H3", "H4", "H5"}),
        ("Xã Hòa Bình - Tỉnh Tây Ninh", {"H4"}),
        ("Hòa Bình; tp Đà Nẵng", {"H5"}),
        ("Hòa Bình\t48", {"H5"}),
        ("Hòa Bình, Hà Nội", {"H3", "H4", "H5"}),
        ("Phường Giang", {"00123"}),
        ("Xã Văn Lăng", {"L2"}),
        ("văn lang", {"L1"}),
        ("van lang", {"L1", "L2"}),
        ("Nowhere", set()),
        ("23", set()),
        ("phường", set()),
        (",;|", set()),
    ],
)
def test_a_line_means_what_people_mean_by_it(line: str, codes: set[str]) -> None:
    assert meant(line) == codes


def test_unknown_and_ambiguous_lines_are_reported_with_their_numbers() -> None:
    matches = match_lines("Bến Thành\n\n  Nowhere \r\nBình Dương\nTây Ninh\n26743\n", INDEX)
    assert (matches.points, matches.units) == ({"26743"}, {"80"})
    assert matches.unknown == [(3, "Nowhere")]
    [(line, text, found)] = matches.ambiguous
    assert (line, text, {entry.code for entry in found}) == (4, "Bình Dương", {"H1", "H2"})


def test_the_hall_that_bears_its_units_name_is_meant() -> None:
    assert [entry.is_point for entry in INDEX.find("Bến Thành")] == [True]


@given(st.text(max_size=40))
def test_no_line_is_lost_whatever_it_holds(text: str) -> None:
    matches = match_lines(text, INDEX)
    lines = {number for number, line in enumerate(text.splitlines(), start=1) if line.strip()}
    reported = {number for number, _ in matches.unknown} | {number for number, _, _ in matches.ambiguous}
    assert reported <= lines
    assert bool(lines - reported) == bool(matches.points or matches.units)


@given(st.sampled_from(ENTRIES), st.booleans(), st.booleans(), st.sampled_from(["", "  ", "\t"]))
def test_case_accents_and_blanks_do_not_matter(entry: Named, upper: bool, plain: bool, blanks: str) -> None:
    name = fold(entry.name) if plain else entry.name
    found = INDEX.find(blanks + (name.upper() if upper else name) + blanks)
    assert entry.name in {other.name for other in found}


def test_a_kind_is_only_dropped_before_a_name() -> None:
    assert core("phuong ben thanh") == "ben thanh"
    assert core("xa") == "xa"
    assert core("pho co") == "pho co"


def test_every_commune_of_the_nation_is_found_by_its_name_and_province() -> None:
    plan = plan_import(nation_rows(), Directory({}, {}))
    units = {unit.code: unit for unit in plan.units}
    index = NameIndex(
        [
            *(Named(unit.code, unit.name, unit.parent, False) for unit in plan.units),
            *(Named(point.code, point.name, point.unit, True) for point in plan.points),
        ]
    )
    lines = [f"{point.name}, {units[units[point.unit].parent or ''].name}" for point in plan.points]
    began = time.process_time()
    matches = match_lines("\n".join(lines), index)
    assert time.process_time() - began < 2
    assert matches.unknown == []
    assert matches.ambiguous == []
    assert len(matches.points) == 3_321
