"""Where points stand, and what happened to one, from the real database and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.database import Database
from core.messages import PRESENCE, PresenceChanged
from core.model import ConferenceId, Participant, Presence, Role, point_participant
from tests.support.polling import eventually
from tests.support.website import Visitor, Website, running_website, times_of

HALL = Participant(id=point_participant("d1"), role=Role.OPERATOR, name="Điểm 1", point="d1")


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(3)
        yield site


@pytest.fixture
async def conference(site: Website) -> ConferenceId:
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    body = {"title": "Hội nghị", "times": times, "points": ["d1", "d2"]}
    reply = await organizer.post("/api/conferences", body)
    return ConferenceId(reply.json["id"])


@pytest.fixture
async def technician(site: Website) -> Visitor:
    return await site.signed_in(Role.TECHNICIAN)


async def test_the_map_has_the_booked_points_and_the_units_above_them_only(
    technician: Visitor, conference: ConferenceId
) -> None:
    reply = await technician.get(f"/api/conferences/{conference}/map")
    assert [(p["code"], p["unit"]) for p in reply.json["points"]] == [("d1", "c1"), ("d2", "c2")]
    assert {(u["code"], u["parent"]) for u in reply.json["units"]} == {("p", None), ("c1", "p"), ("c2", "p")}


async def test_a_story_tells_presence(site: Website, technician: Visitor, conference: ConferenceId) -> None:
    now = site.clock.now()
    site.bus.publish(
        PRESENCE, PresenceChanged(conference=conference, participant=HALL, presence=Presence.PRESENT, at=now)
    )
    path = f"/api/conferences/{conference}/points/d1/story"

    async def why() -> str | None:
        events = (await technician.get(path)).json["events"]
        return None if [e["what"] for e in events] == ["joined"] else f"{events}"

    await eventually(why)


async def test_what_an_endpoint_said_is_read_back_thinned_out(
    database: Database, technician: Visitor, conference: ConferenceId
) -> None:
    path = f"/api/conferences/{conference}/points/d1/endpoint"
    assert (await technician.get(path)).json == {"moments": []}
    await database.pool.execute(
        "INSERT INTO endpoint_sample"
        " (conference, participant, at, seconds, freezes, fps, concealed, camera, microphone)"
        " SELECT $1::text::uuid, 'point:d1', now() - n * interval '2 seconds', 2, 0, 25, 0.01, 'ok', 'ok'"
        " FROM generate_series(0, 2999) n",
        conference,
    )
    short = (await technician.get(f"{path}?minutes=10")).json["moments"]
    assert len(short) == 300
    assert short[-1].items() >= {"fps": 25, "frozen_share": None, "concealed": pytest.approx(0.01)}.items()
    long = (await technician.get(f"{path}?minutes=100")).json["moments"]
    assert 500 <= len(long) <= 600
    assert [one["at"] for one in long] == sorted(one["at"] for one in long)
    assert (await technician.get(f"{path}?minutes=0")).status == 400
    assert (await technician.get(path.replace("d1", "d3"))).code == "point.unknown"


async def test_what_is_not_there_is_named(technician: Visitor, conference: ConferenceId) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await technician.get(f"/api/conferences/{unknown}/map")).code == "conference.unknown"
    assert (await technician.get(f"/api/conferences/{unknown}/points/d1/story")).code == "conference.unknown"
    assert (await technician.get(f"/api/conferences/{conference}/points/d3/story")).code == "point.unknown"


async def test_an_operator_may_not_read_it(site: Website, conference: ConferenceId) -> None:
    operator = await site.signed_in(Role.OPERATOR)
    assert (await operator.get(f"/api/conferences/{conference}/map")).status == 403
