from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import ManualClock, SystemClock
from core.database import Database
from core.settings import Smtp
from scheduler.invitations.model import InviteRequest, MailState
from scheduler.invitations.postman import BATCH, LEASE, PATIENCE, Postman, next_attempt
from scheduler.invitations.secretary import Secretary
from scheduler.invitations.service import Invitations
from tests.support.directory import NOON, SIGNER, times
from tests.support.inviting import Office, office
from tests.support.mailbox import SENDER, event_of
from tests.support.polling import eventually
from tests.support.workers import worker

AN, BINH = "an@xa.example", "binh@xa.example"


async def states(desk: Office) -> dict[str, tuple[str, int, str]]:
    rows = await desk.database.pool.fetch("SELECT recipient, state, attempts, error FROM mail WHERE kind = 'request'")
    return {row["recipient"]: (row["state"], row["attempts"], row["error"]) for row in rows}


async def queued(desk: Office, *contacts: str) -> None:
    """Invitations that are in the queue and not yet sent."""
    await desk.invitations.send(await desk.booked(await desk.points(*contacts)), InviteRequest(), "lan")


async def test_a_mail_that_is_refused_for_now_is_tried_again_later_and_later(desk: Office) -> None:
    await queued(desk, AN, BINH)
    desk.box.verdict = lambda address: "450 mailbox busy" if address == AN else None
    await desk.deliver()
    assert await states(desk) == {AN: ("waiting", 1, "SMTPRecipientsRefused 450"), BINH: ("sent", 1, "")}
    desk.clock.advance(59)
    await desk.deliver()
    assert (await states(desk))[AN][1] == 1
    desk.clock.advance(1)
    await desk.deliver()
    assert (await states(desk))[AN][1] == 2
    desk.box.verdict = lambda _: None
    desk.clock.advance(119)
    await desk.deliver()
    assert desk.box.messages(AN) == []
    desk.clock.advance(1)
    await desk.deliver()
    assert (await states(desk))[AN][0] == "sent"
    assert len(desk.box.messages(AN)) == 1


def test_the_wait_doubles_up_to_an_hour() -> None:
    minutes = [(next_attempt(attempts, NOON) - NOON) / timedelta(minutes=1) for attempts in (1, 2, 3, 6, 7, 500)]
    assert minutes == [1, 2, 4, 32, 60, 60]


async def test_a_mail_that_is_refused_for_good_is_not_tried_again_until_it_is_asked_for_again(desk: Office) -> None:
    id = await desk.booked(await desk.points(AN))
    desk.box.verdict = lambda _: "550 no such user"
    await desk.invitations.send(id, InviteRequest(), "lan")
    await desk.deliver()
    assert (await states(desk))[AN] == ("failed", 1, "SMTPRecipientsRefused 550")
    desk.box.verdict = lambda _: None
    await desk.later(hours=1)
    assert desk.box.count() == 0
    assert (await desk.invitations.answers(id)).answers[0].mail is MailState.FAILED
    await desk.invitations.send(id, InviteRequest(), "lan")
    await desk.deliver()
    assert (await desk.invitations.answers(id)).answers[0].mail is MailState.SENT


async def test_a_mail_that_cannot_be_delivered_for_days_is_given_up(desk: Office) -> None:
    await queued(desk, AN)
    desk.box.verdict = lambda _: "450 busy"
    desk.clock.advance(PATIENCE.total_seconds() - 1)
    await desk.deliver()
    assert (await states(desk))[AN][0] == "waiting"
    desk.clock.advance(60)
    await desk.deliver()
    assert (await states(desk))[AN][0] == "failed"


async def test_a_server_that_is_away_costs_no_mail_its_attempts(desk: Office, database: Database) -> None:
    await queued(desk, AN, BINH)
    nobody = Smtp(host="127.0.0.1", port=1, security="none", sender=SENDER, timeout_seconds=2)
    await Postman(database, desk.clock, nobody).deliver()
    assert {state[:2] for state in (await states(desk)).values()} == {("waiting", 0)}
    desk.clock.advance(60)
    await desk.deliver()
    assert desk.box.count() == 2


async def test_a_server_that_wants_no_tls_when_tls_is_asked_for_gets_nothing(desk: Office, database: Database) -> None:
    await queued(desk, AN)
    strict = desk.box.smtp.model_copy(update={"security": "starttls"})
    await Postman(database, desk.clock, strict).deliver()
    assert desk.box.count() == 0
    assert (await states(desk))[AN][0] == "waiting"


async def test_a_line_that_is_cut_in_the_middle_of_a_batch_loses_nothing(desk: Office) -> None:
    await queued(desk, *[f"a{n}@xa.example" for n in range(6)])

    def hang_up_after_three() -> str:
        return "421 closing" if desk.box.count() == 3 else "250 kept"

    desk.box.after_data = hang_up_after_three
    await desk.deliver()
    for _ in range(3):
        desk.clock.advance(120)
        await desk.deliver()
    assert {state[0] for state in (await states(desk)).values()} == {"sent"}
    assert {to for to, _ in desk.box.received} == {f"a{n}@xa.example" for n in range(6)}


async def test_many_senders_send_each_mail_once(desk: Office, database: Database) -> None:
    contacts = [f"a{n}@xa.example" for n in range(3 * BATCH + 5)]
    await queued(desk, *contacts)
    senders = [Postman(database, desk.clock, desk.box.smtp) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(sender.deliver() for sender in senders))
    assert sorted(to for to, _ in desk.box.received) == sorted(contacts)


async def test_a_sender_killed_before_it_could_note_the_delivery_makes_a_second_copy_of_the_same_mail(
    desk: Office, database: Database
) -> None:
    await queued(desk, AN)
    async with worker("postman", database.url, str(desk.box.port)) as dying:

        def kill() -> str:
            dying.kill()
            return "250 kept"

        desk.box.after_data = kill
        assert await dying.wait() != 0
    desk.box.after_data = lambda: "250 kept"
    assert (await states(desk))[AN][:2] == ("waiting", 1)
    await Postman(database, ManualClock(SystemClock().now()), desk.box.smtp).deliver()
    assert desk.box.count() == 1
    await Postman(database, ManualClock(SystemClock().now() + LEASE), desk.box.smtp).deliver()
    (_, first), (_, second) = desk.box.received
    assert first == second
    assert (await states(desk))[AN][:2] == ("sent", 2)


async def test_of_two_sending_processes_one_is_killed_and_every_point_still_has_its_one_invitation(
    desk: Office, database: Database
) -> None:
    contacts = [f"a{n}@xa.example" for n in range(4 * BATCH)]
    arguments = (database.url, str(desk.box.port))
    async with worker("postman", *arguments) as dying, worker("postman", *arguments):

        def kill_in_the_middle() -> str:
            if desk.box.count() == BATCH:
                dying.kill()
            return "250 kept"

        desk.box.after_data = kill_in_the_middle
        await queued(desk, *contacts)

        async def settled() -> str | None:
            held = "SELECT count(*) FROM mail WHERE state = 'waiting' AND attempts = 0"
            left = await database.pool.fetchval(held)
            return f"{left} mails were never taken" if left else None

        await eventually(settled, units=30)
        assert await dying.wait() != 0
    later = Postman(database, ManualClock(SystemClock().now() + LEASE), desk.box.smtp)
    while await later.deliver():
        pass
    assert {state[0] for state in (await states(desk)).values()} == {"sent"}
    assert {to for to, _ in desk.box.received} == set(contacts)
    # A mail program shows one for each Message-ID, a calendar one event for each UID; copies are equal.
    assert len({str(message["Message-ID"]) for message in desk.box.messages()}) == len(contacts)
    assert len({raw for _, raw in desk.box.received}) == len(contacts)


async def test_two_secretaries_tell_a_change_once(desk: Office, database: Database) -> None:
    id = await desk.invited(await desk.points(AN, BINH))
    await desk.scheduler.reschedule(id, times(NOON + timedelta(hours=72)), "lan")
    desk.clock.advance(60)
    others = [Secretary(database, desk.bus, desk.clock, SIGNER, desk.settings, desk.diagnosis) for _ in range(3)]
    await asyncio.gather(*(secretary.look() for secretary in (desk.secretary, *others)))
    await desk.deliver()
    assert [event_of(message)[1].decoded("SEQUENCE") for message in desk.box.messages(AN)] == [0, 1]
    assert [event_of(message)[1].decoded("SEQUENCE") for message in desk.box.messages(BINH)] == [0, 1]


async def test_no_address_and_no_token_is_ever_logged(
    desk: Office, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    id = await desk.booked(await desk.points(AN, BINH, "c@xa.example"))
    refusals = {AN: "450 an@xa.example is busy", BINH: "550 binh@xa.example is unknown"}
    desk.box.verdict = refusals.get
    await desk.invitations.send(id, InviteRequest(organizer_email="lan@xa.example"), "lan")
    await desk.deliver()
    await desk.scheduler.cancel(id, "lan")
    await desk.later()
    logged = capsys.readouterr()
    text = logged.out + logged.err
    assert "mail_sent" in text
    assert "mail_given_up" in text
    assert "mail_postponed" in text
    for secret in ("@", "/a/", "/j/", "eyJ"):
        assert secret not in text
    rows = await database.pool.fetch("SELECT error, content FROM mail WHERE state <> 'waiting'")
    assert not any("@" in row["error"] or row["content"] for row in rows)


async def test_without_a_mail_server_in_the_settings_nothing_is_written_but_answers_are_kept(
    database: Database,
) -> None:
    async with office(database) as desk:
        settings = desk.settings.model_copy(update={"smtp": None})
        invitations = Invitations(database, desk.clock, SIGNER, settings)
        id = await desk.booked(await desk.points(AN))
        listed = await invitations.send(id, InviteRequest(), "lan")
        assert [(each.answer, each.mail) for each in listed.answers] == [("waiting", MailState.NONE)]
        assert await database.pool.fetchval("SELECT count(*) FROM mail") == 0
