"""The scheduler as the rest of the product sees it: one class, one method per thing that can be asked."""

from __future__ import annotations

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.identity import Principal, Signer
from core.model import BridgePoint, ConferenceId, ConferenceSpec
from core.settings import Limits
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


class Scheduler:
    """Directory, booking, join links. Safe to use from many tasks; holds nothing but its parts."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, signer: Signer, limits: Limits) -> None:
        raise NotImplementedError

    async def units(self) -> list[UnitSummary]:
        """All units in order of their codes, with the number of points under each."""
        raise NotImplementedError

    async def points(self, unit: str | None = None, q: str = "") -> list[BridgePoint]:
        """Points by code; of one unit's whole subtree, and with `q` in code or name (case and accents do not matter)."""
        raise NotImplementedError

    async def import_directory(self, data: bytes, file_name: str, dry_run: bool) -> ImportReport:
        """Applies a CSV or XLSX file (docs/directory-file.md), all of it or, with any problem or `dry_run`, nothing."""
        raise NotImplementedError

    async def export_csv(self) -> str:
        """The directory as a file that `import_directory` takes back unchanged; safe to open in a spreadsheet."""
        raise NotImplementedError

    async def load_province(self, code: str) -> ImportReport:
        """Loads a province ("79": Ho Chi Minh City) with its communes as units and one point each."""
        raise NotImplementedError

    async def load_nation(self) -> ImportReport:
        """Loads the centre, 34 provinces and 3,321 communes, one point each commune."""
        raise NotImplementedError

    async def conferences(self) -> list[ConferenceSummary]:
        """All conferences, newest start first."""
        raise NotImplementedError

    async def conference(self, id: ConferenceId) -> Conference:
        """One conference; raises `NotFound` `conference.unknown`."""
        raise NotImplementedError

    async def spec(self, id: ConferenceId) -> ConferenceSpec:
        """What the focus needs to run it; raises `NotFound` `conference.unknown`."""
        raise NotImplementedError

    async def book(self, request: BookingRequest, by: str) -> Conference:
        """Books the conference and all its points, or nothing.

        Raises `Conflict` `booking.clash` with `clashes` (one `Clash` per point) and `BadInput` `booking.title`,
        `.times`, `.past`, `.no_points`, `.too_many_points`, `.unknown_point`, `.unknown_unit`.
        """
        raise NotImplementedError

    async def clashes(self, request: ClashRequest) -> ClashReport:
        """Which of the points are taken in these times; a preview, `book` has the last word. Raises as `book`."""
        raise NotImplementedError

    async def cancel(self, id: ConferenceId, by: str) -> Conference:
        """Cancels a conference that is not over and frees its points; raises `Conflict` `conference.over`."""
        raise NotImplementedError

    async def reschedule(
        self, id: ConferenceId, times: RequestedTimes, by: str, version: int | None = None
    ) -> Conference:
        """Moves a conference. While it is open only `stop` and `must_join_before` may move.

        Raises as `book`, and `Conflict` `conference.over`, `conference.running`, `conference.changed` (not `version`).
        """
        raise NotImplementedError

    async def links(self, id: ConferenceId, base_url: str) -> list[PointLink]:
        """One signed link per point, good until the conference's stop; raises `Conflict` `conference.over`."""
        raise NotImplementedError

    async def enter(self, id: ConferenceId, principal: Principal, request: EnterRequest) -> str:
        """A token that lets a signed-in person into the conference in a role they hold.

        Raises `Refused` `role.missing`, `Conflict` `conference.over`, `BadInput` `enter.role`, `enter.point`.
        """
        raise NotImplementedError
