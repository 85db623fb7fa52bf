"""What the server does with those who do not play by the rules, and what it never tells or writes down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.database import Database
from core.model import Role
from tests.support.website import PASSWORD, Website, running_website


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        yield site


async def test_another_sites_page_cannot_sign_anybody_in_or_out(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER)
    for path in ("/api/sign-in", "/api/sign-out", "/api/conferences", "/api/directory"):
        reply = await visitor.post(path, {}, headers={"Origin": "http://evil.example"})
        assert (reply.status, reply.code) == (403, "request.origin"), path
    assert (await visitor.get("/api/me")).status == 200


async def test_our_own_page_can(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER)
    assert (await visitor.post("/api/sign-out", headers={"Origin": site.base})).status == 204


async def test_an_origin_that_the_settings_allow_can(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path, allowed_origins=["https://hop.example"]) as site:
        visitor = await site.visitor()
        reply = await visitor.post("/api/sign-out", headers={"Origin": "https://hop.example"})
        assert reply.status == 204


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_refused(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path, limits={"request_bytes": 1_000}) as site:
        visitor = await site.visitor()
        at_limit = await visitor.ask("POST", "/api/sign-in", data=b" " * 1_000)
        assert at_limit.code == "request.invalid"
        over = await visitor.ask("POST", "/api/sign-in", data=b" " * 1_001)
        assert (over.status, over.code) == (413, "request.too_large")
        assert over.json["data"] == {"limit": 1_000}


async def test_a_huge_body_of_untold_length_is_refused_before_it_is_read(site: Website) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * 1024 * 1024:
            sent += 65_536
            yield b"x" * 65_536

    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(b"POST /api/sign-in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def pour() -> None:
        async for piece in endless():
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()

    pouring = asyncio.create_task(pour())
    status = await asyncio.wait_for(reader.readline(), 10)
    assert b" 413 " in status
    assert sent < 16 * 1024 * 1024
    pouring.cancel()
    writer.close()
    await asyncio.gather(pouring, return_exceptions=True)


async def test_broken_json_is_refused_in_words(site: Website) -> None:
    visitor = await site.visitor()
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"username":"a\\u0000","password":"x"}'):
        reply = await visitor.ask("POST", "/api/sign-in", data=body)
        assert (reply.status, reply.code) == (400, "request.invalid"), body[:20]
        assert reply.json["data"]["problems"][0]["message"]


async def test_unknown_addresses_and_methods_get_problems_too(site: Website) -> None:
    visitor = await site.visitor()
    unknown = await visitor.get("/api/nothing")
    assert (unknown.status, unknown.code) == (404, "request.path")
    method = await visitor.ask("DELETE", "/api/me")
    assert (method.status, method.code) == (405, "request.method")
    assert method.headers["Allow"] == "GET"
    assert (await visitor.post("/organizer")).status == 405


async def test_what_is_no_host_is_refused(site: Website) -> None:
    reply = await (await site.visitor()).get("/api/config", headers={"Host": "a;script-src *"})
    assert reply.status == 400


async def test_ids_that_are_no_ids_name_nothing(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER)
    for id in ("x", "1", "%00", "..%2F..", "a" * 36):
        for path in ("", "/links", "/attendance", "/attendance.csv", "/quality.csv", "/feed"):
            reply = await visitor.get(f"/api/conferences/{id}{path}")
            assert (reply.status, reply.code) == (404, "conference.unknown"), path


async def test_every_reply_carries_the_security_headers(site: Website) -> None:
    visitor = await site.visitor()
    for path in ("/", "/api/config", "/api/me", "/api/nothing", "/j/x"):
        headers = (await visitor.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{site.settings.signaling_port};" in policy
        assert "script-src" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "camera=(self), microphone=(self)" in headers["Permissions-Policy"]
        assert "aiohttp" not in headers["Server"]
        assert len(headers["X-Request-Id"]) == 12


async def test_config_says_where_signaling_is_on_the_host_that_was_asked(site: Website) -> None:
    reply = await (await site.visitor()).get("/api/config", headers={"Host": "hall.example:9"})
    assert reply.json["signaling_url"] == "ws://hall.example:4711/v1"
    assert reply.json["https"] is False
    assert reply.json["time_zone"] == "Asia/Ho_Chi_Minh"


async def test_the_server_says_that_it_lives_and_describes_itself(site: Website) -> None:
    visitor = await site.visitor()
    assert (await visitor.get("/healthz")).json == {"status": "ok"}
    assert (await visitor.get("/api/openapi.json")).json["openapi"] == "3.1.0"


async def test_a_fault_of_ours_tells_its_number_and_nothing_else(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER)
    # Renamed, not dropped: a drop waits for every table that refers to it, while others hold those and wait for it.
    await site.database.pool.execute("ALTER TABLE conference RENAME TO conference_mislaid")
    with capture_logs() as logs:
        reply = await visitor.get("/api/conferences")
    assert (reply.status, reply.code) == (500, "internal")
    for inside in (b"relation", b"SELECT", b"asyncpg", b"Traceback", b".py"):
        assert inside not in reply.body
    failure = next(line for line in logs if line["event"] == "request_failed")
    assert failure["id"] == reply.json["data"]["id"] == reply.headers["X-Request-Id"]
    assert failure["failure"] == "UndefinedTableError"
    assert any("routes_conferences.py" in step for step in failure["at"])


async def test_the_log_holds_no_token_password_name_or_address(site: Website, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        visitor = await site.signed_in(Role.ORGANIZER, username="nguyenvanlan")
        await visitor.post("/api/sign-in", {"username": "nguyenvanlan", "password": "sai-mat-khau"})
        await visitor.get("/j/eyJhbGciOiJIUzI1NiJ9.token-in-a-link.x?also=here")
        await visitor.get("/api/points?q=tim-nguoi")
        await visitor.post("/api/conferences", {"title": "bí mật"})
        await visitor.get("/api/me", headers={"Cookie": "diemcau_sign_in=eyJ.stolen.y"})
        await _send_garbage(site.server.port)
    text = repr(logs) + caplog.text
    for secret in (PASSWORD, "sai-mat-khau", "eyJ", "token-in-a-link", "nguyenvanlan", "tim-nguoi", "127.0.0.1"):
        assert secret not in text
    routes = [line["route"] for line in logs if line["event"] == "request"]
    assert "/{path}" in routes
    assert "/api/sign-in" in routes


async def _send_garbage(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01 eyJ garbage\r\n\r\n")
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()
