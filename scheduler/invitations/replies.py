"""What a calendar program answers: REPLY and COUNTER objects in a mail (RFC 5546 section 3.2, RFC 6047). Pure.

Such a mail comes from anybody. Size, structure and content are checked here, and every fault is one error.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from icalendar import Calendar

from core.errors import BadInput, TooLarge
from scheduler.invitations.model import AnswerState

MAX_BYTES = 256 * 1024
MAX_PARTS = 50
MAX_COMMENT = 2_000
MAX_UID = 255
MAX_SEQUENCE = 2**31 - 1
_ANSWERS = {
    "ACCEPTED": AnswerState.CONFIRMED,
    "DECLINED": AnswerState.DECLINED,
    "TENTATIVE": AnswerState.TENTATIVE,
}


@dataclass(frozen=True)
class Reply:
    """One point's answer. `made_at` is the reply's DTSTAMP, `sequence` the revision that it answers.

    `recurrence` is the occurrence that it means, as the series' rule gave it; None: the event, or the whole series.
    """

    uid: str
    sequence: int
    made_at: datetime
    answer: AnswerState
    comment: str = ""
    proposed_start: datetime | None = None
    proposed_stop: datetime | None = None
    recurrence: datetime | None = None
    attendees: tuple[str, ...] = ()
    """Who answers, as addresses in small letters: one in a REPLY; a COUNTER may name more."""

    @property
    def digest(self) -> bytes:
        """The same for the same answer, by whatever way and however often its mail comes."""
        return hashlib.sha256(repr(self).encode("utf-8", errors="backslashreplace")).digest()


def read_reply(raw: bytes) -> Reply:
    """The answer in a mail as it came over the wire.

    Raises `TooLarge` `reply.too_large`, and `BadInput` `reply.no_calendar` (an ordinary mail), `reply.unreadable`,
    `reply.unsupported` (another method, no time, a delegation).
    """
    if len(raw) > MAX_BYTES:
        raise TooLarge("reply.too_large", "The mail is too large to be a calendar's reply.", limit=MAX_BYTES)
    try:
        calendar = Calendar.from_ical(_calendar_part(raw))
        method = str(calendar.get("METHOD", "")).upper()
        return _reply(method, calendar)
    except BadInput:
        raise
    except Exception as exc:
        # The parsers of mail and calendars raise whatever they stumble over; to the sender it is all one.
        raise BadInput("reply.unreadable", "The calendar in the mail cannot be read.") from exc


def _calendar_part(raw: bytes) -> str:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    for count, part in enumerate(message.walk()):
        if count >= MAX_PARTS:
            break
        if part.get_content_type() in ("text/calendar", "application/ics"):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                return content.decode("utf-8", errors="replace")
    raise BadInput("reply.no_calendar", "There is no calendar in the mail.")


def _reply(method: str, calendar: Any) -> Reply:
    events = calendar.walk("VEVENT")
    if method not in ("REPLY", "COUNTER") or len(events) != 1:
        raise _unsupported("Only a REPLY or COUNTER for one event is understood.")
    event = events[0]
    answer, start, stop = AnswerState.PROPOSED, None, None
    if method == "REPLY":
        answer = _partstat(event)
    else:
        start, stop = _instant(event.start), _instant(event.end)
        if start >= stop:
            raise _unsupported("The proposed end is not after the proposed start.")
    uid, sequence = str(event["UID"]), int(event.get("SEQUENCE", 0))
    if len(uid) > MAX_UID or "\x00" in uid or not 0 <= sequence <= MAX_SEQUENCE:
        raise _unsupported("The reply is to no event of ours.")
    return Reply(
        uid=uid,
        sequence=sequence,
        made_at=_instant(event.decoded("DTSTAMP")),
        answer=answer,
        comment=_comment(event),
        proposed_start=start,
        proposed_stop=stop,
        recurrence=_instant(event.decoded("RECURRENCE-ID")) if "RECURRENCE-ID" in event else None,
        attendees=_attendees(event),
    )


def _partstat(event: Any) -> AnswerState:
    """A REPLY names exactly one attendee, who answers (RFC 5546 section 3.2.3)."""
    attendees = event["ATTENDEE"]
    if isinstance(attendees, list):
        raise _unsupported("A reply answers for one attendee.")
    status = str(attendees.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
    if status not in _ANSWERS:
        raise _unsupported("The reply neither accepts nor declines.")
    return _ANSWERS[status]


def _attendees(event: Any) -> tuple[str, ...]:
    found = event.get("ATTENDEE", [])
    named = found if isinstance(found, list) else [found]
    return tuple(str(one).replace("\x00", "").strip().lower().removeprefix("mailto:") for one in named[:MAX_PARTS])


def _comment(event: Any) -> str:
    comments = event.get("COMMENT", "")
    text = " ".join(str(one) for one in comments) if isinstance(comments, list) else str(comments)
    return text.replace("\x00", "").strip()[:MAX_COMMENT]


def _instant(value: date | datetime) -> datetime:
    """RFC 5546 wants DTSTAMP in UTC; a time without a zone has no place in an answer to one in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _unsupported("The reply's times have no time zone.")
    return value.astimezone(UTC)


def _unsupported(detail: str) -> BadInput:
    return BadInput("reply.unsupported", detail)
