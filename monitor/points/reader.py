"""Reads what the database knows about the points of a conference."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.errors import NotFound
from core.model import ConferenceId, Departure, point_participant
from monitor.points.model import (
    ConferenceMap,
    LastTime,
    LastTimeReply,
    MapPoint,
    MapUnit,
    PointStory,
    SaidHistory,
    SaidMoment,
)
from monitor.points.story import tell
from monitor.store import Store, reading

_SQL = load_queries("monitor.points")
MOST_MOMENTS = 600
"""In one answer: a chart has no more pixels."""


class PointReader:
    """Answers about points. Every method raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._store = Store(database)

    async def map(self, conference: ConferenceId) -> ConferenceMap:
        """Where each booked point stands in the unit tree."""
        key = await self._store.known(conference)
        units = await self._fetch("map_units", key)
        points = await self._fetch("map_points", key)
        return ConferenceMap(
            units=tuple(MapUnit.model_validate(dict(row)) for row in units),
            points=tuple(MapPoint.model_validate(dict(row)) for row in points),
        )

    async def story(self, conference: ConferenceId, point: str) -> PointStory:
        """What happened to a booked point. Raises `NotFound` `point.unknown` for one that is not booked."""
        key = await self._store.known(conference)
        await self._booked(key, point)
        participant = point_participant(point)
        presence = await self._fetch("presence", key, participant)
        moves = await self._fetch("floor", key, participant)
        return PointStory(
            events=tell(
                [(r["joined_at"], r["left_at"], Departure(r["how"]) if r["how"] else None) for r in presence],
                [(r["at"], r["type"], bool(r["own"])) for r in moves],
            )
        )

    async def said(self, conference: ConferenceId, point: str, minutes: int) -> SaidHistory:
        """What a booked point's endpoint said, back from its newest report. Raises `NotFound` `point.unknown`."""
        key = await self._store.known(conference)
        await self._booked(key, point)
        back = timedelta(minutes=minutes)
        rows = await self._fetch("said", key, point_participant(point), back, MOST_MOMENTS)
        return SaidHistory(moments=tuple(SaidMoment.model_validate(dict(row)) for row in rows))

    async def last_time(self, conference: ConferenceId, point: str) -> LastTimeReply:
        """A booked point's line in its last conference before this one. Raises `NotFound` `point.unknown`."""
        key = await self._store.known(conference)
        await self._booked(key, point)
        rows = await self._fetch("last_time", key, point, point_participant(point))
        if not rows:
            return LastTimeReply(last=None)
        fields = dict(rows[0])
        return LastTimeReply(last=LastTime.model_validate({"conference": str(fields.pop("id")), **fields}))

    async def _booked(self, key: UUID, point: str) -> asyncpg.Record:
        rows = await self._fetch("point", key, point)
        if not rows:
            raise NotFound("point.unknown", "This point does not take part in the conference.")
        return rows[0]

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)
