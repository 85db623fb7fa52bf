"""The monitor as the other parts see it: it listens on the bus, and answers the web."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from core.bus import Bus, Overflow, Subscription, Topic
from core.clock import Clock
from core.database import Database
from core.errors import BadInput
from core.messages import (
    CONFERENCE_CHANGED,
    ENDPOINTS,
    FLOOR,
    LINKS,
    PRESENCE,
    SAMPLES,
    ConferenceChanged,
    EndpointReport,
    FloorMoved,
    PresenceChanged,
    SampleBatch,
)
from core.model import (
    ConferenceId,
    ConferenceState,
    Model,
    ParticipantId,
    PointCode,
    Presence,
    point_participant,
)
from core.quality import CandidateType, EndpointFigures
from core.settings import Settings
from monitor.alarms.service import Alarms
from monitor.attendance import Ledger, attend
from monitor.delegates.service import DelegateBook
from monitor.figures import MonitorFigures
from monitor.grading.book import GradingBook
from monitor.headcount.service import HeadcountBook
from monitor.headcount.teller import Teller
from monitor.incidents.desk import Desk
from monitor.incidents.evidence import Evidence
from monitor.incidents.seen import evidence_of, merged
from monitor.keeping.keeper import Keeper
from monitor.lines import Lines
from monitor.linetests.store import LineTestBook
from monitor.model import Attendance, History, LiveSnapshot
from monitor.nodes import Nodes
from monitor.pace import Pace
from monitor.points.reader import PointReader
from monitor.points.record import RecordReader
from monitor.profiles import profile_named
from monitor.reach import Reach
from monitor.reports.reader import Reports
from monitor.sheets import attendance_sheet, quality_sheet
from monitor.store import Store, conference_key, report_record, sample_record
from monitor.writer import Writer

log = structlog.get_logger("monitor")

MAX_HISTORY_MINUTES = 240
"""The longest history in one answer: 7,200 samples at one each 2 s."""

_MOST_SPACING_SECONDS = 0.25
_NEWS_LIMIT = 50_000
_BATCH_LIMIT = 50

M = TypeVar("M", bound=Model)


class Monitor:
    """Watches every live conference of this installation.

    `run` until cancelled. `ready` is set once it listens: start the bridge after that, so that no news is missed.
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock, settings: Settings) -> None:
        self._bus = bus
        self._clock = clock
        self._period_seconds = settings.sample_seconds
        self._grace_seconds = settings.reconnect_grace_seconds
        self._zone = ZoneInfo(settings.time_zone)
        self._store = Store(database)
        self._keeper = Keeper(database, clock, settings)
        self._writer = Writer(self._store)
        self._ledger = Ledger()
        self._lines = Lines(settings.sample_seconds, profile_named(settings.grade_profile))
        self.grading = GradingBook(database, clock, settings.grade_profile, self._lines.use)
        self._pace = Pace(min(_MOST_SPACING_SECONDS, settings.sample_seconds / 8))
        self._floors: dict[ConferenceId, FloorMoved] = {}
        self._nodes = Nodes()
        self.points = PointReader(database)
        self.reports = Reports(database, clock, self._zone, self.points, self.attendance, self._keeper.freshen)
        self.records = RecordReader(database)
        self.line_tests = LineTestBook(database)
        self.headcounts = HeadcountBook(database, clock, self.points, self._points_here, self._note_people)
        self.delegates = DelegateBook(database, clock, settings.limits, self.headcounts, self._note_people)
        self._people = Teller(bus, clock, self.headcounts)
        self.reach = Reach(bus)
        self.incidents = Desk(database, bus, clock, settings.sample_seconds, self._evidence, self.reach)
        self.alarms = Alarms(database, clock, settings)
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Listens, grades, publishes `LINKS` and stores until cancelled; then stores what waits."""
        with (
            self._bus.subscribe(SAMPLES, limit=_BATCH_LIMIT, lossy=True) as samples,
            self._bus.subscribe(ENDPOINTS, limit=_NEWS_LIMIT, lossy=True) as endpoints,
            self._bus.subscribe(PRESENCE, limit=_NEWS_LIMIT) as presence,
            self._bus.subscribe(FLOOR, limit=_NEWS_LIMIT) as floor,
            self._bus.subscribe(CONFERENCE_CHANGED, limit=_NEWS_LIMIT) as changes,
        ):
            left_open = await self._store.open_intervals()
            wait_until = self._clock.monotonic() + self._grace_seconds
            self._writer.add_intervals(self._ledger.recover(left_open, wait_until))
            await self.incidents.recover()
            await self.grading.recover()
            self.ready.set()
            log.info("monitor_ready", intervals_continued=len(left_open))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._writer.run(), name="monitor-writer")
                tasks.create_task(self._listen(SAMPLES, samples, self._on_samples), name="monitor-samples")
                tasks.create_task(self._listen(ENDPOINTS, endpoints, self._on_endpoint), name="monitor-endpoints")
                tasks.create_task(self._listen(PRESENCE, presence, self._on_presence), name="monitor-presence")
                tasks.create_task(self._listen(FLOOR, floor, self._on_floor), name="monitor-floor")
                tasks.create_task(self._listen(CONFERENCE_CHANGED, changes, self._on_change), name="monitor-changes")
                tasks.create_task(self._tick(), name="monitor-tick")
                tasks.create_task(self.incidents.run(), name="monitor-incidents")
                tasks.create_task(self.alarms.run(), name="monitor-alarms")
                tasks.create_task(self._tell_owed(), name="monitor-links")
                tasks.create_task(self._keeper.run(), name="monitor-keeper")
                tasks.create_task(self._people.run(), name="monitor-people")

    # --- answers -------------------------------------------------------------------------------------

    def snapshot(self, conference: ConferenceId) -> LiveSnapshot:
        """The live state of `conference` now; empty when it is not live. Never touches the database."""
        return LiveSnapshot(
            links=self._lines.graded(conference, self._clock.now(), self._clock.monotonic()),
            presence=self._ledger.presence(conference),
            floor=self._floors.get(conference),
        )

    def figures(self) -> MonitorFigures:
        """What it counts of itself. Never touches the database."""
        return MonitorFigures(
            lines=self._lines.grades(self._clock.monotonic()),
            presence=self._ledger.counts(),
            samples_stored=self._writer.stored_samples,
            samples_waiting=self._writer.waiting_samples,
            samples_dropped=self._writer.dropped_samples,
            batches_stored=self._writer.stored_batches,
            reports_stored=self._writer.reports.stored,
            reports_waiting=self._writer.reports.waiting,
            reports_dropped=self._writer.reports.dropped,
            keeper=self._keeper.figures,
            posts_taken=self.alarms.poster.posted,
            posts_refused=self.alarms.poster.refused,
            report_files=self.reports.made,
            nodes=self._nodes.loads(self._clock.monotonic()),
        )

    async def attendance(self, conference: ConferenceId) -> Attendance:
        """Every booked point with its presence. Raises `NotFound` `conference.unknown`."""
        points = await self._store.booked_points(conference)
        intervals = {interval.key: interval for interval in await self._store.intervals(conference)}
        intervals.update({interval.key: interval for interval in self._writer.waiting_intervals(conference)})
        intervals.update({interval.key: interval for interval in self._ledger.open_intervals(conference)})
        return attend(points, intervals.values(), self._ledger.here(conference), self._clock.now())

    async def attendance_csv(self, conference: ConferenceId) -> str:
        """`attendance` as a spreadsheet file (begins with a byte order mark). Raises `NotFound`."""
        return attendance_sheet(await self.attendance(conference), self._zone)

    async def quality_csv(self, conference: ConferenceId) -> AsyncGenerator[str, None]:
        """Every stored sample as pieces of one CSV file. Raises `NotFound` before the first piece.

        Holds a database connection: take all pieces, or close the iterator (`contextlib.aclosing`).
        """
        points = {point_participant(point.code): point for point in await self._store.booked_points(conference)}
        async with aclosing(self._store.samples(conference)) as samples:
            async for piece in quality_sheet(samples, points, self._zone):
                yield piece

    async def history(self, conference: ConferenceId, participant: ParticipantId, minutes: int) -> History:
        """The participant's newest samples, reaching back `minutes` from the newest one.

        Raises `BadInput` `history.minutes` unless 1 to `MAX_HISTORY_MINUTES`.
        """
        if not 1 <= minutes <= MAX_HISTORY_MINUTES:
            raise BadInput("history.minutes", f"minutes must be 1 to {MAX_HISTORY_MINUTES}.", most=MAX_HISTORY_MINUTES)
        if conference_key(conference) is None:
            return History(samples=())
        samples = await self._store.history(conference, participant, timedelta(minutes=minutes))
        return History(samples=tuple(samples))

    def _points_here(self, conference: ConferenceId) -> frozenset[str]:
        seen = self._ledger.presence(conference)
        return frozenset(
            one.participant.point for one in seen if one.presence is Presence.PRESENT and one.participant.point
        )

    def _note_people(self, conference: ConferenceId) -> None:
        self._people.note(conference)

    # --- news ----------------------------------------------------------------------------------------

    def _on_samples(self, batch: SampleBatch) -> None:
        self._nodes.hear(batch, self._clock.monotonic())
        live = {one: self._is_live(one) for one in {sample.conference for sample in batch.samples}}
        usable = batch.samples if all(live.values()) else [one for one in batch.samples if live[one.conference]]
        graded = self._lines.take(usable, self._clock.monotonic())
        seen: dict[ConferenceId, list[ParticipantId]] = {}
        for one in graded:
            seen.setdefault(one.sample.conference, []).append(one.sample.participant)
        for conference, participants in seen.items():
            if self._pace.ask(conference, self._clock.monotonic()):
                self._publish_links(conference)
            self._writer.add_intervals(self._ledger.seen(conference, participants, batch.at))
        self._writer.add_samples(
            [sample_record(g.sample, g.grader.current.grade, _relayed(g.endpoint)) for g in graded]
        )

    def _on_endpoint(self, report: EndpointReport) -> None:
        if self._is_live(report.conference):
            self._lines.hear(report, self._clock.monotonic())
            self._writer.add_report(report_record(report))

    def _on_presence(self, news: PresenceChanged) -> None:
        if not self._is_live(news.conference):
            return
        self._writer.add_intervals(self._ledger.apply(news))
        self._people.note(news.conference)
        if news.presence is Presence.ABSENT:
            self._lines.drop(news.conference, news.participant.id)

    def _on_floor(self, news: FloorMoved) -> None:
        if self._is_live(news.conference):
            self._floors[news.conference] = news

    def _on_change(self, news: ConferenceChanged) -> None:
        over = news.state in (ConferenceState.CLOSED, ConferenceState.CANCELLED)
        if not over or not self._is_live(news.conference):
            return
        self._writer.add_intervals(self._ledger.end(news.conference, news.at))
        self._people.note(news.conference)
        self._lines.end(news.conference)
        self._nodes.end(news.conference)
        self.incidents.forget(news.conference)
        self._pace.end(news.conference)
        self._floors.pop(news.conference, None)

    def _is_live(self, conference: ConferenceId) -> bool:
        """Whether news of `conference` counts: late news of an ended one does not."""
        if conference_key(conference) is None:
            log.warning("conference_not_an_id")
            return False
        return not self._ledger.has_ended(conference)

    def _publish_links(self, conference: ConferenceId) -> None:
        """What changed is told to the pages; while no page is open it is gathered, and costs nothing."""
        if not self._bus.has_listeners(LINKS):
            return
        links = self._lines.changes(conference, self._clock.now(), self._clock.monotonic())
        if links is not None:
            self._bus.publish(LINKS, links)

    def _evidence(self) -> dict[PointCode, Evidence]:
        """What is seen of every point of every live conference."""
        ledger, now = self._ledger, self._clock.monotonic()
        return merged(
            evidence_of(
                one,
                self._lines.seen(one, now),
                ledger.presence(one),
                ledger.awaited(one),
                self._holder(one),
                self._nodes.carrier(one, now),
            )
            for one in ledger.live
        )

    def _holder(self, conference: ConferenceId) -> ParticipantId | None:
        moved = self._floors.get(conference)
        return moved.holder.id if moved is not None and moved.holder is not None else None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._period_seconds)
            now = self._clock.monotonic()
            for conference in self._lines.newly_stale(now):
                self._publish_links(conference)
            self._writer.add_intervals(self._ledger.expire(now))

    async def _tell_owed(self) -> None:
        while True:
            await asyncio.sleep(self._pace.spacing_seconds)
            for conference in self._pace.due(self._clock.monotonic()):
                self._publish_links(conference)

    async def _listen(self, topic: Topic[M], first: Subscription[M], handle: Callable[[M], None]) -> None:
        """Hands every message to `handle`; a message that it cannot digest is reported and passed over."""
        subscription = first
        while True:
            with subscription:
                try:
                    async for message in subscription:
                        _digest(topic, message, handle)
                except Overflow:
                    log.warning("news_missed", topic=topic.name)
            subscription = self._bus.subscribe(topic, limit=_NEWS_LIMIT)


def _relayed(endpoint: EndpointFigures | None) -> bool | None:
    """Whether the endpoint says that its media goes through a TURN relay."""
    return None if endpoint is None or endpoint.candidate is None else endpoint.candidate is CandidateType.RELAY


def _digest(topic: Topic[M], message: M, handle: Callable[[M], None]) -> None:
    try:
        handle(message)
    except Exception:
        log.exception("news_not_digested", topic=topic.name)
