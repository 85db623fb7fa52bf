"""What surrounds every request: the log line, the problem documents, the origin check, the security headers."""

from __future__ import annotations

import asyncio
import secrets
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeAlias

import asyncpg
import structlog
from aiohttp import web
from pydantic_core import to_json

from core.errors import BadInput, DiemcauError, NotFound, TooLarge, Unavailable
from web.context import CONTEXT
from web.origin import check_origin, host_name, public_scheme, signaling_url
from web.telemetry import TRAFFIC

log = structlog.get_logger("web")

PROBLEM = "application/problem+json"
STREAM: web.RequestKey[web.StreamResponse] = web.RequestKey("stream", web.StreamResponse)
"""Set on a request whose response has begun: it can only be broken off, no longer replaced."""

WRITE_SECONDS = 30.0
"""A client that takes nothing for so long is gone."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_DATABASE_AWAY = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, OSError)


class MethodNotAllowed(DiemcauError):
    """The path exists, but not for this method (RFC 9110, 15.5.6)."""

    status = 405
    title = "Not possible with this method"


class Unexpected(DiemcauError):
    """A fault of ours; the log has the rest under the same id."""


def problem_response(error: DiemcauError) -> web.Response:
    """The RFC 9457 reply that tells of `error`."""
    response = web.Response(
        body=to_json(error.problem(), fallback=str),
        status=error.status,
        content_type=PROBLEM,
    )
    if "retry_after" in error.data:
        response.headers["Retry-After"] = str(error.data["retry_after"])
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.data["allowed"])
    return response


def route_of(request: web.Request) -> str:
    """The path's pattern: what is logged, because a path itself can hold a join link's token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One log line per request, without address, query or path values; and no exception passes it."""
    clock = request.app[CONTEXT].clock
    began = clock.monotonic()
    request_id = secrets.token_hex(6)
    response = await _answer(request, handler, request_id)
    if STREAM not in request:
        response.headers["X-Request-Id"] = request_id
    seconds = clock.monotonic() - began
    route = route_of(request)
    request.app[TRAFFIC].count(request.method, route, response.status, None if STREAM in request else seconds)
    # A page brings a dozen files: they are of interest only when one goes wrong.
    tell = log.debug if response.status < 400 and isinstance(response, web.FileResponse) else log.info
    tell(
        "request",
        id=request_id,
        method=request.method,
        route=route,
        status=response.status,
        ms=round(seconds * 1000, 1),
    )
    return response


async def _answer(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except DiemcauError as exc:
        return _refusal(request, exc)
    except web.HTTPException as exc:
        return _refusal(request, _translated(exc)) if exc.status >= 400 else exc
    except Exception as exc:  # the last net: a person gets an id, the log the place
        event = "client_gone" if STREAM in request and isinstance(exc, OSError) else "request_failed"
        _log_failure(event, request_id, exc)
        return _refusal(request, _unexpected(exc, request_id))


def _unexpected(failure: Exception, request_id: str) -> DiemcauError:
    """What a person is told of a failure that no part has put into words."""
    if isinstance(failure, _DATABASE_AWAY):
        return Unavailable("database.away", "The database cannot be reached right now. Try again in a moment.")
    is_driver_refusal = isinstance(failure, asyncpg.InterfaceError) and isinstance(failure, ValueError)
    if is_driver_refusal or isinstance(failure, asyncpg.DataError):
        return BadInput("request.value", "A value is outside of what can be kept.")
    detail = f"Something failed on our side. Tell support this number: {request_id}."
    return Unexpected("internal", detail, id=request_id)


async def send(response: web.StreamResponse, data: bytes) -> None:
    """Writes to a stream; raises `ConnectionError` or `TimeoutError` when the client no longer reads."""
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(data)


def _refusal(request: web.Request, error: DiemcauError) -> web.StreamResponse:
    if STREAM not in request:
        return problem_response(error)
    begun = request[STREAM]
    if request.transport is not None:
        request.transport.abort()
    return begun


def _translated(error: web.HTTPException) -> DiemcauError:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = sorted(error.allowed_methods)
        return MethodNotAllowed("request.method", "This cannot be done here.", allowed=allowed)
    if error.status == 404:
        return NotFound("request.path", "There is nothing at this address.")
    if error.status == 413:
        return TooLarge("request.too_large", "More was sent than is allowed here.")
    translated = DiemcauError("request.refused", "The request cannot be answered.")
    translated.status = error.status
    return translated


def _log_failure(event: str, request_id: str, failure: Exception) -> None:
    log.error(event, id=request_id, failure=type(failure).__name__, at=failure_place(failure.__traceback__))


def failure_place(trace: TracebackType | None) -> list[str]:
    """The innermost steps of a traceback as `file:line function`: messages are left out, they can quote secrets."""
    frames = traceback.extract_tb(trace)[-16:]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]


@web.middleware
async def guard_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what another site's page sends, and what does not name a proper host."""
    settings = request.app[CONTEXT].settings
    host_name(request.host)
    own = f"{public_scheme(settings)}://{request.host}"
    check_origin(request.method, request.headers, own, settings.allowed_origins)
    return await handler(request)


def _content_policy(signaling: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' {signaling}",
            "media-src 'self' blob:",
            "img-src 'self' data:",
            # Attributes only: Svelte writes sizes and positions into `style=`; style sheets come from our files.
            "style-src-attr 'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every response as it begins."""
    try:
        signaling = signaling_url(request.host, request.app[CONTEXT].settings).removesuffix("/v1")
    except DiemcauError:
        signaling = "'self'"
    headers = response.headers
    headers["Content-Security-Policy"] = _content_policy(signaling)
    headers["X-Content-Type-Options"] = "nosniff"
    # Join links hold their token in the path: no other site may be told where its visitor came from.
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = "camera=(self), microphone=(self), geolocation=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
    headers["Server"] = "diemcau"
