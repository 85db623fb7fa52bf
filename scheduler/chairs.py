"""Who will chair a conference: a person is in one place at a time."""

from __future__ import annotations

from uuid import UUID

from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId

SQL = load_queries("scheduler", "chairs.sql")
_PERSON_LOCK = 7_206


class Chairs:
    """Assigns chairs to conferences; free time is looked for around what they have."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def assign(self, id: ConferenceId, username: str) -> None:
        """Makes a person the conference's chair, in place of another.

        Raises `NotFound` `conference.unknown`, `BadInput` `chair.unknown` (what cannot be an account's name), and
        `Conflict` `chair.elsewhere` naming the conference that they chair at that time. A conference that is moved
        afterwards is not checked again.
        """
        if not 1 <= len(username) <= 64 or not username.isprintable():
            raise BadInput("chair.unknown", "Give the name of an account.")
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_person"], _PERSON_LOCK, username)
            other = await connection.fetchrow(SQL["elsewhere"], _key(id), username)
            if other is not None:
                raise Conflict(
                    "chair.elsewhere",
                    "This person chairs another conference at that time.",
                    conference=str(other["id"]),
                    title=other["title"],
                    until=other["stop"].isoformat(),
                )
            if await connection.execute(SQL["assign"], _key(id), username) != "INSERT 0 1":
                raise _unknown()

    async def take(self, id: ConferenceId, username: str) -> None:
        """Makes who enters an open conference as its chair its chair, unless it has another."""
        await self._pool.execute(SQL["take"], _key(id), username)

    async def may_extend(self, id: ConferenceId, username: str) -> bool:
        """Whether the conference is this person's own: they chair it, or they booked it."""
        own: bool = await self._pool.fetchval(SQL["may_extend"], _key(id), username)
        return own

    async def release(self, id: ConferenceId) -> None:
        """The conference has no chair any more (or had none)."""
        await self._pool.execute(SQL["release"], _key(id))

    async def chair(self, id: ConferenceId) -> str | None:
        """The account's name of the chair, if there is one yet."""
        username: str | None = await self._pool.fetchval(SQL["chair"], _key(id))
        return username


def _key(id: ConferenceId) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise _unknown() from exc


def _unknown() -> NotFound:
    return NotFound("conference.unknown", "There is no such conference.")
