"""One process with all parts: the database, the bus, and the five parts on it, in the order that they need."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from bridge.node import BridgeNode
from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, open_database
from core.identity import Signer, load_secret
from core.memory import expect_many_messages
from core.messages import RELAYED
from core.relay import Relay
from core.settings import Settings
from diemcau.identity import ProcessIdentity
from diemcau.network import media_addresses, server_ssl
from diemcau.telemetry import Probe
from monitor.service import Monitor
from scheduler.clockwork import Clockwork
from scheduler.office import open_office
from scheduler.service import Scheduler
from signaling.server import SignalingServer
from web.server import WebServer
from web.telemetry import Telemetry

log = structlog.get_logger("app")


class Application:
    """The parts of one running installation."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self._identity = ProcessIdentity(settings.data_dir)
        self.bus = Bus(self._identity.text)
        self.clock = SystemClock()
        tls = server_ssl(settings)
        signer = Signer(load_secret(settings.data_dir, settings.secret))
        self.scheduler = Scheduler(database, self.bus, self.clock, signer, settings.limits)
        self.office = open_office(database, self.bus, self.clock, signer, settings, self.scheduler.bookings)
        self.clockwork = Clockwork(database, self.bus, self.clock, self.scheduler, settings.warning_minutes)
        self.monitor = Monitor(database, self.bus, self.clock, settings)
        self.node = BridgeNode(settings, database, self.bus, self.clock, media_addresses(settings))
        self.signaling = SignalingServer(settings, self.bus, self.clock, signer, tls)
        probe = Probe(
            database,
            self.bus,
            self.monitor,
            self.node,
            self.signaling,
            self.office.invitations,
            lambda: self.web.watchers,
        )
        self.web = WebServer(
            settings,
            database,
            self.bus,
            self.clock,
            signer,
            self.scheduler,
            self.office,
            self.monitor,
            ssl_context=tls,
            telemetry=Telemetry(probe.metrics, probe.parts),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything is up inside; everything is down after. A background part that dies ends the block."""
        async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
            background = [group.create_task(self.monitor.run(), name="monitor")]
            stack.callback(lambda: [task.cancel() for task in background])
            await self.monitor.ready.wait()
            for start, stop in (
                (self.node.start, self.node.stop),
                (self.signaling.start, self.signaling.stop),
                (self.web.start, self.web.stop),
            ):
                await self._enter(stack, start, stop)
            background += [group.create_task(run(), name=name) for name, run in self._desks()]
            log.info("running", web=self.web.port, signaling=self.signaling.port, media=self.node.engine.port)
            yield

    def _desks(self) -> Iterator[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
        """What works by itself once the doors are open."""
        yield "relay", Relay(self.database, self.bus, RELAYED).run
        yield "clockwork", self.clockwork.run
        yield "secretary", self.office.secretary.run
        yield "renewal", self.office.renewal.run
        if self.office.postman is not None:
            yield "postman", self.office.postman.run
        if self.office.collector is not None:
            yield "collector", self.office.collector.run

    @staticmethod
    async def _enter(
        stack: AsyncExitStack, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
    ) -> None:
        await start()
        stack.push_async_callback(stop)


async def serve(settings: Settings, *, on_ready: Callable[[], None] | None = None) -> None:
    """Runs until SIGINT or SIGTERM."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    database = await open_database(settings)
    expect_many_messages()
    try:
        async with Application(settings, database).running():
            if on_ready:
                on_ready()
            await end.wait()
            log.info("stopping")
    finally:
        await database.close()
