"""Incidents from samples to people: one for each cause, kept over a restart, with an owner and a history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.database import Database
from core.messages import PRESENCE, SAMPLES, PresenceChanged, SampleBatch
from core.model import ConferenceId, LegId, LinkSample, Participant, Presence, Role, point_participant
from tests.integration.test_web_monitoring import watching
from tests.support.polling import UNIT, eventually
from tests.support.website import Visitor, Website, running_website, times_of

HALLS = 12
ILL = [f"d{n}" for n in range(1, 7)]
NOBODY = "00000000-0000-4000-8000-000000000009"


async def _country(database: Database) -> None:
    """Two provinces under the centre; each has six communes with a point: d1 to d6 and d7 to d12."""
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('tw', 'Trung ương', 'centre')")
    for province, first in (("p1", 1), ("p2", 7)):
        await database.pool.execute(
            "INSERT INTO unit (code, name, kind, parent) VALUES ($1, 'Tỉnh ' || $1, 'province', 'tw')", province
        )
        await database.pool.execute(
            "INSERT INTO unit (code, name, kind, parent)"
            " SELECT 'c' || n, 'Xã ' || n, 'commune', $1 FROM generate_series($2::int, $2::int + 5) n",
            province,
            first,
        )
    await database.pool.execute(
        "INSERT INTO bridge_point (code, name, unit, seats)"
        " SELECT 'd' || n, 'Điểm ' || n, 'c' || n, 30 FROM generate_series(1, $1) n",
        HALLS,
    )


def _hall(code: str) -> Participant:
    return Participant(id=point_participant(code), role=Role.OPERATOR, name=f"Điểm {code}", point=code)


def _sample(site: Website, conference: ConferenceId, code: str, ill: list[str]) -> LinkSample:
    loss = 0.3 if code in ill else 0.0
    return LinkSample(
        conference=conference,
        participant=point_participant(code),
        leg=LegId(f"l-{code}"),
        at=site.clock.now(),
        kbps_up=900,
        kbps_down=2_000,
        loss_up=loss,
        loss_down=loss,
        jitter_up_ms=3,
        jitter_down_ms=3,
        rtt_ms=20,
    )


@asynccontextmanager
async def _taking_part(site: Website, conference: ConferenceId, ill: list[str]) -> AsyncIterator[None]:
    """All halls are in, and their lines are sampled; those of `ill` lose a third of their packets."""
    codes = [f"d{n}" for n in range(1, HALLS + 1)]
    for code in codes:
        news = PresenceChanged(
            conference=conference, participant=_hall(code), presence=Presence.PRESENT, at=site.clock.now()
        )
        site.bus.publish(PRESENCE, news)

    async def sampled() -> None:
        for _ in count():
            samples = tuple(_sample(site, conference, code, ill) for code in codes)
            site.bus.publish(SAMPLES, SampleBatch(at=site.clock.now(), samples=samples))
            await asyncio.sleep(0.5)

    sampling = asyncio.create_task(sampled())
    try:
        yield
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)


async def _booked(site: Website) -> ConferenceId:
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    reply = await organizer.post("/api/conferences", {"title": "Giao ban", "times": times, "units": ["tw"]})
    return ConferenceId(reply.json["id"])


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
    await _country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await _booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with _taking_part(site, conference, ILL):
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
        async with _taking_part(site, conference, ILL):
            await _dealt_with(site, technician, conference, kept["incident"])


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


async def test_it_closes_when_the_conference_ends(database: Database, tmp_path: Path) -> None:
    await _country(database)
    async with running_website(database, tmp_path, sample_seconds=0.5) as site:
        conference = await _booked(site)
        technician = await site.signed_in(Role.TECHNICIAN)
        async with _taking_part(site, conference, ["d3"]):

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
    await _country(database)
    async with running_website(database, tmp_path) as site:
        conference = await _booked(site)
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
