"""The monitor's tables: link samples and presence intervals. Writes come in batches; reads serve the reports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.errors import NotFound, Unavailable
from core.messages import EndpointReport
from core.model import ConferenceId, Departure, Grade, LinkSample, Participant, ParticipantId, PointRef
from monitor.attendance import Interval
from monitor.backlog import Batch, Row
from monitor.model import GradedSample

_SQL = load_queries("monitor")
_FLOATS = (
    "kbps_up",
    "kbps_down",
    "loss_up",
    "loss_down",
    "jitter_up_ms",
    "jitter_down_ms",
    "rtt_ms",
    "seconds",
    "remb_up_kbps",
    "remb_down_kbps",
    "limit_down_kbps",
)
_COUNTS = (
    "bytes_up",
    "bytes_down",
    "nacks_up",
    "nacks_down",
    "key_frames_up",
    "key_frames_down",
)
_MEDIA = tuple((f"{medium}_{way}", medium, way) for way in ("up", "down") for medium in ("audio", "video"))
_BY_MEDIUM = tuple(name for _, medium, way in _MEDIA for name in (f"{medium}_loss_{way}", f"{medium}_jitter_{way}_ms"))
_COLUMNS = (
    "conference", "participant", "leg", "at", *_FLOATS, *_COUNTS, *_BY_MEDIUM, "paused", "layers", "relayed",
    "transport", "grade",
)  # fmt: skip
_REPORTED = (
    "seconds", "rtt_ms", "loss_down", "freezes", "frozen_share", "fps", "width", "height", "concealed", "sent_fps",
    "sent_height", "encoder_limit", "cpu_limited", "camera", "microphone", "candidate", "relay_protocol", "network",
    "skew_ms", "skew_error_ms",
)  # fmt: skip
_reported = attrgetter(*_REPORTED)
_scalars = attrgetter(*_FLOATS, *_COUNTS)
_media = attrgetter(*(f"{field}.{figure}" for field, _, _ in _MEDIA for figure in ("loss", "jitter_ms")))
_WRITE_SECONDS = 15.0
_FETCH_ROWS = 1_000

AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a database that is away, restarting or overloaded makes asyncpg raise.

The last one comes when the server's farewell arrives just as a statement begins.
"""


@contextmanager
def reading() -> Iterator[None]:
    """What the database raises inside when it is away becomes `Unavailable` `database.away`."""
    try:
        yield
    except AWAY as exc:
        raise Unavailable("database.away", "The record cannot be read right now. Try again in a moment.") from exc


@lru_cache(maxsize=4_096)
def conference_key(conference: ConferenceId) -> UUID | None:
    """The database's key of a conference, or None if this cannot be one."""
    try:
        return UUID(conference)
    except ValueError:
        return None


def sample_record(sample: LinkSample, grade: Grade, relayed: bool | None = None) -> Row:
    """The row of a graded sample; `relayed`: whether the endpoint says that its media goes through a TURN relay."""
    key = conference_key(sample.conference)
    who = (key, sample.participant, sample.leg, sample.at)
    shown = sample.layers
    layers = [f"{one.slot} {one.layer}" for one in shown] if shown else None
    figures = (*_scalars(sample), *_media(sample))
    return (*who, *figures, sample.paused, layers, relayed, sample.transport, grade)


def report_record(report: EndpointReport) -> Row:
    """The row of what an endpoint said of itself."""
    return (conference_key(report.conference), report.participant, report.at, *_reported(report.figures))


class Store:
    """Writes raise asyncpg's own errors (see `AWAY`); reads raise `Unavailable` `database.away`."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def copy_samples(self, records: Batch) -> None:
        """Appends samples by COPY, and notes their minutes for the roll-up: all or none."""
        await self._copy("link_sample", _COLUMNS, records, {(row[0], row[3]) for row in records})

    async def copy_reports(self, records: Batch) -> None:
        """Appends endpoints' reports by COPY, and notes their minutes for the roll-up: all or none."""
        columns = ("conference", "participant", "at", *_REPORTED)
        await self._copy("endpoint_sample", columns, records, {(row[0], row[2]) for row in records})

    async def _copy(
        self, table: str, columns: Sequence[str], records: Batch, moments: set[tuple[UUID, datetime]]
    ) -> None:
        minutes = sorted({(key, at.astimezone(UTC).replace(second=0, microsecond=0)) for key, at in moments})
        async with self._pool.acquire(timeout=_WRITE_SECONDS) as connection, connection.transaction():
            await connection.copy_records_to_table(table, records=records, columns=columns, timeout=_WRITE_SECONDS)
            # Last, so that nobody waits for this row while many are copied.
            await connection.execute(_SQL["touch_minutes"], *map(list, zip(*minutes, strict=True)))

    async def save_intervals(self, intervals: Iterable[Interval]) -> None:
        """Writes new and changed intervals in one statement: all or none."""
        # An interval that ended must be written before the next one of the same participant opens.
        rows = [_interval_row(i) for i in sorted(intervals, key=lambda i: i.joined_at)]
        columns = [list(column) for column in zip(*rows, strict=True)]
        async with self._pool.acquire(timeout=_WRITE_SECONDS) as connection:
            await connection.execute(_SQL["save_intervals"], *columns, timeout=_WRITE_SECONDS)

    async def open_intervals(self) -> list[Interval]:
        """The intervals that nobody has closed."""
        return [_interval(row) for row in await self._fetch("open_intervals")]

    async def intervals(self, conference: ConferenceId) -> list[Interval]:
        """All stored intervals of a conference."""
        return [_interval(row) for row in await self._fetch("intervals", conference_key(conference))]

    async def known(self, conference: ConferenceId) -> UUID:
        """The database's key of a conference. Raises `NotFound` `conference.unknown`."""
        key = conference_key(conference)
        if key is None or not await self._fetch("known", key):
            raise NotFound("conference.unknown", "There is no such conference.")
        return key

    async def booked_points(self, conference: ConferenceId) -> list[PointRef]:
        """The points booked for a conference, by name. Raises `NotFound` `conference.unknown`."""
        rows = await self._fetch("booked_points", await self.known(conference))
        return [PointRef(code=row["code"], name=row["name"]) for row in rows]

    async def history(
        self, conference: ConferenceId, participant: ParticipantId, length: timedelta
    ) -> list[GradedSample]:
        """The participant's newest samples, reaching back `length` from the newest one.

        When its samples are deleted already, its minutes stand for them, each as a sample of a minute.
        """
        key = conference_key(conference)
        rows = await self._fetch("history", key, participant, length)
        if not rows:
            rows = await self._fetch("history_by_minutes", key, participant, length)
        return [_graded_sample(row) for row in rows]

    async def samples(self, conference: ConferenceId) -> AsyncGenerator[GradedSample, None]:
        """All samples of a conference by participant and time, through a server-side cursor; its minutes when its
        samples are deleted already.

        Holds a connection until exhausted or closed.
        """
        with reading():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                key = conference_key(conference)
                query = "samples" if await connection.fetchval(_SQL["has_samples"], key) else "samples_by_minutes"
                cursor = connection.cursor(_SQL[query], key, prefetch=_FETCH_ROWS)
                async for row in cursor:
                    yield _graded_sample(row)

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)


def _interval_row(interval: Interval) -> tuple[Any, ...]:
    who = interval.participant
    return (
        conference_key(interval.conference),
        who.id,
        who.name,
        who.role.value,
        who.point,
        interval.joined_at,
        interval.last_seen,
        interval.left_at,
        interval.how.value if interval.how else None,
        interval.lost,
    )


def _interval(row: asyncpg.Record) -> Interval:
    who = {"id": row["participant"], "name": row["name"], "role": row["role"], "point": row["point"]}
    return Interval(
        conference=ConferenceId(str(row["conference"])),
        participant=Participant.model_validate(who),
        joined_at=row["joined_at"],
        last_seen=row["last_seen"],
        left_at=row["left_at"],
        how=Departure(row["how"]) if row["how"] else None,
        lost=row["lost"],
    )


def _graded_sample(row: asyncpg.Record) -> GradedSample:
    """What a row knows; rows of earlier versions lack some figures."""
    fields = {name: value for name, value in row.items() if value is not None}
    fields["conference"] = str(fields["conference"])
    # The columns are 32-bit floats: seven digits are all they know.
    for name in (*_FLOATS, *_BY_MEDIUM):
        if name in fields:
            fields[name] = float(f"{fields[name]:.7g}")
    for field, medium, way in _MEDIA:
        fields[field] = {
            "loss": fields.pop(f"{medium}_loss_{way}", None),
            "jitter_ms": fields.pop(f"{medium}_jitter_{way}_ms", None),
        }
    shown = [layer.split(" ", 1) for layer in fields.get("layers", ())]
    fields["layers"] = tuple({"slot": slot, "layer": layer} for slot, layer in shown)
    return GradedSample.model_validate(fields)
