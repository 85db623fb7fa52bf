"""The pre-start diagnosis: gathers what is known of a conference, keeps the report, and runs again whenever asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from core.bus import Bus
from core.clock import Clock
from core.database import Database, load_queries
from core.errors import DiemcauError, NotFound
from core.messages import OPEN
from core.model import ConferenceId, ConferenceState
from core.settings import Settings
from scheduler.findings import DiagnosisReport, PointState, Situation, diagnose

log = structlog.get_logger("diagnosis")

SQL = load_queries("scheduler", "diagnosis.sql")
LOOK_BACK = timedelta(days=92)
"""How long ago a point may have been seen last to count as seen."""

PlanCheck = Callable[[ConferenceId], Awaitable[Sequence[str]]]
"""Says in words why the conference's plan no longer holds; nothing when it does."""


class Diagnosis:
    """Diagnoses conferences. Without `plan_check` only the plan's nodes are looked at."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, settings: Settings, plan_check: PlanCheck | None = None
    ) -> None:
        self._pool = database.pool
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._plan_check = plan_check

    async def run(self, id: ConferenceId) -> DiagnosisReport:
        """Diagnoses now and keeps the report; raises `NotFound` `conference.unknown`."""
        report, _ = await self.examine(id)
        await self.keep(self._pool, report, by_clock=False)
        return report

    async def latest(self, id: ConferenceId) -> DiagnosisReport | None:
        """The newest report; None when there is none. Raises `NotFound` `conference.unknown`."""
        found = await self._pool.fetchval(SQL["latest"], _key(id))
        return DiagnosisReport.model_validate(found) if found is not None else None

    async def due(self) -> list[ConferenceId]:
        """Conferences that start soon and have not been diagnosed by the clock for this start."""
        now = self._clock.now()
        until = now + timedelta(minutes=self._settings.diagnosis_minutes)
        return [ConferenceId(str(row["id"])) for row in await self._pool.fetch(SQL["due"], now, until)]

    async def examine(self, id: ConferenceId) -> tuple[DiagnosisReport, str | None]:
        """The report, not kept, and the organizer's address; raises `NotFound` `conference.unknown`."""
        row = await self._pool.fetchrow(SQL["conference"], _key(id))
        if row is None:
            raise NotFound("conference.unknown", "There is no such conference.")
        report = diagnose(await self._situation(id, row), self._clock.now())
        log.info("diagnosed", conference=id, ready=report.ready, findings=len(report.findings))
        return report, row["organizer_email"]

    async def keep(self, connection: Any, report: DiagnosisReport, *, by_clock: bool) -> None:
        """Keeps the report as the newest for its start, as a step of the caller's transaction."""
        document = report.model_dump(mode="json")
        await connection.execute(SQL["keep"], _key(report.conference), report.start, report.made_at, document, by_clock)

    async def _situation(self, id: ConferenceId, row: Any) -> Situation:
        nodes = await self._pool.fetch(SQL["nodes"], _key(id), row["can_join_after"], row["stop"])
        points = [_point(point) for point in await self._points(id)]
        return Situation(
            conference=id,
            title=row["title"],
            state=ConferenceState(row["state"]),
            doors=row["can_join_after"],
            start=row["start"],
            invited=any(point.answer is not None for point in points),
            mailing=self._settings.smtp is not None,
            organizer_known=row["organizer_email"] is not None,
            points=points,
            bridge_answers=self._bus.is_answered(OPEN),
            nodes_down=[node["code"] for node in nodes if node["inactive"] or node["in_maintenance"]],
            nodes_silent=[node["code"] for node in nodes if node["silent"]],
            nodes_never_seen=[node["code"] for node in nodes if node["never_seen"]],
            planned=await self._pool.fetchval(SQL["has_plan"], _key(id)),
            plan_problems=await self._plan_problems(id),
            legs_wanted=await self._legs_wanted(row["start"]),
            legs_limit=self._settings.limits.legs,
        )

    async def _plan_problems(self, id: ConferenceId) -> Sequence[str]:
        """A plan that cannot be checked is a finding like any other: the rest of the report is still wanted."""
        if self._plan_check is None:
            return ()
        try:
            return await self._plan_check(id)
        except DiemcauError as exc:
            return (exc.detail,)

    async def _points(self, id: ConferenceId) -> list[Any]:
        now = self._clock.now()
        rows: list[Any] = await self._pool.fetch(SQL["points"], _key(id), now, now - LOOK_BACK)
        return rows

    async def _legs_wanted(self, start: datetime) -> int:
        wanted: int = await self._pool.fetchval(SQL["points_at"], start)
        return wanted


def _point(row: Any) -> PointState:
    return PointState(
        code=row["code"],
        held=row["held"],
        answer=row["answer"],
        reachable=row["reachable"],
        here=row["here"],
        seen_lately=row["seen_lately"],
        missed_last=row["missed_last"],
    )


def _key(id: ConferenceId) -> UUID:
    try:
        return UUID(id)
    except ValueError as exc:
        raise NotFound("conference.unknown", "There is no such conference.") from exc
