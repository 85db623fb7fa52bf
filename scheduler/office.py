"""Everything that an organizer's office does besides plain booking, built once and handed to the web as one."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock
from core.database import Database
from core.settings import Settings
from scheduler.approvals import Approvals
from scheduler.choosing import Choosing
from scheduler.free_time_search import FreeTime
from scheduler.maintenance import Maintenance


@dataclass(frozen=True)
class Office:
    """The parts; each is safe to use from many tasks."""

    choosing: Choosing
    free_time: FreeTime
    maintenance: Maintenance
    approvals: Approvals


def open_office(database: Database, clock: Clock, settings: Settings) -> Office:
    """Builds all parts on one database."""
    choosing = Choosing(database, clock, settings.limits)
    return Office(
        choosing=choosing,
        free_time=FreeTime(database, clock, choosing, settings.time_zone),
        maintenance=Maintenance(database, clock, settings.limits),
        approvals=Approvals(database),
    )
