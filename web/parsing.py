"""From bytes and query strings to models, and a readable list of what is wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError

from core.errors import BadInput, TooLarge
from core.model import Model

BODY_SECONDS = 60.0
"""A body that takes longer to arrive is refused: it holds a connection and its memory."""
_MAX_PROBLEMS = 20
_NUL = "NUL characters are not allowed"

M = TypeVar("M", bound=Model)


async def read_body(request: web.Request, limit: int) -> bytes:
    """The request's body. Raises `TooLarge` as soon as it is known to have more than `limit` bytes."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as exc:
        raise BadInput("request.slow", "The request did not arrive in time. Try again.") from exc
    return bytes(body)


def _too_large(limit: int) -> TooLarge:
    return TooLarge("request.too_large", f"At most {limit} bytes can be sent here.", limit=limit)


def parse_json(model: type[M], body: bytes) -> M:
    """`body` as a `model`; raises `BadInput` `request.invalid` that names every wrong field, never its content."""
    if b"\\u0000" in body:
        raise _invalid([{"where": "", "message": _NUL}])
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        raise _invalid(_problems(exc)) from None


def parse_query(model: type[M], query: Mapping[str, str]) -> M:
    """The query string's fields as a `model`; raises `BadInput` `request.invalid`."""
    values = dict(query)
    if any("\0" in value for value in values.values()):
        raise _invalid([{"where": "", "message": _NUL}])
    try:
        return model.model_validate_strings(values)
    except ValidationError as exc:
        raise _invalid(_problems(exc)) from None


def _problems(error: ValidationError) -> Iterable[dict[str, str]]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        yield {"where": ".".join(str(part)[:100] for part in item["loc"]), "message": item["msg"]}


def _invalid(problems: Iterable[dict[str, str]]) -> BadInput:
    listed: list[Any] = list(problems)
    first = listed[0]
    what = f"{first['where']}: {first['message']}" if first["where"] else first["message"]
    return BadInput("request.invalid", f"The request is not valid. {what}", problems=listed[:_MAX_PROBLEMS])
