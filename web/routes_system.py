"""What everybody may ask: how to reach this installation, and whether it lives."""

from __future__ import annotations

from aiohttp import web
from pydantic import JsonValue, TypeAdapter

from core import VERSION
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import Config, Health
from web.origin import signaling_url

DOCUMENT: web.AppKey[bytes] = web.AppKey("openapi", bytes)
"""The OpenAPI document as it is served."""


async def get_config(ask: Ask[Nothing]) -> Config:
    """How the pages reach the other doors of this installation."""
    settings = ask.context.settings
    return Config(
        version=VERSION,
        signaling_url=signaling_url(ask.request.host, settings),
        time_zone=settings.time_zone,
        https=settings.https,
    )


async def get_health(ask: Ask[Nothing]) -> Health:
    """Says that the server answers."""
    return Health(status="ok")


async def get_openapi(ask: Ask[Nothing]) -> web.Response:
    """The description of this API."""
    return web.Response(body=ask.request.app[DOCUMENT], content_type="application/json")


_JSON_VALUE: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/config",
        "How to reach this installation",
        get_config,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Config),
        roles=None,
    ),
    Endpoint(
        "GET",
        "/api/openapi.json",
        "This description",
        get_openapi,
        Nothing,
        Source.NONE,
        reply=_JSON_VALUE,
        roles=None,
    ),
    Endpoint(
        "GET", "/healthz", "Whether the server lives", get_health, Nothing, Source.NONE, TypeAdapter(Health), roles=None
    ),
)
