"""Series, templates, plans and the directory's history over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from core.database import Database
from core.model import Role
from tests.support.website import Visitor, Website, running_website, times_of

NODE = {"name": "Nút tỉnh", "unit": "p", "legs": 600, "kbps": 1_000_000}


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(4)
        yield site


@pytest.fixture
async def organizer(site: Website) -> Visitor:
    return await site.signed_in(Role.ORGANIZER)


def _start() -> datetime:
    return (datetime.now(UTC) + timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)


def _series(*points: str, **more: Any) -> dict[str, Any]:
    return {"title": "Giao ban", "first": times_of(_start()), "rule": "FREQ=DAILY;COUNT=3", "points": points, **more}


async def _booked(organizer: Visitor, *points: str, start: datetime | None = None) -> dict[str, Any]:
    request = {"title": "Họp", "times": times_of(start or _start()), "points": points}
    reply = await organizer.post("/api/bookings", request)
    assert reply.status == 201, reply.body
    conference: dict[str, Any] = reply.json["conference"]
    return conference


async def test_a_series_shows_the_clash_of_one_occurrence_before_it_is_booked(organizer: Visitor) -> None:
    await _booked(organizer, "d1", start=_start() + timedelta(days=1))
    preview = await organizer.post("/api/series/preview", _series("d1", "d2"))
    assert [one["count"] for one in preview.json["occurrences"]] == [0, 1, 0]
    refused = await organizer.post("/api/series", _series("d1", "d2"))
    assert (refused.status, refused.code) == (409, "series.clash")
    booked = await organizer.post("/api/series", _series("d2"), headers={"Idempotency-Key": "s"})
    again = await organizer.post("/api/series", _series("d2"), headers={"Idempotency-Key": "s"})
    assert booked.status == 201
    assert booked.json["series"]["id"] == again.json["series"]["id"]


async def test_one_the_following_or_all_occurrences_are_changed(organizer: Visitor) -> None:
    series = (await organizer.post("/api/series", _series("d1"))).json["series"]
    first, second, third = (one["id"] for one in series["occurrences"])
    path = f"/api/conferences/{second}/series"
    tag = (await organizer.get(f"/api/conferences/{second}")).headers["ETag"]
    request = {"scope": "following", "change": {"title": "Đổi tên"}}
    changed = await organizer.ask("PATCH", path, json=request, headers={"If-Match": tag})
    assert changed.json["changed"] == [second, third]
    late = await organizer.ask("PATCH", path, json=request, headers={"If-Match": tag})
    assert (late.status, late.code) == (409, "conference.changed")
    cancelled = await organizer.post(f"/api/conferences/{first}/series/cancel", {"scope": "this"})
    assert cancelled.json["changed"] == [first]
    shown = (await organizer.get(f"/api/series/{series['id']}")).json["occurrences"]
    assert [(one["title"], one["state"]) for one in shown] == [
        ("Giao ban", "cancelled"),
        ("Đổi tên", "confirmed"),
        ("Đổi tên", "confirmed"),
    ]
    alone = await _booked(organizer, "d2")
    none = await organizer.post(f"/api/conferences/{alone['id']}/series/cancel", {"scope": "all"})
    assert (none.status, none.code) == (404, "series.unknown")


async def test_a_whole_series_is_invited(organizer: Visitor) -> None:
    series = (await organizer.post("/api/series", _series("d1"))).json["series"]
    sent = await organizer.post(f"/api/series/{series['id']}/invitations", {})
    assert sent.json["conferences"] == [one["id"] for one in series["occurrences"]]
    unknown = await organizer.post("/api/series/nothing/invitations", {})
    assert (unknown.status, unknown.code) == (404, "series.unknown")


async def test_templates_are_kept_and_booked_from(organizer: Visitor) -> None:
    conference = await _booked(organizer, "d1", "d2")
    saved = await organizer.post("/api/templates", {"conference": conference["id"], "name": "Giao ban tuần"})
    assert (saved.status, saved.json["points"]) == (201, ["d1", "d2"])
    taken = await organizer.post("/api/templates", {"conference": conference["id"], "name": "Giao ban tuần"})
    assert (taken.status, taken.code) == (409, "template.name_taken")
    path = f"/api/templates/{saved.json['id']}"
    assert (await organizer.get(path)).json == saved.json
    again = {"start": (_start() + timedelta(days=7)).isoformat()}
    booked = await organizer.post(path + "/book", again)
    assert (booked.status, booked.headers["ETag"]) == (201, '"1"')
    clash = await organizer.post(f"/api/conferences/{conference['id']}/again", again)
    assert (clash.status, clash.code) == (409, "booking.clash")
    assert [one["points"] for one in (await organizer.get("/api/templates")).json] == [2]
    assert (await organizer.ask("DELETE", path)).json == []
    gone = await organizer.get(path)
    assert (gone.status, gone.code) == (404, "template.unknown")


async def test_a_conference_is_planned_explained_and_compared(organizer: Visitor) -> None:
    put = await organizer.ask("PUT", "/api/nodes/n1", json=NODE)
    assert (put.status, put.json["conferences"]) == (200, []), put.body
    conference = await _booked(organizer, "d1", "d2")
    path = f"/api/conferences/{conference['id']}/plan"
    plan = (await organizer.get(path)).json
    assert {one["point"]: one["node"] for one in plan["plan"]["assignments"]} == {"d1": "n1", "d2": "n1"}
    why = await organizer.get(path + "/points/d1")
    assert (why.json["node"], why.json["alternatives"]) == ("n1", [])
    wish = {"profile": "light", "lightest": "voice", "chair_unit": None}
    assert (await organizer.ask("PUT", path + "/wish", json=wish)).json["profile"] == "light"
    assert (await organizer.get(path + "/wish")).json == wish
    numbers = [one["number"] for one in (await organizer.get(path + "s")).json]
    assert numbers == [2, 1]
    refs = {name: {"conference": conference["id"], "number": n} for name, n in (("before", 1), ("after", 2))}
    difference = (await organizer.post("/api/plans/compare", refs)).json
    assert (difference["profile_before"], difference["profile_after"]) == ("standard", "light")
    assert (await organizer.get(path + "/problems")).json == {"problems": []}
    refused = await organizer.ask("DELETE", "/api/nodes/n1")
    assert (refused.status, refused.code) == (409, "plan.node_in_use")


async def test_a_booking_beyond_a_line_is_refused_naming_the_limit(site: Website, organizer: Visitor) -> None:
    await organizer.ask("PUT", "/api/nodes/n1", json=NODE)
    await site.database.pool.execute("UPDATE unit SET uplink_kbps = 100 WHERE code = 'c1'")
    request = {"title": "Họp", "times": times_of(_start()), "points": ["d1", "d2"]}
    refused = await organizer.post("/api/bookings", request)
    assert (refused.status, refused.code) == (409, "plan.over_capacity")
    assert "c1" in str(refused.json["data"])


async def test_nodes_and_their_maintenance_come_and_go(site: Website, organizer: Visitor) -> None:
    unknown = await organizer.ask("PUT", "/api/nodes/n1", json={**NODE, "unit": "nowhere"})
    assert (unknown.status, unknown.code) == (400, "plan.unknown_unit")
    await organizer.ask("PUT", "/api/nodes/n1", json=NODE)
    stop = _start() + timedelta(hours=4)
    window = {"node": "n1", "start": _start().isoformat(), "stop": stop.isoformat(), "reason": "Thay nguồn"}
    added = await organizer.post("/api/node-maintenance", window)
    assert added.status == 201
    assert len((await organizer.get("/api/node-maintenance", params={"node": "n1"})).json) == 1
    assert (await organizer.ask("DELETE", f"/api/node-maintenance/{added.json['window']['id']}")).json == []
    for path in ("/api/node-maintenance/999", "/api/node-maintenance/x", "/api/nodes/n2"):
        assert (await organizer.ask("DELETE", path)).status == 404
    assert (await organizer.ask("DELETE", "/api/nodes/n1")).json == []
    chair = await site.signed_in(Role.CHAIR)
    assert (await chair.get("/api/nodes")).status == 200
    assert (await chair.ask("PUT", "/api/nodes/n1", json=NODE)).status == 403
    assert [one["name"] for one in (await chair.get("/api/profiles")).json] == ["full", "standard", "light", "voice"]


async def test_a_point_is_shown_in_full(organizer: Visitor) -> None:
    point = (await organizer.get("/api/points/d1")).json
    assert (point["code"], point["operators"]) == ("d1", [])
    unknown = await organizer.get("/api/points/no-such")
    assert (unknown.status, unknown.code) == (404, "directory.unknown_point")


async def test_the_directory_is_a_spreadsheet_that_the_import_takes_back(organizer: Visitor) -> None:
    reply = await organizer.get("/api/directory.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(reply.body)).worksheets[0]
    assert any("d1" in row for row in sheet.iter_rows(values_only=True))
    taken = await organizer.ask(
        "POST", "/api/directory", data=reply.body, headers={"X-File-Name": "directory.xlsx"}, params={"dry_run": "true"}
    )
    assert (taken.json["problems"], taken.json["points_new"]) == ([], 0)


async def test_merged_units_stay_known(organizer: Visitor) -> None:
    merged = await organizer.post("/api/units/merge", {"units": ["c1", "c2"], "into": "c1", "name": "Xã Mới"})
    assert (merged.status, merged.json["name"]) == (200, "Xã Mới"), merged.body
    history = (await organizer.get("/api/units/c1/history")).json
    assert [one["name"] for one in history["before"]] == ["Xã 1"]
    assert [one["code"] for one in history["predecessors"]] == ["c2"]
    assert (await organizer.get("/api/units/c2/history")).json["before"][0]["successor"] == "c1"
    unknown = await organizer.get("/api/units/nowhere/history")
    assert (unknown.status, unknown.code) == (404, "directory.unknown_unit")
