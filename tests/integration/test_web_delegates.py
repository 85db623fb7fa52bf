"""Delegates over HTTP: the list, the hall's desk, scanned codes, own links, and what is told to the pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.database import Database
from core.identity import JoinRight, Signer
from core.model import ConferenceId, Participant, PointCode, Role, point_participant
from monitor.delegates import service
from tests.support.polling import eventually
from tests.support.website import SECRET, Reply, Visitor, Website, running_website, times_of

LIST = "code,name,point,position,organisation\n" + "".join(
    f"DB{n},Đại biểu {n},d{1 + n % 2},Ủy viên,Đoàn {n % 3}\n" for n in range(1, 7)
)


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(3)
        yield site


@pytest.fixture
async def organizer(site: Website) -> Visitor:
    return await site.signed_in(Role.ORGANIZER)


@pytest.fixture
async def conference(site: Website, organizer: Visitor) -> ConferenceId:
    return await booked(site, organizer, minutes=1)


async def booked(
    site: Website, organizer: Visitor, minutes: int, points: tuple[str, ...] = ("d1", "d2")
) -> ConferenceId:
    body = {"title": "Hội nghị", "times": times_of(site.clock.now() + timedelta(minutes=minutes)), "points": points}
    return ConferenceId((await organizer.post("/api/conferences", body)).json["id"])


async def load(organizer: Visitor, conference: str, text: str = LIST, dry_run: bool = False) -> Reply:
    path = f"/api/conferences/{conference}/delegates?dry_run={'true' if dry_run else 'false'}"
    return await organizer.ask("POST", path, data=text.encode(), headers={"X-File-Name": "dai-bieu.csv"})


def desk(site: Website, conference: ConferenceId, point: str = "d1") -> str:
    who = Participant(id=point_participant(point), role=Role.OPERATOR, name=f"Điểm {point}", point=PointCode(point))
    right = JoinRight(conference=conference, participant=who)
    return f"/api/joins/{Signer(SECRET).join_token(right, site.clock.now() + timedelta(hours=1))}"


async def ticket(organizer: Visitor, conference: str, code: str) -> str:
    shown = (await organizer.get(f"/api/conferences/{conference}/delegates/{code}/ticket")).json
    assert len(shown["qr"]) == len(shown["qr"][0])
    return str(shown["url"])


def code_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


async def total(organizer: Visitor, conference: str) -> dict[str, int]:
    return dict((await organizer.get(f"/api/conferences/{conference}/headcounts?sums_only=true")).json["total"])


async def test_a_file_is_tried_first_then_loaded_then_loaded_again_by_code(
    organizer: Visitor, conference: ConferenceId
) -> None:
    tried = (await load(organizer, conference, dry_run=True)).json
    assert (tried["applied"], tried["added"], (await total(organizer, conference))["listed"]) == (False, 6, 0)
    assert (await load(organizer, conference)).json["applied"]
    assert {k: v for k, v in (await total(organizer, conference)).items() if k in ("listed", "expected")} == {
        "listed": 6,
        "expected": 6,
    }
    bad = (await load(organizer, conference, "code,name,point\nDB1,X,d3\n")).json
    assert (bad["applied"], bad["problems"][0]["code"], bad["problems"][0]["row"]) == (
        False,
        "delegates.unknown_point",
        2,
    )
    again = (await load(organizer, conference, "code,name,point\nDB1,Tên mới,d1\n")).json
    assert (again["applied"], again["updated"], again["unmentioned"]) == (True, 1, 5)
    found = (await organizer.get(f"/api/conferences/{conference}/delegates?q=ten moi")).json
    assert [(d["code"], d["point"], d["position"]) for d in found["delegates"]] == [("DB1", "d1", "Ủy viên")]
    file = await organizer.get(f"/api/conferences/{conference}/delegates.csv")
    back = (await load(organizer, conference, file.body.decode("utf-8-sig"))).json
    assert (back["applied"], back["unchanged"], back["problem_count"]) == (True, 6, 0)


async def test_the_hall_checks_in_corrects_and_gives_reasons_and_all_of_it_stays_known(
    site: Website, organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    hall, own = await site.visitor(), desk(site, conference)
    seen = (await hall.get(f"{own}/delegates")).json
    assert [d["code"] for d in seen["delegates"]] == ["DB2", "DB4", "DB6"]
    assert (seen["hall"]["listed"], seen["over"], seen["title"]) == (3, False, "Hội nghị")
    here = await hall.ask("PUT", f"{own}/delegates/DB2", json={"state": "present"})
    assert (here.json["state"], here.json["way"], here.json["by"]) == ("present", "desk", "point:d1")
    assert (await hall.ask("PUT", f"{own}/delegates/DB4", json={"state": "absent"})).code == "delegate.reason"
    away = await hall.ask("PUT", f"{own}/delegates/DB4", json={"state": "absent", "reason": "Đi công tác"})
    assert away.json["reason"] == "Đi công tác"
    assert (await hall.ask("PUT", f"{own}/delegates/DB1", json={"state": "present"})).code == "delegate.unknown"
    sums = await total(organizer, conference)
    assert (sums["listed"], sums["verified"], sums["absent"]) == (6, 1, 1)
    path = f"/api/conferences/{conference}/delegates/DB4"
    await organizer.ask("PUT", path, json={"state": "present"})
    await hall.ask("PUT", f"{own}/delegates/DB4", json={"state": "awaited"})
    words = (await organizer.get(f"{path}/history")).json["words"]
    assert [(w["state"], w["reason"], w["way"], w["by"]) for w in words] == [
        ("awaited", "", "desk", "point:d1"),
        ("present", "", "console", "organizer"),
        ("absent", "Đi công tác", "desk", "point:d1"),
    ]


async def test_saying_the_same_twice_is_said_once(
    site: Website, organizer: Visitor, conference: ConferenceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(organizer, conference)
    hall, path = await site.visitor(), f"{desk(site, conference)}/delegates/DB2"
    replies = await asyncio.gather(*(hall.ask("PUT", path, json={"state": "present"}) for _ in range(10)))
    assert {reply.status for reply in replies} == {200}
    assert await site.database.pool.fetchval("SELECT count(*) FROM delegate_word") == 1
    monkeypatch.setattr(service, "MAX_WORDS", 2)
    assert (await hall.ask("PUT", path, json={"state": "awaited"})).status == 200
    assert (await hall.ask("PUT", path, json={"state": "present"})).code == "delegate.full"


async def test_a_scanned_code_checks_in_at_its_own_hall_only(
    site: Website, organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    hall, url = await site.visitor(), await ticket(organizer, conference, "DB2")
    assert "DB2" not in url
    assert "%" not in url
    other = desk(site, conference, "d2")
    wrong = await hall.post(f"{other}/scan", {"text": url})
    assert (wrong.code, wrong.json["data"]["point"]) == ("delegate.other_point", "Điểm 1")
    own = desk(site, conference)
    for text in (url, code_of(url)):
        scanned = await hall.post(f"{own}/scan", {"text": text})
        assert (scanned.json["code"], scanned.json["state"], scanned.json["way"]) == ("DB2", "present", "scan")
    for text in ("hello", "http://x/d/" + "A" * 24):
        assert (await hall.post(f"{own}/scan", {"text": text})).code == "ticket.invalid"
    second = await booked(site, organizer, minutes=1, points=("d3",))
    assert (await hall.post(f"{desk(site, second, 'd3')}/scan", {"text": url})).code == "ticket.invalid"
    cards = (await hall.get(f"{own}/tickets")).json
    assert next(card["url"] for card in cards) == url
    assert len(cards) == 3


async def test_a_delegate_checks_in_by_their_link_until_it_is_replaced_or_the_conference_is_over(
    site: Website, organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    phone, url = await site.visitor(), await ticket(organizer, conference, "DB2")
    path = f"/api/tickets/{code_of(url)}"
    before = (await phone.get(path)).json
    assert (before["name"], before["point_name"], before["state"], before["open"]) == (
        "Đại biểu 2",
        "Điểm 1",
        "awaited",
        True,
    )
    after = (await phone.post(path)).json
    assert after["state"] == "present"
    assert after["at"]
    renewed = (await organizer.post(f"/api/conferences/{conference}/delegates/DB2/ticket")).json["url"]
    assert (await phone.get(path)).code == (await phone.post(path)).code == "ticket.invalid"
    assert (await phone.get(f"/api/tickets/{code_of(renewed)}")).json["state"] == "present"
    await organizer.post(f"/api/conferences/{conference}/cancel")
    assert (await phone.get(f"/api/tickets/{code_of(renewed)}")).code == "ticket.expired"
    hall = await site.visitor()
    assert (await hall.ask("PUT", f"{desk(site, conference)}/delegates/DB2", json={"state": "awaited"})).code == (
        "conference.over"
    )
    late = f"/api/conferences/{conference}/delegates/DB2"
    assert (await organizer.ask("PUT", late, json={"state": "absent", "reason": "nhầm"})).json["state"] == "absent"


async def test_a_link_does_not_check_in_before_the_doors_open(site: Website, organizer: Visitor) -> None:
    conference = await booked(site, organizer, minutes=120)
    await load(organizer, conference)
    path = f"/api/tickets/{code_of(await ticket(organizer, conference, 'DB2'))}"
    phone = await site.visitor()
    assert (await phone.get(path)).json["open"] is False
    assert (await phone.post(path)).code == "ticket.early"


async def test_only_somebody_of_whom_nothing_was_said_is_taken_off_the_list(
    organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    path = f"/api/conferences/{conference}/delegates"
    await organizer.ask("PUT", f"{path}/DB1", json={"state": "present"})
    assert (await organizer.ask("DELETE", f"{path}/DB1")).code == "delegate.has_history"
    assert (await organizer.ask("DELETE", f"{path}/DB2")).status == 204
    assert (await organizer.ask("DELETE", f"{path}/DB2")).code == "delegate.unknown"
    assert (await total(organizer, conference))["listed"] == 5


async def test_who_may_see_and_do_what(site: Website, organizer: Visitor, conference: ConferenceId) -> None:
    await load(organizer, conference)
    path = f"/api/conferences/{conference}/delegates"
    for role, may_say, may_load in ((Role.CHAIR, 200, 403), (Role.TECHNICIAN, 403, 403), (Role.OPERATOR, 403, 403)):
        person = await site.signed_in(role)
        assert (await person.ask("PUT", f"{path}/DB1", json={"state": "present"})).status == may_say
        assert (await load(person, conference)).status == may_load
        assert (await person.get(f"{path}/DB1/ticket")).status == may_load
        assert (await person.get(f"{path}.csv")).status == may_load
    assert (await (await site.visitor()).get(path)).code == "sign_in.needed"


async def test_a_quorum_of_verified_delegates(organizer: Visitor, conference: ConferenceId) -> None:
    await load(organizer, conference)
    rule = {"rule": {"of": "verified", "share": 0.5}}
    path = f"/api/conferences/{conference}"
    state = (await organizer.ask("PUT", f"{path}/quorum", json=rule)).json["quorum"]
    assert (state["needed"], state["have"], state["reached"]) == (3, 0, False)
    for code in ("DB1", "DB2", "DB3"):
        await organizer.ask("PUT", f"{path}/delegates/{code}", json={"state": "present"})
    state = (await organizer.get(f"{path}/headcounts?sums_only=true")).json["quorum"]
    assert (state["have"], state["reached"]) == (3, True)
    file = (await organizer.get(f"{path}/delegates.csv")).body.decode("utf-8-sig")
    assert sorted(line.count("Người organizer") for line in file.splitlines()) == [0, 0, 0, 0, 1, 1, 1]


async def test_a_snapshot_keeps_the_figures_of_its_moment(
    site: Website, organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    path = f"/api/conferences/{conference}"
    await organizer.ask("PUT", f"{path}/delegates/DB1", json={"state": "present"})
    chair = await site.signed_in(Role.CHAIR, username="chutoa")
    taken = await chair.post(f"{path}/snapshots", {"item": "Khai mạc"})
    assert (taken.status, taken.json["number"], taken.json["total"]["verified"]) == (201, 1, 1)
    await organizer.ask("PUT", f"{path}/delegates/DB2", json={"state": "present"})
    assert (await chair.post(f"{path}/snapshots", {"item": "Biểu quyết"})).json["number"] == 2
    kept = (await organizer.get(f"{path}/snapshots")).json["snapshots"]
    assert [(s["item"], s["by"], s["total"]["verified"]) for s in kept] == [
        ("Khai mạc", "chutoa", 1),
        ("Biểu quyết", "chutoa", 2),
    ]
    first = (await organizer.get(f"{path}/snapshots/1")).json
    assert [(r["point"], r["verified"]) for r in first["rows"]] == [("d1", 0), ("d2", 1)]
    assert (await organizer.get(f"{path}/snapshots/3")).code == "snapshot.unknown"
    assert (await organizer.get(f"{path}/snapshots/x")).code == "snapshot.unknown"
    assert (await organizer.post(f"{path}/snapshots", {"item": " "})).code == "snapshot.item"
    technician = await site.signed_in(Role.TECHNICIAN)
    assert (await technician.post(f"{path}/snapshots", {"item": "x"})).status == 403


async def test_the_feed_tells_what_changed_and_nothing_else(
    site: Website, organizer: Visitor, conference: ConferenceId
) -> None:
    await load(organizer, conference)
    news: list[dict[str, Any]] = []

    async def follow() -> None:
        async with organizer.http.get(f"{site.base}/api/conferences/{conference}/feed?only=people") as reply:
            name = ""
            async for line in reply.content:
                text = line.decode().strip()
                name = text.removeprefix("event: ") if text.startswith("event: ") else name
                if text.startswith("data: "):
                    news.append({"event": name, **json.loads(text.removeprefix("data: "))})

    def heard(verified: int) -> Any:
        async def check() -> str | None:
            told = [one["total"]["verified"] for one in news if one["event"] == "headcounts"]
            return None if told[-1:] == [verified] else f"heard {told}"

        return check

    following = asyncio.create_task(follow())
    try:
        path = f"/api/conferences/{conference}/delegates"
        await organizer.ask("PUT", f"{path}/DB1", json={"state": "present"})
        await eventually(heard(1))
        await organizer.ask("PUT", f"{path}/DB3", json={"state": "present"})
        await eventually(heard(2))
    finally:
        following.cancel()
    last = news[-1]
    assert [row["point"] for row in last["rows"]] == ["d2"]
    assert {unit["code"] for unit in last["units"]} == {"p", "c2"}
    assert {one["event"] for one in news} <= {"snapshot", "headcounts"}


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("delegate_absent_has_a_reason", "UPDATE delegate SET state = 'absent'"),
        ("delegate_state_known", "UPDATE delegate SET state = 'x'"),
        ("delegate_way_known", "UPDATE delegate SET way = 'x'"),
        ("delegate_ticket_in_range", "UPDATE delegate SET ticket = 0"),
        ("delegate_code_form", "UPDATE delegate SET code = 'a b'"),
        ("delegate_name_length", "UPDATE delegate SET name = ''"),
        ("delegate_position_length", "UPDATE delegate SET position = repeat('x', 201)"),
        ("delegate_organisation_length", "UPDATE delegate SET organisation = repeat('x', 201)"),
        ("delegate_word_only_grows", "UPDATE delegate_word SET reason = ''"),
        ("headcount_snapshot_stays", "UPDATE headcount_snapshot SET item = 'x'"),
    ],
)
async def test_the_database_refuses_illegal_rows(
    site: Website, organizer: Visitor, conference: ConferenceId, constraint: str, statement: str
) -> None:
    await load(organizer, conference)
    await organizer.ask("PUT", f"/api/conferences/{conference}/delegates/DB1", json={"state": "present"})
    await organizer.post(f"/api/conferences/{conference}/snapshots", {"item": "Khai mạc"})
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await site.database.pool.execute(statement)
    assert caught.value.constraint_name == constraint
