"""What is asked of the invitations and what they answer. The HTTP API speaks exactly these models."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from core.model import ConferenceId, ConferenceState, ConferenceTimes, Model

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")


def is_address(text: str) -> bool:
    """Whether `text` is a plain e-mail address (RFC 5321 dot-string, ASCII) with a domain."""
    local, _, _ = text.partition("@")
    dots_fit = not (local.startswith(".") or local.endswith(".") or ".." in local)
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None and dots_fit


def _address(text: str) -> str:
    text = text.strip()
    if not is_address(text):
        raise ValueError("not an e-mail address")
    return text


EmailText = Annotated[str, Field(max_length=254), AfterValidator(_address)]


class AnswerState(StrEnum):
    """What a point has said to its invitation; `waiting` and `tentative` are no answer yet."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    PROPOSED = "proposed"

    @property
    def is_answer(self) -> bool:
        """Whether the organizer knows enough."""
        return self not in (AnswerState.WAITING, AnswerState.TENTATIVE)


class Channel(StrEnum):
    """How an answer came: by the link in the mail, by the calendar's reply, or noted by somebody signed in."""

    LINK = "link"
    MAIL = "mail"
    PAGE = "page"


class MailState(StrEnum):
    """How far a point's newest mail is; `none` when there is no address to send it to."""

    NONE = "none"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class InviteRequest(Model):
    """Invites every point of a conference. `organizer_email` is who the pre-start diagnosis is mailed to.

    What is left out stays as it was when the points are invited again; another note is told to all of them.
    """

    organizer_email: EmailText | None = None
    note: str | None = Field(default=None, max_length=2_000)


class AnswerRequest(Model):
    """A point's answer. A proposal names other times; the others must not."""

    answer: Literal[AnswerState.CONFIRMED, AnswerState.DECLINED, AnswerState.PROPOSED]
    delegates: int | None = Field(default=None, ge=0, le=100_000)
    operator: str = Field(default="", max_length=200)
    comment: str = Field(default="", max_length=2_000)
    proposed_start: AwareDatetime | None = None
    proposed_stop: AwareDatetime | None = None

    @model_validator(mode="after")
    def _times_of_a_proposal(self) -> Self:
        given = (self.proposed_start is not None, self.proposed_stop is not None)
        if given != ((True, True) if self.answer is AnswerState.PROPOSED else (False, False)):
            raise ValueError("a proposal, and only a proposal, has proposed_start and proposed_stop")
        if self.proposed_start and self.proposed_stop and self.proposed_start >= self.proposed_stop:
            raise ValueError("proposed_start must be before proposed_stop")
        return self


class RefusalRequest(Model):
    """Refuses the other time that a point proposed; `comment` is told to whoever proposed it."""

    comment: str = Field(default="", max_length=2_000)


class PointAnswer(Model):
    """One line of the list of answers. `sequence` is the revision of the invitation (RFC 5545 SEQUENCE)."""

    point: str
    name: str
    sequence: int
    answer: AnswerState
    answered_at: AwareDatetime | None
    answered_by: Channel | None
    delegates: int | None
    operator: str
    comment: str
    proposed_start: AwareDatetime | None
    proposed_stop: AwareDatetime | None
    refused_at: AwareDatetime | None
    """When the organizer refused this point's last proposal, until it answers again."""
    mail: MailState


class AnswerList(Model):
    """The invitations of a conference, in order of the points' codes, and their counts.

    `not_answered` counts the waiting and the tentative; `delegates` sums what confirmed points expect. Without
    `mailing` this installation sends no mail at all, whatever addresses the points have.
    """

    conference: ConferenceId
    mailing: bool
    invited: int
    confirmed: int
    declined: int
    proposed: int
    not_answered: int
    delegates: int
    answers: tuple[PointAnswer, ...]


class SeriesInvited(Model):
    """The occurrences of a series whose points were invited, the earliest first."""

    conferences: tuple[ConferenceId, ...]


class InvitationView(Model):
    """What somebody with an answer link sees: the conference, the point, and the present answer."""

    conference: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes
    note: str
    answer: PointAnswer


class ReplyOutcome(StrEnum):
    """What became of a calendar's reply.

    `outdated` ones were made for an earlier revision, or overtaken; `repeated` ones had come before.
    """

    RECORDED = "recorded"
    OUTDATED = "outdated"
    REPEATED = "repeated"


class ReplyReport(Model):
    """The effect of a mail with a REPLY or COUNTER."""

    outcome: ReplyOutcome
    conference: ConferenceId
    answer: PointAnswer


class FeedAddress(Model):
    """Where a calendar program subscribes to a point's or a unit's conferences."""

    url: str
