"""Answers fetched from a real mailbox: each applied once, whatever breaks, and nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.model import ConferenceId
from scheduler.invitations.collector import Collector
from scheduler.invitations.letterbox import TRANSPORT_ERRORS, Letterbox
from scheduler.invitations.model import AnswerRequest, AnswerState
from scheduler.invitations.replies import MAX_BYTES
from tests.support.directory import NOON
from tests.support.dovecot import Dovecot, dovecot
from tests.support.inviting import Office
from tests.support.mailbox import event_of
from tests.support.polling import eventually
from tests.support.replies import counter_mail, mail_with, reply_mail
from tests.support.workers import worker

AN, BINH = "an@xa.example", "binh@xa.example"
HOUR = timedelta(hours=1)


@pytest.fixture
async def server() -> AsyncIterator[Dovecot]:
    async with dovecot() as running:
        yield running


def collector(desk: Office, server: Dovecot, **more: Any) -> Collector:
    return Collector(desk.database, server.imap(**more), desk.invitations)


async def states(desk: Office, id: ConferenceId) -> list[AnswerState]:
    return [each.answer for each in (await desk.invitations.answers(id)).answers]


async def uid_of(desk: Office, address: str) -> str:
    return str(event_of(desk.box.messages(address)[-1])[1]["UID"])


@pytest.mark.parametrize("can_move", [True, False])
async def test_replies_and_counters_are_taken_from_the_mailbox_and_put_away(desk: Office, can_move: bool) -> None:
    id = await desk.invited(await desk.points(AN, BINH))
    yes = reply_mail(await uid_of(desk, AN), 0, "ACCEPTED", NOON)
    later = counter_mail(await uid_of(desk, BINH), 0, NOON, "20260904T080000", "20260904T090000", attendee=BINH.upper())
    async with dovecot(can_move=can_move) as server:
        await server.arrives(yes, later)
        assert await collector(desk, server).collect() == 2
        assert await states(desk, id) == [AnswerState.CONFIRMED, AnswerState.PROPOSED]
        assert await server.lies_in("INBOX") == []
        assert await server.lies_in("Diemcau-taken") == [(yes, True), (later, True)]
        assert await collector(desk, server).collect() == 0


async def test_what_is_no_answer_is_kept_unread_with_a_line_in_the_log_that_tells_no_address(
    desk: Office, server: Dovecot
) -> None:
    id = await desk.invited(await desk.points(AN))
    uid = await uid_of(desk, AN)
    plain = b"From: ba@phuong.example\r\nSubject: =?utf-8?q?Xin_ch=C3=A0o?=\r\n\r\nMai toi den tre.\r\n"
    broken = mail_with("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + "ATTENDEE:mailto:ba@phuong.example\r\n" * 3)
    huge = reply_mail(uid, 0, "DECLINED", NOON) + b"x" * MAX_BYTES
    stranger = reply_mail(uid, 0, "DECLINED", NOON, attendee="ba@phuong.example")
    await server.arrives(plain, broken, huge, stranger, reply_mail(uid, 0, "ACCEPTED", NOON))
    with capture_logs() as logs:
        assert await collector(desk, server).collect() == 5
    assert await states(desk, id) == [AnswerState.CONFIRMED]
    assert [read for _, read in await server.lies_in("Diemcau-other")] == [False] * 4
    assert [line["reason"] for line in logs if line["event"] == "mail_kept"] == [
        "reply.no_calendar",
        "reply.unreadable",
        "reply.too_large",
        "reply.stranger",
    ]
    assert "@" not in str(logs)


async def test_an_answer_that_comes_twice_does_not_undo_what_was_said_since(desk: Office, server: Dovecot) -> None:
    id = await desk.invited(await desk.points(AN))
    yes = reply_mail(await uid_of(desk, AN), 0, "ACCEPTED", NOON)
    await server.arrives(yes)
    await collector(desk, server).collect()
    await desk.invitations.record(id, "P000", AnswerRequest(answer=AnswerState.DECLINED))
    # As after a crash between applying and putting away; and the copy of a mail server that delivered twice.
    await server.arrives(yes, b"Received: by relay.example\r\n" + yes)
    await collector(desk, server).collect()
    assert await states(desk, id) == [AnswerState.DECLINED]
    assert await server.lies_in("INBOX") == []


async def test_a_process_killed_between_applying_and_putting_away_loses_and_doubles_nothing(
    desk: Office, server: Dovecot
) -> None:
    id = await desk.invited(await desk.points(*[f"a{n}@xa.example" for n in range(12)]))
    uids = [await uid_of(desk, f"a{n}@xa.example") for n in range(12)]
    mails = [reply_mail(uid, 0, "ACCEPTED", NOON, attendee=f"a{n}@xa.example") for n, uid in enumerate(uids)]
    await server.arrives(*mails)
    arguments = ("collector", desk.database.url, str(server.plain))

    async def taken() -> int:
        return int(await desk.database.pool.fetchval("SELECT count(*) FROM reply_taken"))

    async with worker(*arguments) as dying:

        async def some() -> str | None:
            return None if await taken() >= 3 else "nothing was taken yet"

        await eventually(some, units=30)
        dying.kill()
        await dying.wait()
    async with worker(*arguments):

        async def all_away() -> str | None:
            left = len(await server.lies_in("INBOX"))
            return f"{left} mails lie in the mailbox" if left else None

        await eventually(all_away, units=30)
    assert await states(desk, id) == [AnswerState.CONFIRMED] * 12
    assert await taken() == 12
    assert sorted(body for body, _ in await server.lies_in("Diemcau-taken")) == sorted(mails)


async def test_one_process_at_a_time_looks_into_the_mailbox(desk: Office, server: Dovecot) -> None:
    await desk.invited(await desk.points(AN))
    mails = [reply_mail(await uid_of(desk, AN), 0, "ACCEPTED", NOON + n * HOUR) for n in range(5)]
    await server.arrives(*mails)
    counts = await asyncio.gather(*(collector(desk, server).collect() for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, 5]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_the_servers_certificate_is_checked(
    desk: Office, server: Dovecot, monkeypatch: pytest.MonkeyPatch, security: Any
) -> None:
    with pytest.raises(TRANSPORT_ERRORS):
        await collector(desk, server, security=security).collect()
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert await collector(desk, server, security=security).collect() == 0


async def test_a_mailbox_that_is_away_or_refuses_is_tried_again(desk: Office, server: Dovecot) -> None:
    with pytest.raises(TRANSPORT_ERRORS):
        await collector(desk, server, password="falsch").collect()
    away = server.imap().model_copy(update={"port": 1})
    task = asyncio.create_task(Collector(desk.database, away, desk.invitations).run())
    with capture_logs() as logs:

        def heard() -> str | None:
            return None if any(line["event"] == "mailbox_away" for line in logs) else "nothing was logged"

        await eventually(heard)
    assert not task.done()
    task.cancel()


async def test_a_session_that_breaks_off_leaves_the_mail_where_it_was(desk: Office, server: Dovecot) -> None:
    id = await desk.invited(await desk.points(AN))
    yes = reply_mail(await uid_of(desk, AN), 0, "ACCEPTED", NOON)
    await server.arrives(yes)

    def look_and_leave() -> bytes | None:
        with Letterbox(server.imap()) as box:
            [(uid, size)] = box.mails(10)
            assert size == len(yes)
            return box.read(uid)

    assert await asyncio.to_thread(look_and_leave) == yes
    assert await server.lies_in("INBOX") == [(yes, False)]
    await collector(desk, server).collect()
    assert await states(desk, id) == [AnswerState.CONFIRMED]
