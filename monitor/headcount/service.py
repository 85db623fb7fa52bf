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
)
from monitor.headcount.sums import add_up, by_unit, judge
from monitor.points.reader import PointReader
from monitor.store import conference_key, reading

MAX_ENTRIES = 1_000
"""Things said about one hall in one conference: more is a machine, not an operator."""

_SQL = load_queries("monitor.headcount")
_OVER = (ConferenceState.CLOSED, ConferenceState.CANCELLED)


class HeadcountBook:
    """Every method raises `NotFound` `conference.unknown`, and `Unavailable` `database.away`.

    `here` tells the codes of the points whose endpoint is present now.
    """

    def __init__(
        self, database: Database, clock: Clock, points: PointReader, here: Callable[[ConferenceId], frozenset[str]]
    ) -> None:
        self._pool = database.pool
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
        return await self._say(key, point, None, declared, point_participant(point), "")

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
        return await self._say(key, point, said.expected, said.declared, by, said.why.strip())

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

    async def drop_quorum(self, conference: ConferenceId) -> None:
        """From now on there is no rule."""
        key, _ = await self._known(conference)
        await self._fetch("drop_quorum", key)

    async def _say(
        self, key: UUID, point: str, expected: int | None, declared: int | None, by: str, why: str
    ) -> HallHeadcount:
        before = await self._hall(key, point)
        now = self._clock.now()
        if not await self._fetch("say", key, before.point, expected, declared, now, by, why, MAX_ENTRIES):
            raise Conflict("headcount.full", "Too much was said about this point's headcount.", most=MAX_ENTRIES)
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
