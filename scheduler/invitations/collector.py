"""Fetches the answers that calendar programs mail: each is applied once, and no mail is lost.

A mail is put away only after its answer is in the database. A process that is killed between leaves the mail where it
was; the next look finds that answer already taken and only puts it away.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from core.database import Database
from core.errors import DiemcauError
from core.settings import Imap
from scheduler.invitations.letterbox import TRANSPORT_ERRORS, Letterbox
from scheduler.invitations.replies import MAX_BYTES
from scheduler.invitations.service import Invitations
from scheduler.invitations.store import SQL

log = structlog.get_logger("mail")

BATCH = 50
"""Mails handled in one session."""
_LOCK = 7_205_759_411
"""One process at a time looks into the mailbox; the server lets go of the lock when that process dies."""
_DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Collector:
    """Runs as one task in any number of processes."""

    def __init__(self, database: Database, imap: Imap, invitations: Invitations) -> None:
        self._pool = database.pool
        self._imap = imap
        self._invitations = invitations

    async def run(self) -> None:
        """Looks into the mailbox every so often until cancelled; survives a server or a database that is away."""
        while True:
            handled = 0
            try:
                handled = await self.collect()
            except _DATABASE_ERRORS as exc:
                log.warning("database_away", error=type(exc).__name__)
            except TRANSPORT_ERRORS as exc:
                log.warning("mailbox_away", reason=type(exc).__name__)
            except Exception:
                log.exception("collecting_failed")
            if handled < BATCH:
                await asyncio.sleep(self._imap.every_seconds)

    async def collect(self) -> int:
        """Handles the mails that lie in the folder, one batch of them; how many those were.

        Raises what the mailbox or the database raises: what is not handled yet lies there still.
        """
        async with self._pool.acquire() as connection:
            if not await connection.fetchval(SQL["take_mailbox"], _LOCK):
                return 0
            try:
                return await self._empty(Letterbox(self._imap))
            finally:
                await connection.execute(SQL["leave_mailbox"], _LOCK)

    async def _empty(self, box: Letterbox) -> int:
        await asyncio.to_thread(box.__enter__)
        try:
            mails = await asyncio.to_thread(box.mails, BATCH)
            for uid, size in mails:
                await self._handle(box, uid, size)
        finally:
            await asyncio.to_thread(box.close)
        return len(mails)

    async def _handle(self, box: Letterbox, uid: bytes, size: int) -> None:
        refusal: str | None = "reply.too_large"
        if size <= MAX_BYTES:
            raw = await asyncio.to_thread(box.read, uid)
            if raw is None:
                return
            refusal = await self._refusal(raw)
        if refusal is not None:
            log.warning("mail_kept", reason=refusal, bytes=size, folder=self._imap.other_folder)
        folder = self._imap.taken_folder if refusal is None else self._imap.other_folder
        await asyncio.to_thread(lambda: box.put(uid, folder, read=refusal is None))

    async def _refusal(self, raw: bytes) -> str | None:
        """Why a mail is no answer that counts; None when it is (or was) applied, or was overtaken."""
        try:
            await self._invitations.reply_mail(raw)
        except DiemcauError as exc:
            return exc.code
        except (*_DATABASE_ERRORS, OSError):
            raise
        except Exception:
            # One mail that nobody thought of must not keep all that lie behind it.
            log.exception("reply_failed")
            return "reply.failed"
        return None
