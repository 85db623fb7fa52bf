"""The node: hosts the focus and the media engine, and answers the bridge's calls on the bus."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from bridge.busyness import Busyness
from bridge.conference import events as ev
from bridge.conference.focus import Focus, replay
from bridge.conference.layout import planned_kbps
from bridge.heartbeat import BEAT_SECONDS, Heartbeat
from bridge.linetest.desk import LineTestDesk
from bridge.live import LiveConference
from bridge.log import EventLog
from bridge.media.engine import LegState, MediaEngine
from bridge.member import Member
from bridge.recording.desk import RecordingDesk
from core.bus import Bus, Subscription
from core.clock import Clock
from core.database import UNREACHABLE, Database
from core.errors import Conflict, Refused
from core.messages import (
    COMMAND,
    CONFERENCE_CHANGED,
    CONNECT,
    JOIN,
    LEAVE,
    LIMIT,
    OPEN,
    RECONNECT,
    RESTART,
    RESUME,
    SAMPLES,
    STOP,
    AskReconnect,
    ConferenceChanged,
    ConnectMedia,
    Done,
    JoinAccepted,
    JoinConference,
    LeaveConference,
    LimitPictures,
    MediaAnswer,
    OpenConference,
    Reached,
    RestartMedia,
    ResumeSession,
    SampleBatch,
    StopConference,
    SubmitCommand,
)
from core.model import AUDIENCE_SLOTS, CONSOLE_SLOTS, ConferenceId, ConferenceState, LegId, SessionId, SlotName
from core.settings import Settings

log = structlog.get_logger("node")

UNNAMED_NODE = "1"
"""What the node of a process is called that stands in no plan: an installation's only one, as a rule."""
_CALLS = (JOIN, CONNECT, RESTART, COMMAND, RESUME, LEAVE, LIMIT, RECONNECT, OPEN, STOP)


class BridgeNode:
    """All live conferences of this process, and the media engine that carries them."""

    def __init__(
        self, settings: Settings, database: Database, bus: Bus, clock: Clock, addresses: Sequence[str]
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._event_log = EventLog(database)
        self._live: dict[ConferenceId, LiveConference] = {}
        self._opening = asyncio.Lock()
        self._unrecorded: list[ConferenceId] = []
        self._ended: list[ConferenceId] = []
        self._heartbeat = Heartbeat(database, bus.origin, settings.node)
        self._tasks: list[asyncio.Task[None]] = []
        self._busyness = Busyness()
        self.engine = MediaEngine(
            host=settings.media_host or settings.host,
            port=settings.media_port,
            addresses=addresses,
            clock=clock,
            limits=settings.limits,
            on_leg=self._on_leg,
            on_demand=self._on_demand,
            on_paused=self._on_paused,
        )
        self._line_tests = LineTestDesk(self.engine, clock)
        self._desk = RecordingDesk(self.engine.taps, settings.data_dir, clock, self._unrecorded.append)

    async def start(self) -> None:
        """Opens the media port, takes up the conferences that a former process left running, and answers calls.

        Those of another process that may be alive it leaves alone: the clockwork asks for them again.
        """
        await self.engine.start()
        await self._heartbeat.begin()
        for conference in await self._event_log.unfinished():
            with suppress(Conflict):
                await self._heartbeat.take(conference)
                self._take_up(replay(await self._event_log.read(conference)))
        self._bus.answer(JOIN, self._join)
        self._bus.answer(CONNECT, self._connect)
        self._bus.answer(RESTART, self._restart)
        self._bus.answer(COMMAND, self._command)
        self._bus.answer(RESUME, self._resume)
        self._bus.answer(LEAVE, self._leave)
        self._bus.answer(LIMIT, self._limit)
        self._bus.answer(RECONNECT, self._reconnect)
        self._bus.answer(OPEN, self._open)
        self._bus.answer(STOP, self._stop)
        self._line_tests.answer_on(self._bus)
        self._tasks = [
            asyncio.create_task(self._busyness.watch(), name="node-busyness"),
            asyncio.create_task(self._run_beat(), name="node-beat"),
            asyncio.create_task(self._stay_alive(), name="node-heartbeat"),
            asyncio.create_task(self._follow(self._bus.subscribe(CONFERENCE_CHANGED, lossy=True)), name="node-news"),
        ]

    async def stop(self) -> None:
        """Closes all legs. Conferences stay open in their logs; the next process takes them up."""
        for call in _CALLS:
            self._bus.stop_answering(call)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for live in self._live.values():
            live.suspend()
        self._live.clear()
        await self._line_tests.stop(self._bus)
        await self._desk.close()
        await self.engine.stop()
        with suppress(*UNREACHABLE):
            await self._heartbeat.end()

    @property
    def live_conferences(self) -> int:
        """How many conferences are open here."""
        return len(self._live)

    # --- calls ---------------------------------------------------------------------------------------

    async def _open(self, call: OpenConference) -> Done:
        async with self._opening:
            live = self._live.get(call.spec.id)
            if live is not None:
                await live.rebook(call.spec)
                return Done()
            entries = await self._event_log.read(call.spec.id)
            if entries and isinstance(entries[-1].event, ev.Closed):
                # Whoever asks missed the news, for instance because its process died with it.
                self._publish_state(call.spec.id, ConferenceState.CLOSED, entries[-1].at)
                return Done()
            await self._heartbeat.take(call.spec.id)
            if entries:
                # Its process died; this one goes on where the log ends, which may be later than when it was read above.
                self._take_up(replay(await self._event_log.read(call.spec.id)))
                await self._live[call.spec.id].rebook(call.spec)
                log.info("taken_over", conference=call.spec.id)
                return Done()
            focus = Focus(call.spec)
            opening = ev.LogEntry(seq=1, at=self._clock.now(), event=ev.Opened(spec=call.spec))
            await self._event_log.append(call.spec.id, [opening])
            focus.apply(opening)
            self._take_up(focus)
            self._publish_state(call.spec.id, ConferenceState.OPEN, opening.at)
            log.info("opened", conference=call.spec.id, points=len(call.spec.points))
        return Done()

    async def _stop(self, call: StopConference) -> Done:
        if live := self._live.get(call.conference):
            await live.close()
        return Done()

    async def _join(self, call: JoinConference) -> JoinAccepted:
        live = self._live.get(call.conference)
        if live is None:
            if await self._event_log.is_closed(call.conference):
                raise Refused("join.over", "The conference is over.")
            raise Refused("join.not_open", "The conference is not open. Its doors open shortly before it starts.")
        await live.join(call.session, call.participant)
        slots = CONSOLE_SLOTS if call.participant.is_console else AUDIENCE_SLOTS
        return JoinAccepted(title=live.focus.spec.title, slots=slots)

    async def _connect(self, call: ConnectMedia) -> MediaAnswer:
        live, member = self._seat(call.conference, call.session)
        leg = LegId(secrets.token_hex(8))
        answer = self.engine.open_leg(
            leg,
            call.conference,
            member.participant.id,
            sdp=call.sdp,
            receive=call.receive,
            send=call.send,
            ceilings=planned_kbps(live.focus.spec, member.participant),
        )
        live.seat_media(call.session, leg)
        return MediaAnswer(sdp=answer)

    async def _restart(self, call: RestartMedia) -> MediaAnswer:
        live, _ = self._seat(call.conference, call.session)
        return MediaAnswer(sdp=live.restart_ice(call.session, call.sdp))

    async def _command(self, call: SubmitCommand) -> Done:
        live, _ = self._seat(call.conference, call.session)
        await live.command(call.session, call.command)
        return Done()

    async def _resume(self, call: ResumeSession) -> Done:
        live, _ = self._seat(call.conference, call.session)
        await live.resumed(call.session, call.connected)
        return Done()

    async def _leave(self, call: LeaveConference) -> Done:
        if live := self._live.get(call.conference):
            await live.leave(call.session, call.how)
        return Done()

    async def _limit(self, call: LimitPictures) -> Reached:
        live = self._running(call.conference)
        return Reached(participants=await live.limit_pictures(call.participants, call.limit, call.by))

    async def _reconnect(self, call: AskReconnect) -> Reached:
        return Reached(participants=self._running(call.conference).ask_to_reconnect(call.participants))

    # --- inside --------------------------------------------------------------------------------------

    def _running(self, conference: ConferenceId) -> LiveConference:
        if (live := self._live.get(conference)) is None:
            raise Refused("join.not_open", "The conference is not open.")
        return live

    def _seat(self, conference: ConferenceId, session: SessionId) -> tuple[LiveConference, Member]:
        live = self._live.get(conference)
        member = live.member_of(session) if live else None
        if live is None or member is None:
            raise Refused("session.unknown", "This connection has no place in the conference. Join again.")
        return live, member

    def _take_up(self, focus: Focus) -> None:
        live = LiveConference(focus, self._event_log, self._bus, self._clock, self.engine, self._over, self._desk)
        self._live[focus.spec.id] = live
        live.take_up(self._clock.monotonic() + self._settings.reconnect_grace_seconds)

    def _publish_state(self, conference: ConferenceId, state: ConferenceState, at: datetime) -> None:
        self._bus.publish(CONFERENCE_CHANGED, ConferenceChanged(conference=conference, state=state, at=at))

    def _over(self, live: LiveConference) -> None:
        self._live.pop(live.id, None)
        self._ended.append(live.id)

    def _live_of(self, leg: LegId) -> LiveConference | None:
        return next((c for c in self._live.values() if c.member_of_leg(leg)), None)

    def _on_demand(self, leg: LegId, layers: tuple[str, ...] | None) -> None:
        if live := self._live_of(leg):
            live.layers_wanted(leg, layers)

    def _on_paused(self, leg: LegId, slots: Collection[SlotName]) -> None:
        if live := self._live_of(leg):
            live.pictures_paused(leg, slots)

    def _on_leg(self, leg: LegId, state: LegState, reason: str) -> None:
        live = self._live_of(leg)
        if live is None:
            self._line_tests.leg_changed(leg, state)
            return
        if state is LegState.CONNECTED:
            live.leg_connected(leg)
        elif state is LegState.SILENT:
            live.leg_silent(leg)
        else:
            live.leg_lost(leg, "closed" if state is LegState.CLOSED else "failed", reason)

    async def _follow(self, news: Subscription[ConferenceChanged]) -> None:
        """Ends here what another process, or the clockwork of this one, has ended."""
        with news:
            async for change in news:
                live = self._live.get(change.conference)
                if live is not None and change.state in (ConferenceState.CLOSED, ConferenceState.CANCELLED):
                    try:
                        await live.close()
                    except Exception:
                        log.exception("close_failed", conference=change.conference)

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._heartbeat.beat()
                await self._let_go()
            except UNREACHABLE as exc:
                log.warning("database_away", error=type(exc).__name__)
            except Exception:
                log.exception("heartbeat_failed")

    async def _let_go(self) -> None:
        """News may be missed, and a process that was cut off may have lost what it carries."""
        while self._ended:
            await self._heartbeat.let_go(self._ended[-1])
            self._ended.pop()
        for found in await self._heartbeat.not_mine(list(self._live)):
            if (live := self._live.get(found.id)) is None:
                continue
            if found.lost:
                log.warning("lost_to_another_process", conference=found.id)
                live.abandon()
                self._live.pop(found.id, None)
            else:
                await live.close()

    async def _run_beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.sample_seconds)
            try:
                await self._beat_once()
            except Exception:
                log.exception("beat_failed")

    async def _beat_once(self) -> None:
        batch = SampleBatch(
            at=self._clock.now(),
            samples=tuple(self.engine.samples(without=self._line_tests.legs)),
            node=self._settings.node or UNNAMED_NODE,
            load=self._busyness.take(),
        )
        self._bus.publish(SAMPLES, batch)
        while self._unrecorded:
            if found := self._live.get(self._unrecorded.pop()):
                await found.recording_failed()
        for live in list(self._live.values()):
            await live.remove_overdue()
