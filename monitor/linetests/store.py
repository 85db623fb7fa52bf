"""Line tests in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from core.database import Database, load_queries
from core.errors import NotFound
from core.linetest import NodeFigures, PageFigures, Phase
from monitor.linetests.model import LineTestResult, LineTestRow
from monitor.linetests.verdict import Needs, judge
from monitor.store import reading

KEPT = 100
"""Tests of one point; older ones are forgotten."""
SHOWN = 20

_SQL = load_queries("monitor.linetests")


class LineTestBook:
    """Every method raises `Unavailable` `database.away`."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def keep(
        self,
        point: str,
        by: str,
        at: datetime,
        phase: Phase,
        node: NodeFigures,
        page: PageFigures,
        profiles: Sequence[Needs],
    ) -> LineTestResult:
        """Judges a test and keeps it. Raises `NotFound` `point.unknown`."""
        verdict = judge(phase, node, page, profiles)
        result = LineTestResult(at=at, by=by, node=node, page=page, verdict=verdict)
        values = (at, by, verdict.grade, verdict.carries, node.kbps_up, page.kbps_down, result.model_dump(mode="json"))
        if not await self._fetch("keep", point, *values):
            raise NotFound("point.unknown", "There is no such bridge point.")
        await self._fetch("forget", point, KEPT)
        return result

    async def of_point(self, point: str) -> list[LineTestResult]:
        """A point's tests, newest first. Raises `NotFound` `point.unknown`."""
        if not (await self._fetch("known", point))[0][0]:
            raise NotFound("point.unknown", "There is no such bridge point.")
        rows = await self._fetch("of_point", point, SHOWN)
        return [LineTestResult.model_validate(row["result"]) for row in rows]

    async def newest(self, points: Sequence[str]) -> list[LineTestRow]:
        """The newest test of each of the points that has one."""
        return [LineTestRow.model_validate(dict(row)) for row in await self._fetch("newest", list(points))]

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        with reading():
            return await self._pool.fetch(_SQL[query], *arguments)
