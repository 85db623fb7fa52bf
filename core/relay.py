"""Carries shared topics between the processes of an installation by PostgreSQL's LISTEN and NOTIFY.

Only small news of ids and times travel (a payload holds less than 8,000 bytes). They make others look sooner; whoever
must not miss anything reads the database as well, as the clockwork, the secretary and the bridge do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from pydantic import BaseModel, ValidationError

from core.bus import Bus, Topic
from core.database import UNREACHABLE, Database

log = structlog.get_logger("relay")

CHANNEL = "diemcau_news"
LONGEST = 7_999
"""Bytes that NOTIFY takes."""
WAITING = 1_000
"""News that wait while the database is away; then the oldest give way."""
RETRY_SECONDS = 1.0
PROBE_SECONDS = 15.0
"""How often the listening connection is asked whether it is still there."""
NOTIFY = "SELECT pg_notify($1, $2)"

_DATABASE_ERRORS = (*UNREACHABLE, asyncpg.InternalClientError)


class _Envelope(BaseModel):
    origin: str
    topic: str
    message: str


def news(bus: Bus, topic: Topic[Any], message: BaseModel) -> str:
    """The payload that tells the other processes `message`: for a NOTIFY in the sender's own transaction."""
    return _Envelope(origin=bus.origin, topic=topic.name, message=message.model_dump_json()).model_dump_json()


class Relay:
    """Runs as one task; meanwhile what is published on `topics` here is heard in every process, and the reverse."""

    def __init__(self, database: Database, bus: Bus, topics: Iterable[Topic[Any]]) -> None:
        self._database = database
        self._bus = bus
        self._topics = {topic.name: topic for topic in topics}
        self._waiting: deque[str] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()
        self.listening = asyncio.Event()
        """Set while news of others are heard."""

    async def run(self) -> None:
        """Carries news until cancelled; survives a database that is away, and what was said meanwhile is not heard."""
        with self._bus.telling_others(self._offer):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="relay-listen")
                tasks.create_task(self._tell(), name="relay-tell")

    def _offer(self, topic: Topic[Any], message: BaseModel) -> None:
        if topic.name not in self._topics:
            return
        payload = news(self._bus, topic, message)
        if len(payload.encode()) > LONGEST:
            log.error("news_too_long", topic=topic.name)
            return
        self._waiting.append(payload)
        self._wake.set()

    async def _tell(self) -> None:
        while True:
            self._wake.clear()
            while self._waiting:
                payload = self._waiting[0]
                try:
                    await self._database.pool.execute(NOTIFY, CHANNEL, payload)
                except _DATABASE_ERRORS as exc:
                    log.warning("database_away", error=type(exc).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    if self._waiting and self._waiting[0] is payload:
                        self._waiting.popleft()
            await self._wake.wait()

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except _DATABASE_ERRORS as exc:
                log.warning("database_away", error=type(exc).__name__)
            finally:
                self.listening.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self) -> None:
        connection = await asyncpg.connect(self._database.url, timeout=10, command_timeout=PROBE_SECONDS)
        cut = asyncio.Event()
        connection.add_termination_listener(lambda _: cut.set())
        try:
            await connection.add_listener(CHANNEL, self._take)
            self.listening.set()
            while not cut.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(cut.wait(), PROBE_SECONDS)
                if not cut.is_set():
                    await connection.fetchval("SELECT true")
        finally:
            connection.terminate()

    def _take(self, _: object, __: int, ___: str, payload: object) -> None:
        """What cannot be read comes from a process of another version, and is passed over."""
        try:
            envelope = _Envelope.model_validate_json(str(payload))
            topic = self._topics.get(envelope.topic)
            if topic is None or envelope.origin == self._bus.origin:
                return
            message = topic.model.model_validate_json(envelope.message)
        except ValidationError:
            log.warning("news_unreadable")
            return
        self._bus.deliver(topic, message)
