"""The queue of mails that is shared by all parts: what is put in goes out as soon as the mail server takes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from core.database import load_queries

_SQL = load_queries("core", "outbox.sql")

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]


async def queue_mail(
    connection: Connection, key: str, kind: str, recipient: str, content: bytes, now: datetime
) -> None:
    """Queues a finished message in the caller's transaction; a `key` that was queued before changes nothing.

    It is sent by the postman (scheduler/invitations/postman.py), which runs where the settings name a mail server.
    """
    await connection.execute(_SQL["queue_mail"], key, kind, recipient, content, now)
