"""Processes that run one background part on a database, to be killed: `python -m tests.support.workers PART URL …`."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pydantic import SecretStr

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, open_pool
from core.messages import (
    CONFERENCE_CHANGED,
    CONFERENCE_WARNING,
    OPEN,
    RELAYED,
    STOP,
    Done,
    OpenConference,
    StopConference,
)
from core.relay import Relay
from core.settings import Imap, Settings, Smtp
from scheduler.clockwork import Clockwork
from scheduler.invitations.collector import Collector
from scheduler.invitations.postman import Postman
from scheduler.invitations.service import Invitations
from tests.support.directory import SIGNER, scheduler_of
from tests.support.dovecot import PASSWORD, USER
from tests.support.mailbox import SENDER

JOURNAL = "CREATE TABLE journal (what text, conference text, worker integer, at timestamptz DEFAULT clock_timestamp())"
"""Where clockwork workers write what their bridge was asked and what their listeners heard."""


class Worker:
    """One such process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await self._process.wait()


@asynccontextmanager
async def worker(part: str, *arguments: str) -> AsyncIterator[Worker]:
    """A worker that is at work when the block begins, and killed after it."""
    command = [sys.executable, "-m", "tests.support.workers", part, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    made = Worker(process)
    try:
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"ready\n"
        yield made
    finally:
        made.kill()
        await process.wait()


async def _postman(url: str, port: str) -> None:
    pool = await open_pool(url, max_size=2)
    smtp = Smtp(host="127.0.0.1", port=int(port), security="none", sender=SENDER)
    print("ready", flush=True)
    await Postman(Database(pool, url), SystemClock(), smtp).run()


async def _collector(url: str, port: str) -> None:
    pool = await open_pool(url, max_size=3)
    database = Database(pool, url)
    imap = Imap(host="127.0.0.1", port=int(port), security="none", user=USER, password=SecretStr(PASSWORD))
    invitations = Invitations(database, SystemClock(), SIGNER, Settings())
    print("ready", flush=True)
    await Collector(database, imap, invitations).run()


async def _clockwork(url: str, number: str) -> None:
    pool = await open_pool(url, max_size=6)
    database, bus, clock = Database(pool, url), Bus(), SystemClock()

    async def note(what: str, conference: str) -> None:
        insert = "INSERT INTO journal (what, conference, worker) VALUES ($1, $2, $3)"
        await pool.execute(insert, what, conference, int(number))

    async def opened(call: OpenConference) -> Done:
        await note("open", call.spec.id)
        return Done()

    async def stopped(call: StopConference) -> Done:
        await note("stop", call.conference)
        return Done()

    async def hear_changes() -> None:
        async for news in changes:
            await note(f"news {news.state.value}", news.conference)

    async def hear_warnings() -> None:
        async for warning in warnings:
            await note(f"warning {warning.minutes_left}", warning.conference)

    bus.answer(OPEN, opened)
    bus.answer(STOP, stopped)
    with bus.subscribe(CONFERENCE_CHANGED) as changes, bus.subscribe(CONFERENCE_WARNING) as warnings:
        print("ready", flush=True)
        clockwork = Clockwork(database, bus, clock, scheduler_of(database, bus, clock))
        relay = Relay(database, bus, RELAYED)
        await asyncio.gather(relay.run(), clockwork.run(), hear_changes(), hear_warnings())


if __name__ == "__main__":
    part, *rest = sys.argv[1:]
    asyncio.run({"postman": _postman, "collector": _collector, "clockwork": _clockwork}[part](*rest))
