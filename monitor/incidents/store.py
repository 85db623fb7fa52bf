"""The tables of incidents: what the tracker changed, what people did, and what pages read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.errors import Conflict, NotFound
from core.model import ConferenceId, PointCode
from monitor.incidents.advice import advise
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import (
    REOPENED_WITHIN,
    ActionKind,
    Assessment,
    Cause,
    CauseKind,
    Entry,
    EntryKind,
    Figures,
    Incident,
    IncidentBoard,
    IncidentDetail,
    IncidentId,
    IncidentSeverity,
    IncidentState,
    IncidentView,
    Likely,
    Member,
)
from monitor.incidents.tracked import Change, Closed, Tracked
from monitor.store import conference_key, reading

MOST_LISTED = 200
"""Incidents in one answer."""
STEPS = (EntryKind.ACKNOWLEDGED, EntryKind.OWNED, EntryKind.NOTED, EntryKind.ACTED, EntryKind.CLOSED)
"""What people do."""

_NO_NEWS = (EntryKind.GREW, EntryKind.ALARMED)
"""Changes that nobody has to look at before they do something: the version stays."""

_SQL = load_queries("monitor.incidents")
_STATES = {EntryKind.FOLDED: IncidentState.FOLDED, EntryKind.CLOSED: IncidentState.CLOSED}


class IncidentStore:
    """Writes of the tracker raise asyncpg's own errors; the others `Unavailable` `database.away`."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    # --- the tracker's -------------------------------------------------------------------------------

    async def save(self, change: Change, name: str, at: datetime) -> None:
        """Stores a change with its members and its line of history: all or nothing."""
        id, told = UUID(change.incident), change.assessment
        grew = change.kind is EntryKind.GREW
        text = f"+{len(change.joined)} -{len(change.recovered)}" if grew else ""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                _SQL["save"],
                id,
                change.cause.kind.value,
                change.cause.code,
                name,
                _STATES.get(change.kind, IncidentState.OPEN).value,
                told.likely.value,
                [fault.value for fault in told.also],
                told.severity.value,
                told.affected,
                told.observed,
                told.figures.model_dump(mode="json"),
                at,
                UUID(change.folded_into) if change.folded_into else None,
                0 if change.kind in _NO_NEWS else 1,
                told.severity.value if change.alarm and change.kind is not EntryKind.CLOSED else None,
            )
            await connection.execute(_SQL["join"], id, at, *_columns(change.joined.values()))
            await connection.execute(_SQL["leave"], id, at, list(change.recovered))
            await connection.execute(_SQL["note"], id, at, change.kind.value, None, text)

    async def left_open(self) -> list[Tracked]:
        """What a former process left open, with the members whose conferences are not over."""
        return await self._with_members("left_open", "left_members")

    async def dismissed(self) -> list[Tracked]:
        """What people closed and has not recovered since, with whom it harmed then."""
        return await self._with_members("dismissed", "dismissed_members")

    async def closed_lately(self, now: datetime) -> list[Closed]:
        """What recovered by itself not so long ago that a return would be another incident."""
        with reading():
            rows = await self._pool.fetch(_SQL["closed_lately"], now - REOPENED_WITHIN)
        return [
            Closed(
                _cause(row),
                IncidentId(str(row["id"])),
                (now - row["closed_at"]).total_seconds(),
                IncidentSeverity(row["alarmed"]) if row["alarmed"] else None,
            )
            for row in rows
        ]

    async def recovered(self, causes: Collection[Cause]) -> None:
        """Dismissed causes that may be told again."""
        kinds, codes = [one.kind.value for one in causes], [one.code for one in causes]
        await self._pool.execute(_SQL["recovered"], kinds, codes)

    async def _with_members(self, incidents: str, their_members: str) -> list[Tracked]:
        with reading():
            rows = await self._pool.fetch(_SQL[incidents])
            members = await self._pool.fetch(_SQL[their_members])
        found = {row["id"]: _tracked(row) for row in rows}
        for row in members:
            if (tracked := found.get(row["incident"])) is not None:
                evidence = _evidence(row)
                tracked.members[evidence.point] = evidence
                tracked.ever.add(evidence.point)
        return list(found.values())

    async def conferences(self, incidents: Collection[IncidentId]) -> list[ConferenceId]:
        """Whose halls these incidents harm or harmed."""
        rows = await self._pool.fetch(_SQL["conferences"], [UUID(id) for id in incidents])
        return [ConferenceId(str(row["conference"])) for row in rows]

    # --- people's ------------------------------------------------------------------------------------

    async def board(self, conference: ConferenceId, at: datetime, *, closed: bool = False) -> IncidentBoard:
        """The conference's incidents that are open and, if `closed`, those that are over."""
        with reading():
            rows = await self._pool.fetch(_SQL["board"], conference_key(conference), closed, MOST_LISTED)
        return IncidentBoard(conference=conference, at=at, incidents=tuple(map(_view, rows)))

    async def detail(self, conference: ConferenceId, incident: IncidentId) -> IncidentDetail:
        """One incident of a conference. Raises `NotFound` `incident.unknown`."""
        keys = UUID(incident), conference_key(conference)
        with reading():
            row = await self._pool.fetchrow(_SQL["one"], *keys)
            members = await self._pool.fetch(_SQL["members"], *keys)
            history = await self._pool.fetch(_SQL["history"], keys[0])
        if row is None:
            raise _unknown()
        view = _view(row)
        return IncidentDetail(
            incident=view.incident,
            actions=view.actions,
            limited=view.limited,
            members=tuple(Member.model_validate({**m, "conference": conference}) for m in members),
            history=tuple(Entry.model_validate(dict(entry)) for entry in history),
        )

    async def step(
        self,
        conference: ConferenceId,
        incident: IncidentId,
        kind: EntryKind,
        by: str,
        at: datetime,
        *,
        version: int,
        text: str = "",
    ) -> None:
        """A person acknowledges, takes, notes, acts on or closes it (`STEPS`).

        Raises `NotFound` `incident.unknown`, `Conflict` `incident.over` or `incident.changed`.
        """
        key = UUID(incident)
        with reading():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(_SQL["lock"], key, conference_key(conference))
                _check(row, version)
                await connection.execute(_SQL[kind.value], key, at, by)
                if kind is EntryKind.CLOSED:
                    await connection.execute(_SQL["all_recover"], key, at)
                await connection.execute(_SQL["note"], key, at, kind.value, by, text)


def _check(row: asyncpg.Record | None, version: int) -> None:
    if row is None:
        raise _unknown()
    if row["state"] == IncidentState.CLOSED.value:
        raise Conflict("incident.over", "This incident is closed already.")
    if row["version"] != version:
        raise Conflict("incident.changed", "The incident has changed. Look at it again.", version=row["version"])


def _unknown() -> NotFound:
    return NotFound("incident.unknown", "There is no such incident in this conference.")


def _columns(members: Collection[Evidence]) -> tuple[list[object], ...]:
    return (
        [e.point for e in members],
        [conference_key(e.conference) for e in members],
        [e.line.value for e in members],
        [e.reason for e in members],
        [" ".join(e.equipment) or None for e in members],
    )


def _assessment(row: asyncpg.Record) -> Assessment:
    return Assessment(
        likely=row["likely"],
        also=row["also"],
        severity=row["severity"],
        affected=row["affected"],
        observed=row["observed"],
        figures=Figures.model_validate(row["figures"]),
    )


def _cause(row: asyncpg.Record) -> Cause:
    return Cause(kind=CauseKind(row["kind"]), code=row["code"])


def _tracked(row: asyncpg.Record) -> Tracked:
    assessment = _assessment(row)
    told = IncidentSeverity(row["alarmed"]) if row["alarmed"] else None
    folded = IncidentId(str(row["folded_into"])) if row["folded_into"] else None
    return Tracked(IncidentId(str(row["id"])), _cause(row), assessment, folded_into=folded, told=told)


def _evidence(row: asyncpg.Record) -> Evidence:
    return Evidence(
        point=PointCode(row["point"]),
        conference=ConferenceId(str(row["conference"])),
        line=Condition(row["condition"]),
        reason=row["reason"],
        equipment=tuple(map(Likely, (row["equipment"] or "").split())),
    )


def incident_of(row: asyncpg.Record) -> Incident:
    """The incident of a whole row of its table."""
    names = (
        "version",
        "state",
        "opened_at",
        "closed_at",
        "closed_by",
        "acknowledged_at",
        "acknowledged_by",
        "owner",
    )
    return Incident.model_validate(
        {
            **{name: row[name] for name in names},
            **{name: str(row[name]) if row[name] else None for name in ("id", "former", "folded_into")},
            "cause": _cause(row),
            "cause_name": row["name"],
            "assessment": _assessment(row),
        }
    )


def _view(row: asyncpg.Record) -> IncidentView:
    incident = incident_of(row)
    actions: tuple[ActionKind, ...] = (
        () if row["closed_at"] else advise(incident.assessment.causes, incident.cause.kind)
    )
    return IncidentView(incident=incident, members=tuple(row["members"]), actions=actions, limited=row["limited"])
