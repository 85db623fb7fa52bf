"""Signing in and out, and what each account may do."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from time import perf_counter

import pytest

from core.database import Database
from core.errors import BadInput
from core.identity import Principal, Signer
from core.model import Role
from tests.support.website import PASSWORD, SECRET, Website, running_website
from web.accounts import ensure_account
from web.routes import ENDPOINTS

GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.roles is not None]


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        yield site


async def test_a_person_signs_in_is_known_and_signs_out(site: Website) -> None:
    visitor = await site.signed_in(Role.CHAIR, username="lan")
    me = await visitor.get("/api/me")
    assert me.json == {"username": "lan", "name": "Người lan", "roles": ["chair"]}
    assert (await visitor.post("/api/sign-out")).status == 204
    assert (await visitor.get("/api/me")).code == "sign_in.needed"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Website) -> None:
    await ensure_account(site.database, "lan", "Lan", PASSWORD, [Role.CHAIR])
    reply = await (await site.visitor()).post("/api/sign-in", {"username": " LAN ", "password": PASSWORD})
    cookie = SimpleCookie(reply.headers["Set-Cookie"])["diemcau_sign_in"]
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/", str(12 * 3600))


async def test_under_https_the_cookie_never_travels_in_the_clear(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path, https=True) as site:
        await ensure_account(site.database, "lan", "Lan", PASSWORD, [Role.CHAIR])
        reply = await (await site.visitor()).post("/api/sign-in", {"username": "lan", "password": PASSWORD})
        assert SimpleCookie(reply.headers["Set-Cookie"])["diemcau_sign_in"]["secure"]


async def test_an_unknown_username_and_a_wrong_password_look_and_last_the_same(site: Website) -> None:
    await ensure_account(site.database, "lan", "Lan", PASSWORD, [Role.CHAIR])
    visitor = await site.visitor()
    seconds = {}
    bodies = []
    for username in ("lan", "nobody"):
        took = []
        for _ in range(4):
            began = perf_counter()
            reply = await visitor.post("/api/sign-in", {"username": username, "password": "wrong"})
            took.append(perf_counter() - began)
            bodies.append(reply.body)
        assert reply.status == 401
        seconds[username] = min(took)
    assert len(set(bodies)) == 1
    assert 0.4 < seconds["nobody"] / seconds["lan"] < 2.5


async def test_too_many_attempts_are_told_when_to_come_back(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path, limits={"sign_in_attempts_per_minute": 3}) as site:
        await ensure_account(site.database, "lan", "Lan", PASSWORD, [Role.CHAIR])
        visitor = await site.visitor()
        codes = [(await visitor.post("/api/sign-in", {"username": f"u{n}", "password": "x"})).code for n in range(3)]
        assert codes == ["sign_in.wrong"] * 3
        refused = await visitor.post("/api/sign-in", {"username": "lan", "password": PASSWORD})
        assert (refused.status, refused.code) == (429, "sign_in.too_many")
        assert 1 <= int(refused.headers["Retry-After"]) <= 20
        assert refused.json["data"]["retry_after"] == int(refused.headers["Retry-After"])


async def test_a_hall_full_of_people_signs_in_from_one_address(database: Database, tmp_path: Path) -> None:
    async with running_website(database, tmp_path, limits={"sign_in_attempts_per_minute": 2}) as site:
        for n in range(5):
            await site.signed_in(Role.OPERATOR, username=f"hall{n}")


async def test_a_changed_role_counts_at_once_and_a_removed_account_is_out(site: Website) -> None:
    visitor = await site.signed_in(Role.ORGANIZER, username="lan")
    assert (await visitor.get("/api/directory.csv")).status == 200
    await ensure_account(site.database, "lan", "Lan", PASSWORD, [Role.TECHNICIAN])
    assert (await visitor.get("/api/directory.csv")).code == "role.missing"
    await site.database.pool.execute("DELETE FROM account")
    assert (await visitor.get("/api/me")).code == "sign_in.needed"


async def test_a_made_up_cookie_opens_nothing(site: Website) -> None:
    visitor = await site.visitor()
    for token in ("", "garbage", "a.b.c"):
        reply = await visitor.get("/api/me", headers={"Cookie": f"diemcau_sign_in={token}"})
        assert (reply.status, reply.code) == (401, "sign_in.needed"), token


async def test_an_expired_cookie_and_one_of_another_secret_open_nothing(site: Website) -> None:
    await site.signed_in(Role.ORGANIZER, username="lan")
    principal = Principal(username="lan", name="Lan", roles=frozenset({Role.ORGANIZER}))
    now = site.clock.now()
    expired = Signer(SECRET).sign_in_token(principal, now)
    foreign = Signer(SECRET[::-1]).sign_in_token(principal, now.replace(year=now.year + 1))
    visitor = await site.visitor()
    for token in (expired, foreign):
        reply = await visitor.get("/api/me", headers={"Cookie": f"diemcau_sign_in={token}"})
        assert reply.status == 401


async def test_sign_in_names_what_is_missing(site: Website) -> None:
    visitor = await site.visitor()
    long = "a" * 65
    bodies = [{}, {"username": "a"}, {"username": "a", "password": ""}, {"username": long, "password": "x"}, [], "x"]
    for body in bodies:
        reply = await visitor.post("/api/sign-in", body)
        assert (reply.status, reply.code) == (400, "request.invalid"), body
        assert reply.json["data"]["problems"]


async def test_who_is_not_signed_in_gets_nowhere(site: Website) -> None:
    visitor = await site.visitor()
    for endpoint in GUARDED:
        reply = await visitor.ask(endpoint.method, _somewhere(endpoint.path))
        assert (reply.status, reply.code) == (401, "sign_in.needed"), endpoint.path


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_gets_only_where_it_belongs(site: Website, role: Role) -> None:
    visitor = await site.signed_in(role)
    for endpoint in GUARDED:
        if endpoint.roles and role not in endpoint.roles:
            reply = await visitor.ask(endpoint.method, _somewhere(endpoint.path))
            assert (reply.status, reply.code) == (403, "role.missing"), endpoint.path


async def test_accounts_refuse_weak_passwords_and_empty_names(database: Database) -> None:
    for username, password, code in (("lan", "short", "account.password"), (" ", PASSWORD, "account.username")):
        with pytest.raises(BadInput) as refusal:
            await ensure_account(database, username, "Lan", password, [Role.CHAIR])
        assert refusal.value.code == code
    assert await database.pool.fetchval("SELECT count(*) FROM account") == 0


def _somewhere(path: str) -> str:
    """The path with made-up ids in its places."""
    return re.sub(r"\{\w+\}", lambda _: str(uuid.uuid4()), path)
