"""Headcounts in the database: what was said, what holds, and the rule of the quorum."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId, ConferenceState, point_participant
from monitor.headcount.model import (
    Correction,
    HallHeadcount,
    HeadcountEntry,
    HeadcountHistory,
    HeadcountRow,
    Headcounts,
    Quorum,
    Snapshot,
    SnapshotDetail,
    SnapshotRow,
    Snapshots,
)
from monitor.headcount.sums import add_up, by_unit, judge
from monitor.points.reader import PointReader
from monitor.store import conference_key, reading

MAX_ENTRIES = 1_000
"""Things said about one hall in one conference: more is a machine, not an operator."""

MAX_SNAPSHOTS = 500
"""Of one conference."""

_KEPT = set(SnapshotRow.model_fields)
_SQL = load_queries("monitor.headcount")
_OVER = (ConferenceState.CLOSED, ConferenceState.CANCELLED)


class HeadcountBook:
    """Every method raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`.

    `here` tells the codes of the points whose endpoint is present now; `changed` hears of each conference whose sums
    are different now.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        points: PointReader,
        here: Callable[[ConferenceId], frozenset[str]],
        changed: Callable[[ConferenceId], None],
    ) -> None:
        self._pool = database.pool
        self._changed = changed
        self._clock = clock
        self._points = points
        self._here = here

    async def all(self, conference: ConferenceId) -> Headcounts:
        """Every booked hall, the sums by unit, and the quorum."""
        units = (await self._points.map(conference)).units
        key, _ = await self._known(conference)
        here = self._here(conference)
        rows = tuple(
            HeadcountRow.model_validate({**dict(row), "present": row["point"] in here})
            for row in await self._fetch("rows", key, None)
        )
        total = add_up(rows)
        rules = await self._fetch("quorum", key)
        state = judge(Quorum.model_validate(dict(rules[0])), total) if rules else None
        return Headcounts(total=total, quorum=state, units=by_unit(rows, units), rows=rows)

    async def hall(self, conference: ConferenceId, point: str) -> HallHeadcount:
        """One hall. Raises `NotFound` `point.unknown` for one that is not booked."""
        key, _ = await self._known(conference)
        return await self._hall(key, point)

    async def declare(self, conference: ConferenceId, point: str, declared: int) -> HallHeadcount:
        """The hall's operator says how many are there. Raises `Conflict` `conference.over`, as well as `correct`'s."""
        key, state = await self._known(conference)
        if state in _OVER:
            raise Conflict("conference.over", "The conference is over.")
        return await self._say(conference, key, point, None, declared, point_participant(point), "")

    async def correct(self, conference: ConferenceId, point: str, said: Correction, by: str) -> HallHeadcount:
        """The account `by` corrects a hall's figures, also after the end.

        Raises `BadInput` `headcount.nothing` or `headcount.reason`, `NotFound` `point.unknown`, and `Conflict`
        `headcount.full` after `MAX_ENTRIES`.
        """
        if said.declared is None and said.expected is None:
            raise BadInput("headcount.nothing", "Say how many are expected, or how many are there.")
        if not said.why.strip() or "\0" in said.why:
            raise BadInput("headcount.reason", "Say why the figure is corrected.")
        key, _ = await self._known(conference)
        return await self._say(conference, key, point, said.expected, said.declared, by, said.why.strip())

    async def history(self, conference: ConferenceId, point: str) -> HeadcountHistory:
        """Everything that was said about a hall. Raises `NotFound` `point.unknown`."""
        key, _ = await self._known(conference)
        await self._hall(key, point)
        rows = await self._fetch("history", key, point)
        return HeadcountHistory(entries=tuple(HeadcountEntry.model_validate(dict(row)) for row in rows))

    async def set_quorum(self, conference: ConferenceId, rule: Quorum) -> None:
        """Sets the rule, in place of the one before."""
        key, _ = await self._known(conference)
        await self._fetch("set_quorum", key, rule.of, rule.share)
        self._changed(conference)

    async def drop_quorum(self, conference: ConferenceId) -> None:
        """From now on there is no rule."""
        key, _ = await self._known(conference)
        await self._fetch("drop_quorum", key)
        self._changed(conference)

    async def take_snapshot(self, conference: ConferenceId, item: str, by: str) -> Snapshot:
        """Keeps the figures of now. Raises `BadInput` `snapshot.item`, `Conflict` `snapshot.full`."""
        if not item.strip() or "\0" in item:
            raise BadInput("snapshot.item", "Say for which item of the agenda.")
        key, _ = await self._known(conference)
        now, figures = self._clock.now(), await self.all(conference)
        rows = [row.model_dump(mode="json", include=_KEPT) for row in figures.rows]
        quorum = figures.quorum.model_dump(mode="json") if figures.quorum else None
        total = figures.total.model_dump(mode="json")
        taken = await self._fetch("take_snapshot", key, item.strip(), now, by, total, quorum, rows, MAX_SNAPSHOTS)
        if not taken:
            raise Conflict("snapshot.full", "This conference has too many snapshots.", most=MAX_SNAPSHOTS)
        self._changed(conference)
        return Snapshot.model_validate(dict(taken[0]))

    async def snapshots(self, conference: ConferenceId) -> Snapshots:
        """All that were taken, oldest first."""
        key, _ = await self._known(conference)
        rows = await self._fetch("snapshots", key)
        return Snapshots(snapshots=tuple(Snapshot.model_validate(dict(row)) for row in rows))

    async def snapshot(self, conference: ConferenceId, number: int) -> SnapshotDetail:
        """One with every hall's figures. Raises `NotFound` `snapshot.unknown`."""
        key, _ = await self._known(conference)
        rows = await self._fetch("snapshot", key, number)
        if not rows:
            raise NotFound("snapshot.unknown", "There is no such snapshot.")
        return SnapshotDetail.model_validate(dict(rows[0]))

    async def snapshots_taken(self, conference: ConferenceId) -> int:
        """How many there are."""
        key, _ = await self._known(conference)
        return int((await self._fetch("snapshot_count", key))[0]["taken"])

    async def _say(
        self,
        conference: ConferenceId,
        key: UUID,
        point: str,
        expected: int | None,
        declared: int | None,
        by: str,
        why: str,
    ) -> HallHeadcount:
        before = await self._hall(key, point)
        now = self._clock.now()
        if not await self._fetch("say", key, before.point, expected, declared, now, by, why, MAX_ENTRIES):
            raise Conflict("headcount.full", "Too much was said about this point's headcount.", most=MAX_ENTRIES)
        self._changed(conference)
        return await self._hall(key, point)

    async def _hall(self, key: UUID, point: str) -> HallHeadcount:
        rows = await self._fetch("rows", key, point)
        if not rows:
            raise NotFound("point.unknown", "This point does not take part in the conference.")
        return HallHeadcount.model_validate({name: rows[0][name] for name in HallHeadcount.model_fields})

    async def _known(self, conference: ConferenceId) -> tuple[UUID, ConferenceState]:
        key = conference_key(conference)
        found = await self._fetch("state", key) if key else []
        if key is None or not found:
            raise NotFound("conference.unknown", "There is no such conference.")
        return key, ConferenceState(found[0]["state"])

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)
