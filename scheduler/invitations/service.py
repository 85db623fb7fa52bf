"""Invitations as the rest of the product sees them: one class, one method per thing that can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import structlog

from core.clock import Clock
from core.database import Database
from core.errors import Conflict, NotFound, Refused
from core.identity import AnswerRight, FeedRight, Signer
from core.model import ConferenceId
from core.settings import Settings
from scheduler import lifecycle
from scheduler.invitations import feeds
from scheduler.invitations.correspondence import Correspondence
from scheduler.invitations.model import (
    AnswerList,
    AnswerRequest,
    AnswerState,
    Channel,
    FeedAddress,
    InvitationView,
    InviteRequest,
    PointAnswer,
    RefusalRequest,
    ReplyOutcome,
    ReplyReport,
    SeriesInvited,
)
from scheduler.invitations.replies import read_reply
from scheduler.invitations.store import InvitationStore, Occasion

log = structlog.get_logger("invitations")

FEED_LIFE = timedelta(days=2 * 365)


class Invitations:
    """Inviting points, their answers, and calendar feeds. The mails are sent by `Postman`, changes by `Secretary`."""

    def __init__(self, database: Database, clock: Clock, signer: Signer, settings: Settings) -> None:
        self._store = InvitationStore(database)
        self._correspondence = Correspondence(database, clock, signer, settings)
        self._clock = clock
        self._signer = signer
        self._base_url = settings.base_url
        self._mailing = settings.smtp is not None

    async def mails_waiting(self) -> int:
        """How many mails are yet to be sent."""
        return await self._store.mails_waiting()

    async def send(self, id: ConferenceId, request: InviteRequest, by: str) -> AnswerList:
        """Invites the conference's points; from now on they are told of every change by themselves.

        Doing it again reaches addresses that are new and tries anew what failed for good; nobody gets a mail twice.
        Raises `NotFound` `conference.unknown`, `Conflict` `conference.over`, `conference.not_confirmed`.
        """
        occasion = await self._store.occasion(id)
        lifecycle.refuse_unless_booked(occasion.state)
        await self._store.invite(id, request, by, self._clock.now())
        await self._correspondence.tell(id, everybody=True)
        return await self.answers(id)

    async def send_series(self, series: str, request: InviteRequest, by: str) -> SeriesInvited:
        """Invites the points of every confirmed occurrence of a series that is yet to end.

        Raises `NotFound` `series.unknown`.
        """
        ids = await self._store.occurrences(series, self._clock.now())
        for id in ids:
            await self.send(id, request, by)
        return SeriesInvited(conferences=tuple(ids))

    async def answers(self, id: ConferenceId) -> AnswerList:
        """Every invited point with its answer; raises `NotFound` `conference.unknown`."""
        await self._store.occasion(id)
        return _counted(id, await self._store.answers(id), self._mailing)

    async def unanswered(self, id: ConferenceId) -> list[PointAnswer]:
        """The points that have not answered, or only tentatively."""
        return [answer for answer in (await self.answers(id)).answers if not answer.answer.is_answer]

    async def view(self, token: str) -> InvitationView:
        """What the holder of an answer link sees.

        Raises `Refused` `answer.expired`, `answer.invalid`; `NotFound` `invitation.unknown` (no longer invited).
        """
        right = self._signer.answer_right(token, self._clock.now())
        return await self._view(right)

    async def answer(self, token: str, request: AnswerRequest) -> InvitationView:
        """Records the answer of the holder of an answer link; a later one replaces it.

        Raises as `view`, and `Conflict` `conference.over`.
        """
        right = self._signer.answer_right(token, self._clock.now())
        await self._record(right.conference, right.point, request, Channel.LINK)
        return await self._view(right)

    async def record(self, id: ConferenceId, point: str, request: AnswerRequest) -> PointAnswer:
        """Notes an answer that somebody signed in was given, by telephone for instance.

        Raises `NotFound` `conference.unknown`, `invitation.unknown`; `Conflict` `conference.over`.
        """
        await self._record(id, point, request, Channel.PAGE)
        return await self._one(id, point)

    async def reply_mail(self, raw: bytes) -> ReplyReport:
        """Takes a mail that came to the sender's mailbox: a calendar program's REPLY or COUNTER.

        It must name the invitation's UID, which is random, and as attendee somebody whom that invitation was sent to.
        Without RECURRENCE-ID it answers every occurrence of its series; the report is on the first of them. The same
        answer counts once, however often it comes. Raises `BadInput` `reply.no_calendar`, `.unreadable`,
        `.unsupported`; `TooLarge` `reply.too_large`; `NotFound` `reply.unknown`; `Refused` `reply.stranger`.
        """
        now = self._clock.now()
        said = read_reply(raw)
        # A clock that is ahead must not make this reply newer than those that will follow it.
        reply = replace(said, made_at=min(said.made_at, now))
        meant = await self._store.meant_by(reply)
        if not meant:
            raise NotFound("reply.unknown", "The reply is to no invitation that stands.")
        if not any(each.invited for each in meant):
            raise Refused("reply.stranger", "Who replies was not sent this invitation. Note the answer by hand.")
        taken = await self._store.take_reply([each.conference for each in meant], reply, said.digest, now)
        outcome = _outcome(taken)
        log.info("reply_taken", conference=meant[0].conference, outcome=outcome.value, meant=len(meant))
        id = taken[0] if taken else meant[0].conference
        return ReplyReport(outcome=outcome, conference=id, answer=await self._one(id, meant[0].point))

    async def refuse(self, id: ConferenceId, point: str, request: RefusalRequest) -> PointAnswer:
        """Refuses the other time that a point proposed: it is asked again, and who proposed it is told by mail.

        Raises `NotFound` `conference.unknown`, `invitation.unknown`; `Conflict` `conference.over`,
        `answer.not_proposed`.
        """
        lifecycle.refuse_if_over((await self._store.occasion(id)).state)
        await self._one(id, point)
        if not await self._correspondence.refuse(id, point, request.comment):
            raise Conflict("answer.not_proposed", "This bridge point proposes no other time (any more).")
        return await self._one(id, point)

    async def feed_address(self, right: FeedRight) -> FeedAddress:
        """The signed address of a point's or a unit's calendar; good for two years.

        Raises `NotFound` `feed.unknown`.
        """
        await feeds.name_of(self._store.pool, right)
        token = self._signer.feed_token(right, self._clock.now() + FEED_LIFE)
        return FeedAddress(url=f"{self._base_url}/calendar/{token}.ics")

    async def feed(self, token: str) -> str:
        """The calendar behind a feed's address (text/calendar): the last month and the year to come.

        Raises `Refused` `feed.invalid`, `NotFound` `feed.unknown`.
        """
        now = self._clock.now()
        return await feeds.calendar(self._store.pool, self._signer.feed_right(token, now), now)

    async def _record(self, id: ConferenceId, point: str, request: AnswerRequest, channel: Channel) -> None:
        occasion = await self._store.occasion(id)
        lifecycle.refuse_if_over(occasion.state)
        now = self._clock.now()
        if request.proposed_start is not None and request.proposed_start < now:
            raise Conflict("answer.past", "The proposed time is in the past.", field="proposed_start")
        await self._store.answer(id, point, request, channel, now)
        log.info("answer_recorded", conference=id, answer=request.answer.value, channel=channel.value)

    async def _view(self, right: AnswerRight) -> InvitationView:
        occasion = await self._store.occasion(right.conference)
        return _view(occasion, await self._one(right.conference, right.point))

    async def _one(self, id: ConferenceId, point: str) -> PointAnswer:
        found = await self._store.answers(id, point)
        if not found:
            raise NotFound("invitation.unknown", "This bridge point is not invited to this conference (any more).")
        return found[0]


def _outcome(taken: list[ConferenceId] | None) -> ReplyOutcome:
    if taken is None:
        return ReplyOutcome.REPEATED
    return ReplyOutcome.RECORDED if taken else ReplyOutcome.OUTDATED


def _view(occasion: Occasion, answer: PointAnswer) -> InvitationView:
    return InvitationView(
        conference=occasion.id,
        title=occasion.title,
        state=occasion.state,
        times=occasion.times,
        note=occasion.note,
        answer=answer,
    )


def _counted(id: ConferenceId, answers: Iterable[PointAnswer], mailing: bool) -> AnswerList:
    answers = tuple(answers)

    def number(state: AnswerState) -> int:
        return sum(answer.answer is state for answer in answers)

    confirmed = AnswerState.CONFIRMED
    return AnswerList(
        conference=id,
        mailing=mailing,
        invited=len(answers),
        confirmed=number(confirmed),
        declined=number(AnswerState.DECLINED),
        proposed=number(AnswerState.PROPOSED),
        not_answered=sum(not answer.answer.is_answer for answer in answers),
        delegates=sum(answer.delegates or 0 for answer in answers if answer.answer is confirmed),
        answers=answers,
    )
