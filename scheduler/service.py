"""The scheduler as the rest of the product sees it: one class, one method per thing that can be asked."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import structlog

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.identity import Principal, Signer
from core.messages import CONFERENCE_CHANGED, ConferenceChanged
from core.model import BridgePoint, ConferenceId, ConferenceSpec
from core.settings import Limits
from scheduler import booking, links
from scheduler.directory_file import read_rows
from scheduler.directory_store import DirectoryStore
from scheduler.model import (
    BookingRequest,
    ClashReport,
    ClashRequest,
    Conference,
    ConferenceSummary,
    EnterRequest,
    ImportReport,
    PointLink,
    RequestedTimes,
    UnitSummary,
)
from scheduler.provinces import nation_rows, province_rows
from scheduler.store import Store

log = structlog.get_logger("scheduler")


class Scheduler:
    """Directory, booking, join links. Safe to use from many tasks; holds nothing but its parts."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, signer: Signer, limits: Limits) -> None:
        self._store = Store(database)
        self._directory = DirectoryStore(database)
        self._bus = bus
        self._clock = clock
        self._signer = signer
        self._limits = limits

    async def units(self) -> list[UnitSummary]:
        """All units in order of their codes, with the number of points under each."""
        return await self._directory.units()

    async def points(self, unit: str | None = None, q: str = "") -> list[BridgePoint]:
        """Points by code; of one unit's whole subtree, and with `q` in code or name, whatever its case and accents."""
        return await self._directory.points(unit, q)

    async def import_directory(self, data: bytes, file_name: str, dry_run: bool) -> ImportReport:
        """Applies a CSV or XLSX file (docs/directory-file.md): all of it or, with any problem or `dry_run`, nothing."""
        return await self._directory.apply(lambda: read_rows(data, file_name, self._limits), dry_run)

    async def export_csv(self) -> str:
        """The directory as a file that `import_directory` takes back unchanged; safe to open in a spreadsheet.

        It begins with a byte order mark: encode it as UTF-8.
        """
        return await self._directory.csv()

    async def load_province(self, code: str) -> ImportReport:
        """Loads a province ("79": Ho Chi Minh City) and its communes as units under the centre, with a point each.

        Raises `BadInput` `directory.unknown_province`.
        """
        rows = list(province_rows(code))
        return await self._directory.apply(lambda: rows, dry_run=False)

    async def load_nation(self) -> ImportReport:
        """Loads the centre, 34 provinces and 3,321 communes, with one point in each commune."""
        return await self._directory.apply(nation_rows, dry_run=False)

    async def conferences(self) -> list[ConferenceSummary]:
        """The conferences, newest start first."""
        return await self._store.conferences()

    async def conference(self, id: ConferenceId) -> Conference:
        """One conference; raises `NotFound` `conference.unknown`."""
        return await self._store.conference(id)

    async def spec(self, id: ConferenceId) -> ConferenceSpec:
        """What the focus needs to run it; raises `NotFound` `conference.unknown`."""
        return booking.spec(await self.conference(id))

    async def book(self, request: BookingRequest, by: str) -> Conference:
        """Books the conference and all its points, or nothing.

        Raises `Conflict` `booking.clash` with `clashes` (one `Clash` per point) and `BadInput` `booking.title`,
        `.times`, `.past`, `.no_points`, `.too_many_points`, `.unknown_point`, `.unknown_unit`.
        """
        now = self._clock.now()
        title = booking.checked_title(request.title)
        times = booking.bookable_times(request.times, now)
        points = await self._directory.chosen(request.units, request.points, self._limits.points_per_conference)
        id = ConferenceId(str(uuid4()))
        await self._store.book(id, title, times, [point.number for point in points], by, now)
        log.info("conference_booked", conference=id, points=len(points))
        return await self._announced(id, now)

    async def clashes(self, request: ClashRequest) -> ClashReport:
        """Which of the points are taken in these times: a preview, `book` has the last word. Raises as `book`."""
        times = booking.ordered_times(request.times)
        points = await self._directory.chosen(request.units, request.points, self._limits.points_per_conference)
        found = await self._store.clashes([point.number for point in points], times, request.ignore)
        return ClashReport(points=len(points), clashes=found)

    async def cancel(self, id: ConferenceId, by: str) -> Conference:
        """Cancels a conference that is not over and frees its points; raises `Conflict` `conference.over`."""
        now = self._clock.now()
        await self._store.cancel(id, by, now)
        log.info("conference_cancelled", conference=id)
        return await self._announced(id, now)

    async def reschedule(
        self, id: ConferenceId, times: RequestedTimes, by: str, version: int | None = None
    ) -> Conference:
        """Moves a conference with all its points. While it is open only `stop` and `must_join_before` may move.

        Raises as `book`, and `Conflict` `conference.over`, `conference.running`, `conference.changed` (the conference
        is not at `version`, or was changed while this ran). Links sent before keep the expiry they were made with.
        """
        now = self._clock.now()
        present = await self.conference(id)
        moved = booking.moved_times(present.state, present.times, times, now)
        await self._store.move(id, moved, present.version if version is None else version, by, now)
        log.info("conference_moved", conference=id)
        return await self._announced(id, now)

    async def links(self, id: ConferenceId, base_url: str) -> list[PointLink]:
        """One signed link per point, good until the conference's stop; raises `Conflict` `conference.over`."""
        conference = await self.conference(id)
        booking.refuse_if_over(conference.state)
        return links.point_links(self._signer, conference, base_url)

    async def enter(self, id: ConferenceId, principal: Principal, request: EnterRequest) -> str:
        """A token that lets a signed-in person into the conference in a role they hold; the bridge minds the doors.

        Raises `Refused` `role.missing`, `Conflict` `conference.over`, `BadInput` `enter.role`, `enter.point`,
        `NotFound` `enter.point_unknown`, `conference.unknown`.
        """
        conference = await self.conference(id)
        booking.refuse_if_over(conference.state)
        return links.console_token(self._signer, conference, principal, request)

    async def _announced(self, id: ConferenceId, now: datetime) -> Conference:
        """Tells the others that a conference changed (an open one that was extended is told as open again)."""
        conference = await self.conference(id)
        self._bus.publish(CONFERENCE_CHANGED, ConferenceChanged(conference=id, state=conference.state, at=now))
        return conference
