"""Halls whose clocks are wrong: told to the technician's page, and nobody is late by them. A whole installation."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from core.clock import SystemClock
from core.database import Database
from core.model import AUDIENCE_SLOTS, ConferenceId, Role, point_participant
from core.quality import EndpointFigures
from signaling.client import SignalingClient
from tests.integration.test_web_monitoring import watching
from tests.support.installation import HOST, Installation, installed
from tests.support.polling import UNIT, eventually
from tests.support.website import Visitor

WRONG_SECONDS = {"p1": -180, "p2": 180}
"""How much the clock of each hall is ahead."""


class WrongClock(SystemClock):
    """The machine's clock, set wrongly."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        return super().now() + self._ahead


@asynccontextmanager
async def _hall(installation: Installation, token: str, point: str) -> AsyncIterator[SignalingClient]:
    """A headless hall whose media is connected."""
    endpoint = MediaEndpoint(point_participant(point), AUDIENCE_SLOTS, ClipLibrary({}), host=HOST)
    clock = WrongClock(WRONG_SECONDS[point])
    try:
        async with SignalingClient(installation.signaling_url, token, clock=clock) as client:
            await eventually(lambda: None if client.connected else "not connected", units=20)
            await endpoint.connect(await client.connect_media(*endpoint.offer()))
            yield client
    finally:
        await endpoint.close()


def _why_no_skew(client: SignalingClient) -> str | None:
    return None if client.skew else "no skew yet"


@asynccontextmanager
async def _technician(installation: Installation) -> AsyncIterator[Visitor]:
    account = installation.accounts[Role.TECHNICIAN]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        visitor = Visitor(installation.base_url, session)
        said = {"username": account.username, "password": account.password}
        assert (await visitor.post("/api/sign-in", said)).status == 200
        yield visitor


async def _shown(visitor: Visitor, conference: ConferenceId) -> dict[str, float]:
    """What the technician's page is told of each hall's clock, once it is told of all, in ms."""
    found: dict[str, float] = {}
    async with asyncio.timeout(30 * UNIT), watching(visitor, conference) as events:
        while found.keys() != WRONG_SECONDS.keys():
            name, said = await events.next()
            links = said["links"] if name == "links" else (said.get("links") or {}).get("links", [])
            for link in links:
                if (seen := link.get("endpoint")) is not None and seen["skew_ms"] is not None:
                    found[link["participant"].removeprefix("point:")] = seen["skew_ms"]
    return found


async def _attendance(visitor: Visitor, conference: ConferenceId) -> dict[str, dict[str, Any]]:
    reply = await visitor.get(f"/api/conferences/{conference}/report.csv?section=attendance&language=en")
    assert reply.status == 200, reply.body
    rows = csv.DictReader(io.StringIO(reply.body.decode("utf-8-sig")))
    return {row["Code"]: row for row in rows}


async def test_a_hall_whose_clock_is_three_minutes_off_is_told_so_and_is_not_late_by_it(
    database: Database, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(installed(database.url, tmp_path, points=2))
        technician = await stack.enter_async_context(_technician(installation))
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        halls = {
            point: await stack.enter_async_context(_hall(installation, tokens[point], point)) for point in WRONG_SECONDS
        }
        for point, client in halls.items():
            await eventually(partial(_why_no_skew, client), units=30)
            assert client.skew is not None
            assert client.skew.ms == pytest.approx(1_000 * WRONG_SECONDS[point], abs=1_000)
            assert await client.report(EndpointFigures(seconds=2))

        shown = await _shown(technician, conference.id)
        for point, seconds in WRONG_SECONDS.items():
            assert shown[point] == pytest.approx(1_000 * seconds, abs=1_000)

        joined = dict(
            await database.pool.fetch("SELECT point, joined_at FROM presence_interval WHERE role = 'operator'")
        )
        for point in WRONG_SECONDS:
            assert abs(joined[point] - conference.times.start) < timedelta(seconds=60), (
                "a hall's own clock was believed"
            )

        async def why_not_reported() -> str | None:
            rows = await _attendance(technician, conference.id)
            told = {point: rows[point]["Clock ahead (s)"] for point in WRONG_SECONDS}
            return None if all(told.values()) else f"clocks: {told}"

        await eventually(why_not_reported, units=150)
        rows = await _attendance(technician, conference.id)
        for point, seconds in WRONG_SECONDS.items():
            assert float(rows[point]["Clock ahead (s)"]) == pytest.approx(seconds, abs=1)
            assert float(rows[point]["Late (min)"]) < 1, rows[point]
        # Why somebody might say it: its own clock showed three minutes past the start, or nearly.
        assert float(rows["p2"]["Late by its own clock (min)"]) > 2, rows["p2"]
