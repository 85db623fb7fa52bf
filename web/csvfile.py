"""Downloads that a spreadsheet opens with a double click."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

from aiohttp import web

from web.middleware import STREAM, send

CSV = "text/csv"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Excel takes a CSV file for UTF-8 only when it begins with this."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """`text` as a spreadsheet shows it and never runs it (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def disposition(file_name: str) -> str:
    """A Content-Disposition that keeps Vietnamese letters in the name (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def csv_response(text: str, file_name: str) -> web.Response:
    """A whole CSV file as a download."""
    body = (text if text.startswith(BOM) else BOM + text).encode()
    return web.Response(
        body=body, content_type=CSV, charset="utf-8", headers={"Content-Disposition": disposition(file_name)}
    )


async def csv_stream(request: web.Request, pieces: AsyncGenerator[str, None], file_name: str) -> web.StreamResponse:
    """A CSV file sent piece by piece; an error before the first piece is still an ordinary refusal.

    A client that stops reading is cut off: `pieces` may hold a database connection.
    """
    async with aclosing(pieces):
        first = await anext(pieces, "")
        response = web.StreamResponse(headers={"Content-Disposition": disposition(file_name)})
        response.content_type = CSV
        response.charset = "utf-8"
        await response.prepare(request)
        request[STREAM] = response
        await send(response, (first if first.startswith(BOM) else BOM + first).encode())
        async for piece in pieces:
            await send(response, piece.encode())
        await response.write_eof()
    return response
