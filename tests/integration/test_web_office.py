"""The organizer's office over HTTP: once-only booking, changes, approval, audiences, free time, maintenance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.model import Role
from tests.support.website import Visitor, Website, running_website, times_of


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(4)
        yield site


@pytest.fixture
async def organizer(site: Website) -> Visitor:
    return await site.signed_in(Role.ORGANIZER)


def _tomorrow(hours: float = 0) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=1, hours=hours)


def _booking(*points: str, start: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {"title": "Họp", "times": times_of(start or _tomorrow()), "points": points, **more}


async def test_the_same_key_books_once(organizer: Visitor) -> None:
    request = _booking("d1")
    key = {"Idempotency-Key": "k1"}
    first = await organizer.post("/api/bookings", request, headers=key)
    again = await organizer.post("/api/bookings", request, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    other = await organizer.post("/api/bookings", _booking("d2"), headers=key)
    assert (other.status, other.code) == (409, "request.key_reused")


async def test_all_but_the_clashing_ones_are_booked_on_request(organizer: Visitor) -> None:
    start = _tomorrow()
    await organizer.post("/api/bookings", _booking("d1", start=start))
    reply = await organizer.post("/api/bookings", _booking("d1", "d2", start=start, leave_out_clashing=True))
    assert [p["code"] for p in reply.json["conference"]["points"]] == ["d2"]
    assert [clash["point"] for clash in reply.json["left_out"]] == ["d1"]


async def test_a_change_needs_the_version_that_was_read(organizer: Visitor) -> None:
    booked = await organizer.post("/api/bookings", _booking("d1"))
    path = f"/api/conferences/{booked.json['conference']['id']}"
    tag = (await organizer.get(path)).headers["ETag"]
    changed = await organizer.ask("PATCH", path, json={"title": "Họp mới"}, headers={"If-Match": tag})
    assert changed.json["conference"]["title"] == "Họp mới"
    assert changed.headers["ETag"] != tag
    late = await organizer.ask("PATCH", path, json={"title": "Khác"}, headers={"If-Match": tag})
    assert (late.status, late.code) == (409, "conference.changed")
    odd = await organizer.ask("PATCH", path, json={"title": "Khác"}, headers={"If-Match": 'W/"x"'})
    assert (odd.status, odd.code) == (400, "request.value")
    history = await organizer.get(path + "/changes")
    assert [entry["action"] for entry in history.json] == ["booked", "changed"]
    assert history.json[1]["changes"] == [{"field": "title", "old": "Họp", "new": "Họp mới"}]


async def test_extending_into_the_next_booking_names_it(organizer: Visitor) -> None:
    start = _tomorrow()
    first = await organizer.post("/api/bookings", _booking("d1", start=start))
    await organizer.post("/api/bookings", _booking("d1", start=start + timedelta(hours=3)))
    path = f"/api/conferences/{first.json['conference']['id']}/extend"
    assert (await organizer.post(path, {"minutes": 10})).status == 200
    refused = await organizer.post(path, {"minutes": 60})
    assert (refused.status, refused.code) == (409, "booking.clash")
    assert refused.json["data"]["next"]["point"] == "d1"


async def test_a_chair_extends_only_its_own_conferences(site: Website, organizer: Visitor) -> None:
    chair = await site.signed_in(Role.CHAIR, username="minh")
    other = await site.signed_in(Role.CHAIR, username="ha")
    booked = await organizer.post("/api/bookings", _booking("d1"))
    path = f"/api/conferences/{booked.json['conference']['id']}"
    before = await chair.post(path + "/extend", {"minutes": 10})
    assert (before.status, before.code) == (403, "extend.not_yours")
    await site.database.pool.execute("UPDATE conference SET state = 'open'")
    assert (await chair.post(path + "/enter", {"role": "chair"})).status == 200
    assert (await chair.post(path + "/extend", {"minutes": 10})).status == 200
    assert (await other.post(path + "/extend", {"minutes": 10})).code == "extend.not_yours"
    assert (await organizer.post(path + "/extend", {"minutes": 10})).status == 200
    unknown = await other.post("/api/conferences/00000000-0000-4000-8000-000000000000/extend", {"minutes": 10})
    assert (unknown.status, unknown.code) == (404, "conference.unknown")


async def test_moving_and_cancelling_need_the_version_that_was_read_too(organizer: Visitor) -> None:
    start = _tomorrow()
    booked = await organizer.post("/api/bookings", _booking("d1", start=start))
    path = f"/api/conferences/{booked.json['conference']['id']}"
    seen = (await organizer.get(path)).headers["ETag"]
    times = {"times": times_of(start + timedelta(hours=4))}
    moved = await organizer.ask("PUT", path + "/times", json=times, headers={"If-Match": seen})
    assert (moved.status, moved.headers["ETag"] != seen) == (200, True), moved.body
    for method, what in (("PUT", "/times"), ("POST", "/cancel")):
        late = await organizer.ask(method, path + what, json=times, headers={"If-Match": seen})
        assert (late.status, late.code) == (409, "conference.changed")
    cancelled = await organizer.ask("POST", path + "/cancel", headers={"If-Match": moved.headers["ETag"]})
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")


async def test_a_chair_is_appointed_to_one_conference_at_a_time(site: Website, organizer: Visitor) -> None:
    start = _tomorrow()
    paths = []
    for point in ("d1", "d2"):
        booked = await organizer.post("/api/bookings", _booking(point, start=start))
        paths.append(f"/api/conferences/{booked.json['conference']['id']}")
    first, second = paths
    chair = await site.signed_in(Role.CHAIR, username="minh")
    assert (await organizer.get(first)).json["chair"] is None
    appointed = await organizer.ask("PUT", first + "/chair", json={"username": "minh"})
    assert (appointed.status, appointed.json["chair"]) == (200, "minh")
    taken = await organizer.ask("PUT", second + "/chair", json={"username": "minh"})
    assert (taken.status, taken.code) == (409, "chair.elsewhere")
    odd = await organizer.ask("PUT", second + "/chair", json={"username": "nobody"})
    assert (odd.status, odd.code) == (400, "chair.unknown")
    assert (await chair.post(first + "/extend", {"minutes": 10})).status == 200
    assert (await chair.post(second + "/extend", {"minutes": 10})).code == "extend.not_yours"
    assert (await chair.ask("PUT", second + "/chair", json={"username": "minh"})).status == 403
    await organizer.ask("PUT", first + "/chair", json={"username": None})
    assert (await organizer.ask("PUT", second + "/chair", json={"username": "minh"})).status == 200


async def test_an_appointed_chair_keeps_the_seat_from_other_chairs(site: Website, organizer: Visitor) -> None:
    booked = await organizer.post("/api/bookings", _booking("d1"))
    path = f"/api/conferences/{booked.json['conference']['id']}"
    chair = await site.signed_in(Role.CHAIR, username="minh")
    other = await site.signed_in(Role.CHAIR, username="ha")
    administrator = await site.signed_in(Role.CHAIR, Role.ADMINISTRATOR, username="root")
    seat = {"role": "chair"}
    assert (await other.post(path + "/enter", seat)).status == 200  # nobody was appointed
    await organizer.ask("PUT", path + "/chair", json={"username": "minh"})
    refused = await other.post(path + "/enter", seat)
    assert (refused.status, refused.code) == (403, "chair.appointed")
    assert refused.json["data"] == {"chair": "minh", "name": "Người minh"}
    for may in (chair, administrator):
        assert (await may.post(path + "/enter", seat)).status == 200
    await organizer.ask("PUT", path + "/chair", json={"username": "ha"})
    assert (await other.post(path + "/enter", seat)).status == 200
    assert (await chair.post(path + "/enter", seat)).code == "chair.appointed"


async def test_who_first_enters_an_open_conference_without_a_chair_has_its_seat(
    site: Website, organizer: Visitor
) -> None:
    booked = await organizer.post("/api/bookings", _booking("d1"))
    path = f"/api/conferences/{booked.json['conference']['id']}"
    await site.database.pool.execute("UPDATE conference SET state = 'open'")
    people = [await site.signed_in(Role.CHAIR, username=name) for name in ("minh", "ha")]
    replies = await asyncio.gather(*(one.post(path + "/enter", {"role": "chair"}) for one in people))
    assert sorted(reply.status for reply in replies) == [200, 403]


async def test_a_draft_holds_nothing_until_it_is_submitted(organizer: Visitor) -> None:
    start = _tomorrow()
    draft = await organizer.post("/api/bookings", _booking("d1", start=start, draft=True))
    assert draft.json["conference"]["state"] == "draft"
    assert (await organizer.post("/api/bookings", _booking("d1", start=start))).status == 201
    path = f"/api/conferences/{draft.json['conference']['id']}/submit"
    refused = await organizer.post(path, {})
    assert (refused.status, refused.code) == (409, "booking.clash")


async def test_a_unit_approves_the_bookings_of_its_points(site: Website, organizer: Visitor) -> None:
    approver = await site.signed_in(Role.ORGANIZER, username="lan")
    await organizer.ask("PUT", "/api/approvals/p", json={"demanded": True})
    rules = await organizer.ask("PUT", "/api/approvals/p/approvers", json={"username": "lan", "appointed": True})
    assert rules.json == [{"unit": "p", "demanded": True, "approvers": ["lan"]}]
    booked = await organizer.post("/api/bookings", _booking("d1"))
    conference = booked.json["conference"]
    assert conference["state"] == "requested"
    assert [c["id"] for c in (await approver.get("/api/approvals/waiting")).json] == [conference["id"]]
    path = f"/api/conferences/{conference['id']}/decide"
    not_hers = await organizer.post(path, {"granted": True})
    assert (not_hers.status, not_hers.code) == (403, "approval.not_yours")
    granted = await approver.post(path, {"granted": True, "note": "được"})
    assert granted.json["state"] == "confirmed"


async def test_a_pasted_list_and_a_saved_audience_come_to_points(organizer: Visitor) -> None:
    chosen = await organizer.post("/api/choose", {"pasted": "điểm 1\nDIEM 2\nkhông có"})
    assert [p["code"] for p in chosen.json["points"]] == ["d1", "d2"]
    assert [line["line"] for line in chosen.json["unknown"]] == [3]
    saved = await organizer.post("/api/audiences", {"name": "Ven biển", "choice": {"points": ["d3"]}})
    assert saved.status == 201
    both = await organizer.post("/api/choose", {"units": ["p"], "except_points": ["d1"], "audiences": ["Ven biển"]})
    assert both.json["count"] == 3
    path = f"/api/audiences/{saved.json['id']}"
    renamed = await organizer.ask("PUT", path, json={"name": "Đảo", "choice": {"points": ["d3"]}})
    assert renamed.json["name"] == "Đảo"
    assert (await organizer.ask("DELETE", path)).json == []
    gone = await organizer.ask("DELETE", path)
    assert (gone.status, gone.code) == (404, "choosing.unknown_audience")


async def test_maintenance_holds_points_and_free_time_goes_around_it(organizer: Visitor) -> None:
    start = _tomorrow()
    window = await organizer.post(
        "/api/maintenance",
        {
            "reason": "Thay micro",
            "start": start.isoformat(),
            "stop": (start + timedelta(hours=4)).isoformat(),
            "points": ["d1"],
        },
    )
    assert window.status == 201, window.body
    refused = await organizer.post("/api/bookings", _booking("d1", start=start + timedelta(hours=1)))
    assert refused.json["data"]["clashes"][0]["maintenance"] == window.json["id"]
    request = {
        "minutes": 60,
        "earliest": start.isoformat(),
        "latest": (start + timedelta(days=1)).isoformat(),
        "choice": {"points": ["d1"]},
        "hours": None,
        "count": 1,
    }
    found = await organizer.post("/api/free-time", request)
    assert datetime.fromisoformat(found.json["windows"][0]["start"]) >= start + timedelta(hours=4)
    query = {"start": start.isoformat(), "stop": (start + timedelta(hours=1)).isoformat()}
    assert len((await organizer.get("/api/maintenance", params=query)).json) == 1
    assert (await organizer.post(f"/api/maintenance/{window.json['id']}/end")).status == 200
    assert (await organizer.get("/api/maintenance", params=query)).json == []
