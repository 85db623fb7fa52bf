"""Invitations: sending them, the answers by every way, and calendars to subscribe to."""

from __future__ import annotations

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused, TooLarge
from core.identity import FeedRight
from scheduler.invitations.model import (
    AnswerList,
    AnswerRequest,
    FeedAddress,
    InvitationView,
    InviteRequest,
    PointAnswer,
    RefusalRequest,
    ReplyReport,
    SeriesInvited,
)
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.parsing import read_body
from web.routes_conferences import UNKNOWN
from web.routes_directory import CONSOLES, ORGANIZER

CALENDAR = "text/calendar"


async def invite_points(ask: Ask[InviteRequest]) -> AnswerList:
    """Invites the conference's points; doing it again reaches what is new and tries anew what failed."""
    return await ask.context.office.invitations.send(ask.conference, ask.input, ask.person.username)


async def invite_series(ask: Ask[InviteRequest]) -> SeriesInvited:
    """Invites to every confirmed occurrence that is yet to end."""
    series = ask.request.match_info["series"]
    return await ask.context.office.invitations.send_series(series, ask.input, ask.person.username)


async def list_answers(ask: Ask[Nothing]) -> AnswerList:
    """Every invited point with its answer."""
    return await ask.context.office.invitations.answers(ask.conference)


async def note_answer(ask: Ask[AnswerRequest]) -> PointAnswer:
    """Notes an answer that was given by telephone, for instance."""
    point = ask.code("point", "invitation.unknown")
    return await ask.context.office.invitations.record(ask.conference, point, ask.input)


async def refuse_proposal(ask: Ask[RefusalRequest]) -> PointAnswer:
    """Refuses the other time that a point proposed; who proposed it is told by mail, and the point is asked again."""
    point = ask.code("point", "invitation.unknown")
    return await ask.context.office.invitations.refuse(ask.conference, point, ask.input)


async def view_invitation(ask: Ask[Nothing]) -> InvitationView:
    """What the holder of an answer link sees."""
    return await ask.context.office.invitations.view(ask.request.match_info["token"])


async def answer_invitation(ask: Ask[AnswerRequest]) -> InvitationView:
    """Records the answer of the holder of an answer link."""
    return await ask.context.office.invitations.answer(ask.request.match_info["token"], ask.input)


async def take_reply(ask: Ask[Nothing]) -> ReplyReport:
    """Takes a mail as it arrived at the sender's mailbox; a mail pipe signs in with an account of its own."""
    raw = await read_body(ask.request, ask.context.settings.limits.request_bytes)
    return await ask.context.office.invitations.reply_mail(raw)


async def get_point_calendar(ask: Ask[Nothing]) -> FeedAddress:
    """Where to subscribe to a point's conferences."""
    right = FeedRight(of="point", code=ask.code("code", "feed.unknown"))
    return await ask.context.office.invitations.feed_address(right)


async def get_unit_calendar(ask: Ask[Nothing]) -> FeedAddress:
    """Where to subscribe to the conferences of all points under a unit."""
    right = FeedRight(of="unit", code=ask.code("code", "feed.unknown"))
    return await ask.context.office.invitations.feed_address(right)


async def read_calendar(ask: Ask[Nothing]) -> web.Response:
    """The calendar behind a subscription's address."""
    text = await ask.context.office.invitations.feed(ask.request.match_info["token"])
    return web.Response(body=text.encode(), content_type=CALENDAR, charset="utf-8")


_SEND: Errors = {**UNKNOWN, Conflict: ("conference.over", "conference.not_confirmed")}
_LINK: Errors = {
    Refused: ("answer.expired", "answer.invalid"),
    NotFound: ("invitation.unknown", "conference.unknown"),
}
_ANSWERING: Errors = {Conflict: ("conference.over", "answer.past")}
_NO_FEED: Errors = {NotFound: ("feed.unknown",)}
_ANSWERS = TypeAdapter(AnswerList)
_VIEW = TypeAdapter(InvitationView)
_FEED = TypeAdapter(FeedAddress)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/conferences/{id}/invitations",
        "Invite a conference's points",
        invite_points,
        InviteRequest,
        Source.JSON,
        reply=_ANSWERS,
        roles=ORGANIZER,
        errors=_SEND,
    ),
    Endpoint(
        "POST",
        "/api/series/{series}/invitations",
        "Invite to a series",
        invite_series,
        InviteRequest,
        Source.JSON,
        reply=TypeAdapter(SeriesInvited),
        roles=ORGANIZER,
        errors={**_SEND, NotFound: ("series.unknown",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/answers",
        "Who has answered what",
        list_answers,
        Nothing,
        Source.NONE,
        reply=_ANSWERS,
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/answers/{point}",
        "Note a point's answer",
        note_answer,
        AnswerRequest,
        Source.JSON,
        reply=TypeAdapter(PointAnswer),
        roles=ORGANIZER,
        errors={**_ANSWERING, NotFound: ("conference.unknown", "invitation.unknown")},
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/answers/{point}/refusal",
        "Refuse the other time that a point proposed",
        refuse_proposal,
        RefusalRequest,
        Source.JSON,
        reply=TypeAdapter(PointAnswer),
        roles=ORGANIZER,
        errors={
            NotFound: ("conference.unknown", "invitation.unknown"),
            Conflict: ("conference.over", "answer.not_proposed"),
        },
    ),
    Endpoint(
        "GET",
        "/api/answers/{token}",
        "What an answer link is for",
        view_invitation,
        Nothing,
        Source.NONE,
        reply=_VIEW,
        roles=None,
        errors=_LINK,
    ),
    Endpoint(
        "POST",
        "/api/answers/{token}",
        "Answer by an answer link",
        answer_invitation,
        AnswerRequest,
        Source.JSON,
        reply=_VIEW,
        roles=None,
        errors={**_LINK, **_ANSWERING},
    ),
    Endpoint(
        "POST",
        "/api/replies",
        "A calendar program's answer, as the mail arrived",
        take_reply,
        Nothing,
        Source.MAIL,
        reply=TypeAdapter(ReplyReport),
        roles=ORGANIZER,
        errors={
            BadInput: ("reply.no_calendar", "reply.unreadable", "reply.unsupported"),
            TooLarge: ("reply.too_large",),
            NotFound: ("reply.unknown",),
            Refused: ("reply.stranger",),
        },
    ),
    Endpoint(
        "GET",
        "/api/points/{code}/calendar",
        "A point's calendar address",
        get_point_calendar,
        Nothing,
        Source.NONE,
        reply=_FEED,
        roles=ORGANIZER,
        errors=_NO_FEED,
    ),
    Endpoint(
        "GET",
        "/api/units/{code}/calendar",
        "A unit's calendar address",
        get_unit_calendar,
        Nothing,
        Source.NONE,
        reply=_FEED,
        roles=ORGANIZER,
        errors=_NO_FEED,
    ),
    Endpoint(
        "GET",
        "/calendar/{token}.ics",
        "A calendar to subscribe to",
        read_calendar,
        Nothing,
        Source.NONE,
        media=CALENDAR,
        roles=None,
        errors={Refused: ("feed.invalid",), **_NO_FEED},
    ),
)
