"""Headcounts over HTTP: who may say what, what stays in the history, and what the database refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.database import Database
from core.identity import JoinRight, Signer
from core.messages import PRESENCE, PresenceChanged
from core.model import CHAIR, ConferenceId, Participant, PointCode, Presence, Role, point_participant
from monitor.headcount import service
from tests.support.polling import eventually
from tests.support.website import SECRET, Reply, Website, running_website, times_of


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(3)
        yield site


@pytest.fixture
async def conference(site: Website) -> ConferenceId:
    organizer = await site.signed_in(Role.ORGANIZER)
    body = {"title": "Hội nghị", "times": times_of(site.clock.now() + timedelta(minutes=1)), "points": ["d1", "d2"]}
    return ConferenceId((await organizer.post("/api/conferences", body)).json["id"])


def hall_of(point: str) -> Participant:
    return Participant(id=point_participant(point), role=Role.OPERATOR, name=f"Điểm {point}", point=PointCode(point))


def link(site: Website, conference: ConferenceId, who: Participant, hours: float = 1) -> str:
    right = JoinRight(conference=conference, participant=who)
    token = Signer(SECRET).join_token(right, site.clock.now() + timedelta(hours=hours))
    return f"/api/joins/{token}/headcount"


async def declare(site: Website, path: str, declared: Any) -> Reply:
    return await (await site.visitor()).ask("PUT", path, json={"declared": declared})


async def test_an_operator_declares_by_the_join_link_and_the_consoles_see_the_sums(
    site: Website, conference: ConferenceId
) -> None:
    own = link(site, conference, hall_of("d1"))
    before = await (await site.visitor()).get(own)
    unlisted = {"listed": 0, "verified": 0, "absent": 0}
    assert before.json == {"point": "d1", "name": "Điểm 1", "expected": 30, "declared": None, **unlisted}
    assert (await declare(site, own, 32)).json["declared"] == 32
    chair = await site.signed_in(Role.CHAIR)
    seen = (await chair.get(f"/api/conferences/{conference}/headcounts")).json
    assert seen["total"] == {"points": 2, "answered": 1, "present": 0, "expected": 60, "declared": 32, **unlisted}
    assert {u["code"]: u["sum"]["declared"] for u in seen["units"]} == {"p": 32, "c1": 32, "c2": 0}
    assert [(r["point"], r["declared"], r["by"]) for r in seen["rows"]] == [("d1", 32, "point:d1"), ("d2", None, None)]
    short = (await chair.get(f"/api/conferences/{conference}/headcounts?sums_only=true")).json
    assert (short["total"], short["rows"], short["units"]) == (seen["total"], [], [])


async def test_a_correction_needs_a_reason_and_leaves_what_was_said_in_the_history(
    site: Website, conference: ConferenceId
) -> None:
    await declare(site, link(site, conference, hall_of("d1")), 32)
    chair = await site.signed_in(Role.CHAIR, username="chutoa")
    path = f"/api/conferences/{conference}/points/d1/headcount"
    assert (await chair.ask("PUT", path, json={"declared": 31, "why": " "})).code == "headcount.reason"
    assert (await chair.ask("PUT", path, json={"why": "đếm lại"})).code == "headcount.nothing"
    assert (await chair.ask("PUT", path, json={"expected": 35, "why": "thêm ghế"})).json["declared"] == 32
    corrected = (await chair.ask("PUT", path, json={"declared": 31, "why": "đếm lại"})).json
    assert (corrected["expected"], corrected["declared"]) == (35, 31)
    entries = (await chair.get(f"{path}/history")).json["entries"]
    assert [(e["expected"], e["declared"], e["by"], e["why"]) for e in entries] == [
        (None, 31, "chutoa", "đếm lại"),
        (35, None, "chutoa", "thêm ghế"),
        (None, 32, "point:d1", ""),
    ]


async def test_only_organizers_and_the_chair_correct_and_only_organizers_set_the_quorum(
    site: Website, conference: ConferenceId
) -> None:
    path, body = f"/api/conferences/{conference}/points/d1/headcount", {"declared": 1, "why": "x"}
    rule = {"rule": {"of": "delegates", "share": 0.5}}
    for role, may_correct, may_rule in (
        (Role.ORGANIZER, 200, 200),
        (Role.CHAIR, 200, 403),
        (Role.TECHNICIAN, 403, 403),
        (Role.OPERATOR, 403, 403),
    ):
        person = await site.signed_in(role)
        assert (await person.ask("PUT", path, json=body)).status == may_correct
        assert (await person.ask("PUT", f"/api/conferences/{conference}/quorum", json=rule)).status == may_rule
    stranger = await site.visitor()
    assert (await stranger.ask("PUT", path, json=body)).code == "sign_in.needed"
    assert (await stranger.get(f"/api/conferences/{conference}/headcounts")).code == "sign_in.needed"


async def test_a_link_is_good_for_its_own_hall_only_and_while_the_conference_lasts(
    site: Website, conference: ConferenceId
) -> None:
    chair = Participant(id=CHAIR, role=Role.CHAIR, name="Chủ tọa")
    assert (await declare(site, link(site, conference, chair), 5)).code == "headcount.not_a_hall"
    assert (await declare(site, link(site, conference, hall_of("d3")), 5)).code == "point.unknown"
    assert (await declare(site, link(site, conference, hall_of("d1"), hours=-1), 5)).code == "join.expired"
    assert (await declare(site, "/api/joins/x/headcount", 5)).code == "join.invalid"
    assert (await declare(site, link(site, conference, hall_of("d1")), 100_001)).status == 400
    organizer = await site.signed_in(Role.ORGANIZER)
    assert (await organizer.post(f"/api/conferences/{conference}/cancel")).status == 200
    assert (await declare(site, link(site, conference, hall_of("d1")), 5)).code == "conference.over"


async def test_a_quorum_of_points_is_reached_when_they_are_there(site: Website, conference: ConferenceId) -> None:
    organizer = await site.signed_in(Role.ORGANIZER)
    path = f"/api/conferences/{conference}/quorum"
    rule = {"rule": {"of": "points", "share": 0.5}}
    state = (await organizer.ask("PUT", path, json=rule)).json["quorum"]
    assert (state["needed"], state["have"], state["reached"]) == (1, 0, False)
    here = PresenceChanged(
        conference=conference, participant=hall_of("d1"), presence=Presence.PRESENT, at=site.clock.now()
    )
    site.bus.publish(PRESENCE, here)

    async def why_not() -> str | None:
        seen = (await organizer.get(f"/api/conferences/{conference}/headcounts")).json
        return None if seen["quorum"]["reached"] and seen["rows"][0]["present"] else str(seen)

    await eventually(why_not)
    assert (await organizer.ask("PUT", path, json={"rule": None})).json["quorum"] is None


async def test_a_link_that_says_too_much_is_stopped(
    site: Website, conference: ConferenceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_ENTRIES", 2)
    own = link(site, conference, hall_of("d1"))
    assert [(await declare(site, own, n)).status for n in range(3)] == [200, 200, 409]


async def test_the_report_has_both_figures(site: Website, conference: ConferenceId) -> None:
    await declare(site, link(site, conference, hall_of("d1")), 32)
    organizer = await site.signed_in(Role.ORGANIZER)
    reply = await organizer.get(f"/api/conferences/{conference}/report.csv?section=attendance&language=en")
    header, first, second = reply.body.decode("utf-8-sig").splitlines()
    assert header.split(",")[3:5] == ["Delegates expected", "Delegates declared"]
    assert (first.split(",")[3:5], second.split(",")[3:5]) == (["30", "32"], ["30", ""])


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("headcount_says_something", "NULL, NULL, now(), 'point:d1', ''"),
        ("headcount_expected_in_range", "-1, NULL, now(), 'point:d1', ''"),
        ("headcount_declared_in_range", "NULL, 100001, now(), 'point:d1', ''"),
        ("headcount_why_length", "NULL, 1, now(), 'lan', repeat('x', 201)"),
        ("headcount_correction_has_a_reason", "NULL, 1, now(), 'lan', ''"),
    ],
)
async def test_the_database_refuses_illegal_rows(
    site: Website, conference: ConferenceId, constraint: str, values: str
) -> None:
    statement = f"INSERT INTO headcount (conference, point, expected, declared, at, by, why) VALUES ($1, 1, {values})"
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await site.database.pool.execute(statement, conference)
    assert caught.value.constraint_name == constraint


@pytest.mark.parametrize(
    ("constraint", "values"),
    [("headcount_quorum_of_known", "'people', 0.5"), ("headcount_quorum_share_in_range", "'points', 1.1")],
)
async def test_the_database_refuses_illegal_quorums(
    site: Website, conference: ConferenceId, constraint: str, values: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await site.database.pool.execute(f"INSERT INTO headcount_quorum VALUES ($1, {values})", conference)
    assert caught.value.constraint_name == constraint


async def test_what_was_said_cannot_be_changed(site: Website, conference: ConferenceId) -> None:
    await declare(site, link(site, conference, hall_of("d1")), 32)
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await site.database.pool.execute("UPDATE headcount SET declared = 33")
    assert caught.value.constraint_name == "headcount_only_grows"
