"""Reads one point's line over days or a month, from the minutes, thinned out to what a chart can show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.errors import BadInput, NotFound
from core.model import ConferenceId, Departure, point_participant
from monitor.incidents.model import Cause, IncidentId
from monitor.points.model import PointEvent
from monitor.points.record_model import LONGEST, LineRecord, RecordConference, RecordIncident, RecordMoment
from monitor.points.story import Interval, tell
from monitor.store import reading

_SQL = load_queries("monitor.points")
MOST_MOMENTS = 750
"""In one answer: a chart on a page has about as many pixels across. A month of 31 days by the hour is 744."""
MOST_THINGS = 500
"""Presence intervals, incidents, and conferences in one answer."""
WITH_TURNS = timedelta(days=1, hours=1)
"""So long a time may be for turns to speak to be among its events."""
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 20, 30, 60))


def step_of(length: timedelta) -> timedelta:
    """The shortest step of which at most `MOST_MOMENTS` are in `length`; an hour for all that is longer."""
    return next((step for step in _STEPS if length <= MOST_MOMENTS * step), _STEPS[-1])


class RecordReader:
    """Answers about one point's past. Raises `Unavailable` `database.away`."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def record(self, point: str, begins: datetime, ends: datetime) -> LineRecord:
        """What the minutes know of a point's line, and what happened, from `begins` until `ends`.

        Raises `NotFound` `point.unknown`, and `BadInput` `record.span` unless the time is longer than nothing and at
        most `LONGEST`.
        """
        if not timedelta() < ends - begins <= LONGEST:
            raise BadInput("record.span", f"Ask for a time of at most {LONGEST.days} days.", most_days=LONGEST.days)
        participant, step = point_participant(point), step_of(ends - begins)
        with reading():
            async with self._pool.acquire() as connection:
                number = await connection.fetchval(_SQL["point_number"], point)
                if number is None:
                    raise NotFound("point.unknown", "There is no bridge point with this code.")
                moments = await connection.fetch(_SQL["record_moments"], participant, begins, ends, step)
                booked = await connection.fetch(_SQL["record_conferences"], number, begins, ends, MOST_THINGS)
                harmed = await connection.fetch(_SQL["record_incidents"], point, begins, ends, MOST_THINGS)
                presence = await connection.fetch(_SQL["record_presence"], participant, begins, ends, MOST_THINGS)
                keys = [row["id"] for row in booked] if ends - begins <= WITH_TURNS else []
                moves = await connection.fetch(_SQL["record_floor"], keys, participant) if keys else []
        return LineRecord(
            begins=begins,
            ends=ends,
            step_seconds=round(step.total_seconds()),
            moments=tuple(RecordMoment.model_validate(dict(row)) for row in moments),
            conferences=tuple(RecordConference.model_validate({**row, "id": str(row["id"])}) for row in booked),
            incidents=tuple(_incident(row) for row in harmed),
            events=tuple(one for one in _events(presence, moves, keys) if begins <= one.at < ends),
            complete=max(len(booked), len(harmed), len(presence)) < MOST_THINGS,
        )


def _events(
    presence: Sequence[asyncpg.Record], moves: Sequence[asyncpg.Record], conferences: Sequence[UUID]
) -> list[PointEvent]:
    intervals: list[Interval] = [
        (row["joined_at"], row["left_at"], Departure(row["how"]) if row["how"] else None) for row in presence
    ]
    events = [*tell(intervals, ())]
    for key in conferences:
        events += tell((), [(r["at"], r["type"], bool(r["own"])) for r in moves if r["conference"] == key])
    return sorted(events, key=lambda event: event.at)


def _incident(row: asyncpg.Record) -> RecordIncident:
    return RecordIncident(
        id=IncidentId(str(row["id"])),
        cause=Cause(kind=row["kind"], code=row["code"]),
        cause_name=row["name"],
        likely=row["likely"],
        also=row["also"],
        severity=row["severity"],
        conference=ConferenceId(str(row["conference"])),
        since=row["since"],
        until=row["until"],
    )
