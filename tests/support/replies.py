"""Mails as calendar programs answer with them."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

_ZONE = """BEGIN:VTIMEZONE
TZID:Hanoi
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0700
TZOFFSETTO:+0700
END:STANDARD
END:VTIMEZONE
"""


def reply_mail(
    uid: str,
    sequence: int,
    partstat: str,
    stamp: datetime,
    *,
    comment: str = "",
    recurrence: str | None = None,
    attendees: int = 1,
    attendee: str = "an@xa.example",
    method: str = "REPLY",
) -> bytes:
    """A REPLY (RFC 5546 section 3.2.3) of `attendee`, or of several."""
    lines = [f"UID:{uid}", f"SEQUENCE:{sequence}", f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}", "ORGANIZER:mailto:o@x.example"]
    lines += [f"ATTENDEE;PARTSTAT={partstat}:mailto:{attendee}" for _ in range(attendees)]
    if comment:
        escaped = comment.replace(",", "\\,")
        lines.append(f"COMMENT:{escaped}")
    if recurrence:
        lines.append(f"RECURRENCE-ID:{recurrence}")
    return mail_with(_calendar(method, lines))


def counter_mail(
    uid: str,
    sequence: int,
    stamp: datetime,
    start: str,
    stop: str,
    zone: str | None = "Hanoi",
    attendee: str = "an@xa.example",
) -> bytes:
    """A COUNTER (section 3.2.7) that proposes local times, as the calendar of somebody in that zone does."""
    where = f";TZID={zone}" if zone else ""
    lines = [f"UID:{uid}", f"SEQUENCE:{sequence}", f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}"]
    lines += [f"DTSTART{where}:{start}", f"DTEND{where}:{stop}", f"ATTENDEE;PARTSTAT=TENTATIVE:MAILTO:{attendee}"]
    return mail_with(_calendar("COUNTER", lines))


def mail_with(ics: str) -> bytes:
    """A mail with this calendar object."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "a@x.example"
    message.set_content(ics, subtype="calendar", cte="base64")
    return message.as_bytes()


def _calendar(method: str, lines: list[str]) -> str:
    event = "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Somebody//\nMETHOD:{method}\n{_ZONE}{event}\nEND:VCALENDAR\n"
    return text.replace("\n", "\r\n")
