"""Gathers a conference from the parts that know it, and packs it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import IO, Any
from uuid import UUID

import asyncpg

from bridge.recording.sidecar import folder_of, read_sidecars
from core.database import load_queries
from core.errors import NotFound
from core.model import ConferenceId
from monitor.delegates.model import DelegateWord
from monitor.headcount.model import HeadcountEntry
from monitor.incidents.model import IncidentId
from monitor.reports.texts import Language
from monitor.reports.units import Counts
from monitor.store import reading
from scheduler.model import Conference
from scheduler.plan.model import StoredPlan
from web.archive.model import (
    ArchivedDelegate,
    ArchivedHeadcount,
    AttendanceFile,
    ConferenceFile,
    ConnectionWay,
    EventsFile,
    IncidentsFile,
    LoggedEvent,
    Minute,
    PeopleFile,
    PlanFile,
    PointSum,
    PresenceInterval,
    RecordingsFile,
    SumsFile,
    UnitFigures,
)
from web.archive.writing import Packer
from web.context import Context

_SQL = load_queries("web.archive")
_ROWS = 2_000
_LANGUAGES: tuple[Language, ...] = ("vi", "en")
_one_archive = asyncio.Lock()
"""An archive takes a core for seconds: they are made one after the other."""


async def pack(context: Context, id: ConferenceId, file: IO[bytes]) -> None:
    """Writes the archive of a conference, as it is now, into `file`.

    Raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`.
    """
    booked, pool = await context.scheduler.conference(id), context.database.pool
    async with _one_archive:
        with closing(await asyncio.to_thread(Packer, file, context.clock.now())) as packer:
            await _booking(context, booked, packer)
            await _record(context, pool, id, packer)
            await _reports(context, id, packer)
            # The reports have brought the minutes up to date, and the ways of connections.
            await _people(context, pool, id, packer)
            await _minutes(pool, id, packer)
            await asyncio.to_thread(packer.finish, id, booked.title, context.settings.time_zone)


async def _booking(context: Context, booked: Conference, packer: Packer) -> None:
    points = await context.monitor.points.map(booked.id)
    packer.put_model("conference.json", ConferenceFile(conference=booked, map=points))
    packer.put_model("plan.json", PlanFile(plan=await _plan(context, booked.id)))
    packer.put_model("invitations.json", await context.office.invitations.answers(booked.id))


async def _plan(context: Context, id: ConferenceId) -> StoredPlan | None:
    try:
        return await context.office.plans.get(id)
    except NotFound:
        return None


async def _people(context: Context, pool: asyncpg.Pool[Any], id: ConferenceId, packer: Packer) -> None:
    monitor = context.monitor
    rows = await _fetch(pool, "intervals", id)
    intervals = tuple(PresenceInterval.model_validate(dict(row)) for row in rows)
    ways = tuple(ConnectionWay.model_validate(dict(row)) for row in await _fetch(pool, "connections", id))
    attendance = await monitor.attendance(id)
    packer.put_model("attendance.json", AttendanceFile(attendance=attendance, intervals=intervals, connections=ways))
    said = _grouped(await _fetch(pool, "headcounts", id), "point")
    words = _grouped(await _fetch(pool, "words", id), "code")
    everybody = await monitor.delegates.everybody(id)
    taken = (await monitor.headcounts.snapshots(id)).snapshots
    people = PeopleFile(
        headcounts=await monitor.headcounts.all(id),
        history=tuple(
            ArchivedHeadcount(point=point, entries=tuple(HeadcountEntry.model_validate(entry) for entry in entries))
            for point, entries in said.items()
        ),
        delegates=tuple(
            ArchivedDelegate(
                delegate=one.delegate,
                words=tuple(DelegateWord.model_validate(word) for word in words.get(one.delegate.code, ())),
            )
            for one in everybody
        ),
        snapshots=tuple([await monitor.headcounts.snapshot(id, one.number) for one in taken]),
    )
    await asyncio.to_thread(packer.put_model, "people.json", people)


def _grouped(rows: Sequence[asyncpg.Record], key: str) -> dict[str, list[dict[str, Any]]]:
    groups = itertools.groupby(map(dict, rows), key=lambda row: str(row[key]))
    return {name: [{k: v for k, v in row.items() if k != key} for row in members] for name, members in groups}


async def _record(context: Context, pool: asyncpg.Pool[Any], id: ConferenceId, packer: Packer) -> None:
    found = [IncidentId(str(row["id"])) for row in await _fetch(pool, "incidents", id)]
    details = tuple([await context.monitor.incidents.detail(id, incident) for incident in found])
    packer.put_model("incidents.json", IncidentsFile(incidents=details))
    events = tuple(LoggedEvent.model_validate(dict(row)) for row in await _fetch(pool, "events", id))
    await asyncio.to_thread(packer.put_model, "events.json", EventsFile(events=events))
    folder = folder_of(context.settings.data_dir, id)
    recordings = await asyncio.to_thread(lambda: tuple(read_sidecars(folder)))
    packer.put_model("recordings.json", RecordingsFile(recordings=recordings))


async def _reports(context: Context, id: ConferenceId, packer: Packer) -> None:
    """All from figures that were gathered once."""
    reports = context.monitor.reports
    report = await reports.report(id)
    units = tuple(
        UnitFigures(code=one.unit.code, name=one.unit.name, parent=one.parent, level=one.level, sum=_sum(one.counts))
        for one in report.units
    )
    packer.put_model("sums.json", SumsFile(total=_sum(report.total), units=units))
    for language in _LANGUAGES:
        await asyncio.to_thread(packer.put, f"reports/report-{language}.pdf", await reports.pdf(report, language))
        await asyncio.to_thread(packer.put, f"reports/report-{language}.xlsx", await reports.xlsx(report, language))


def _sum(counts: Counts) -> PointSum:
    return PointSum.model_validate(asdict(counts))


async def _minutes(pool: asyncpg.Pool[Any], id: ConferenceId, packer: Packer) -> None:
    """Through a server-side cursor: they are the one part that has no end (542 points and three hours: 97,560)."""
    with reading(), packer.piecemeal("minutes.jsonl") as add:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            cursor = await connection.cursor(_SQL["minutes"], UUID(id))
            while rows := await cursor.fetch(_ROWS):
                await asyncio.to_thread(_add_minutes, add, rows)


def _add_minutes(add: Callable[[bytes], None], rows: Sequence[asyncpg.Record]) -> None:
    add(b"".join(Minute.model_validate(dict(row)).model_dump_json().encode() + b"\n" for row in rows))


async def _fetch(pool: asyncpg.Pool[Any], query: str, id: ConferenceId) -> list[asyncpg.Record]:
    with reading():
        return await pool.fetch(_SQL[query], UUID(id))
