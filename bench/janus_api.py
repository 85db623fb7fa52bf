"""Janus's WebSocket API, as much of it as one VideoRoom needs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection

_ANSWERS_WITHIN = 20.0

Json = Mapping[str, Any]


class JanusApi:
    """One Janus session over one WebSocket; requests may overlap, they are told apart by transaction."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._reader = asyncio.create_task(self._read())
        self._session: dict[str, int] = {}

    async def open(self) -> None:
        """Opens the session; to be done first."""
        self._session = {"session_id": (await self._request({"janus": "create"}))["data"]["id"]}

    async def attach(self) -> int:
        """A new VideoRoom handle."""
        reply = await self._request({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        handle: int = reply["data"]["id"]
        return handle

    async def message(self, handle: int, body: Json, jsep: Json | None = None) -> Json:
        """One VideoRoom request. Raises `RuntimeError` with Janus's own words when it is refused."""
        request = {"janus": "message", "handle_id": handle, "body": body, **({"jsep": jsep} if jsep else {})}
        reply = await self._request(request)
        if "error" in reply or "error" in reply.get("plugindata", {}).get("data", {}):
            raise RuntimeError(f"Janus refused {body['request']}: {reply}")
        return reply

    async def keep_alive(self) -> None:
        """Janus drops a session that is silent for 60 s."""
        await self._send({"janus": "keepalive"}, "keepalive")

    async def close(self) -> None:
        """Closes the connection, and with it the session."""
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _request(self, request: Json) -> Json:
        transaction = secrets.token_hex(8)
        waiting = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                await self._send(request, transaction)
                reply: Json = await waiting
                return reply
        finally:
            del self._waiting[transaction]

    async def _send(self, request: Json, transaction: str) -> None:
        await self._socket.send(json.dumps({**request, **self._session, "transaction": transaction}))

    async def _read(self) -> None:
        async for text in self._socket:
            reply = json.loads(text)
            waiting = self._waiting.get(reply.get("transaction", ""))
            # "ack" only says that the request came in; the answer follows.
            if waiting is not None and not waiting.done() and reply["janus"] != "ack":
                waiting.set_result(reply)
