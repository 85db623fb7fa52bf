"""The database's order of Vietnamese names: the dictionary's, and the same as the reports'."""

from __future__ import annotations

import random

from vietnam_provinces import Province, Ward

from core.database import Database
from monitor.reports.ordering import in_order


async def _sorted(database: Database, names: list[str]) -> list[str]:
    query = "SELECT array_agg(name ORDER BY in_order(name)) FROM unnest($1::text[]) AS name"
    found: list[str] = await database.pool.fetchval(query, names)
    return found


async def test_the_countrys_names_are_sorted_as_in_reports(database: Database) -> None:
    names = [province.name for province in Province.iter_all()] + [ward.name for ward in Ward.iter_all()]
    shuffled = random.Random(3).sample(names, len(names))
    assert await _sorted(database, shuffled) == sorted(shuffled, key=in_order)


async def test_signs_tones_and_numbers_have_their_places(database: Database) -> None:
    words = [
        "Điểm 2",
        "Điểm 10",
        "Điểm 10a",
        "ma",
        "mà",
        "mả",
        "mã",
        "má",
        "mạ",
        "ma túy",
        "mà ơi",
        "măng",
        "mậm",
        "mận",
    ]
    ordered = sorted(words, key=in_order)
    assert ordered[:3] == ["Điểm 2", "Điểm 10", "Điểm 10a"]
    assert ordered[3:9] == ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert await _sorted(database, random.Random(4).sample(words, len(words))) == ordered


async def test_a_points_place_follows_its_name(database: Database) -> None:
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('u', 'Tỉnh', 'province')")
    for code, name in (("1", "Đà Nẵng"), ("2", "Ân Thi"), ("3", "Dầu Tiếng"), ("4", "An Giang")):
        await database.pool.execute("INSERT INTO bridge_point (code, name, unit) VALUES ($1, $2, 'u')", code, name)
    await database.pool.execute("UPDATE bridge_point SET name = 'Ba Vì' WHERE code = '4'")
    rows = await database.pool.fetch("SELECT code FROM bridge_point ORDER BY name_order")
    assert [row["code"] for row in rows] == ["2", "4", "3", "1"]
