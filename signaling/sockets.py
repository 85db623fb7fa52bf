"""Ending a WebSocket for certain, politely or not."""

from __future__ import annotations

import asyncio

from websockets.asyncio.connection import Connection


def abort(socket: Connection) -> None:
    """Cuts the line now; harmless when it is gone already."""
    # A transport that has reported its end no longer knows its loop, and its abort() may fail on that.
    if not socket.connection_lost_waiter.done():
        socket.transport.abort()


async def close(socket: Connection, code: int, reason: str, seconds: float) -> None:
    """Closes with `code`; a peer that does not take part is cut off after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await socket.close(code, reason)
    except TimeoutError:
        abort(socket)
