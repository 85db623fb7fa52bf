"""Everything that an organizer's office does besides plain booking, built once and handed to the web as one."""

from __future__ import annotations

from dataclasses import dataclass

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.settings import Settings
from scheduler.approvals import Approvals
from scheduler.bookings import Bookings
from scheduler.calendar import Calendar
from scheduler.choosing import Choosing
from scheduler.diagnosis import Diagnosis
from scheduler.directory_mergers import Mergers
from scheduler.free_time_search import FreeTime
from scheduler.invitations.collector import Collector
from scheduler.invitations.postman import Postman
from scheduler.invitations.secretary import Secretary
from scheduler.invitations.service import Invitations
from scheduler.maintenance import Maintenance
from scheduler.plan.renewal import Renewal
from scheduler.plan.service import Plans
from scheduler.series import SeriesBook
from scheduler.templates import Templates
from scheduler.timeline import Timeline


@dataclass(frozen=True)
class Office:
    """The parts, each safe to use from many tasks. `renewal`, `secretary`, `postman`, `collector` have a `run`.

    Without a mail server in the settings there is no postman, without a mailbox no collector.
    """

    choosing: Choosing
    free_time: FreeTime
    maintenance: Maintenance
    timeline: Timeline
    calendar: Calendar
    approvals: Approvals
    mergers: Mergers
    series: SeriesBook
    templates: Templates
    plans: Plans
    renewal: Renewal
    invitations: Invitations
    diagnosis: Diagnosis
    secretary: Secretary
    postman: Postman | None
    collector: Collector | None


def open_office(
    database: Database, bus: Bus, clock: Clock, signer: Signer, settings: Settings, bookings: Bookings
) -> Office:
    """Builds all parts on one database."""
    choosing = Choosing(database, clock, settings.limits)
    plans = Plans(database, clock)
    invitations = Invitations(database, clock, signer, settings)
    diagnosis = Diagnosis(database, bus, clock, settings, plan_check=plans.problems)
    return Office(
        choosing=choosing,
        free_time=FreeTime(database, clock, choosing, settings.time_zone),
        maintenance=Maintenance(database, clock, settings.limits),
        timeline=Timeline(database),
        calendar=Calendar(database, settings.time_zone),
        approvals=Approvals(database),
        mergers=Mergers(database, clock),
        series=SeriesBook(database, bus, clock, settings.limits),
        templates=Templates(database, clock, bookings),
        plans=plans,
        renewal=Renewal(database, clock),
        invitations=invitations,
        diagnosis=diagnosis,
        secretary=Secretary(database, bus, clock, signer, settings, diagnosis),
        postman=Postman(database, clock, settings.smtp) if settings.smtp else None,
        collector=Collector(database, settings.imap, invitations) if settings.imap else None,
    )
