"""A page that follows the live feed, in a process of its own: how old each sample is when it has come.

Reads one JSON line from its standard input (`url`, `cookies`, `seconds`) and writes one: the ages in ms.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any

import aiohttp


class Ages:
    """The age of every sample at its first coming, by the wall clock that both processes share."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}
        self.ms: list[float] = []

    def take(self, event: bytes, came: float) -> None:
        """One event of the feed that had come whole at `came`."""
        name, _, data = event.partition(b"\ndata: ")
        if name != b"event: links":
            return
        for link in json.loads(data)["links"]:
            at = link["sample"]["at"]
            if self._newest.get(link["participant"]) != at:
                self._newest[link["participant"]] = at
                self.ms.append(round((came - datetime.fromisoformat(at).timestamp()) * 1_000, 1))


async def follow(url: str, cookies: dict[str, str], seconds: float) -> list[float]:
    """The ages of the samples that came in so many seconds; the first two seconds do not count."""
    ages, waiting, begun = Ages(), bytearray(), time.monotonic()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=jar) as http, http.get(url) as response:
        response.raise_for_status()
        async for piece in response.content.iter_any():
            came = time.time()
            searched = max(0, len(waiting) - 1)
            waiting += piece
            while (end := waiting.find(b"\n\n", searched)) >= 0:
                ages.take(bytes(waiting[:end]), came)
                del waiting[: end + 2]
                searched = 0
            if time.monotonic() - begun < 2:
                ages.ms.clear()
            if time.monotonic() - begun > seconds:
                break
    return ages.ms


async def main() -> None:
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    print(json.dumps(await follow(given["url"], given["cookies"], given["seconds"])))


if __name__ == "__main__":
    asyncio.run(main())
