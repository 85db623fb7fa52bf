"""Sums up the unit tree of a report."""

from __future__ import annotations

from random import Random

from monitor.points.tree import upwards
from monitor.reports.units import Counts, Path, Unit, add_up, groups, tree


def path(text: str) -> Path:
    return tuple(Unit(name, name) for name in text.split("/"))


def test_a_unit_stands_before_those_under_it_and_siblings_as_in_a_dictionary() -> None:
    paths = ["vn/Đồng Nai/b", "vn/Đắk Lắk/x", "vn", "vn/Cà Mau/a", "vn/Đồng Nai/a", "vn/Cà Mau"]
    sums = tree((path(one), Counts(points=1)) for one in paths)
    assert [(one.unit.name, one.level, one.parent, one.counts.points) for one in sums] == [
        ("vn", 1, None, 6),
        ("Cà Mau", 2, "vn", 2),
        ("a", 3, "Cà Mau", 1),
        ("Đắk Lắk", 2, "vn", 1),
        ("x", 3, "Đắk Lắk", 1),
        ("Đồng Nai", 2, "vn", 2),
        ("a", 3, "Đồng Nai", 1),
        ("b", 3, "Đồng Nai", 1),
    ]


def test_whatever_the_tree_all_roots_together_are_the_total() -> None:
    random = Random(11)
    for _ in range(50):
        counted = [
            (path("/".join(str(random.randrange(4)) + "." * n for n in range(random.randint(1, 4)))), counts)
            for counts in (Counts(*(random.randrange(50) for _ in range(9))) for _ in range(60))
        ]
        sums = tree(counted)
        assert add_up(one.counts for one in sums if one.level == 1) == add_up(counts for _, counts in counted)


def test_two_units_of_one_name_are_two() -> None:
    one, two = (Unit("1", "Xã Tân Lập"),), (Unit("2", "Xã Tân Lập"),)
    assert [(s.unit.code, s.counts.points) for s in tree([(two, Counts(points=5)), (one, Counts(points=1))])] == [
        ("1", 1),
        ("2", 5),
    ]


def test_charts_have_the_first_level_that_has_several_units() -> None:
    def grouped(*paths: str) -> list[str]:
        return [unit.name for unit in groups([path(one) for one in paths])]

    assert grouped("vn/t1/a", "vn/t2/b", "vn/t2/c") == ["t1", "t2", "t2"]
    assert grouped("vn/t1/a", "vn/t1/b") == ["a", "b"]
    assert grouped("vn", "vn/t1/a", "vn/t2") == ["vn", "t1", "t2"]
    assert grouped("vn/t1/a", "vn/t1/a") == ["a", "a"]
    assert grouped("x/a", "y/a") == ["x", "y"]
    assert grouped() == []


def test_the_way_up_ends_at_the_root_and_where_a_circle_closes() -> None:
    assert upwards("c", {"c": "p", "p": "vn", "vn": None}) == ["c", "p", "vn"]
    assert upwards("a", {"a": "b", "b": "a"}) == ["a", "b"]
    assert upwards(None, {}) == upwards("x", {}) == []
