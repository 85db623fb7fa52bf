"""Posts alarms to machines: many receivers at a time, each gets one after the other, and none waits for another."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from core.clock import Clock
from monitor.alarms.model import SubscriptionId
from monitor.alarms.store import AlarmStore, Post
from monitor.alarms.webhook import Gate, post
from monitor.store import AWAY

log = structlog.get_logger("alarms")

LOOK_SECONDS: Final = 2.0
POSTS_AT_ONCE: Final = 16
"""Receivers that are posted to at the same time by one process."""
LEASE = timedelta(minutes=1)
"""Longer than an attempt takes; how long the posts of a killed process wait."""
PAUSES = tuple(timedelta(seconds=s) for s in (5, 20, 60, 300, 900, 1_800, 3_600))
"""From a failed attempt to the next; the last one goes on."""
PATIENCE = timedelta(days=1)
"""An alarm that could not be posted for so long is given up."""


class Poster:
    """`run` until cancelled; survives a database that is away and receivers that do not answer."""

    def __init__(self, store: AlarmStore, gate: Gate, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._busy: set[SubscriptionId] = set()
        self._free = asyncio.Event()
        self.posted = 0
        """Attempts that a receiver took; `refused`: that it did not."""
        self.refused = 0

    async def run(self) -> None:
        """Posts what is due, at once when a receiver is done with and else every `LOOK_SECONDS`."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._free.clear()
                for each in await self._due():
                    self._busy.add(each.subscription)
                    tasks.create_task(self._attend_to(each), name="alarm-post")
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._free.wait()

    async def _due(self) -> list[Post]:
        """The oldest due post of each receiver that is not being posted to."""
        now, most = self._clock.now(), POSTS_AT_ONCE - len(self._busy)
        try:
            return await self._store.take(now, now + LEASE, most, self._busy) if most > 0 else []
        except AWAY as exc:
            log.warning("alarms_wait", error=type(exc).__name__)
        except Exception:
            log.exception("alarms_failed")
        return []

    async def _attend_to(self, due: Post) -> None:
        try:
            await self._post(due)
        except AWAY as exc:
            log.warning("alarms_wait", error=type(exc).__name__)
        except Exception:
            log.exception("alarms_failed")
        finally:
            self._busy.discard(due.subscription)
            self._free.set()

    async def _post(self, due: Post) -> None:
        seconds = int(self._clock.now().timestamp())
        became = await post(self._gate, due.target, due.secret, due.id, seconds, due.body)
        now = self._clock.now()
        if not became.error:
            self.posted += 1
            await self._store.sent(due.id, now)
        else:
            self.refused += 1
            if became.gone or due.removed or now - due.queued_at >= PATIENCE:
                await self._store.failed(due.id, now, became.error)
                if became.gone:
                    await self._store.switch_off(due.subscription)
            else:
                await self._store.postponed(due.id, now + pause_after(due.attempts), became.error)
        log.info("alarm_posted", id=due.id, attempts=due.attempts, error=became.error)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: longer each time, and never for two at the same moment."""
    longest = PAUSES[min(attempts, len(PAUSES)) - 1]
    return longest * secrets.SystemRandom().uniform(0.8, 1.2)
