"""Input that no page would send: each is answered by a reason, none by a fault of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from core.database import Database
from core.model import Role
from tests.support.website import Reply, Visitor, Website, running_website, times_of


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(2)
        yield site


@pytest.fixture
async def person(site: Website) -> Visitor:
    return await site.signed_in(*Role, username="all")


def times(start: Any, stop: Any) -> dict[str, Any]:
    return {"can_join_after": start, "start": start, "stop": stop, "must_join_before": stop}


ODD_CODES: list[Any] = ["", "x" * 100_000, "\u202e", "'; DROP TABLE unit", "đ1", 1, None, {}]
ODD_TITLES: list[Any] = ["", " ", "x" * 201, "a\nb", "a\0b", 1, None]
ODD_VERSIONS: list[Any] = [0, -1, 2, 2**31, 2**63, 2**70, "x", 1.5]
ODD_TIMES = [
    times("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00+14:00"),
    times("9999-12-31T23:00:00-14:00", "9999-12-31T23:30:00-14:00"),
    times(-1e18, 1),
    times(1e308, 1e308),
    times("2026-01-01", "2026-01-02"),
    times("2026-01-01T08:00:00", "2026-01-01T09:00:00"),
    times(None, None),
    times([], {}),
]


def assert_refused(reply: Reply, about: object) -> None:
    assert 400 <= reply.status < 500, (about, reply.status, reply.body[:200])
    assert reply.code, about
    assert reply.json["detail"]


async def test_odd_times_are_refused(person: Visitor) -> None:
    for odd in ODD_TIMES:
        body = {"times": odd, "units": ["p"], "points": []}
        assert_refused(await person.post("/api/clashes", body), odd)
        assert_refused(await person.post("/api/conferences", {"title": "x", **body}), odd)


async def test_odd_codes_are_refused(site: Website, person: Visitor) -> None:
    soon = times_of(site.clock.now() + timedelta(hours=1))
    for odd in ODD_CODES:
        assert_refused(await person.post("/api/clashes", {"times": soon, "units": [odd], "points": []}), odd)
        assert_refused(await person.post("/api/clashes", {"times": soon, "units": [], "points": [odd]}), odd)
        body = {"times": soon, "units": ["p"], "points": [], "ignore": odd}
        if odd is not None:
            assert_refused(await person.post("/api/clashes", body), odd)


async def test_odd_titles_and_versions_are_refused(site: Website, person: Visitor) -> None:
    soon = times_of(site.clock.now() + timedelta(hours=1))
    for odd in ODD_TITLES:
        body = {"title": odd, "times": soon, "units": ["p"], "points": []}
        assert_refused(await person.post("/api/conferences", body), odd)
    booked = await person.post("/api/conferences", {"title": "x", "times": soon, "units": ["p"], "points": []})
    path = f"/api/conferences/{booked.json['id']}/times"
    for version in ODD_VERSIONS:
        assert_refused(await person.ask("PUT", path, json={"times": soon, "version": version}), version)


async def test_an_odd_search_finds_nothing(person: Visitor) -> None:
    for query in ("q=%ED%A0%80", "q=%FF", "q='", "q=%25_%5C", "q=%F0%9F%98%80", "unit=khong"):
        async with person.http.get(URL(f"{person.base}/api/points?{query}", encoded=True)) as response:
            assert (response.status, await response.json()) == (200, []), query


async def test_odd_addresses_are_refused(person: Visitor) -> None:
    for path in ("/api/conferences/%ED%A0%80", "/api/%00", "/api/points?q=%00"):
        async with person.http.get(URL(person.base + path, encoded=True)) as response:
            assert 400 <= response.status < 500, path
            assert response.content_type == "application/problem+json"


async def test_a_file_with_an_odd_name_is_told_what_is_wrong_with_it(person: Visitor) -> None:
    for name in ("%ED%A0%80%00.csv", "../../etc/passwd", "a%0D%0Ab.xlsx", "a.exe"):
        reply = await person.ask("POST", "/api/directory", data=b"x", headers={"X-File-Name": name})
        assert (reply.status, reply.json["applied"]) == (200, False)
        assert reply.json["problems"]
