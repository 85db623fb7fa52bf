"""Requests that may be sent twice: with the same key the second one gets the first one's reply and does nothing.

The reply is written in the transaction that does the work, so after a crash either both are there or neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from core.database import load_queries
from core.errors import BadInput, Conflict
from core.model import Model
from scheduler.reservations import Connection

SQL = load_queries("scheduler", "idempotency.sql")
KEPT = timedelta(hours=24)
MAX_KEY = 200

Reply = TypeVar("Reply", bound=Model)


def checked_key(key: str | None) -> str | None:
    """The key; raises `BadInput` `request.key` for one that is empty, long, or not printable ASCII."""
    if key is not None and not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise BadInput("request.key", f"An idempotency key has 1 to {MAX_KEY} printable ASCII characters.")
    return key


async def once(
    connection: Connection,
    key: str | None,
    by: str,
    request: Model,
    now: datetime,
    work: Callable[[], Awaitable[Reply]],
    reply_type: type[Reply],
) -> tuple[Reply, bool]:
    """Does `work` and keeps its reply, or returns the reply kept under this person's `key`; whether it was done now.

    To be called first in a transaction. Raises `Conflict` `request.key_reused` for another request with the key.
    """
    key = checked_key(key)
    if key is None:
        return await work(), True
    digest = hashlib.sha256(f"{type(request).__name__}:{request.model_dump_json()}".encode()).digest()
    await connection.execute(SQL["forget_own"], by, key, now - KEPT)
    if await connection.execute(SQL["claim"], by, key, digest, now) == "INSERT 0 0":
        return await _kept(connection, by, key, digest, reply_type), False
    reply = await work()
    await connection.execute(SQL["keep"], by, key, reply.model_dump(mode="json"))
    await connection.execute(SQL["forget"], now - KEPT)
    return reply, True


async def _kept(connection: Connection, by: str, key: str, digest: bytes, reply_type: type[Reply]) -> Reply:
    row = await connection.fetchrow(SQL["reply"], by, key)
    if row["request"] != digest:
        message = "This idempotency key was used for another request. Use a new one."
        raise Conflict("request.key_reused", message)
    return reply_type.model_validate(row["reply"])
