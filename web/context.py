"""What every request handler works with."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.settings import Settings
from monitor.service import Monitor
from scheduler.office import Office
from scheduler.service import Scheduler
from web.accounts import Accounts
from web.feed import FeedHub
from web.linetests import LineTesting


@dataclass(frozen=True)
class Context:
    """The parts behind the pages, wired once at the start."""

    settings: Settings
    clock: Clock
    signer: Signer
    scheduler: Scheduler
    office: Office
    monitor: Monitor
    accounts: Accounts
    feeds: FeedHub
    line_tests: LineTesting
    database: Database


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
