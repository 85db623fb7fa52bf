"""A headless hall behind an emulated line, in a conference that a real node carries and a real monitor watches."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.node import BridgeNode
from core.bus import Bus
from core.clock import SystemClock
from core.commands import GrantFloor
from core.database import Database
from core.messages import (
    COMMAND,
    CONNECT,
    JOIN,
    LINKS,
    OPEN,
    ConnectMedia,
    JoinConference,
    OpenConference,
    SubmitCommand,
)
from core.model import AUDIENCE_SLOTS, CONSOLE_SLOTS, ConferenceSpec, Grade, Participant, SessionId
from core.quality import Direction, LinkStatus
from core.session_messages import PublishDirective, session_topic
from core.settings import Settings
from monitor.incidents.model import INCIDENTS, Incident
from monitor.service import Monitor
from tests.support.conferences import CHAIR_SEAT, hall, spec_of
from tests.support.line import NO_FAULTS, Faults, Line, LineModel

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Reading:
    """What the monitor told of the hall's line at a moment (loop time), and what the emulator had counted by then."""

    at: float
    status: LinkStatus
    packets: int
    lost: int


@dataclass(frozen=True)
class Trial:
    """One fault in one direction (None: half of a delay in each), and the grades that are right for it."""

    name: str
    direction: Direction | None
    faults: Faults
    right: Collection[Grade]

    @property
    def is_cut(self) -> bool:
        """Nothing gets through either way."""
        return self.direction is None and self.faults.loss == 1


@dataclass(frozen=True)
class Called:
    """An incident of the hall as it was told at a moment (loop time)."""

    at: float
    incident: Incident


@dataclass
class Outcome:
    """What was told while the fault lasted, and after."""

    trial: Trial
    before: list[Reading] = field(default_factory=list)
    during: list[Reading] = field(default_factory=list)
    after: list[Reading] = field(default_factory=list)
    incidents: list[Called] = field(default_factory=list)
    """Each as often as it changed while the fault lasted."""
    began: float = 0.0
    ended: float = 0.0

    def grade(self, reading: Reading) -> Grade:
        """The grade that the fault must show in."""
        status, direction = reading.status, self.trial.direction
        if direction is None:
            return status.grade
        return (status.up if direction is Direction.UP else status.down).grade

    @property
    def right_after(self) -> float | None:
        """Seconds from the fault until the grade was right and stayed so; None: never."""
        return _settled(self.during, self.began, lambda one: self.grade(one) in self.trial.right)

    @property
    def good_after(self) -> float | None:
        """Seconds from the fault's end until the grade was good and stayed so."""
        return _settled(self.after, self.ended, lambda one: self.grade(one) is Grade.GOOD)


def _settled(readings: list[Reading], since: float, is_right: Callable[[Reading], bool]) -> float | None:
    found = None
    for reading in readings:
        if not is_right(reading):
            found = None
        elif found is None:
            found = reading.at - since
    return found


class Seat:
    """A participant that does what the node tells it."""

    def __init__(self, bus: Bus, spec: ConferenceSpec, who: Participant, clips: ClipLibrary) -> None:
        self._bus, self._spec, self._who = bus, spec, who
        self._session = SessionId(secrets.token_hex(8))
        slots = CONSOLE_SLOTS if who.is_console else AUDIENCE_SLOTS
        self.endpoint = MediaEndpoint(who.id, slots, clips, host=HOST, estimates=True)
        self._following: asyncio.Task[None] | None = None

    async def enter(self, line: Line) -> None:
        """Joins, and connects its media through the line."""
        self._following = asyncio.create_task(self._follow())
        await asyncio.sleep(0)
        conference = self._spec.id
        await self._bus.request(
            JOIN, JoinConference(conference=conference, session=self._session, participant=self._who)
        )
        sdp, receive, send = self.endpoint.offer()
        call = ConnectMedia(conference=conference, session=self._session, sdp=sdp, receive=receive, send=send)
        await self.endpoint.connect(line.rewrite((await self._bus.request(CONNECT, call)).sdp))

    async def give_floor(self, to: Participant) -> None:
        command = GrantFloor(participant=to.id)
        await self._bus.request(
            COMMAND, SubmitCommand(conference=self._spec.id, session=self._session, command=command)
        )

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.endpoint.close()

    async def _follow(self) -> None:
        with self._bus.subscribe(session_topic(self._session)) as told:
            async for envelope in told:
                if isinstance(said := envelope.message, PublishDirective):
                    self.endpoint.publish(said.microphone, said.camera, said.content)


class WatchedHall:
    """One hall that has the floor (so it sends) and sees the chair (so it receives), and what is told of its line."""

    def __init__(self, bus: Bus, node_port: int, seed: int) -> None:
        self.spec = spec_of(1)
        self.line = Line(node_port, seed=seed)
        self._bus = bus
        self._clear = Line(node_port, seed=seed + 500)
        self.newest: LinkStatus | None = None
        self._readings: list[Reading] | None = None
        self._incidents: list[Called] | None = None
        self._direction: Direction | None = None

    @asynccontextmanager
    async def running(self, clips: ClipLibrary) -> AsyncIterator[WatchedHall]:
        """Opened, joined, the floor given, and listened to."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.line)
            await stack.enter_async_context(self._clear)
            await self._bus.request(OPEN, OpenConference(spec=self.spec))
            for listening in (self._listen(), self._listen_for_incidents()):
                stack.callback(asyncio.create_task(listening).cancel)
            chair = Seat(self._bus, self.spec, CHAIR_SEAT, clips)
            point = Seat(self._bus, self.spec, hall(1), clips)
            for seat, line in ((chair, self._clear), (point, self.line)):
                stack.push_async_callback(seat.close)
                await seat.enter(line)
            await chair.give_floor(hall(1))
            yield self

    def model(self, direction: Direction | None) -> LineModel:
        """The emulator's half of that direction."""
        return self.line.up if direction is Direction.UP else self.line.down

    async def until_good(self, seconds: float) -> None:
        """Waits until both directions carry both media well. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not self._is_good():
                await asyncio.sleep(0.1)

    async def undergo(self, trial: Trial, seconds: float, longest_return: float) -> Outcome:
        """The fault for so long, then none until the grade has been good for a while or the longest is over.

        After a cut nobody waits for that.
        """
        loop, outcome = asyncio.get_running_loop(), Outcome(trial)
        self._direction, self._readings = trial.direction, outcome.before
        await asyncio.sleep(6)
        self._readings, outcome.began = outcome.during, loop.time()
        self._incidents = outcome.incidents
        self._set(trial)
        await asyncio.sleep(seconds)
        self._readings, outcome.ended = outcome.after, loop.time()
        self._incidents = None
        self.line.up.faults = self.line.down.faults = NO_FAULTS
        while not trial.is_cut and loop.time() - outcome.ended < longest_return:
            await asyncio.sleep(0.2)
            good = outcome.good_after
            if good is not None and loop.time() - outcome.ended > good + 4:
                break
        self._readings = None
        return outcome

    def _set(self, trial: Trial) -> None:
        if trial.direction is None:
            self.line.up.faults = self.line.down.faults = trial.faults
        else:
            self.model(trial.direction).faults = trial.faults

    def _is_good(self) -> bool:
        told = self.newest
        if told is None:
            return False
        return all(one is Grade.GOOD for way in (told.up, told.down) for one in (way.grade, way.audio, way.video)) and (
            told.grade is Grade.GOOD
        )

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        with self._bus.subscribe(LINKS, limit=1_000, lossy=True) as told:
            async for news in told:
                if news.conference != self.spec.id:
                    continue
                found = [one for one in news.links if one.participant == hall(1).id]
                if not found:
                    continue
                self.newest = found[0]
                if self._readings is not None:
                    model = self.model(self._direction)
                    lost = model.lost + model.overflowed
                    self._readings.append(Reading(loop.time(), found[0], model.packets, lost))

    async def _listen_for_incidents(self) -> None:
        loop = asyncio.get_running_loop()
        with self._bus.subscribe(INCIDENTS) as told:
            async for board in told:
                if board.conference == self.spec.id and self._incidents is not None:
                    self._incidents += [Called(loop.time(), one.incident) for one in board.incidents]


@asynccontextmanager
async def watching(database: Database, sample_seconds: float = 2.0) -> AsyncIterator[tuple[Bus, BridgeNode]]:
    """A node and a monitor on a bus of their own."""
    bus, clock = Bus(), SystemClock()
    settings = Settings(media_port=0, sample_seconds=sample_seconds)
    monitor = Monitor(database, bus, clock, settings)
    seeing = asyncio.create_task(monitor.run())
    await monitor.ready.wait()
    node = BridgeNode(settings, database, bus, clock, [HOST])
    await node.start()
    try:
        yield bus, node
    finally:
        await node.stop()
        seeing.cancel()
        with suppress(asyncio.CancelledError):
            await seeing
