"""Signing in and out."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import NotSignedIn, TooMany
from core.identity import Principal
from web.accounts import Person
from web.endpoint import COOKIE, AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import SignIn
from web.routes_directory import CONSOLES

SIGN_IN_LASTS = timedelta(hours=12)


async def sign_in(ask: Ask[SignIn]) -> web.Response:
    """Checks the credentials and gives the browser its cookie."""
    context = ask.context
    person = await context.accounts.sign_in(ask.input.username, ask.input.password, ask.request.remote)
    response = _SIGN_IN.respond(person)
    token = context.signer.sign_in_token(person, context.clock.now() + SIGN_IN_LASTS)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SIGN_IN_LASTS.total_seconds()),
        path="/",
        secure=context.settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response


async def sign_out(ask: Ask[Nothing]) -> web.Response:
    """Takes the browser's cookie away; harmless when there is none."""
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", secure=ask.context.settings.https, httponly=True, samesite="Lax")
    return response


async def get_me(ask: Ask[Nothing]) -> Principal:
    """Who is signed in."""
    return ask.person


async def list_people(ask: Ask[Nothing]) -> list[Person]:
    """Who the usernames in histories and bookings are."""
    return await ask.context.accounts.staff()


_PRINCIPAL = TypeAdapter(Principal)
_SIGN_IN: Endpoint[SignIn, Principal] = Endpoint(
    "POST",
    "/api/sign-in",
    "Sign in",
    sign_in,
    SignIn,
    Source.JSON,
    reply=_PRINCIPAL,
    roles=None,
    errors={NotSignedIn: ("sign_in.wrong",), TooMany: ("sign_in.too_many",)},
)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    _SIGN_IN,
    Endpoint("POST", "/api/sign-out", "Sign out", sign_out, Nothing, Source.NONE, status=204, roles=None),
    Endpoint("GET", "/api/me", "Who is signed in", get_me, Nothing, Source.NONE, reply=_PRINCIPAL),
    Endpoint(
        "GET",
        "/api/people",
        "Everybody but those who only run a hall",
        list_people,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[Person]),
        roles=CONSOLES,
    ),
)
