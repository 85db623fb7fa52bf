"""A small directory and bookings in it, for the tests of the scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.settings import Limits
from scheduler.model import BookingRequest, ImportReport, RequestedTimes
from scheduler.service import Scheduler

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
SIGNER = Signer("a secret of the tests, long enough to be one")


def scheduler_of(database: Database, bus: Bus, clock: Clock, limits: Limits | None = None) -> Scheduler:
    """A scheduler with the tests' signer."""
    return Scheduler(database, bus, clock, SIGNER, limits or Limits())


def times(start: datetime, *, minutes: float = 60, doors: float = 0) -> RequestedTimes:
    """A conference of so many minutes, with the doors open so many minutes before."""
    stop = start + timedelta(minutes=minutes)
    return RequestedTimes(
        can_join_after=start - timedelta(minutes=doors), start=start, stop=stop, must_join_before=stop
    )


def booking_of(title: str, start: datetime, points: list[str], *, minutes: float = 60) -> BookingRequest:
    """A request for those points."""
    return BookingRequest(title=title, times=times(start, minutes=minutes), points=tuple(points))


async def load_points(scheduler: Scheduler, count: int) -> list[str]:
    """Two units, `CITY` above `WARD`, and points `P000`, `P001` … in the latter; their codes."""
    codes = [f"P{i:03d}" for i in range(count)]
    lines = ["code,name,unit,unit_name,unit_kind,parent_unit", ",,CITY,City,province,", ",,WARD,Ward,commune,CITY"]
    lines += [f"{code},Hall {code},WARD,,," for code in codes]
    report = await import_text(scheduler, "\n".join(lines))
    assert report.applied, report.problems
    return codes


async def import_text(scheduler: Scheduler, text: str, *, dry_run: bool = False) -> ImportReport:
    """Imports CSV text."""
    return await scheduler.import_directory(text.encode(), "points.csv", dry_run)
