"""/metrics, /healthz and /readyz of the whole application, and the dashboard that is drawn from them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from pydantic import SecretStr

from core.database import Database
from core.messages import OPEN
from core.model import Grade, Presence, Role
from core.settings import Settings
from diemcau.app import Application
from signaling.protocol import SUBPROTOCOL
from tests.support.cutoff import behind_a_cut_off
from tests.support.polling import eventually
from tests.support.website import PASSWORD, SECRET, Visitor, times_of
from web.accounts import ensure_account

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana-dashboard.json"
TOKEN = "a token of the tests"
METRIC = re.compile(r"\b(?:diemcau|process)_\w+")
GROUPED = re.compile(r"by \(([\w, ]+)\)")
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
LABELS = {"grade", "state", "node", "reason", "result", "format", "version", "method", "route", "status", "le"}
NOT_BASE = re.compile(r"_(ms|milliseconds|minutes|kbps|bits|kb|mb|percent|count_total)(_|$)")
"""Units that the conventions write in seconds, bytes and ratios; and what no counter is called."""


@dataclass
class Running:
    application: Application
    visitor: Visitor

    async def scrape(self) -> list[Sample]:
        reply = await self.visitor.get("/metrics")
        assert reply.status == 200, reply.body
        return [one for family in text_string_to_metric_families(reply.body.decode()) for one in family.samples]

    async def value(self, name: str, **labels: str) -> float:
        found = [one.value for one in await self.scrape() if one.name == name and one.labels == labels]
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0]


@asynccontextmanager
async def running(database: Database, folder: Path) -> AsyncIterator[Running]:
    settings = Settings(
        data_dir=folder, secret=SECRET, web_port=0, signaling_port=0, media_port=0, metrics_token=SecretStr(TOKEN)
    )
    application = Application(settings, database)
    async with application.running(), aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Running(application, Visitor(f"http://127.0.0.1:{application.web.port}", http))


async def test_everything_that_the_dashboard_draws_is_in_a_scrape(database: Database, tmp_path: Path) -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [one["definition"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    async with running(database, tmp_path) as site:
        assert (await site.visitor.get("/healthz")).json == {"status": "ok"}

        async def is_kept() -> str | None:
            there = {one.name for one in await site.scrape()}
            late = {"diemcau_keeper_last_round_timestamp_seconds", "diemcau_node_cpu_cores"} - there
            return f"not told yet: {late}" if late else None

        await eventually(is_kept)
        there: dict[str, set[str]] = {}
        for one in await site.scrape():
            there.setdefault(one.name, {"instance"}).update(one.labels)
    drawn = {name for one in expressions for name in METRIC.findall(one)}
    assert len(drawn) > 35
    assert drawn - there.keys() == set()
    for expression in expressions:
        grouped = {label for one in GROUPED.findall(expression) for label in one.split(", ")}
        assert all(grouped <= there[name] for name in METRIC.findall(expression)), expression
    own = {name for name in there if name.startswith("diemcau_") and not name.endswith(("_count", "_sum", "_created"))}
    assert own - drawn == set(), "measured, but drawn by no panel"


async def test_names_and_help_follow_the_conventions(database: Database, tmp_path: Path) -> None:
    async with running(database, tmp_path) as site:
        text = (await site.visitor.get("/metrics")).body.decode()
    kinds = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ") and len(line.split()) > 4}
    assert kinds.keys() - told == set()
    assert [name for name in kinds if NOT_BASE.search(name)] == []
    assert [name for name, kind in kinds.items() if (kind == "counter") != name.endswith("_total")] == []


async def test_labels_have_few_known_values(database: Database, tmp_path: Path) -> None:
    async with running(database, tmp_path) as site:
        await site.visitor.get("/api/conferences/7e57c0de-0000-4000-8000-000000000000")
        samples = await site.scrape()
    assert {label for one in samples for label in one.labels} <= LABELS
    assert not [one for one in samples if "7e57c0de" in str(one.labels)]
    assert {one.labels["grade"] for one in samples if one.name == "diemcau_lines"} == {str(g) for g in Grade}
    assert {one.labels["state"] for one in samples if one.name == "diemcau_participants"} == {str(p) for p in Presence}
    own = [one.name for one in samples if not one.name.startswith("process_")]
    assert [name for name in own if not name.startswith("diemcau_")] == []


async def test_a_scrape_tells_what_is_now(database: Database, tmp_path: Path) -> None:
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('p', 'Tỉnh', 'province')")
    await database.pool.execute("INSERT INTO bridge_point (code, name, unit) VALUES ('d1', 'Điểm 1', 'p')")
    await ensure_account(database, "lan", "Lan", PASSWORD, [Role.ORGANIZER])
    async with running(database, tmp_path) as site:
        assert await site.value("diemcau_conferences_live") == 0
        assert await site.value("diemcau_signaling_connections") == 0
        assert await site.value("diemcau_database_up") == 1
        await site.visitor.post("/api/sign-in", {"username": "lan", "password": PASSWORD})
        booking = {"title": "Họp", "times": times_of(datetime.now(UTC) + timedelta(minutes=1)), "points": ["d1"]}
        made = await site.visitor.post("/api/bookings", booking)
        assert made.status in {200, 201}, made.body
        door = f"ws://127.0.0.1:{site.application.signaling.port}/v1"
        async with site.visitor.http.ws_connect(door, protocols=[SUBPROTOCOL]):

            async def is_told() -> str | None:
                live = await site.value("diemcau_conferences_live")
                connections = await site.value("diemcau_signaling_connections")
                return None if (live, connections) == (1, 1) else f"{live} live, {connections} connections"

            await eventually(is_told, units=30)
        signed_in = {"method": "POST", "route": "/api/sign-in", "status": "200"}
        assert await site.value("diemcau_http_requests_total", **signed_in) == 1
        timed = {"method": "POST", "route": "/api/sign-in"}
        assert await site.value("diemcau_http_request_duration_seconds_count", **timed) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (ELSEWHERE, 403),
        ({**ELSEWHERE, "Authorization": "Bearer another token"}, 403),
        ({**ELSEWHERE, "Authorization": f"Bearer {TOKEN}"}, 200),
        ({}, 200),
    ],
)
async def test_metrics_are_for_this_machine_or_who_has_the_token(
    database: Database, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with running(database, tmp_path) as site:
        reply = await site.visitor.get("/metrics", headers=headers)
    assert reply.status == status
    assert reply.code == ("metrics.refused" if status == 403 else "")
    assert (b"diemcau_" in reply.body) is (status == 200)
    assert status != 200 or reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")


async def test_a_server_without_its_database_lives_but_is_not_ready(
    database: Database, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with (
        behind_a_cut_off(database, tmp_path_factory.mktemp("s")) as (shaky, cut_off),
        running(shaky, tmp_path) as site,
    ):
        assert (await site.visitor.get("/readyz")).json == {"status": "ready"}
        await cut_off.cut()
        reply = await site.visitor.get("/readyz")
        assert (reply.status, reply.code) == (503, "server.not_ready")
        assert reply.json["data"]["parts"] == ["database"]
        assert (await site.visitor.get("/healthz")).json == {"status": "ok"}
        assert await site.value("diemcau_database_up") == 0
        await cut_off.start()

        async def is_ready() -> str | None:
            status = (await site.visitor.get("/readyz")).status
            return None if status == 200 else f"status {status}"

        await eventually(is_ready)


async def test_a_node_that_takes_no_conferences_is_not_ready(database: Database, tmp_path: Path) -> None:
    async with running(database, tmp_path) as site:
        site.application.bus.stop_answering(OPEN)
        reply = await site.visitor.get("/readyz")
    assert (reply.status, reply.json["data"]["parts"]) == (503, ["node"])
