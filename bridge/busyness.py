"""How busy this process is: what it takes of a core, and how late its loop comes to what is due."""

from __future__ import annotations

import asyncio
import time

from core.messages import NodeLoad

STEP_SECONDS = 0.05
"""From one look to the next: as often as a conference's sound would notice."""


class Busyness:
    """`watch` until cancelled; `take` what was since the last time."""

    def __init__(self) -> None:
        self._late, self._looks = 0.0, 0
        self._wall, self._cpu = time.monotonic(), time.process_time()

    async def watch(self) -> None:
        """Looks how late the loop is, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + STEP_SECONDS
            await asyncio.sleep(STEP_SECONDS)
            self._late += max(0.0, loop.time() - due)
            self._looks += 1

    def take(self) -> NodeLoad | None:
        """The load since the last call; None where nothing was looked at."""
        wall, cpu = time.monotonic(), time.process_time()
        took, used = wall - self._wall, cpu - self._cpu
        late, looks = self._late, self._looks
        self._wall, self._cpu, self._late, self._looks = wall, cpu, 0.0, 0
        if looks == 0 or took <= 0:
            return None
        return NodeLoad(cores=round(used / took, 3), late_ms=round(1000 * late / looks, 1))
