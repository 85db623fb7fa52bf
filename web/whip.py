"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): an encoder joins as its bridge point, a screen watches, by HTTP.

`POST /whip/{point}` with the point's join token, `POST /whep/{conference}` with a console's. Not part of the
OpenAPI document: bodies, headers and status codes are the standards'.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from core.errors import DiemcauError, NotSignedIn, Refused, TooMany
from core.identity import JoinRight
from core.model import Departure, Participant, Role, technician_participant
from web.context import CONTEXT
from web.mediadoor import MediaDoor, MediaSession, encoder_places, screen_places
from web.middleware import MethodNotAllowed, problem_response
from web.parsing import read_body
from web.rates import RateLimit

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
OFFERS_PER_MINUTE = 20

DOOR: web.AppKey[MediaDoor] = web.AppKey("media_door", MediaDoor)
_RATE: web.AppKey[RateLimit] = web.AppKey("media_door_rate", RateLimit)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WrongContent(DiemcauError):
    """The body is of another kind than this address takes (RFC 9110 section 15.5.16)."""

    status = 415
    title = "Another kind of content is expected"


def add_media_doors(app: web.Application, door: MediaDoor) -> None:
    """Adds the routes. Other methods on them are answered with 405 (RFC 9725 section 4.2), not with a page."""
    app[DOOR] = door
    app[_RATE] = RateLimit(OFFERS_PER_MINUTE, app[CONTEXT].clock)
    for path, opening in (("/whip/{point}", publish), ("/whep/{conference}", watch)):
        app.router.add_route("POST", path, _challenging(opening))
        app.router.add_route("OPTIONS", path, describe)
        app.router.add_route("DELETE", path + "/{session}", _challenging(end))
        app.router.add_route("PATCH", path + "/{session}", _challenging(patch))
        app.router.add_route("OPTIONS", path + "/{session}", describe)
        app.router.add_route("*", path, refuse)
        app.router.add_route("*", path + "/{session}", refuse)


async def publish(request: web.Request) -> web.StreamResponse:
    """An encoder sends its offer: it becomes the point's session, replacing the one before."""
    right = _right(request)
    sdp = await _offer(request, right)
    opened = await request.app[DOOR].open(right, sdp, encoder_places(sdp, request.app[CONTEXT].settings.limits))
    return _created(request, opened)


async def watch(request: web.Request) -> web.StreamResponse:
    """A screen sends its offer: it sees what everybody sees, as a console without hands."""
    right = _right(request)
    sdp = await _offer(request, right)
    screen = Participant(
        id=technician_participant(f"screen-{secrets.token_hex(6)}"),
        role=Role.TECHNICIAN,
        name=right.participant.name,
    )
    places = screen_places(sdp, request.app[CONTEXT].settings.limits)
    opened = await request.app[DOOR].open(right.model_copy(update={"participant": screen}), sdp, places)
    return _created(request, opened)


async def end(request: web.Request) -> web.StreamResponse:
    """The client is done (RFC 9725 section 4.2)."""
    session = _session(request)
    await request.app[DOOR].end(session.key, Departure.DEPARTED)
    return web.Response()


async def patch(request: web.Request) -> web.StreamResponse:
    """Trickled candidates are accepted; an ICE restart is not supported (RFC 9725 section 4.3)."""
    session = _session(request)
    if request.content_type != FRAGMENT:
        raise WrongContent("request.content", f"Only {FRAGMENT} can be sent here.")
    fragment = await read_body(request, request.app[CONTEXT].settings.limits.sdp_bytes)
    session.take_fragment(fragment.decode("utf-8", "replace"), request.headers.get("If-Match"))
    return web.Response(status=204)


async def describe(request: web.Request) -> web.StreamResponse:
    """What can be posted or patched here."""
    kind = ("Accept-Patch", FRAGMENT) if "session" in request.match_info else ("Accept-Post", SDP)
    return web.Response(status=204, headers=dict([kind]))


async def refuse(request: web.Request) -> web.StreamResponse:
    """Any other method."""
    allowed = ["DELETE", "OPTIONS", "PATCH"] if "session" in request.match_info else ["OPTIONS", "POST"]
    raise MethodNotAllowed("request.method", "This cannot be done here.", allowed=allowed)


def _created(request: web.Request, opened: MediaSession) -> web.Response:
    headers = {"Location": f"{request.path}/{opened.key}", "ETag": opened.etag, "Accept-Patch": FRAGMENT}
    return web.Response(status=201, text=opened.answer, content_type=SDP, headers=headers)


async def _offer(request: web.Request, right: JoinRight) -> str:
    wait = request.app[_RATE].take(f"{right.conference} {right.participant.id}")
    if wait:
        raise TooMany("media.too_often", "Too many offers. Try again later.", retry_after=max(1, round(wait)))
    if request.content_type != SDP:
        raise WrongContent("request.content", f"Only {SDP} can be sent here.")
    body = await read_body(request, request.app[CONTEXT].settings.limits.sdp_bytes)
    return body.decode("utf-8", "replace")


def _right(request: web.Request) -> JoinRight:
    """What the bearer token allows here; raises `NotSignedIn` or `Refused`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("media.no_token", "Send the join link's token as a bearer token (RFC 6750).")
    context = request.app[CONTEXT]
    right = context.signer.join_right(token.strip(), context.clock.now())
    places = request.match_info
    is_encoder = "point" in places and right.participant.point == places["point"]
    is_screen = places.get("conference", "").lower() == right.conference and right.participant.is_console
    if not is_encoder and not is_screen:
        raise Refused("join.invalid", "This token is not for this address.")
    return right


def _session(request: web.Request) -> MediaSession:
    return request.app[DOOR].find(request.match_info["session"], _right(request))


def _challenging(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotSignedIn as exc:
            response = problem_response(exc)
            response.headers["WWW-Authenticate"] = "Bearer"
            return response

    return answer
