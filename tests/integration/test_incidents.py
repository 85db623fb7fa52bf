"""Incidents from samples to people: one for each cause, kept over a restart, with an owner and a history."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.database import Database
from core.messages import NodeLoad
from core.model import ConferenceId, PointCode, Role
from monitor.incidents.assessing import assess_equipment
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Cause, CauseKind, EntryKind, IncidentId, Likely
from monitor.incidents.store import IncidentStore
from monitor.incidents.tracked import Change
from tests.integration.test_web_monitoring import watching
from tests.support.polling import UNIT, eventually
from tests.support.province import (
    BY_NODE,
    BY_PROVIDER,
    HALLS,
    ILL,
    add_country,
    add_plan,
    add_providers,
    booked,
    taking_part,
)
from tests.support.website import Visitor, Website, running_website

NOBODY = "00000000-0000-4000-8000-000000000009"


async def _open(visitor: Visitor, conference: ConferenceId) -> list[Any]:
    reply = await visitor.get(f"/api/conferences/{conference}/incidents")
    assert reply.status == 200, reply.body
    return [one for one in reply.json["incidents"] if one["incident"]["state"] == "open"]


async def _told(visitor: Visitor, conference: ConferenceId) -> list[Any]:
    """The incidents of the first event that has all six members."""
    async with asyncio.timeout(60 * UNIT), watching(visitor, conference) as events:
        while True:
            name, said = await events.next()
            if name == "incidents" and said["incidents"] and len(said["incidents"][0]["members"]) == len(ILL):
                return list(said["incidents"])


async def test_a_bad_province_is_one_incident_that_outlives_a_restart(database: Database, tmp_path: Path) -> None:
    await add_country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, ILL):
            (told,) = await _told(technician, conference)
            assert told["incident"]["cause"] == {"kind": "unit", "code": "p1"}
            assert told["incident"]["cause_name"] == "Tỉnh p1"
            assert told["members"] == ILL
            assert "call_operator" in told["actions"]
            (listed,) = await _open(technician, conference)
            assert listed["incident"]["id"] == told["incident"]["id"]

    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        technician = await site.signed_in(Role.TECHNICIAN)
        (kept,) = await _open(technician, conference)
        assert (kept["incident"]["id"], kept["members"]) == (told["incident"]["id"], ILL)
        async with taking_part(site, conference, ILL):
            await _dealt_with(site, technician, conference, kept["incident"])

    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, [*ILL, "d9"]):
            # What a person closed is not told again while it lasts; another hall's own, which takes longer, is.
            await eventually(lambda: _why_not_only(technician, conference, {"kind": "line", "code": "d9"}), units=60)


async def _why_not_only(visitor: Visitor, conference: ConferenceId, cause: dict[str, str]) -> str | None:
    causes = [one["incident"]["cause"] for one in await _open(visitor, conference)]
    assert {"kind": "unit", "code": "p1"} not in causes
    return None if causes == [cause] else f"open: {causes}"


async def _dealt_with(site: Website, technician: Visitor, conference: ConferenceId, kept: Any) -> None:
    at = f"/api/conferences/{conference}/incidents/{kept['id']}"
    chair = await site.signed_in(Role.CHAIR)
    assert (await chair.get(at)).status == 200
    assert (await chair.post(f"{at}/acknowledge", {"version": kept["version"]})).code == "role.missing"

    seen = await technician.post(f"{at}/acknowledge", {"version": kept["version"]})
    assert (seen.status, seen.json["incident"]["acknowledged_by"]) == (200, "technician")
    late = await technician.post(f"{at}/own", {"version": kept["version"]})
    assert late.code == "incident.changed"
    taken = await technician.post(f"{at}/own", {"version": seen.json["incident"]["version"]})
    assert taken.json["incident"]["owner"] == "technician"
    text = {"version": taken.json["incident"]["version"], "text": "Đã gọi nhà mạng"}
    noted = await technician.post(f"{at}/note", text)
    closed = await technician.post(f"{at}/close", {"version": noted.json["incident"]["version"]})
    assert (closed.json["incident"]["state"], closed.json["incident"]["closed_by"]) == ("closed", "technician")
    assert (await technician.post(f"{at}/note", text)).code == "incident.over"
    by_people = [(e["kind"], e["by"], e["text"]) for e in closed.json["history"] if e["by"]]
    assert by_people == [
        ("acknowledged", "technician", ""),
        ("owned", "technician", ""),
        ("noted", "technician", "Đã gọi nhà mạng"),
        ("closed", "technician", ""),
    ]
    assert closed.json["history"][0]["kind"] == "opened"
    assert await _open(technician, conference) == []


@pytest.mark.parametrize(
    ("kind", "code", "name", "halls"),
    [
        ("provider", "Viettel", "Viettel", BY_PROVIDER["Viettel"]),
        ("node", "n1", "Nút n1", BY_NODE["n1"]),
    ],
)
async def test_all_halls_of_one_provider_or_node_are_one_incident(
    database: Database, tmp_path: Path, kind: str, code: str, name: str, halls: tuple[int, ...]
) -> None:
    await add_country(database)
    await add_providers(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await booked(site)
        await add_plan(database, conference)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, [f"d{n}" for n in halls]):
            (told,) = await _told(technician, conference)
            (listed,) = await _open(technician, conference)
    for one in (told, listed):
        assert one["incident"]["cause"] == {"kind": kind, "code": code}
        assert one["incident"]["cause_name"] == name
        assert set(one["members"]) == {f"d{n}" for n in halls}


@pytest.mark.parametrize(
    ("load", "likely"),
    [
        (NodeLoad(cores=0.99, late_ms=12), "node_overloaded"),
        (NodeLoad(cores=0.4, late_ms=90), "node_overloaded"),
        (NodeLoad(cores=0.4, late_ms=2), "path_loss"),
    ],
)
async def test_all_halls_of_a_node_that_is_in_no_plan_are_one_incident_and_its_load_says_why(
    database: Database, tmp_path: Path, load: NodeLoad, likely: str
) -> None:
    await add_country(database)
    everywhere = [f"d{n}" for n in range(1, HALLS + 1)]
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, everywhere, node="1", load=load):

            async def why_not() -> str | None:
                found = [one["incident"] for one in await _open(technician, conference)]
                told = [(one["cause"], one["assessment"]["likely"], one["assessment"]["affected"]) for one in found]
                wanted = [({"kind": "node", "code": "1"}, likely, HALLS)]
                return None if told == wanted else f"{told}"

            await eventually(why_not, units=60)


async def test_the_first_halls_own_incident_is_folded_under_its_provinces_for_good(
    database: Database, tmp_path: Path
) -> None:
    await add_country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        ill = ["d1"]
        async with taking_part(site, conference, ill):
            own = {"kind": "line", "code": "d1"}
            await eventually(lambda: _why_not_only(technician, conference, own), units=60)
            [first] = await _open(technician, conference)
            ill += ILL[1:]
            (common,) = await _told(technician, conference)
        await _is_folded(technician, conference, first["incident"]["id"], common["incident"]["id"])

    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, ILL):
            await _is_folded(technician, conference, first["incident"]["id"], common["incident"]["id"])


async def _is_folded(visitor: Visitor, conference: ConferenceId, first: str, common: str) -> None:
    [only] = await _open(visitor, conference)
    assert (only["incident"]["id"], only["incident"]["cause"]["code"]) == (common, "p1")
    at = f"/api/conferences/{conference}/incidents"
    folded, whole = await visitor.get(f"{at}/{first}"), await visitor.get(f"{at}/{common}")
    assert (folded.status, whole.status) == (200, 200)
    assert (folded.json["incident"]["state"], folded.json["incident"]["folded_into"]) == ("folded", common)
    assert [entry["kind"] for entry in folded.json["history"]][-1] == "folded"
    assert (whole.json["incident"]["state"], whole.json["incident"]["folded_into"]) == ("open", None)
    assert {member["point"] for member in whole.json["members"] if member["until"] is None} == set(ILL)


async def test_all_faults_of_a_halls_equipment_are_kept_over_a_restart(database: Database, tmp_path: Path) -> None:
    await add_country(database)
    async with running_website(database, tmp_path) as site:
        conference = await booked(site)
        faults, hall = (Likely.MICROPHONE_DEAD, Likely.CPU_LIMITED), PointCode("d1")
        broken = Evidence(hall, conference, Condition.GOOD, equipment=faults)
        cause = Cause(kind=CauseKind.EQUIPMENT, code=hall)
        opened = Change(EntryKind.OPENED, IncidentId(NOBODY), cause, assess_equipment(broken), {hall: broken})
        store = IncidentStore(database)
        await store.save(opened, "Điểm d1", site.clock.now())
        [kept] = await store.left_open()
        assert kept.members[hall].equipment == faults
        assert kept.assessment.causes == faults


async def test_it_closes_when_the_conference_ends(database: Database, tmp_path: Path) -> None:
    await add_country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with taking_part(site, conference, ["d3"]):

            async def alone() -> str | None:
                causes = [one["incident"]["cause"] for one in await _open(technician, conference)]
                return None if causes == [{"kind": "line", "code": "d3"}] else f"open: {causes}"

            await eventually(alone, units=60)
        organizer = await site.signed_in(Role.ORGANIZER)
        assert (await organizer.post(f"/api/conferences/{conference}/cancel")).status == 200

        async def over() -> str | None:
            return "still open" if await _open(technician, conference) else None

        await eventually(over, units=20)


async def test_an_incident_is_known_only_in_its_conference(database: Database, tmp_path: Path) -> None:
    await add_country(database)
    async with running_website(database, tmp_path) as site:
        conference = await booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        at = f"/api/conferences/{conference}/incidents"
        for path in (f"{at}/{NOBODY}", f"{at}/x"):
            assert (await technician.get(path)).code == "incident.unknown"
            assert (await technician.post(f"{path}/close", {"version": 1})).code == "incident.unknown"
        assert (await technician.get(f"/api/conferences/{NOBODY}/incidents")).code == "conference.unknown"


ROW = (
    "INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed, figures, opened_at{more})"
    " VALUES ('{id}', '{kind}', 'c', 'n', '{state}', 'unknown', '{severity}', 1, 1, '{{}}', now(){values})"
)
GOOD = {"id": NOBODY, "kind": "line", "state": "open", "severity": "minor", "more": "", "values": ""}
OTHER = "00000000-0000-4000-8000-000000000008"
MEMBER = "INSERT INTO incident_member VALUES ('{id}', 'd1', '{id}', now(), NULL, '{condition}')"
ILLEGAL = [
    ("incident_kind_known", ROW.format_map(GOOD | {"kind": "moon"})),
    ("incident_state_known", ROW.format_map(GOOD | {"state": "gone"})),
    ("incident_severity_known", ROW.format_map(GOOD | {"severity": "odd"})),
    ("incident_closed_has_a_time", ROW.format_map(GOOD | {"state": "closed"})),
    (
        "incident_acknowledged_by_somebody",
        ROW.format_map(GOOD | {"more": ", acknowledged_at", "values": ", now()"}),
    ),
    ("incident_former_known", ROW.format_map(GOOD | {"more": ", former", "values": f", '{OTHER}'"})),
    ("incident_folded_into_known", ROW.format_map(GOOD | {"more": ", folded_into", "values": f", '{OTHER}'"})),
    ("incident_once_per_cause", f"{ROW.format_map(GOOD)}; {ROW.format_map(GOOD | {'id': OTHER})}"),
    ("incident_member_incident_known", MEMBER.format(id=NOBODY, condition="poor")),
    ("incident_member_condition_known", f"{ROW.format_map(GOOD)}; {MEMBER.format(id=NOBODY, condition='odd')}"),
    ("incident_event_incident_known", f"INSERT INTO incident_event VALUES ('{NOBODY}', 1, now(), 'noted')"),
    (
        "incident_event_text_length",
        f"{ROW.format_map(GOOD)}; "
        f"INSERT INTO incident_event VALUES ('{NOBODY}', 1, now(), 'noted', 'lan', repeat('x', 1001))",
    ),
]


@pytest.mark.parametrize(("constraint", "statement"), ILLEGAL)
async def test_an_illegal_row_is_refused_by_name(database: Database, constraint: str, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await database.pool.execute(statement)
    assert caught.value.constraint_name == constraint
