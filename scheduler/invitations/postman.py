"""Sends the queued mails: at least once each, whatever is killed, and the same bytes every time.

A mail that is taken is due again after a while, so another sender, or this one after a restart, tries again if it was
never marked as sent. A second copy has the same Message-ID, UID and SEQUENCE and so is not shown twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiosmtplib
import asyncpg
import structlog

from core.clock import Clock
from core.database import Database
from core.settings import Smtp
from scheduler.invitations.store import SQL

log = structlog.get_logger("mail")

BATCH = 20
"""Mails taken at once and sent over one connection."""
LEASE = timedelta(minutes=15)
"""Longer than a batch takes; how long the mails of a killed sender wait."""
IDLE_SECONDS = 2.0
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
PATIENCE = timedelta(days=3)
"""A mail that could not be delivered for so long is given up (RFC 5321 section 4.5.4.1 advises 4 to 5 days; an
invitation is worth less by then)."""

_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_TRANSPORT_ERRORS = (aiosmtplib.SMTPException, OSError)


@dataclass(frozen=True)
class Queued:
    """A mail that this sender has taken."""

    id: int
    kind: str
    conference: str | None
    recipient: str
    content: bytes
    attempts: int
    queued_at: datetime


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after so many failed attempts: 1, 2, 4 … minutes later, at most an hour."""
    doublings = max(0, min(attempts - 1, 10))
    return now + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


class Postman:
    """Runs as one task in any number of processes; each uses `smtp.connections` connections at a time."""

    def __init__(self, database: Database, clock: Clock, smtp: Smtp) -> None:
        self._pool = database.pool
        self._clock = clock
        self._smtp = smtp

    async def run(self) -> None:
        """Sends what is due until cancelled; survives a mail server or a database that is away."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._smtp.connections):
                tasks.create_task(self._work(), name="postman")

    async def _work(self) -> None:
        while True:
            sent = 0
            try:
                sent = await self.deliver()
            except _DATABASE_ERRORS as exc:
                log.warning("database_away", error=type(exc).__name__)
            except Exception:
                log.exception("delivery_failed")
            if sent < BATCH:
                await asyncio.sleep(IDLE_SECONDS)

    async def deliver(self) -> int:
        """Tries the mails that are due, one batch of them; how many those were."""
        now = self._clock.now()
        rows = await self._pool.fetch(SQL["take_mail"], now, now + LEASE, BATCH)
        mails = [Queued(**{**row, "conference": str(row["conference"]) if row["conference"] else None}) for row in rows]
        if not mails:
            return 0
        client = _client(self._smtp)
        try:
            await client.connect()
            if self._smtp.user is not None and self._smtp.password is not None:
                await client.login(self._smtp.user, self._smtp.password.get_secret_value())
        except _TRANSPORT_ERRORS as exc:
            client.close()
            await self._put_back(mails, _reason(exc))
            return 0
        try:
            await self._send_all(client, mails)
        finally:
            client.close()
        return len(mails)

    async def _send_all(self, client: aiosmtplib.SMTP, mails: Sequence[Queued]) -> None:
        for place, mail in enumerate(mails):
            try:
                await client.sendmail(self._smtp.sender, [mail.recipient], mail.content)
            except _TRANSPORT_ERRORS as exc:
                await self._failed(mail, exc)
                if not client.is_connected:
                    await self._put_back(mails[place + 1 :], _reason(exc))
                    return
            else:
                await self._pool.execute(SQL["mail_sent"], mail.id, self._clock.now())
                log.info("mail_sent", kind=mail.kind, conference=mail.conference, attempts=mail.attempts)

    async def _failed(self, mail: Queued, exc: BaseException) -> None:
        """A refusal for good (5xx) or too long a time ends it; anything else is tried again."""
        now = self._clock.now()
        reason = _reason(exc)
        if _is_permanent(exc) or now - mail.queued_at >= PATIENCE:
            await self._pool.execute(SQL["mail_failed"], mail.id, now, reason)
            log.warning("mail_given_up", kind=mail.kind, conference=mail.conference, reason=reason)
        else:
            await self._pool.execute(SQL["mail_postponed"], mail.id, next_attempt(mail.attempts, now), reason)
            log.info("mail_postponed", kind=mail.kind, conference=mail.conference, reason=reason)

    async def _put_back(self, mails: Sequence[Queued], reason: str) -> None:
        due = self._clock.now() + FIRST_WAIT
        await self._pool.execute(SQL["mail_put_back"], [mail.id for mail in mails], due, reason)
        log.warning("mail_server_away", reason=reason, waiting=len(mails))


def _client(smtp: Smtp) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=smtp.host,
        port=smtp.port,
        timeout=smtp.timeout_seconds,
        use_tls=smtp.security == "tls",
        start_tls=smtp.security == "starttls",
    )


def _code(exc: BaseException) -> int | None:
    """The server's answer; of a mail to one recipient it is that recipient's."""
    if isinstance(exc, aiosmtplib.SMTPRecipientsRefused) and exc.recipients:
        return exc.recipients[0].code
    return exc.code if isinstance(exc, aiosmtplib.SMTPResponseException) else None


def _is_permanent(exc: BaseException) -> bool:
    code = _code(exc)
    return code is not None and 500 <= code < 600


def _reason(exc: BaseException) -> str:
    """The kind of failure and the server's code; its words may hold addresses."""
    code = _code(exc)
    return f"{type(exc).__name__} {code}" if code is not None else type(exc).__name__
