"""What a technician does about a hall, and by what its line is graded."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import NotFound, Refused, Unavailable
from core.messages import Reached
from core.model import ConferenceState, Model, Role
from core.session_messages import PictureLimit
from monitor.grading.book import GradeProfile, Grading
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, In, Nothing, Source
from web.routes_directory import CONSOLES

TECHNICIAN = frozenset({Role.TECHNICIAN})


class LimitRequest(Model):
    """What a hall's line shall carry."""

    limit: PictureLimit


class GradingRequest(Model):
    """The profile; None: the installation's."""

    profile: GradeProfile | None


async def _hall(ask: Ask[In]) -> str:
    point = ask.code("point", "point.unknown")
    conference = await ask.context.scheduler.conference(ask.conference)
    if all(one.code != point for one in conference.points):
        raise NotFound("point.unknown", "This point does not take part in this conference.")
    if conference.state is not ConferenceState.OPEN:
        raise Refused("join.not_open", "The conference is not open.")
    return point


async def limit_pictures(ask: Ask[LimitRequest]) -> Reached:
    """Smaller pictures or sound only, both ways, until it is changed; it survives a new connection and a restart."""
    point = await _hall(ask)
    reach, limit = ask.context.monitor.reach, ask.input.limit
    return Reached(participants=await reach.limit(ask.conference, [point], limit, ask.person.username))


async def reconnect_point(ask: Ask[Nothing]) -> Reached:
    """Has the hall's endpoint look for another way to the node."""
    point = await _hall(ask)
    return Reached(participants=await ask.context.monitor.reach.reconnect(ask.conference, [point]))


async def get_grading(ask: Ask[Nothing]) -> Grading:
    """The profile in use, and all that there are with their thresholds."""
    return await ask.context.monitor.grading.get(ask.conference)


async def choose_grading(ask: Ask[GradingRequest]) -> Grading:
    """Grades the conference's lines by another profile from now on."""
    return await ask.context.monitor.grading.choose(ask.conference, ask.input.profile, ask.person.username)


_REACHED, _GRADING = TypeAdapter(Reached), TypeAdapter(Grading)
_POINT = "/api/conferences/{id}/points/{point}"
_CONFERENCE: Errors = {NotFound: ("conference.unknown",)}
_CANNOT: Errors = {
    NotFound: ("conference.unknown", "point.unknown"),
    Refused: ("join.not_open",),
    Unavailable: ("service.absent", "service.slow", "service.failed"),
}

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        f"{_POINT}/limit",
        "Limit a hall's pictures",
        limit_pictures,
        LimitRequest,
        Source.JSON,
        reply=_REACHED,
        roles=TECHNICIAN,
        errors=_CANNOT,
    ),
    Endpoint(
        "POST",
        f"{_POINT}/reconnect",
        "Have a hall connect anew",
        reconnect_point,
        Nothing,
        Source.NONE,
        reply=_REACHED,
        roles=TECHNICIAN,
        errors=_CANNOT,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/grading",
        "By what a conference's lines are graded",
        get_grading,
        Nothing,
        Source.NONE,
        reply=_GRADING,
        roles=CONSOLES,
        errors=_CONFERENCE,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/grading",
        "Choose by what a conference's lines are graded",
        choose_grading,
        GradingRequest,
        Source.JSON,
        reply=_GRADING,
        roles=TECHNICIAN,
        errors=_CONFERENCE,
    ),
)
