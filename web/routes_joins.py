"""Before entering: what a join link leads to, and which points an operator's account may enter."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import Conflict, NotFound, Refused
from core.model import Role
from scheduler.model import Seat
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import JoinFacts


async def get_join(ask: Ask[Nothing]) -> JoinFacts:
    """The conference and the seat that a join link is for. Raises `Refused` for a link that is none or is too old."""
    right = ask.context.signer.join_right(ask.request.match_info["token"], ask.context.clock.now())
    conference = await ask.context.scheduler.conference(right.conference)
    return JoinFacts(
        title=conference.title, state=conference.state, times=conference.times, name=right.participant.name
    )


async def list_seats(ask: Ask[Nothing]) -> list[Seat]:
    """The points of a conference, those first that the directory says this person operates."""
    return await ask.context.scheduler.seats(ask.conference, ask.person)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/joins/{token}",
        "What a join link leads to",
        get_join,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(JoinFacts),
        roles=None,
        errors={Refused: ("join.expired", "join.invalid"), NotFound: ("conference.unknown",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/seats",
        "The points that an operator may enter",
        list_seats,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[Seat]),
        roles=frozenset({Role.OPERATOR}),
        errors={NotFound: ("conference.unknown",), Conflict: ("conference.over", "conference.not_confirmed")},
    ),
)
