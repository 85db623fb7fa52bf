"""The incident desk: sees every live conference once in a sampling period, and keeps, stores and tells incidents."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import asyncpg
import structlog

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, Unavailable
from core.model import ConferenceId, PointCode
from core.session_messages import PictureLimit
from monitor.incidents.atlas import load_topology
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import INCIDENTS, ActionKind, Cause, EntryKind, IncidentBoard, IncidentDetail, IncidentId
from monitor.incidents.store import IncidentStore
from monitor.incidents.topology import Topology
from monitor.incidents.tracked import Change
from monitor.incidents.tracker import Tracker
from monitor.reach import Reach
from monitor.store import AWAY

log = structlog.get_logger("monitor")

MAX_WAITING = 10_000
"""Changes that wait while the database is away; the oldest are given up."""
TOPOLOGY_SECONDS = 60.0
"""How old the directory's picture may be."""

_LIMITS = {
    ActionKind.LOWER_LAYER: PictureLimit.LOWER,
    ActionKind.SOUND_ONLY: PictureLimit.SOUND,
    ActionKind.FULL_PICTURE: PictureLimit.FULL,
}

View = Mapping[PointCode, Evidence]


@dataclass(frozen=True)
class _Waiting:
    change: Change
    name: str
    at: datetime


class Desk:
    """`run` until cancelled; `see` gives the newest evidence of all live conferences."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        period_seconds: float,
        see: Callable[[], View],
        reach: Reach,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._period_seconds = period_seconds
        self._see = see
        self._reach = reach
        self._store = IncidentStore(database)
        self._tracker = Tracker(lambda: IncidentId(str(uuid4())))
        self._topology = Topology(places={})
        self._topology_of: frozenset[tuple[PointCode, ConferenceId, str]] = frozenset()
        self._topology_at = float("-inf")
        self._lost: dict[PointCode, Evidence] = {}
        """Halls that a former process saw lost: they are so until they are seen again."""
        self._recovered: frozenset[Cause] = frozenset()
        """Dismissed causes that may be told again, which is not stored yet."""
        self._waiting: deque[_Waiting] = deque(maxlen=MAX_WAITING)
        # What people do and what the tracker finds do not cross.
        self._lock = asyncio.Lock()

    async def recover(self) -> None:
        """Takes over what a former process left open. Raises `Unavailable` `database.away`."""
        left, dismissed = await self._store.left_open(), await self._store.dismissed()
        closed = await self._store.closed_lately(self._clock.now())
        self._tracker.recover(left, self._clock.monotonic(), closed=closed, dismissed=dismissed)
        for tracked in (*left, *dismissed):
            self._lost |= {p: seen for p, seen in tracked.members.items() if seen.line is Condition.LOST}
        log.info("incidents_continued", count=len(left), dismissed=len(dismissed))

    async def run(self) -> None:
        """Ticks until cancelled; a tick that fails is reported, and the next one tries again."""
        while True:
            await asyncio.sleep(self._period_seconds)
            try:
                await self.tick()
            except AWAY as exc:
                log.warning("incidents_wait", error=type(exc).__name__, waiting=len(self._waiting))
            except Exception:
                log.exception("incidents_failed")

    async def tick(self) -> None:
        """Looks once, stores what changed, and tells the pages. Raises asyncpg's own errors; nothing is lost then."""
        async with self._lock:
            evidence = self._evidence()
            await self._look_up(evidence)
            changes = self._tracker.tick(evidence, self._topology, self._clock.monotonic())
            at = self._clock.now()
            self._waiting.extend(_Waiting(change, self._topology.name(change.cause), at) for change in changes)
            self._recovered |= self._tracker.take_recovered()
            await self._tell(await self._flush())
            if self._recovered:
                await self._store.recovered(self._recovered)
                self._recovered = frozenset()

    def forget(self, conference: ConferenceId) -> None:
        """A conference is over: who was lost in it is so no more."""
        self._lost = {point: seen for point, seen in self._lost.items() if seen.conference != conference}

    # --- pages ---------------------------------------------------------------------------------------

    async def board(self, conference: ConferenceId, *, closed: bool = False) -> IncidentBoard:
        """The conference's incidents now. Raises `Unavailable` `database.away`."""
        return await self._store.board(conference, self._clock.now(), closed=closed)

    async def detail(self, conference: ConferenceId, incident: IncidentId) -> IncidentDetail:
        """One incident with its history. Raises `NotFound` `incident.unknown`."""
        return await self._store.detail(conference, incident)

    async def step(
        self, conference: ConferenceId, incident: IncidentId, kind: EntryKind, by: str, *, version: int, text: str
    ) -> IncidentDetail:
        """A person acknowledges, takes, notes or closes it; see `IncidentStore.step`."""
        async with self._lock:
            now = self._clock.now()
            await self._store.step(conference, incident, kind, by, now, version=version, text=text)
            if kind is EntryKind.CLOSED:
                self._tracker.dismiss(incident)
        await self._tell_now(incident)
        return await self._store.detail(conference, incident)

    async def act(
        self, conference: ConferenceId, incident: IncidentId, action: ActionKind, by: str, version: int
    ) -> IncidentDetail:
        """A person has it carried out on all points that the incident harms now, and written into its history.

        Raises what `step` raises, and what `Reach` does when it cannot be carried out; nothing is written then.
        """
        seen = await self._store.detail(conference, incident)
        if seen.incident.closed_at is not None:
            raise Conflict("incident.over", "This incident is closed already.")
        if seen.incident.version != version:
            raise Conflict("incident.changed", "The incident has changed.", version=seen.incident.version)
        points = [member.point for member in seen.members if member.until is None]
        if limit := _LIMITS.get(action):
            await self._reach.limit(conference, points, limit, by)
        elif action is ActionKind.RECONNECT:
            await self._reach.reconnect(conference, points)
        now = self._clock.now()
        await self._store.step(conference, incident, EntryKind.ACTED, by, now, version=version, text=action.value)
        await self._tell_now(incident)
        return await self._store.detail(conference, incident)

    # --- inside --------------------------------------------------------------------------------------

    def _evidence(self) -> dict[PointCode, Evidence]:
        seen = dict(self._see())
        known = {point for point, one in seen.items() if one.line is not Condition.UNKNOWN}
        self._lost = {point: one for point, one in self._lost.items() if point not in known}
        return seen | self._lost

    async def _look_up(self, evidence: View) -> None:
        """Loads the topology anew when other points are seen, or after a while."""
        wanted = frozenset((point, seen.conference, seen.node) for point, seen in evidence.items())
        old = self._clock.monotonic() - self._topology_at >= TOPOLOGY_SECONDS
        if not wanted or (wanted == self._topology_of and not old):
            return
        conferences = {conference for _, conference, _ in wanted}
        carried = {point: node for point, _, node in wanted if node}
        self._topology = await load_topology(self._database, evidence.keys(), conferences, carried)
        self._topology_of, self._topology_at = wanted, self._clock.monotonic()

    async def _flush(self) -> list[IncidentId]:
        """Stores what waits, in order; returns what was stored."""
        stored = []
        while self._waiting:
            first = self._waiting[0]
            try:
                await self._store.save(first.change, first.name, first.at)
            except asyncpg.IntegrityConstraintViolationError as exc:
                log.warning("incident_unusable", constraint=exc.constraint_name)
            self._waiting.popleft()
            stored.append(first.change.incident)
        return stored

    async def _tell_now(self, incident: IncidentId) -> None:
        """What is done is done, whether the pages hear of it now or at the next change."""
        try:
            await self._tell([incident])
        except (*AWAY, Unavailable):
            log.warning("incidents_not_told")

    async def _tell(self, incidents: Iterable[IncidentId]) -> None:
        changed = set(incidents)
        if not changed:
            return
        for conference in await self._store.conferences(changed):
            self._bus.publish(INCIDENTS, await self.board(conference))
