"""The whole application: what was asked over HTTP is done by the parts that work in the background."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from core.database import Database
from core.model import Role
from core.settings import Settings
from diemcau.app import Application
from tests.support.mailbox import mailbox
from tests.support.polling import eventually
from tests.support.website import PASSWORD, SECRET, Visitor, times_of
from web.accounts import ensure_account


async def test_an_invitation_asked_for_over_http_arrives_by_mail(database: Database, tmp_path: Path) -> None:
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('p', 'Tỉnh', 'province')")
    await database.pool.execute(
        "INSERT INTO bridge_point (code, name, unit, seats, contact)"
        " VALUES ('d1', 'Điểm 1', 'p', 9, 'hoi@x.example.vn')"
    )
    await ensure_account(database, "lan", "Lan", PASSWORD, [Role.ORGANIZER])
    async with mailbox() as box:
        settings = Settings(data_dir=tmp_path, secret=SECRET, smtp=box.smtp, web_port=0, signaling_port=0, media_port=0)
        application = Application(settings, database)
        async with application.running(), aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            lan = Visitor(f"http://127.0.0.1:{application.web.port}", http)
            await lan.post("/api/sign-in", {"username": "lan", "password": PASSWORD})
            start = datetime.now(UTC) + timedelta(days=1)
            booking = {"title": "Họp", "times": times_of(start), "points": ["d1"]}
            id = (await lan.post("/api/bookings", booking)).json["conference"]["id"]
            sent = await lan.post(f"/api/conferences/{id}/invitations", {})
            assert sent.status == 200, sent.body

            async def is_sent() -> str | None:
                answers = (await lan.get(f"/api/conferences/{id}/answers")).json["answers"]
                return None if answers[0]["mail"] == "sent" else f"mail is {answers[0]['mail']}"

            await eventually(is_sent, units=30)
