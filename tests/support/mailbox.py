"""A real mail server on a local port that keeps what it is sent, and can refuse it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar

from core.settings import Smtp

SENDER = "lich@cau.example.vn"


class Mailbox:
    """Keeps every mail; `verdict`, when set, answers a recipient instead ("550 no such user"; None accepts)."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.verdict: Callable[[str], str | None] = lambda _: None
        self.after_data: Callable[[], str] = lambda: "250 kept"
        self.port = 0

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = self.verdict(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 known"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            assert recipient is not None
            self.received.append((recipient, envelope.content))
        return self.after_data()

    @property
    def smtp(self) -> Smtp:
        """The settings that send here."""
        return Smtp(host="127.0.0.1", port=self.port, security="none", sender=SENDER, timeout_seconds=5)

    def messages(self, recipient: str | None = None) -> list[EmailMessage]:
        """What came (for one recipient), parsed, in the order in which it came."""
        parser: BytesParser[EmailMessage] = BytesParser(EmailMessage, policy=policy.default)
        return [parser.parsebytes(raw) for to, raw in self.received if recipient in (None, to)]

    def count(self) -> int:
        return len(self.received)


def event_of(message: EmailMessage) -> tuple[str, Any]:
    """The method and the event of the calendar object in a mail."""
    [part] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == str(calendar["METHOD"])
    [event] = calendar.events
    return str(calendar["METHOD"]), event


def text_of(message: EmailMessage) -> str:
    """The text for people."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server while the block runs."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="mail.example"), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
