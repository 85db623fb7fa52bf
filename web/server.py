"""The HTTP server: the API of the route table, and the pages."""

from __future__ import annotations

import json
import logging
import ssl
from pathlib import Path

import structlog
from aiohttp import web

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.settings import Settings
from monitor.service import Monitor
from scheduler.office import Office
from scheduler.service import Scheduler
from web.accounts import Accounts
from web.context import CONTEXT, Context
from web.feed import FeedHub
from web.linetests import LineTesting
from web.mediadoor import MediaDoor
from web.middleware import add_security_headers, guard_origin, observe
from web.openapi import document
from web.pages import STATIC, Pages, add_pages
from web.routes import ENDPOINTS
from web.routes_system import DOCUMENT
from web.telemetry import TELEMETRY, TRAFFIC, Telemetry, Traffic
from web.whip import add_media_doors

log = structlog.get_logger("web")

_STOP_SECONDS = 2.0
"""Requests that are still running get this long; feeds end at once."""


class WebServer:
    """Serves the API and the pages on `settings.host:settings.web_port` (0: any free port, see `port`).

    `telemetry` is how it asks the other parts for metrics and readiness; without it tells of itself alone.
    With `ssl_context` it speaks HTTPS; `settings.https` says how clients reach it, also behind a proxy.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        clock: Clock,
        signer: Signer,
        scheduler: Scheduler,
        office: Office,
        monitor: Monitor,
        ssl_context: ssl.SSLContext | None = None,
        *,
        static: Path = STATIC,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._settings = settings
        self._ssl = ssl_context
        accounts = Accounts(database, clock, settings.limits.sign_in_attempts_per_minute)
        testing = LineTesting(settings, bus, clock, monitor.line_tests, office.plans)
        self._context = Context(
            settings, clock, signer, scheduler, office, monitor, accounts, FeedHub(bus), testing, database
        )
        self._door = MediaDoor(bus, settings.limits)
        self._app = make_app(self._context, Pages(static), self._door, telemetry or Telemetry())
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; only while it runs."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the web server is not running")
        return int(self._runner.addresses[0][1])

    @property
    def watchers(self) -> int:
        """How many pages follow a live feed."""
        return self._context.feeds.count

    async def start(self) -> None:
        """Begins to listen. Raises `OSError` when the port cannot be had."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=_STOP_SECONDS, logger=_wire_logger())
        await runner.setup()
        try:
            await web.TCPSite(
                runner, self._settings.host, self._settings.web_port, ssl_context=self._ssl, reuse_address=True
            ).start()
        except OSError:
            await runner.cleanup()
            raise
        self._context.feeds.start()
        self._runner = runner
        log.info("web_listening", port=self.port)

    async def stop(self) -> None:
        """Ends the feeds, lets the running requests finish for a moment, and closes. Harmless when not running."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        await self._door.stop()
        await self._context.feeds.stop()
        await runner.cleanup()


def make_app(context: Context, pages: Pages, door: MediaDoor, telemetry: Telemetry) -> web.Application:
    """The aiohttp application of `context`."""
    app = web.Application(middlewares=[observe, guard_origin])
    app[CONTEXT] = context
    app[TELEMETRY], app[TRAFFIC] = telemetry, Traffic()
    app[DOCUMENT] = json.dumps(document()).encode()
    app.on_response_prepare.append(add_security_headers)
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, endpoint.answer)
    add_media_doors(app, door)
    add_pages(app, pages)
    return app


def _wire_logger() -> logging.Logger:
    """What aiohttp itself reports about broken requests, without the addresses and bytes that it would quote."""
    logger = logging.getLogger("diemcau.web.wire")
    if not logger.filters:
        logger.addFilter(_redact)
    return logger


def _redact(record: logging.LogRecord) -> bool:
    record.msg, record.args, record.exc_info = "a request could not be read", (), None
    return True
