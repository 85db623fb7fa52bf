"""A real HTTP server that takes webhooks, checks their signatures, and can refuse, redirect or be slow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from monitor.alarms.webhook import signature


@dataclass
class Receiver:
    """`statuses` are given one after the other, then 204; `secret` must be set before anything comes."""

    statuses: list[int] = field(default_factory=list)
    secret: str = ""
    delay_seconds: float = 0.0
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The ids and bodies of what was taken."""
    ids: list[str] = field(default_factory=list)
    """Of all that came."""
    unsigned: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        id, moment = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
        if request.headers["webhook-signature"] != signature(self.secret, id, moment, body):
            self.unsigned += 1
        self.ids.append(id)
        await asyncio.sleep(self.delay_seconds)
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            self.got.append((id, json.loads(body)))
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    def types(self) -> list[str]:
        return [body["type"] for _, body in self.got]


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own while the block runs."""
    server = Receiver()
    app = web.Application()
    app.router.add_post("/hook", server.take)
    # Nobody waits at the end for a request that is meant to hang.
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
