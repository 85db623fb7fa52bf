"""Booking over HTTP: what is promised and how each wrong request is told so."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.identity import Signer
from core.model import Role
from tests.support.website import SECRET, Visitor, Website, running_website, times_of
from web.openapi import refusals_of
from web.routes import ENDPOINTS


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(3)
        yield site


@pytest.fixture
async def organizer(site: Website) -> Visitor:
    return await site.signed_in(Role.ORGANIZER)


@pytest.fixture
def soon(site: Website) -> dict[str, str]:
    return times_of(site.clock.now() + timedelta(hours=1))


async def booked(organizer: Visitor, times: dict[str, str], **changes: Any) -> Any:
    request = {"title": "Hội nghị thử", "times": times, "units": ["p"], "points": [], **changes}
    reply = await organizer.post("/api/conferences", request)
    assert reply.status == 201, reply.body
    return reply.json


async def test_a_unit_brings_its_whole_subtree(organizer: Visitor, soon: dict[str, str]) -> None:
    conference = await booked(organizer, soon, points=["d2"])
    assert [point["code"] for point in conference["points"]] == ["d1", "d2", "d3"]
    assert (conference["state"], conference["booked_by"], conference["version"]) == ("confirmed", "organizer", 1)
    assert (await organizer.get(f"/api/conferences/{conference['id']}")).json == conference
    [summary] = (await organizer.get("/api/conferences")).json
    assert (summary["id"], summary["points"]) == (conference["id"], 3)


async def test_the_tree_and_its_points_can_be_looked_at(organizer: Visitor) -> None:
    units = {unit["code"]: unit for unit in (await organizer.get("/api/units")).json}
    assert (units["p"]["points"], units["c1"]["points"], units["c1"]["parent"]) == (3, 1, "p")
    found = (await organizer.get("/api/points", params={"unit": "p", "q": "diem 2"})).json
    assert [point["code"] for point in found] == ["d2"]


async def test_a_clash_names_point_conference_and_end(organizer: Visitor, soon: dict[str, str]) -> None:
    first = await booked(organizer, soon, units=["c2"])
    second = {"title": "Trùng", "times": soon, "units": ["p"], "points": []}
    reply = await organizer.post("/api/conferences", second)
    assert (reply.status, reply.code) == (409, "booking.clash")
    [clash] = reply.json["data"]["clashes"]
    assert (clash["point"], clash["name"], clash["conference"]) == ("d2", "Điểm 2", first["id"])
    assert (clash["title"], clash["until"]) == (first["title"], first["times"]["stop"])
    assert len((await organizer.get("/api/conferences")).json) == 1

    preview = await organizer.post("/api/clashes", {"times": soon, "units": ["p"], "points": []})
    assert (preview.status, preview.json["points"], preview.json["clashes"]) == (200, 3, [clash])
    free = await organizer.post("/api/clashes", {"times": soon, "units": ["p"], "points": [], "ignore": first["id"]})
    assert (free.json["points"], free.json["clashes"]) == (3, [])


async def test_of_many_at_once_one_gets_the_points(organizer: Visitor, soon: dict[str, str]) -> None:
    request = {"title": "Tranh nhau", "times": soon, "units": ["p"], "points": []}
    replies = await asyncio.gather(*(organizer.post("/api/conferences", request) for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 7


def refusals(now: Any) -> dict[str, dict[str, Any]]:
    """What is wrong with each request, by the code that says so."""
    hour = timedelta(hours=1)
    swapped = times_of(now + hour) | {"stop": (now + hour / 2).isoformat()}
    return {
        "booking.past": {"times": times_of(now - 5 * hour)},
        "booking.times": {"times": swapped},
        "booking.no_points": {"units": []},
        "booking.unknown_point": {"points": ["nowhere"]},
        "booking.unknown_unit": {"units": ["nowhere"]},
        "booking.title": {"title": "  "},
        "request.invalid": {"times": {"start": "tomorrow"}},
    }


async def test_each_wrong_booking_is_told_what_is_wrong(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    documented = refusals_of(next(e for e in ENDPOINTS if e.name == "book_conference"))[400]
    for code, change in refusals(site.clock.now()).items():
        request = {"title": "Hội nghị", "times": soon, "units": ["p"], "points": [], **change}
        reply = await organizer.post("/api/conferences", request)
        assert (reply.status, reply.code) == (400, code)
        assert code in documented
        assert reply.json["detail"]
    assert (await organizer.get("/api/conferences")).json == []


async def test_the_whole_country_fits_and_one_point_more_does_not(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path) as site:
        await site.add_points(3_322)
        organizer = await site.signed_in(Role.ORGANIZER)
        times = times_of(site.clock.now() + timedelta(hours=1))
        codes = [f"d{n}" for n in range(1, 3_323)]
        over = await organizer.post(
            "/api/conferences", {"title": "Cả nước", "times": times, "units": [], "points": codes}
        )
        assert (over.status, over.code, over.json["data"]["limit"]) == (400, "booking.too_many_points", 3_321)
        assert len((await booked(organizer, times, units=[], points=codes[1:]))["points"]) == 3_321


async def test_cancelling_frees_the_points_and_cannot_be_done_twice(organizer: Visitor, soon: dict[str, str]) -> None:
    path = f"/api/conferences/{(await booked(organizer, soon))['id']}"
    assert (await organizer.post(f"{path}/cancel")).json["state"] == "cancelled"
    await booked(organizer, soon, title="Thay thế")
    for again in (organizer.post(f"{path}/cancel"), organizer.get(f"{path}/links")):
        reply = await again
        assert (reply.status, reply.code) == (409, "conference.over")


async def test_moving_keeps_to_the_same_rules(site: Website, organizer: Visitor, soon: dict[str, str]) -> None:
    conference = await booked(organizer, soon)
    later = times_of(site.clock.now() + timedelta(hours=10))
    other = await booked(organizer, later, units=["c1"], title="Khác")
    path = f"/api/conferences/{conference['id']}/times"
    clash = await organizer.ask("PUT", path, json={"times": later})
    assert (clash.status, clash.code) == (409, "booking.clash")
    assert clash.json["data"]["clashes"][0]["conference"] == other["id"]
    much_later = times_of(site.clock.now() + timedelta(hours=20))
    moved = await organizer.ask("PUT", path, json={"times": much_later, "version": 1})
    assert (moved.status, moved.json["version"]) == (200, 2)
    stale = await organizer.ask("PUT", path, json={"times": soon, "version": 1})
    assert (stale.status, stale.code) == (409, "conference.changed")


async def test_links_are_absolute_signed_and_for_one_point_each(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    conference = await booked(organizer, soon)
    links = (await organizer.get(f"/api/conferences/{conference['id']}/links")).json
    assert [link["point"] for link in links] == ["d1", "d2", "d3"]
    for link in links:
        prefix = f"{site.base}/j/"
        assert link["url"].startswith(prefix)
        right = Signer(SECRET).join_right(link["url"].removeprefix(prefix), site.clock.now())
        assert (right.conference, right.participant.point) == (conference["id"], link["point"])


async def test_a_link_says_where_it_leads_to_whoever_holds_it(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    conference = await booked(organizer, soon)
    links = (await organizer.get(f"/api/conferences/{conference['id']}/links")).json
    token = links[0]["url"].removeprefix(f"{site.base}/j/")
    guest = await site.visitor()
    told = (await guest.get(f"/api/joins/{token}")).json
    assert (told["title"], told["state"], told["name"]) == ("Hội nghị thử", "confirmed", "Điểm 1")
    assert told["times"] == conference["times"]
    assert set(told) == {"title", "state", "name", "times"}
    refused = await guest.get(f"/api/joins/{token[:-2]}")
    assert (refused.status, refused.code) == (403, "join.invalid")


async def test_links_come_as_a_file_that_a_spreadsheet_opens(organizer: Visitor, soon: dict[str, str]) -> None:
    conference = await booked(organizer, soon)
    reply = await organizer.get(f"/api/conferences/{conference['id']}/links.csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"links-{conference['id']}.csv" in reply.headers["Content-Disposition"]
    assert reply.body.startswith(b"\xef\xbb\xbf")
    header, first, *_ = reply.body.decode("utf-8-sig").splitlines()
    assert header == "point,name,url"
    assert first.startswith("d1,Điểm 1,http://")


async def test_each_role_enters_as_itself(site: Website, organizer: Visitor, soon: dict[str, str]) -> None:
    path = f"/api/conferences/{(await booked(organizer, soon))['id']}/enter"
    requests: dict[Role, dict[str, str]] = {
        Role.CHAIR: {"role": "chair"},
        Role.TECHNICIAN: {"role": "technician"},
        Role.OPERATOR: {"role": "operator", "point": "d2"},
    }
    expected = {Role.CHAIR: "chair", Role.TECHNICIAN: "technician:technician", Role.OPERATOR: "point:d2"}
    for role, request in requests.items():
        visitor = await site.signed_in(role)
        token = (await visitor.post(path, request)).json["token"]
        assert Signer(SECRET).join_right(token, site.clock.now()).participant.id == expected[role]
        for other, foreign in requests.items():
            if other is not role:
                assert (await visitor.post(path, foreign)).code == "role.missing"


async def test_an_operator_picks_a_point_from_a_list_with_the_own_ones_first(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    path = f"/api/conferences/{(await booked(organizer, soon))['id']}/seats"
    await site.database.pool.executemany(
        "INSERT INTO point_operator (point, place, name, phone, email)"
        " SELECT number, 1, $2, '', $3 FROM bridge_point WHERE code = $1",
        [("d1", "Trần Văn Khác", "khac@xa.vn"), ("d2", "Người tam@xa.vn ", ""), ("d3", "Tám", " Tam@Xa.vn")],
    )
    operator = await site.signed_in(Role.OPERATOR, username="tam@xa.vn")
    seats = (await operator.get(path)).json
    assert [seat["code"] for seat in seats if seat["own"]] == ["d2", "d3"]
    assert [seat["code"] for seat in seats][:3] == ["d2", "d3", "d1"]
    assert (await organizer.get(path)).code == "role.missing"
    unknown = await operator.get("/api/conferences/00000000-0000-4000-8000-000000000000/seats")
    assert unknown.code == "conference.unknown"


async def test_entering_says_what_is_missing(site: Website, organizer: Visitor, soon: dict[str, str]) -> None:
    path = f"/api/conferences/{(await booked(organizer, soon, units=['c1']))['id']}/enter"
    operator = await site.signed_in(Role.OPERATOR)
    assert (await operator.post(path, {"role": "operator"})).code == "enter.point"
    assert (await operator.post(path, {"role": "operator", "point": "d3"})).code == "enter.point_unknown"
    assert (await operator.post(path, {"role": "organizer"})).code == "enter.role"
    assert (await operator.post(path, {"role": "king"})).code == "request.invalid"


async def test_an_operator_is_told_which_conferences_there_are_and_no_more(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    conference = await booked(organizer, soon)
    operator = await site.signed_in(Role.OPERATOR)
    [listed] = (await operator.get("/api/conferences")).json
    assert listed == {name: conference[name] for name in ("id", "title", "state", "times")}
    assert (await operator.get(f"/api/conferences/{conference['id']}")).code == "role.missing"


async def test_a_conference_that_is_not_there_is_not_found_anywhere(organizer: Visitor, soon: dict[str, str]) -> None:
    path = f"/api/conferences/{uuid.uuid4()}"
    for request in (
        organizer.get(path),
        organizer.get(f"{path}/links"),
        organizer.get(f"{path}/attendance"),
        organizer.get(f"{path}/attendance.csv"),
        organizer.get(f"{path}/quality.csv"),
        organizer.get(f"{path}/feed"),
        organizer.post(f"{path}/cancel"),
        organizer.ask("PUT", f"{path}/times", json={"times": soon}),
    ):
        reply = await request
        assert (reply.status, reply.code) == (404, "conference.unknown")


async def test_a_chair_is_appointed_with_the_version_that_was_read(
    site: Website, organizer: Visitor, soon: dict[str, str]
) -> None:
    chair = await site.signed_in(Role.CHAIR, username="minh")
    people = (await organizer.get("/api/chairs")).json
    assert people == [{"username": "minh", "name": "Người minh"}]
    assert (await chair.get("/api/chairs")).status == 403
    await site.signed_in(Role.OPERATOR, username="hoa")
    known = [one["username"] for one in (await chair.get("/api/people")).json]
    assert known == ["minh", "organizer"]
    conference = await booked(organizer, soon, units=["c1"])
    path = f"/api/conferences/{conference['id']}/chair"
    tag = {"If-Match": f'"{conference["version"]}"'}
    appointed = await organizer.ask("PUT", path, json={"username": "minh"}, headers=tag)
    assert (appointed.status, appointed.json["chair"], appointed.headers["ETag"]) == (200, "minh", '"2"')
    late = await organizer.ask("PUT", path, json={"username": None}, headers=tag)
    assert (late.status, late.code) == (409, "conference.changed")
    assert (await chair.ask("PUT", path, json={"username": "minh"})).status == 403
    for nobody in ("organizer", "nobody"):
        refused = await organizer.ask("PUT", path, json={"username": nobody})
        assert (refused.status, refused.code) == (400, "chair.unknown")
    both = {"title": "Khác", "times": soon, "units": ["c2"], "chair": "minh"}
    refused = await organizer.post("/api/bookings", both)
    assert (refused.status, refused.code) == (409, "chair.elsewhere")
    assert refused.json["data"]["conference"] == conference["id"]
    released = await organizer.ask("PUT", path, json={"username": None})
    assert released.json["chair"] is None
