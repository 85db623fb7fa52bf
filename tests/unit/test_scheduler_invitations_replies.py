from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, DiemcauError, TooLarge
from scheduler.invitations.model import AnswerState, is_address
from scheduler.invitations.replies import MAX_BYTES, read_reply
from tests.support.replies import counter_mail, mail_with, reply_mail

STAMP = datetime(2026, 9, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("partstat", "answer"),
    [
        ("ACCEPTED", AnswerState.CONFIRMED),
        ("DECLINED", AnswerState.DECLINED),
        ("TENTATIVE", AnswerState.TENTATIVE),
        ("accepted", AnswerState.CONFIRMED),
    ],
)
def test_a_reply_is_read(partstat: str, answer: AnswerState) -> None:
    reply = read_reply(reply_mail("u1@cau.example", 2, partstat, STAMP, comment="Đến muộn, 10 phút"))
    assert (reply.uid, reply.sequence, reply.answer, reply.made_at) == ("u1@cau.example", 2, answer, STAMP)
    assert reply.comment == "Đến muộn, 10 phút"
    assert (reply.proposed_start, reply.proposed_stop, reply.recurrence) == (None, None, None)


def test_a_counter_proposes_times_in_any_zone() -> None:
    reply = read_reply(counter_mail("u1@cau.example", 0, STAMP, "20260902T080000", "20260902T100000"))
    assert reply.answer is AnswerState.PROPOSED
    assert reply.proposed_start == datetime(2026, 9, 2, 1, tzinfo=UTC)
    assert reply.proposed_stop == datetime(2026, 9, 2, 3, tzinfo=UTC)


def test_an_occurrence_of_a_series_is_known_by_its_original_start() -> None:
    reply = read_reply(reply_mail("u", 0, "ACCEPTED", STAMP, recurrence="20260907T010000Z"))
    assert reply.recurrence == datetime(2026, 9, 7, 1, tzinfo=UTC)


def test_a_reply_that_is_attached_rather_than_beside_the_text_is_found() -> None:
    message = EmailMessage(policy=SMTP)
    message.set_content("Accepted")
    ics = reply_mail("u", 0, "ACCEPTED", STAMP).partition(b"\r\n\r\n")[2]
    message.add_attachment(base64.b64decode(ics), maintype="application", subtype="ics", filename="invite.ics")
    assert read_reply(message.as_bytes()).answer is AnswerState.CONFIRMED


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "reply.no_calendar"),
        (b"Subject: out of office\r\n\r\nBack on Monday.", "reply.no_calendar"),
        (mail_with("no calendar at all"), "reply.unreadable"),
        (mail_with("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"), "reply.unsupported"),
        (reply_mail("u", 0, "DELEGATED", STAMP), "reply.unsupported"),
        (reply_mail("u", 0, "NEEDS-ACTION", STAMP), "reply.unsupported"),
        (reply_mail("u", 0, "ACCEPTED", STAMP, method="REQUEST"), "reply.unsupported"),
        (reply_mail("u", 0, "ACCEPTED", STAMP, attendees=2), "reply.unsupported"),
        (reply_mail("u" * 256, 0, "ACCEPTED", STAMP), "reply.unsupported"),
        (reply_mail("u\x00", 0, "ACCEPTED", STAMP), "reply.unsupported"),
        (reply_mail("u", 2**31, "ACCEPTED", STAMP), "reply.unsupported"),
        (reply_mail("u", -1, "ACCEPTED", STAMP), "reply.unsupported"),
        (reply_mail("u", 0, "ACCEPTED", STAMP, attendees=0), "reply.unreadable"),
        (counter_mail("u", 0, STAMP, "20260902T100000", "20260902T080000"), "reply.unsupported"),
        (counter_mail("u", 0, STAMP, "20260902T080000", "20260902T100000", zone=None), "reply.unsupported"),
    ],
)
def test_what_is_no_answer_is_refused_by_name(raw: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_reply(raw)
    assert caught.value.code == code


def test_the_largest_mail_is_read_and_one_byte_more_is_not() -> None:
    small = reply_mail("u", 0, "ACCEPTED", STAMP)
    padded = small + b" " * (MAX_BYTES - len(small))
    assert read_reply(padded).answer is AnswerState.CONFIRMED
    with pytest.raises(TooLarge):
        read_reply(padded + b" ")


@given(st.data())
def test_a_damaged_reply_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    text = _decoded(reply_mail("u", 0, "ACCEPTED", STAMP, recurrence="20260907T010000Z"))
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 12)))
    damaged = text[:start] + data.draw(st.text(max_size=8)) + text[stop:]
    with suppress(BadInput):
        assert read_reply(mail_with(damaged)).answer is not AnswerState.WAITING


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_one_of_our_errors(raw: bytes) -> None:
    with pytest.raises(DiemcauError):
        read_reply(raw)


@pytest.mark.parametrize("good", ["an@xa.example", "a.b+c@x-1.example.vn", "O'Neil@a.bc"])
def test_an_address_is_one(good: str) -> None:
    assert is_address(good)


@pytest.mark.parametrize(
    "bad",
    [
        *("", "an", "an@", "@xa.example", "an@localhost", "a b@x.example", "an@x.example\n", "a@b@c.example"),
        *(".a@b.example", "a..b@c.example", "a.@c.example", "a@x.example,b@x.example", "0903 123 456"),
        *("ấp@xa.example", "a" * 250 + "@b.example"),
    ],
)
def test_what_is_no_address_is_not(bad: str) -> None:
    assert not is_address(bad)


def _decoded(raw: bytes) -> str:
    return base64.b64decode(raw.partition(b"\r\n\r\n")[2]).decode()


def test_times_far_out_of_range_do_no_harm() -> None:
    with pytest.raises(BadInput):
        read_reply(counter_mail("u", 0, STAMP, "99999999T000000", "99999999T010000"))
