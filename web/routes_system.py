"""What everybody may ask: how to reach this installation, and whether it lives."""

from __future__ import annotations

from aiohttp import web
from pydantic import JsonValue, TypeAdapter

from core import VERSION
from core.errors import Refused, Unavailable
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import Config, Health, Readiness
from web.origin import signaling_url
from web.telemetry import CONTENT_TYPE, TELEMETRY, TRAFFIC, as_text, may_scrape

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


async def get_readiness(ask: Ask[Nothing]) -> Readiness:
    """Says that every part works, or raises `Unavailable` with the names of those that do not."""
    parts = await ask.request.app[TELEMETRY].parts()
    lacking = sorted(name for name, is_ready in parts.items() if not is_ready)
    if lacking:
        raise Unavailable("server.not_ready", f"Not ready: {', '.join(lacking)}.", parts=lacking)
    return Readiness(status="ready")


async def get_metrics(ask: Ask[Nothing]) -> web.Response:
    """The metrics for Prometheus; only this machine and who holds the token may read them."""
    token = ask.context.settings.metrics_token
    if not may_scrape(ask.request.remote, ask.request.headers, token.get_secret_value() if token else None):
        detail = "Metrics are told to this machine, and to who sends the `metrics_token` of the settings."
        raise Refused("metrics.refused", detail)
    app = ask.request.app
    text = as_text([*await app[TELEMETRY].metrics(), *app[TRAFFIC].metrics()])
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


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
    Endpoint(
        "GET",
        "/readyz",
        "Whether every part works",
        get_readiness,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Readiness),
        roles=None,
        errors={Unavailable: ("server.not_ready",)},
    ),
    Endpoint(
        "GET",
        "/metrics",
        "Metrics for Prometheus",
        get_metrics,
        Nothing,
        Source.NONE,
        media="text/plain",
        roles=None,
        errors={Refused: ("metrics.refused",)},
    ),
)
