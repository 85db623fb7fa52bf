"""Gathers a conference's figures from the database, and makes files of them without holding up anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import NotFound, Unavailable
from core.model import ConferenceId, PointRef
from monitor.figures import Making
from monitor.model import Attendance
from monitor.points.model import MapUnit
from monitor.points.reader import PointReader
from monitor.points.tree import upwards
from monitor.reports.files import csv_file, xlsx_file
from monitor.reports.model import (
    BookedPoint,
    DelegateFigures,
    EndpointSums,
    Event,
    IncidentFigures,
    LineFigures,
    Origin,
    Report,
    SnapshotFigures,
    Told,
    WayUsed,
    build,
)
from monitor.reports.paper import printable
from monitor.reports.press import PressFailed, printed
from monitor.reports.tables import Section
from monitor.reports.texts import Language
from monitor.reports.units import Path, Unit
from monitor.store import Store, conference_key, reading

log = structlog.get_logger("monitor")

_SQL = load_queries("monitor.reports")


class Reports:
    """Every method raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        points: PointReader,
        attendance: Callable[[ConferenceId], Awaitable[Attendance]],
        freshen: Callable[[ConferenceId], Awaitable[None]],
    ) -> None:
        self._pool = database.pool
        self._store = Store(database)
        self._clock = clock
        self._zone = zone
        self._points = points
        self._attendance = attendance
        self._freshen = freshen
        self._one_file = asyncio.Lock()
        """A document takes a core for a second: they are made one after the other."""
        self.made = dict.fromkeys(("csv", "pdf", "xlsx"), Making())

    async def report(self, conference: ConferenceId) -> Report:
        """The figures as they are now."""
        key = conference_key(conference)
        found = await self._fetch("conference", key) if key else []
        if not found:
            raise NotFound("conference.unknown", "There is no such conference.")
        paths = _paths((await self._points.map(conference)).units)
        rows = await self._fetch("points", key)
        with reading():
            await self._freshen(conference)
        lines = {row["participant"]: _line(row) for row in await self._fetch("quality", key)}
        booked = found[0]
        told = await self._told(key, booked["chair"])
        intervals = await self._store.intervals(conference)
        attendance = await self._attendance(conference)
        times, now = (booked["start"], booked["stop"]), self._clock.now()
        # Points may be added between the queries: what is not in all of them is in the next report.
        known = {row.point for row in attendance.rows}
        points = [_point(row, paths[row["unit"]]) for row in rows if row["code"] in known and row["unit"] in paths]
        return await asyncio.to_thread(build, booked["title"], times, now, points, attendance, intervals, lines, told)

    async def _told(self, key: UUID | None, chair: str | None) -> Told:
        return Told(
            chair=chair,
            events=tuple(Event(**dict(row)) for row in await self._fetch("events", key)),
            delegates=tuple(DelegateFigures(**dict(row)) for row in await self._fetch("delegates", key)),
            snapshots=tuple(_snapshot(row) for row in await self._fetch("snapshots", key)),
            origins=_origins(await self._fetch("origins", key), await self._fetch("ways", key)),
            incidents=tuple(IncidentFigures(**dict(row)) for row in await self._fetch("incidents", key)),
        )

    async def csv(self, conference: ConferenceId, section: Section, language: Language) -> str:
        """One table of the report."""
        with self._making("csv"):
            report = await self.report(conference)
            return await asyncio.to_thread(csv_file, report, section, language, self._zone)

    async def xlsx(self, of: ConferenceId | Report, language: Language) -> bytes:
        """The whole report of a conference, or one that was gathered before, as a workbook."""
        async with self._one_file:
            with self._making("xlsx"):
                return await asyncio.to_thread(xlsx_file, await self._gathered(of), language, self._zone)

    async def pdf(self, of: ConferenceId | Report, language: Language) -> bytes:
        """The same as a document. Raises `Unavailable` `report.not_printed` too."""
        async with self._one_file:
            with self._making("pdf"):
                page = await asyncio.to_thread(printable, await self._gathered(of), language, self._zone)
                try:
                    return await printed(page)
                except PressFailed as exc:
                    log.exception("report_not_printed")
                    detail = "The document could not be made now. The workbook holds the same figures."
                    raise Unavailable("report.not_printed", detail) from exc

    async def _gathered(self, of: ConferenceId | Report) -> Report:
        return of if isinstance(of, Report) else await self.report(of)

    @contextmanager
    def _making(self, form: str) -> Iterator[None]:
        """Counts a file that is made inside; one that fails is none."""
        begun = self._clock.monotonic()
        yield
        self.made[form] = self.made[form].and_one(self._clock.monotonic() - begun)

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)


def _paths(units: Sequence[MapUnit]) -> dict[str, Path]:
    """Each unit's way down from the root."""
    parents, names = {unit.code: unit.parent for unit in units}, {unit.code: unit.name for unit in units}
    return {one: tuple(Unit(code, names[code]) for code in reversed(upwards(one, parents))) for one in parents}


def _point(row: asyncpg.Record, path: Path) -> BookedPoint:
    return BookedPoint(
        ref=PointRef(code=row["code"], name=row["name"]),
        path=path,
        expected=row["expected"],
        declared=row["declared"],
        listed=row["listed"],
        verified=row["verified"],
        absent=row["absent"],
    )


def _origins(clocks: Iterable[asyncpg.Record], ways: Iterable[asyncpg.Record]) -> dict[str, Origin]:
    used: dict[str, list[WayUsed]] = {}
    for row in ways:
        participant, *facts = row.values()
        used.setdefault(participant, []).append(WayUsed(*facts))
    skews = {row["participant"]: row["skew_ms"] for row in clocks}
    return {
        who: Origin(tuple(used.get(who, ())), None if skews.get(who) is None else round(skews[who] / 1000, 1))
        for who in skews.keys() | used.keys()
    }


def _snapshot(row: asyncpg.Record) -> SnapshotFigures:
    total, quorum = row["total"], row["quorum"]
    names = ("points", "present", "expected", "declared", "verified", "absent")
    return SnapshotFigures(
        number=row["number"],
        item=row["item"],
        at=row["at"],
        quorum=None if quorum is None else bool(quorum["reached"]),
        **{name: total[name] for name in names},
    )


def _line(row: asyncpg.Record) -> LineFigures:
    return LineFigures(
        samples=row["samples"],
        good=row["good"],
        fair=row["fair"],
        poor=row["poor"],
        loss_up=_tenths(row["loss_up"], 100),
        loss_down=_tenths(row["loss_down"], 100),
        rtt_ms=_tenths(row["rtt_ms"], 1),
        relayed=row["relayed"],
        seen=EndpointSums(
            freezes=row["freezes"],
            frozen=_tenths(row["frozen"], 100),
            concealed=_tenths(row["concealed"], 100),
            fps=_tenths(row["fps"], 1),
            cpu_limited=_tenths(row["cpu_limited"], 100),
            camera_ill=_tenths(row["camera_ill"], 100),
            microphone_ill=_tenths(row["microphone_ill"], 100),
        ),
    )


def _tenths(value: float | None, times: int) -> float | None:
    return None if value is None else round(value * times, 1)
