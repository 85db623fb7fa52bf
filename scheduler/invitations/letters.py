"""The mails: Vietnamese first, then English, plain text, with the calendar object beside it (RFC 6047). Pure.

A mail of the same key always has the same Message-ID, so that one sent twice is shown once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from scheduler.invitations.calendar import Party, method_of
from scheduler.invitations.facts import Facts, Kind

_RULE = "-" * 40


@dataclass(frozen=True)
class Letter:
    """A mail that is ready to be queued; `key` says what it is and is the same for the same thing."""

    key: str
    kind: Kind
    point: int | None
    recipient: str
    content: bytes


@dataclass(frozen=True)
class Stationery:
    """What all mails of an installation share: from whom, and in which time zone they tell the time."""

    sender: Party
    zone: tzinfo

    @property
    def domain(self) -> str:
        """The right side of UIDs and Message-IDs."""
        return self.sender.address.rpartition("@")[2]


@dataclass(frozen=True)
class Links:
    """Where to answer and where to join."""

    answer: str
    join: str


def invitation(
    stationery: Stationery,
    kind: Kind,
    facts: Facts,
    links: Links,
    recipient: Party,
    *,
    point: int,
    key: str,
    ics: str,
    sequence: int,
    at: datetime,
) -> Letter:
    """A REQUEST or CANCEL with its calendar object."""
    vietnamese, english = _openings(kind, sequence)
    body = [f"{vietnamese}.", "", *_lines_vi(stationery, facts, links if kind is Kind.REQUEST else None)]
    body += ["", _RULE, f"{english}.", "", *_lines_en(stationery, facts, links if kind is Kind.REQUEST else None)]
    message = _message(stationery, recipient, f"{vietnamese}: {facts.title}", key, at, body)
    message.add_alternative(ics, subtype="calendar", cte="base64", params={"method": method_of(kind)})
    return Letter(key, kind, point, recipient.address, message.as_bytes(policy=SMTP))


def reminder(
    stationery: Stationery,
    facts: Facts,
    links: Links,
    recipient: Party,
    *,
    point: int,
    key: str,
    answered: bool,
    at: datetime,
) -> Letter:
    """Reminds a point that the conference is near, and of the answer if it still owes one."""
    body = ["Nhắc lịch: hội nghị sắp bắt đầu."]
    english = ["Reminder: the conference begins soon."]
    if not answered:
        body.append("Điểm cầu chưa xác nhận tham dự. Xin trả lời theo liên kết dưới đây.")
        english.append("Your bridge point has not answered yet. Please answer with the link below.")
    body += ["", *_lines_vi(stationery, facts, links), "", _RULE, *english, "", *_lines_en(stationery, facts, links)]
    message = _message(stationery, recipient, f"Nhắc lịch: {facts.title}", key, at, body)
    return Letter(key, Kind.REMINDER, point, recipient.address, message.as_bytes(policy=SMTP))


def refusal(
    stationery: Stationery,
    facts: Facts,
    links: Links,
    recipient: Party,
    *,
    point: int,
    key: str,
    ics: str,
    proposed: tuple[datetime, datetime],
    comment: str,
    at: datetime,
) -> Letter:
    """Tells that the other time that was proposed is refused: the one that was invited to stands."""
    wanted = _between(stationery, *proposed)
    body = [f"Đề nghị đổi giờ ({wanted}) không được chấp nhận.", *([f"Lý do: {comment}"] if comment else [])]
    body += ["Hội nghị vẫn họp theo giờ đã mời. Xin điểm cầu trả lời lại theo liên kết dưới đây."]
    english = [f"The other time that you proposed ({wanted}) is not accepted.", *([comment] if comment else [])]
    english += ["The conference keeps its time. Please answer again with the link below."]
    body += ["", *_lines_vi(stationery, facts, links), "", _RULE, *english, "", *_lines_en(stationery, facts, links)]
    message = _message(stationery, recipient, f"Không đổi giờ họp: {facts.title}", key, at, body)
    message.add_alternative(ics, subtype="calendar", cte="base64", params={"method": method_of(Kind.REFUSAL)})
    return Letter(key, Kind.REFUSAL, point, recipient.address, message.as_bytes(policy=SMTP))


def diagnosis(
    stationery: Stationery, title: str, recipient: Party, *, key: str, lines: Sequence[str], at: datetime
) -> Letter:
    """The pre-start diagnosis for the organizer; `lines` are its body."""
    message = _message(stationery, recipient, f"Kiểm tra trước giờ họp: {title}", key, at, lines)
    return Letter(key, Kind.DIAGNOSIS, None, recipient.address, message.as_bytes(policy=SMTP))


def message_id(key: str, domain: str) -> str:
    """The Message-ID of the mail with this key; tells nothing of what is in the key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _message(
    stationery: Stationery, recipient: Party, subject: str, key: str, at: datetime, body: Sequence[str]
) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(stationery.sender)
    message["To"] = _mailbox(recipient)
    message["Subject"] = _line(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(key, stationery.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no robot answers it.
    message.set_content("\n".join(body) + "\n", cte="base64")
    return message


def _mailbox(party: Party) -> Address:
    return Address(display_name=_line(party.name), addr_spec=party.address)


def _line(text: str) -> str:
    """One header line, whatever was typed."""
    return " ".join(text.split())


def _openings(kind: Kind, sequence: int) -> tuple[str, str]:
    if kind is Kind.CANCEL:
        return "Hủy giấy mời họp", "This invitation is cancelled"
    if sequence == 0:
        return "Giấy mời họp", "You are invited to a conference"
    return "Thay đổi giấy mời họp", "This invitation has changed"


def _lines_vi(stationery: Stationery, facts: Facts, links: Links | None) -> list[str]:
    lines = [
        f"Hội nghị: {facts.title}",
        f"Điểm cầu: {facts.place}",
        f"Thời gian: {_period(stationery, facts)}",
        f"Mở phòng: {facts.doors.astimezone(stationery.zone):%H:%M %d/%m/%Y}",
    ]
    if facts.note:
        lines += ["", facts.note]
    if links is not None:
        lines += ["", "Trả lời (xác nhận, từ chối, đề nghị giờ khác):", links.answer, "Vào họp:", links.join]
    return lines


def _lines_en(stationery: Stationery, facts: Facts, links: Links | None) -> list[str]:
    lines = [
        f"Conference: {facts.title}",
        f"Bridge point: {facts.place}",
        f"Time: {_period(stationery, facts)}",
        f"Doors open: {facts.doors.astimezone(stationery.zone):%H:%M %d/%m/%Y}",
    ]
    if links is not None:
        lines += ["", "Answer (confirm, decline, propose another time):", links.answer, "Join:", links.join]
    return lines


def _period(stationery: Stationery, facts: Facts) -> str:
    return _between(stationery, facts.start, facts.stop)


def _between(stationery: Stationery, first: datetime, last: datetime) -> str:
    start, stop = first.astimezone(stationery.zone), last.astimezone(stationery.zone)
    if start.date() == stop.date():
        return f"{start:%H:%M} - {stop:%H:%M} {start:%d/%m/%Y} ({stationery.zone})"
    return f"{start:%H:%M %d/%m/%Y} - {stop:%H:%M %d/%m/%Y} ({stationery.zone})"
