"""What a join link leads to: told to its holder before they enter."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import NotFound, Refused
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import JoinFacts


async def get_join(ask: Ask[Nothing]) -> JoinFacts:
    """The conference and the seat that a join link is for. Raises `Refused` for a link that is none or is too old."""
    right = ask.context.signer.join_right(ask.request.match_info["token"], ask.context.clock.now())
    conference = await ask.context.scheduler.conference(right.conference)
    return JoinFacts(
        title=conference.title, state=conference.state, times=conference.times, name=right.participant.name
    )


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
)
