"""A scheduler with invitations on one database, and a mail server: what their tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.model import ConferenceId
from core.settings import Settings
from scheduler.diagnosis import Diagnosis
from scheduler.invitations.model import InviteRequest
from scheduler.invitations.postman import Postman
from scheduler.invitations.secretary import Secretary
from scheduler.invitations.service import Invitations
from scheduler.service import Scheduler
from tests.support.directory import NOON, SIGNER, booking_of, import_text, scheduler_of
from tests.support.mailbox import Mailbox, mailbox

ORGANIZER = "lan@so.example.vn"


@dataclass
class Office:
    """The parts, and a clock that stands still at noon."""

    database: Database
    bus: Bus
    clock: ManualClock
    settings: Settings
    box: Mailbox
    scheduler: Scheduler
    invitations: Invitations
    diagnosis: Diagnosis
    secretary: Secretary
    postman: Postman

    async def points(self, *contacts: str) -> list[str]:
        """Points `P000` … with these contacts; their codes."""
        rows = [f"P{n:03d},Hội trường {n},WARD,,,,{contact}" for n, contact in enumerate(contacts)]
        head = ["code,name,unit,unit_name,unit_kind,parent_unit,contact", ",,CITY,City,province,,"]
        report = await import_text(self.scheduler, "\n".join([*head, ",,WARD,Ward,commune,CITY,", *rows]))
        assert report.applied, report.problems
        return [f"P{n:03d}" for n in range(len(contacts))]

    async def booked(self, points: list[str], *, hours: float = 48) -> ConferenceId:
        """A conference of one hour, so many hours from noon."""
        start = NOON.fromtimestamp(NOON.timestamp() + hours * 3_600, tz=NOON.tzinfo)
        return (await self.scheduler.book(booking_of("Họp giao ban", start, points), "lan")).id

    async def invited(self, points: list[str], *, hours: float = 48) -> ConferenceId:
        """The same, with its invitations sent."""
        id = await self.booked(points, hours=hours)
        await self.invitations.send(id, InviteRequest(organizer_email=ORGANIZER), "lan")
        await self.deliver()
        return id

    async def deliver(self) -> None:
        """Sends everything that is due now."""
        while await self.postman.deliver():
            pass

    async def later(self, *, hours: float = 0, minutes: float = 0) -> None:
        """Time passes; what is due then is done and sent."""
        self.clock.advance(hours * 3_600 + minutes * 60)
        await self.secretary.look()
        await self.deliver()


@asynccontextmanager
async def office(database: Database) -> AsyncIterator[Office]:
    """All the parts while the block runs."""
    async with mailbox() as box:
        bus, clock = Bus(), ManualClock(NOON)
        settings = Settings(public_url="https://cau.example.vn/", smtp=box.smtp)
        diagnosis = Diagnosis(database, bus, clock, settings)
        yield Office(
            database=database,
            bus=bus,
            clock=clock,
            settings=settings,
            box=box,
            scheduler=scheduler_of(database, bus, clock),
            invitations=Invitations(database, clock, SIGNER, settings),
            diagnosis=diagnosis,
            secretary=Secretary(database, bus, clock, SIGNER, settings, diagnosis),
            postman=Postman(database, clock, box.smtp),
        )
