"""The scheduler as the rest of the product sees it: one class, one method per thing that can be asked."""

from __future__ import annotations

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.errors import Refused
from core.identity import Principal, Signer
from core.model import BridgePoint, ConferenceId, ConferenceSpec, Role
from core.settings import Limits
from scheduler import booking, lifecycle, links
from scheduler.bookings import Bookings
from scheduler.chairs import Chairs
from scheduler.directory_file import read_rows
from scheduler.directory_model import PointRecord
from scheduler.directory_store import DirectoryStore
from scheduler.model import (
    BookingRequest,
    ClashReport,
    ClashRequest,
    Conference,
    ConferenceChange,
    ConferenceSummary,
    EnterRequest,
    ExtendRequest,
    ImportReport,
    PointLink,
    RequestedTimes,
    Seat,
    StepRequest,
    UnitSummary,
)
from scheduler.plan.store import pictures
from scheduler.provinces import nation_rows, province_rows
from scheduler.store import Store


class Scheduler:
    """Directory, booking, join links. Safe to use from many tasks; holds nothing but its parts.

    `bookings` has all that can be done to a booking; the methods here are its common cases.
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock, signer: Signer, limits: Limits) -> None:
        self._pool = database.pool
        self._store = Store(database)
        self._directory = DirectoryStore(database)
        self.bookings = Bookings(database, bus, clock, limits)
        self.chairs = Chairs(database, clock)
        self._signer = signer
        self._limits = limits

    async def units(self) -> list[UnitSummary]:
        """All units in order of their codes, with the number of points under each."""
        return await self._directory.units()

    async def points(self, unit: str | None = None, q: str = "", *, direct: bool = False) -> list[BridgePoint]:
        """Points by code; of one unit's whole subtree (`direct`: only its own), and with `q` in code or name.

        Case and accents of `q` do not matter.
        """
        return await self._directory.points(unit, q, direct=direct)

    async def point(self, code: str) -> PointRecord:
        """One point with its operators, lines and equipment; raises `NotFound` `directory.unknown_point`."""
        return await self._directory.point(code)

    async def import_directory(self, data: bytes, file_name: str, dry_run: bool) -> ImportReport:
        """Applies a CSV or XLSX file (docs/directory-file.md): all of it or, with any problem or `dry_run`, nothing."""
        return await self._directory.apply(lambda: read_rows(data, file_name, self._limits), dry_run)

    async def export_csv(self) -> str:
        """The directory as a file that `import_directory` takes back unchanged; safe to open in a spreadsheet.

        It begins with a byte order mark: encode it as UTF-8.
        """
        return await self._directory.csv()

    async def export_xlsx(self) -> bytes:
        """The same as a spreadsheet."""
        return await self._directory.xlsx()

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
        return await self.spec_of(await self.conference(id))

    async def spec_of(self, conference: Conference) -> ConferenceSpec:
        """The same of a conference as it is known already."""
        return booking.spec(conference, await pictures(self._pool, conference.id))

    async def book(self, request: BookingRequest, by: str) -> Conference:
        """Books the conference and all its points, or nothing; raises as `Bookings.book`."""
        return (await self.bookings.book(request, by)).conference

    async def clashes(self, request: ClashRequest) -> ClashReport:
        """Which of the points are taken in these times: a preview, `book` has the last word. Raises as `book`."""
        return await self.bookings.clashes(request)

    async def cancel(self, id: ConferenceId, by: str) -> Conference:
        """Cancels a conference that is not over and frees its points; raises `Conflict` `conference.over`."""
        return await self.bookings.cancel(id, StepRequest(), by)

    async def reschedule(
        self, id: ConferenceId, times: RequestedTimes, by: str, version: int | None = None
    ) -> Conference:
        """Moves a conference with all its points; raises as `Bookings.change`.

        Links sent before keep the expiry they were made with.
        """
        return (await self.bookings.change(id, ConferenceChange(times=times, version=version), by)).conference

    async def links(self, id: ConferenceId, base_url: str) -> list[PointLink]:
        """One signed link per point, good until the conference's stop.

        Raises `Conflict` `conference.over`, `conference.not_confirmed`.
        """
        conference = await self.conference(id)
        lifecycle.refuse_unless_booked(conference.state)
        return links.point_links(self._signer, conference, base_url)

    async def seats(self, id: ConferenceId, principal: Principal) -> list[Seat]:
        """The points of a conference for who operates one of them, their own first, each in order of booking.

        Raises `Conflict` `conference.over`, `conference.not_confirmed`, `NotFound` `conference.unknown`.
        """
        conference = await self.conference(id)
        lifecycle.refuse_unless_booked(conference.state)
        codes = [point.code for point in conference.points]
        own = await self._directory.run_by(codes, principal.username, principal.name)
        seats = [Seat(code=point.code, name=point.name, own=point.code in own) for point in conference.points]
        return sorted(seats, key=lambda seat: not seat.own)

    async def enter(self, id: ConferenceId, principal: Principal, request: EnterRequest) -> str:
        """A token that lets a signed-in person into the conference in a role they hold; the bridge minds the doors.

        Raises `Refused` `role.missing`, `chair.appointed`, `Conflict` `conference.over`, `conference.not_confirmed`,
        `BadInput` `enter.role`, `enter.point`, `NotFound` `enter.point_unknown`, `conference.unknown`.
        """
        conference = await self.conference(id)
        lifecycle.refuse_unless_booked(conference.state)
        token = links.console_token(self._signer, conference, principal, request)
        if request.role is Role.CHAIR:
            await self.chairs.take(id, principal)
        return token

    async def extend(self, id: ConferenceId, principal: Principal, request: ExtendRequest) -> Conference:
        """Lets it last longer: for organizers, and for its own chair.

        Raises as `Bookings.extend`, and `Refused` `extend.not_yours`.
        """
        if Role.ORGANIZER not in principal.roles and not await self.chairs.may_extend(id, principal.username):
            await self.conference(id)
            raise Refused("extend.not_yours", "Only its chair or an organizer can extend this conference.")
        return await self.bookings.extend(id, request, principal.username)
