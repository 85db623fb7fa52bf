"""The live feed and the records, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import pytest

from core.database import Database
from core.messages import (
    CONFERENCE_WARNING,
    FLOOR,
    PRESENCE,
    SAMPLES,
    ConferenceWarning,
    FloorMoved,
    PresenceChanged,
    SampleBatch,
)
from core.model import (
    ConferenceId,
    LegId,
    LinkSample,
    Participant,
    Presence,
    Role,
    point_participant,
)
from core.session_messages import ParticipantRef
from tests.support.polling import eventually
from tests.support.website import Visitor, Website, running_website, times_of
from web import routes_monitoring

HALL = Participant(id=point_participant("d1"), role=Role.OPERATOR, name="Điểm 1", point="d1")


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        await site.add_points(2)
        yield site


@pytest.fixture
async def conference(site: Website) -> ConferenceId:
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    reply = await organizer.post("/api/conferences", {"title": "=Hội nghị", "times": times, "units": ["p"]})
    return ConferenceId(reply.json["id"])


@pytest.fixture
async def technician(site: Website) -> Visitor:
    return await site.signed_in(Role.TECHNICIAN)


class Events:
    """Reads server-sent events one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def block(self) -> str:
        """The next block of lines."""
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(self._response.content.readline(), 10)).decode()
            if not line:
                raise EOFError
            if line == "\n":
                return "".join(lines)
            lines.append(line)

    async def next(self) -> tuple[str, Any]:
        """The next event's name and data; the sums of people come at a pace of their own and are left out."""
        while True:
            block = await self.block()
            if block.startswith("event: ") and not block.startswith("event: headcounts"):
                name, data = block.splitlines()
                return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@asynccontextmanager
async def watching(visitor: Visitor, conference: ConferenceId) -> AsyncIterator[Events]:
    url = f"{visitor.base}/api/conferences/{conference}/feed"
    async with visitor.http.get(url) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        yield Events(response)


def here(site: Website, conference: ConferenceId, presence: Presence = Presence.PRESENT) -> PresenceChanged:
    return PresenceChanged(conference=conference, participant=HALL, presence=presence, at=site.clock.now())


def samples(site: Website, conference: ConferenceId) -> SampleBatch:
    now = site.clock.now()
    sample = LinkSample(
        conference=conference, participant=HALL.id, leg=LegId("l1"), at=now, kbps_up=900, kbps_down=2_000, rtt_ms=18
    )
    return SampleBatch(at=now, samples=(sample,))


async def test_a_page_gets_the_whole_state_and_then_what_changes(
    site: Website, conference: ConferenceId, technician: Visitor
) -> None:
    site.bus.publish(PRESENCE, here(site, conference))
    await eventually(lambda: None if site.monitor.snapshot(conference).presence else "the monitor has not heard yet")
    async with watching(technician, conference) as events:
        name, snapshot = await events.next()
        assert name == "snapshot"
        assert snapshot["conference"]["id"] == conference
        assert (snapshot["conference"]["state"], snapshot["conference"]["points"]) == ("confirmed", 2)
        assert [(p["participant"]["id"], p["presence"]) for p in snapshot["presence"]] == [("point:d1", "present")]
        assert (snapshot["links"], snapshot["floor"]) == (None, None)

        holder = ParticipantRef(id=HALL.id, name=HALL.name, role=HALL.role)
        site.bus.publish(FLOOR, FloorMoved(conference=conference, holder=holder, at=site.clock.now()))
        name, moved = await events.next()
        assert (name, moved["holder"]["id"]) == ("floor", "point:d1")

        site.bus.publish(SAMPLES, samples(site, conference))
        name, graded = await events.next()
        assert (name, graded["links"][0]["sample"]["kbps_up"]) == ("links", 900)

        site.bus.publish(PRESENCE, here(site, conference, Presence.LOST))
        name, changed = await events.next()
        assert (name, changed["presence"]) == ("presence", "lost")

        organizer = await site.signed_in(Role.ORGANIZER)
        await organizer.post(f"/api/conferences/{conference}/cancel")
        name, news = await events.next()
        assert (name, news["state"]) == ("conference", "cancelled")


async def test_a_page_is_warned_before_the_stop(site: Website, conference: ConferenceId, technician: Visitor) -> None:
    async with watching(technician, conference) as events:
        await events.next()
        now = site.clock.now()
        stop = now + timedelta(minutes=5)
        warning = ConferenceWarning(conference=conference, minutes_left=5, stop=stop, may_extend_until=None, at=now)
        site.bus.publish(CONFERENCE_WARNING, warning)
        name, told = await events.next()
        assert (name, told["minutes_left"], told["may_extend_until"]) == ("warning", 5, None)


async def test_a_silent_feed_still_beats(
    conference: ConferenceId, technician: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_monitoring, "HEARTBEAT_SECONDS", 0.05)
    async with watching(technician, conference) as events:
        await events.next()
        assert await events.block() == ": beat\n"


async def test_the_whole_state_is_told_again_and_again(
    conference: ConferenceId, technician: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_monitoring, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(routes_monitoring, "REFRESH_SECONDS", 0.1)
    async with watching(technician, conference) as events:
        assert [(await events.next())[0] for _ in range(2)] == ["snapshot", "snapshot"]


async def test_a_feed_ends_after_its_hour_so_that_the_page_proves_itself_again(
    conference: ConferenceId, technician: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_monitoring, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(routes_monitoring, "FEED_LASTS", 0.2)
    async with watching(technician, conference) as events:
        await events.next()
        with pytest.raises(EOFError):
            while True:
                await events.block()


async def test_stopping_the_server_ends_the_feeds_at_once(
    site: Website, conference: ConferenceId, technician: Visitor
) -> None:
    async with watching(technician, conference) as events:
        await events.next()
        began = perf_counter()
        await site.server.stop()
        assert perf_counter() - began < 1.5
        with pytest.raises((EOFError, aiohttp.ClientError)):
            while True:
                await events.block()


async def test_a_page_that_left_is_forgotten(
    site: Website, conference: ConferenceId, technician: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_monitoring, "HEARTBEAT_SECONDS", 0.05)
    async with watching(technician, conference) as events:
        await events.next()
        assert site.server.watchers == 1
    await eventually(lambda: f"{site.server.watchers} still watch" if site.server.watchers else None)


async def test_attendance_history_and_files_tell_what_was_seen(
    site: Website, conference: ConferenceId, technician: Visitor
) -> None:
    path = f"/api/conferences/{conference}"
    site.bus.publish(PRESENCE, here(site, conference))
    site.bus.publish(SAMPLES, samples(site, conference))

    async def stored() -> str | None:
        reply = await technician.get(f"{path}/history", params={"participant": HALL.id, "minutes": "5"})
        return None if reply.json["samples"] else "no sample is stored yet"

    await eventually(stored)
    history = await technician.get(f"{path}/history", params={"participant": HALL.id, "minutes": "5"})
    assert history.json["samples"][0]["kbps_down"] == 2_000
    assert history.json["samples"][0]["grade"]

    attendance = (await technician.get(f"{path}/attendance")).json
    assert (attendance["expected"], attendance["present"]) == (2, 1)
    rows = {row["point"]: row for row in attendance["rows"]}
    assert (rows["d1"]["present"], rows["d1"]["last_left"]) == (True, None)
    assert (rows["d2"]["present"], rows["d2"]["first_joined"]) == (False, None)

    for name in ("attendance", "quality"):
        file = await technician.get(f"{path}/{name}.csv")
        assert file.status == 200
        assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert f"{name}-{conference}.csv" in file.headers["Content-Disposition"]
        assert file.body.startswith(b"\xef\xbb\xbf")
        assert file.body.count(b"\xef\xbb\xbf") == 1
        assert "Điểm 1" in file.body.decode()


@pytest.mark.parametrize(("query", "code"), [("", "request.invalid"), ("?participant=x&minutes=0", "history.minutes")])
async def test_history_says_what_it_needs(conference: ConferenceId, technician: Visitor, query: str, code: str) -> None:
    reply = await technician.get(f"/api/conferences/{conference}/history{query}")
    assert (reply.status, reply.code) == (400, code)
