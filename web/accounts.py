"""Accounts of the people who use the pages, and signing in."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any

import structlog

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, NotSignedIn, TooMany
from core.identity import Principal, hash_password, password_matches
from core.model import Model, Role
from scheduler.directory_store import is_text
from web.rates import RateLimit

log = structlog.get_logger("web")

_SQL = load_queries("web")
_HASHES_AT_ONCE = 4
"""Each needs 19 MiB and a core for tens of milliseconds: a flood of sign-ins must not take the machine."""
MIN_PASSWORD = 8


def fold(username: str) -> str:
    """The one spelling of a username, however it was typed."""
    return username.strip().lower()


async def ensure_account(
    database: Database, username: str, name: str, password: str, roles: Iterable[Role]
) -> Principal:
    """Makes the account, or gives the existing one this name, password and roles.

    Raises `BadInput` with `account.username` or `account.password` when one is not acceptable.
    """
    username = fold(username)
    if not username or len(username) > 64:
        raise BadInput("account.username", "A username has 1 to 64 characters.")
    if len(password) < MIN_PASSWORD:
        raise BadInput("account.password", f"A password has at least {MIN_PASSWORD} characters.")
    principal = Principal(username=username, name=name, roles=frozenset(roles))
    hashed = await asyncio.to_thread(hash_password, password)
    await database.pool.execute(_SQL["save_account"], username, name, hashed, sorted(principal.roles))
    return principal


@cache
def _nobodys_hash() -> str:
    """What an unknown username's password is compared with, so that it takes as long as a known one's."""
    return hash_password(secrets.token_urlsafe())


def _network(address: str | None) -> str:
    """The key under which a client address is limited: an IPv6 household has a whole /64."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _principal(row: Any) -> Principal:
    return Principal(username=row["username"], name=row["name"], roles=frozenset(Role(r) for r in row["roles"]))


class Person(Model):
    """An account as others may know it."""

    username: str
    name: str


class Accounts:
    """Signs people in; failures come no faster than `attempts_per_minute` for one username and one client address."""

    def __init__(self, database: Database, clock: Clock, attempts_per_minute: int) -> None:
        self._database = database
        self._by_username = RateLimit(attempts_per_minute, clock)
        self._by_address = RateLimit(attempts_per_minute, clock)
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def sign_in(self, username: str, password: str, address: str | None) -> Principal:
        """The person behind these credentials.

        Raises `NotSignedIn` with `sign_in.wrong`, the same and as slowly for an unknown username as for a wrong
        password, and `TooMany` with `sign_in.too_many` and the seconds to wait in `retry_after`.
        """
        username = fold(username)
        network = _network(address)
        wait = self._by_address.take(network) or self._by_username.take(username)
        if wait:
            log.warning("sign_in_limited")
            raise TooMany("sign_in.too_many", "Too many attempts. Wait before the next.", retry_after=math.ceil(wait))
        row = await self._database.pool.fetchrow(_SQL["account"], username)
        async with self._hashing:
            matches = await asyncio.to_thread(_matches, row["password_hash"] if row else None, password)
        if row is None or not matches:
            log.info("sign_in_wrong")
            raise NotSignedIn("sign_in.wrong", "The username or the password is wrong.")
        # Whoever knows the password does not guess; a hall full of people may sign in from one address.
        self._by_username.give_back(username)
        self._by_address.give_back(network)
        return _principal(row)

    async def current(self, principal: Principal) -> Principal:
        """The account as it is now, so that a changed role counts at once; raises `NotSignedIn` when it is gone."""
        row = await self._database.pool.fetchrow(_SQL["account"], principal.username)
        if row is None:
            raise NotSignedIn("sign_in.needed", "Your sign-in has ended. Sign in again.")
        return _principal(row)

    async def people(self, role: Role) -> list[Person]:
        """Those who have the role, by name; at most 1,000."""
        return [Person(**row) for row in await self._database.pool.fetch(_SQL["people"], role.value)]

    async def staff(self) -> list[Person]:
        """Everybody but those who only run a hall, by name; at most 5,000."""
        roles = [role.value for role in Role if role is not Role.OPERATOR]
        return [Person(**row) for row in await self._database.pool.fetch(_SQL["staff"], roles)]

    async def refuse_unless_chair(self, username: str | None) -> None:
        """Raises `BadInput` `chair.unknown` for who cannot chair a conference; nobody (None or empty) may be named."""
        if username and not (
            is_text(username) and await self._database.pool.fetchval(_SQL["has_role"], username, Role.CHAIR.value)
        ):
            message = f"{username} is not the account of somebody who chairs conferences."
            raise BadInput("chair.unknown", message, field="chair")


def _matches(hashed: str | None, password: str) -> bool:
    nobodys = _nobodys_hash()
    return password_matches(hashed or nobodys, password) and hashed is not None
