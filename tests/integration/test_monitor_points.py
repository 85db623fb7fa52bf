"""Where points stand, and what happened to one, from the real database and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
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
    assert (await technician.get(path.replace("/d1/", "/d3/"))).code == "point.unknown"


async def test_a_month_of_a_line_is_read_back_by_the_hour_with_its_worst_minute(
    database: Database, technician: Visitor, conference: ConferenceId
) -> None:
    await database.pool.execute(
        "INSERT INTO line_minute (conference, participant, minute, samples, good, fair, poor, kbps_up, kbps_down,"
        " loss_up, loss_down, rtt_ms, reports, frozen_share, fps)"
        " SELECT $1::text::uuid, 'point:d1', timestamptz '2026-03-02 01:00Z' + n * interval '1 min', 30, 28, 1, 1, 40,"
        " 900, 0.001, CASE n WHEN 70 THEN 0.2 ELSE 0.002 END, 20, 30, NULL, 25 FROM generate_series(0, 149) n",
        conference,
    )
    path = "/api/points/d1/record?begins=2026-03-01T00:00:00Z"
    month = (await technician.get(f"{path}&ends=2026-04-01T00:00:00Z")).json
    assert month["step_seconds"] == 3_600
    assert [(one["at"], one["minutes"]) for one in month["moments"]] == [
        ("2026-03-02T01:00:00Z", 60),
        ("2026-03-02T02:00:00Z", 60),
        ("2026-03-02T03:00:00Z", 30),
    ]
    first, second, _ = month["moments"]
    assert first["worst_loss"] == pytest.approx(0.002)
    assert second["worst_loss"] == pytest.approx(0.2)
    assert second["loss_down"] == pytest.approx(0.0053)
    assert (first["good"], first["fair"], first["poor"]) == (1_680, 60, 60)
    assert (first["disturbed"], first["fps"]) == (None, 25)
    hours = (await technician.get("/api/points/d1/record?begins=2026-03-02T01:30:00Z&ends=2026-03-02T03:30:00Z")).json
    assert (hours["step_seconds"], len(hours["moments"])) == (60, 120)


async def test_a_record_tells_conferences_joins_and_incidents_in_its_time(
    site: Website, database: Database, technician: Visitor, conference: ConferenceId
) -> None:
    now = site.clock.now()
    await database.pool.execute(
        "INSERT INTO presence_interval (conference, participant, name, role, point, joined_at, last_seen, left_at, how)"
        " SELECT $1::text::uuid, 'point:d1', 'd1', 'operator', 'd1', at, at + interval '1 h', at + interval '1 h',"
        " 'failed' FROM unnest($2::timestamptz[]) at",
        conference,
        [now - timedelta(days=40), now - timedelta(minutes=70)],
    )
    await database.pool.execute(
        "WITH made AS (INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed,"
        " figures, opened_at) VALUES (gen_random_uuid(), 'unit', 'c1', 'Xã 1', 'open', 'path_loss', 'major', 1, 1,"
        " '{}', $2) RETURNING id)"
        " INSERT INTO incident_member (incident, point, conference, since, condition)"
        " SELECT id, 'd1', $1::text::uuid, $2, 'poor' FROM made",
        conference,
        now - timedelta(minutes=30),
    )
    begins = (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ends = (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    record = (await technician.get(f"/api/points/d1/record?begins={begins}&ends={ends}")).json
    assert [one["id"] for one in record["conferences"]] == [conference]
    assert [(one["what"], one["how"]) for one in record["events"]] == [("joined", None), ("left", "failed")]
    assert [(one["cause"]["code"], one["likely"], one["until"]) for one in record["incidents"]] == [
        ("c1", "path_loss", None)
    ]
    assert record["complete"] is True
    other = (await technician.get(f"/api/points/d3/record?begins={begins}&ends={ends}")).json
    assert other["conferences"] == other["events"] == other["incidents"] == other["moments"] == []


@pytest.mark.parametrize(
    ("point", "ends", "code"),
    [
        ("d1", "2026-03-01T00:00:00Z", "record.span"),
        ("d1", "2026-04-03T00:00:00Z", "record.span"),
        ("d1", "yesterday", "request.invalid"),
        ("nobody", "2026-03-02T00:00:00Z", "point.unknown"),
    ],
)
async def test_a_record_that_cannot_be_told_is_refused(technician: Visitor, point: str, ends: str, code: str) -> None:
    reply = await technician.get(f"/api/points/{point}/record?begins=2026-03-01T00:00:00Z&ends={ends}")
    assert reply.code == code


async def _held(database: Database, title: str, start: datetime, points: dict[str, list[tuple[float, float]]]) -> str:
    """A conference of an hour; of each of its points the losses up and down by the minute, none where not measured."""
    held = str(
        await database.pool.fetchval(
            "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by,"
            " booked_at, changed_by, changed_at) VALUES (gen_random_uuid(), $1, 'closed', $2, $2, $3, $3, 'o', $2, 'o',"
            " $2) RETURNING id",
            title,
            start,
            start + timedelta(hours=1),
        )
    )
    for code, losses in points.items():
        await database.pool.execute(
            "INSERT INTO reservation (conference, point, during)"
            " SELECT $1::text::uuid, number, tstzrange($2, $3) FROM bridge_point WHERE code = $4",
            held,
            start,
            start + timedelta(hours=1),
            code,
        )
        for number, (up, down) in enumerate(losses):
            await database.pool.execute(
                "INSERT INTO line_minute (conference, participant, minute, samples, reports, good, fair, poor, kbps_up,"
                " kbps_down, loss_up, loss_down, rtt_ms) VALUES ($1::text::uuid, $2,"
                " date_trunc('minute', $3::timestamptz) + $4 * interval '1 min', 30, 0, 20, 6, 4, $5, $6, $7, $8, $9)",
                held,
                f"point:{code}",
                start,
                number,
                100.0 * (number + 1),
                1_000.0 * (number + 1),
                up,
                down,
                10.0 * (number + 1),
            )
    return held


async def test_a_point_is_compared_with_the_latest_earlier_conference_in_which_it_was_measured(
    site: Website, database: Database, technician: Visitor, conference: ConferenceId
) -> None:
    path = f"/api/conferences/{conference}/points/{{}}/last-time"
    assert (await technician.get(path.format("d1"))).json == {"last": None}

    now, day = site.clock.now(), timedelta(days=1)
    bad, fine = [(0.5, 0.5)], [(0.0, 0.01), (0.04, 0.02), (0.03, 0.0)]
    first = await _held(database, "Phiên trước nữa", now - 9 * day, {"d1": bad, "d2": bad})
    latest = await _held(database, "Phiên trước", now - 3 * day, {"d1": fine, "d3": bad})
    await _held(database, "Không đo được", now - 2 * day, {"d1": []})
    await _held(database, "Phiên khác", now - day, {"d3": bad})
    await _held(database, "Phiên sau", now + 9 * day, {"d1": bad})

    last = (await technician.get(path.format("d1"))).json["last"]
    assert (last["conference"], last["title"]) == (latest, "Phiên trước")
    # The middle of three minutes; of each minute the worse of both directions counts: 1, 4 and 3 %.
    expected = {"kbps_up": 200.0, "kbps_down": 2_000.0, "loss": 0.03, "rtt_ms": 20.0, "good": 2 / 3}
    assert {name: last[name] for name in expected} == pytest.approx(expected)
    other = (await technician.get(path.format("d2"))).json["last"]
    assert (other["conference"], other["loss"]) == (first, pytest.approx(0.5))
    assert (await technician.get(path.format("d3"))).code == "point.unknown"


async def test_what_is_not_there_is_named(technician: Visitor, conference: ConferenceId) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await technician.get(f"/api/conferences/{unknown}/map")).code == "conference.unknown"
    assert (await technician.get(f"/api/conferences/{unknown}/points/d1/story")).code == "conference.unknown"
    assert (await technician.get(f"/api/conferences/{conference}/points/d3/story")).code == "point.unknown"


async def test_an_operator_may_not_read_it(site: Website, conference: ConferenceId) -> None:
    operator = await site.signed_in(Role.OPERATOR)
    assert (await operator.get(f"/api/conferences/{conference}/map")).status == 403
