"""The node on a real bus, with real media: two halls and a chair's console."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.node import BridgeNode
from core.bus import Bus, Subscription
from core.clock import SystemClock
from core.commands import (
    CloseConference,
    Command,
    GrantContent,
    GrantFloor,
    ReleaseContent,
    ReleaseFloor,
    RequestContent,
    SetMicrophoneOpen,
    SetPage,
)
from core.database import Database
from core.errors import BadInput, Refused
from core.messages import (
    COMMAND,
    CONFERENCE_CHANGED,
    CONNECT,
    FLOOR,
    JOIN,
    LEAVE,
    OPEN,
    PRESENCE,
    RESUME,
    SAMPLES,
    STOP,
    ConnectMedia,
    JoinConference,
    LeaveConference,
    OpenConference,
    ResumeSession,
    StopConference,
    SubmitCommand,
)
from core.model import (
    CHAIR,
    CameraLevel,
    ConferenceSpec,
    ConferenceState,
    Departure,
    Participant,
    Presence,
    SessionId,
    SlotName,
    Track,
)
from core.session_messages import (
    Ended,
    LegStatus,
    PublishDirective,
    Roster,
    SessionMessage,
    StateView,
    ToSession,
    session_topic,
)
from core.settings import Settings
from tests.support.conferences import CHAIR_SEAT, hall, spec_of
from tests.support.polling import eventually


@asynccontextmanager
async def running_node(database: Database, bus: Bus) -> AsyncIterator[BridgeNode]:
    settings = Settings(media_port=0, sample_seconds=0.3, reconnect_grace_seconds=1.0)
    node = BridgeNode(settings, database, bus, SystemClock(), ["127.0.0.1"])
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


class Seat:
    """A session in a conference: what it was told, and its media."""

    def __init__(self, bus: Bus, spec: ConferenceSpec, participant: Participant, clips: ClipLibrary) -> None:
        self._bus = bus
        self._clips = clips
        self.spec = spec
        self.participant = participant
        self.session = SessionId(secrets.token_hex(4))
        self.told: list[SessionMessage] = []
        self._subscription: Subscription[ToSession] = bus.subscribe(session_topic(self.session))
        self.endpoint: MediaEndpoint | None = None

    async def join(self) -> Seat:
        call = JoinConference(conference=self.spec.id, session=self.session, participant=self.participant)
        self.slots = (await self._bus.request(JOIN, call)).slots
        return self

    async def connect(self) -> Seat:
        self.endpoint = MediaEndpoint(self.participant.id, self.slots, self._clips, host="127.0.0.1")
        sdp, receive, send = self.endpoint.offer()
        call = ConnectMedia(conference=self.spec.id, session=self.session, sdp=sdp, receive=receive, send=send)
        await self.endpoint.connect((await self._bus.request(CONNECT, call)).sdp)
        return self

    @property
    def media(self) -> MediaEndpoint:
        assert self.endpoint is not None
        return self.endpoint

    async def do(self, command: Command) -> None:
        await self._bus.request(COMMAND, SubmitCommand(conference=self.spec.id, session=self.session, command=command))

    def read(self) -> list[SessionMessage]:
        queue = self._subscription._queue
        while queue:
            self.told.append(queue.popleft().message)
        return self.told

    def newest(self, kind: type[SessionMessage]) -> SessionMessage | None:
        return next((m for m in reversed(self.read()) if isinstance(m, kind)), None)

    def follow_directive(self) -> None:
        directive = self.newest(PublishDirective)
        if self.endpoint is not None and isinstance(directive, PublishDirective):
            self.endpoint.publish(directive.microphone, directive.camera, directive.content)

    async def close(self) -> None:
        self._subscription.close()
        if self.endpoint is not None:
            await self.endpoint.close()


@asynccontextmanager
async def seats(bus: Bus, spec: ConferenceSpec, *people: Participant) -> AsyncIterator[list[Seat]]:
    async with AsyncExitStack() as stack:
        taken = []
        clips = ClipLibrary({})
        for person in people:
            seat = Seat(bus, spec, person, clips)
            stack.push_async_callback(seat.close)
            taken.append(await seat.join())
        yield taken


@pytest.fixture
def spec() -> ConferenceSpec:
    return spec_of(3)


async def test_the_floor_carries_the_holders_picture_to_the_others(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        with bus.subscribe(SAMPLES) as samples:
            async with seats(bus, spec, CHAIR_SEAT, hall(1), hall(2)) as (chair, first, second):
                for seat in (chair, first, second):
                    await seat.connect()
                await chair.do(GrantFloor(participant=hall(1).id))

                def why_not() -> str | None:
                    for seat in (chair, first, second):
                        seat.follow_directive()
                    assert second.endpoint is not None
                    stage = second.endpoint.received()[SlotName.STAGE]
                    sound = second.endpoint.received()[SlotName.AUDIO1]
                    return None if stage.frames > 5 and sound.packets > 20 else f"{stage.frames} frames arrived"

                await eventually(why_not)
                assert first.endpoint is not None
                assert second.endpoint is not None
                assert sum(s.packets for s in second.endpoint.sent().values()) == 0
                assert first.endpoint.received()[SlotName.AUDIO1].packets == 0
                state = second.newest(StateView)
                assert isinstance(state, StateView)
                shown = state.slots[SlotName.STAGE]
                assert shown is not None
                assert shown.id == hall(1).id
                batch = await anext(aiter(samples))
                assert {s.conference for s in batch.samples} == {spec.id}


async def test_who_gives_the_floor_away_sends_on_until_the_successor_is_seen(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, hall(1), hall(2), hall(3)) as (chair, first, second, third):
            for seat in (chair, first, second, third):
                await seat.connect()

            def why_not(more_than: int, *following: Seat) -> str | None:
                for seat in following:
                    seat.follow_directive()
                stage = third.media.received()[SlotName.STAGE]
                return None if stage.frames > more_than else f"{stage.frames} frames of {stage.last_key_frame_of}"

            await chair.do(GrantFloor(participant=hall(1).id))
            await eventually(lambda: why_not(5, first))
            await chair.do(GrantFloor(participant=hall(2).id))
            # The successor's camera is slow: it does nothing yet.
            seen = third.media.received()[SlotName.STAGE].frames
            await eventually(lambda: why_not(seen + 5, first))
            assert _camera(first) is CameraLevel.FULL
            assert _camera(second) is CameraLevel.FULL
            assert third.media.received()[SlotName.STAGE].last_key_frame_of == hall(1).id

            def why_not_relieved() -> str | None:
                second.follow_directive()
                return None if _camera(first) is CameraLevel.OFF else f"told {_camera(first)}"

            await eventually(why_not_relieved)
            assert third.media.received()[SlotName.STAGE].last_key_frame_of == hall(2).id


async def test_who_gives_the_floor_to_nobody_stops_at_once(database: Database, bus: Bus, spec: ConferenceSpec) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, hall(1), hall(2), hall(3)) as (first, second, _):
            for seat in (first, second):
                await seat.connect()
            async with seats(bus, spec, CHAIR_SEAT) as (chair,):
                await chair.do(GrantFloor(participant=hall(1).id))

                def why_not() -> str | None:
                    first.follow_directive()
                    stage = second.media.received()[SlotName.STAGE]
                    return None if stage.frames > 5 else f"{stage.frames} frames"

                await eventually(why_not)
                leaving = LeaveConference(conference=spec.id, session=chair.session, how=Departure.DEPARTED)
                await bus.request(LEAVE, leaving)
            await first.do(ReleaseFloor())
            assert _camera(first) is CameraLevel.OFF


def _camera(seat: Seat) -> CameraLevel:
    directive = seat.newest(PublishDirective)
    assert isinstance(directive, PublishDirective)
    return directive.camera


async def test_of_many_open_microphones_the_loudest_are_heard_and_a_closed_one_sends_nothing(
    database: Database, bus: Bus
) -> None:
    spec = spec_of(4)
    halls = [hall(n) for n in (1, 2, 3, 4)]
    async with running_node(database, bus) as node:
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, *halls) as everybody:
            chair, *speakers = everybody
            for seat in everybody:
                await seat.connect()
            for loudness, seat in zip((30, 40, 60, 20), speakers, strict=True):
                await chair.do(SetMicrophoneOpen(participant=seat.participant.id, open=True))
                seat.media.speak(loudness)

            def why_not(heard: set[int]) -> str | None:
                for seat in everybody:
                    seat.follow_directive()
                seated = set(node.engine.heard(spec.id)) - {CHAIR}
                return None if seated == {hall(n).id for n in heard} else f"{seated} are heard"

            await eventually(lambda: why_not({1, 4}))
            await eventually(_growing(speakers[1], 3))
            await eventually(_growing(speakers[3], 2))
            await chair.do(SetMicrophoneOpen(participant=hall(4).id, open=False))
            await eventually(lambda: why_not({1, 2}))
            sent = speakers[3].media.sent()[Track.MICROPHONE].packets
            assert sent > 0
            await eventually(_growing(speakers[3], 3))
            assert speakers[3].media.sent()[Track.MICROPHONE].packets == sent


def _growing(seat: Seat, slots: int) -> Callable[[], str | None]:
    """From now on so many sound slots get packets, and no others."""
    before = seat.media.received()

    def why_not() -> str | None:
        after = seat.media.received()
        grown = [after[s].packets - before[s].packets for s in after if s.track is Track.MICROPHONE]
        return None if max(grown) > 20 and sum(n > 2 for n in grown) == slots else f"sound slots grew by {grown}"

    return why_not


async def test_a_page_of_points_arrives_in_tiles_and_the_others_send_nothing(database: Database, bus: Bus) -> None:
    spec = spec_of(5)
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, *(hall(n) for n in (1, 2, 3, 4))) as everybody:
            chair, *halls = everybody
            for seat in everybody:
                await seat.connect()
            page = [SlotName.TILE1, SlotName.TILE2]

            def why_not(*shown: int) -> str | None:
                for seat in everybody:
                    seat.follow_directive()
                seen = {tile: chair.media.received()[tile].last_key_frame_of for tile in page}
                wanted = dict(zip(page, (hall(n).id for n in shown), strict=True))
                return None if seen == wanted else f"{seen}"

            await chair.do(SetPage(participants=(hall(1).id, hall(2).id)))
            await eventually(lambda: why_not(1, 2))
            assert [h.media.sent()[Track.CAMERA].packets > 0 for h in halls] == [True, True, False, False]
            await chair.do(SetPage(participants=(hall(3).id, hall(1).id)))
            await eventually(lambda: why_not(3, 1))
            directives = [h.newest(PublishDirective) for h in halls]
            levels = [d.camera for d in directives if isinstance(d, PublishDirective)]
            assert levels == [CameraLevel.TILE, CameraLevel.OFF, CameraLevel.TILE, CameraLevel.OFF]
            await chair.do(SetPage(participants=()))
            directives = [h.newest(PublishDirective) for h in halls]
            assert all(isinstance(d, PublishDirective) and d.camera is CameraLevel.OFF for d in directives)


async def test_a_shared_screen_reaches_the_others_beside_the_stage(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, hall(1), hall(2)) as (chair, first, second):
            for seat in (chair, first, second):
                await seat.connect()
            await chair.do(GrantFloor(participant=hall(2).id))
            await first.do(RequestContent())
            await chair.do(GrantContent(participant=hall(1).id))

            def why_not() -> str | None:
                for seat in (chair, first, second):
                    seat.follow_directive()
                assert chair.endpoint is not None
                seen = chair.endpoint.received()
                sources = {seen[SlotName.CONTENT].last_key_frame_of, seen[SlotName.STAGE].last_key_frame_of}
                frames = seen[SlotName.CONTENT].frames
                return None if frames > 5 and seen[SlotName.STAGE].frames > 5 else f"{frames} frames of {sources}"

            await eventually(why_not)
            assert first.endpoint is not None
            assert first.endpoint.sent()[Track.CAMERA].packets == 0
            assert first.endpoint.received()[SlotName.CONTENT].packets == 0
            await first.do(ReleaseContent())
            directive = first.newest(PublishDirective)
            assert isinstance(directive, PublishDirective)
            assert not directive.content


async def test_a_place_taken_elsewhere_ends_the_former_session(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, hall(1), hall(1)) as (former, present):
            assert isinstance(former.newest(Ended), Ended)
            assert present.newest(Ended) is None
            with pytest.raises(Refused) as caught:
                await former.connect()
            assert caught.value.code == "session.unknown"
            assert former.endpoint is not None


async def test_bad_media_offers_are_refused_and_the_place_stays(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, hall(1)) as (seat,):
            bad = ConnectMedia(conference=spec.id, session=seat.session, sdp="v=0\r\n", receive={}, send={})
            with pytest.raises(BadInput):
                await bus.request(CONNECT, bad)
            await seat.connect()
            await eventually(lambda: None if seat.newest(LegStatus) else "the leg is not connected")


async def test_joining_a_conference_that_is_not_open_says_so(
    database: Database, bus: Bus, spec: ConferenceSpec
) -> None:
    async with running_node(database, bus):
        with pytest.raises(Refused) as caught:
            async with seats(bus, spec, hall(1)):
                pass
        assert caught.value.code == "join.not_open"


async def test_a_cut_session_is_told_everything_again(database: Database, bus: Bus, spec: ConferenceSpec) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT) as (chair,):
            await eventually(lambda: None if chair.newest(Roster) else "no roster")
            await bus.request(RESUME, ResumeSession(conference=spec.id, session=chair.session, connected=False))
            chair.read()
            chair.told.clear()
            await bus.request(RESUME, ResumeSession(conference=spec.id, session=chair.session, connected=True))
            kinds = {type(m) for m in chair.read()}
            assert {StateView, PublishDirective, Roster} <= kinds
            roster = chair.newest(Roster)
            assert isinstance(roster, Roster)
            assert roster.full
            assert len(roster.entries) == len(spec.points) + 1


async def test_another_node_takes_the_conference_up_with_its_floor(database: Database, spec: ConferenceSpec) -> None:
    before = Bus()
    async with running_node(database, before):
        await before.request(OPEN, OpenConference(spec=spec))
        async with seats(before, spec, CHAIR_SEAT, hall(1)) as (chair, _):
            await chair.do(GrantFloor(participant=hall(1).id))
    after = Bus()
    async with running_node(database, after):
        async with seats(after, spec, CHAIR_SEAT, hall(1)) as (chair, _):
            await eventually(lambda: _holder(chair, hall(1).id))
        async with seats(after, spec, CHAIR_SEAT) as (chair,):
            await after.request(
                LEAVE, LeaveConference(conference=spec.id, session=chair.session, how=Departure.DEPARTED)
            )


async def test_who_does_not_come_back_after_a_restart_loses_the_floor(database: Database, spec: ConferenceSpec) -> None:
    before = Bus()
    async with running_node(database, before):
        await before.request(OPEN, OpenConference(spec=spec))
        async with seats(before, spec, CHAIR_SEAT, hall(1)) as (chair, _):
            await chair.do(GrantFloor(participant=hall(1).id))
    after = Bus()
    with after.subscribe(PRESENCE) as presence, after.subscribe(FLOOR) as floor:
        async with running_node(database, after), seats(after, spec, CHAIR_SEAT) as (chair,):
            await eventually(lambda: _holder(chair, hall(1).id))
            await eventually(lambda: _holder(chair, None))
        assert [moved.holder and moved.holder.id for moved in floor._queue] == [hall(1).id, None]
        gone = [p for p in presence._queue if p.participant.id == hall(1).id and p.presence is Presence.ABSENT]
        assert [p.how for p in gone] == [Departure.FAILED]


def _holder(seat: Seat, expected: str | None) -> str | None:
    state = seat.newest(StateView)
    holder = state.floor.holder if isinstance(state, StateView) else None
    found = holder.id if holder else None
    return None if isinstance(state, StateView) and found == expected else f"{found} has the floor"


@pytest.mark.parametrize("by", ["chair", "clock"])
async def test_the_end_reaches_everybody_and_is_final(
    database: Database, bus: Bus, spec: ConferenceSpec, by: str
) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        with bus.subscribe(CONFERENCE_CHANGED) as changes:
            async with seats(bus, spec, CHAIR_SEAT, hall(1)) as (chair, point):
                if by == "chair":
                    await chair.do(CloseConference())
                else:
                    await bus.request(STOP, StopConference(conference=spec.id))
                assert point.newest(Ended) == Ended(reason="closed")
                assert (await anext(aiter(changes))).state is ConferenceState.CLOSED
                await bus.request(OPEN, OpenConference(spec=spec))
                assert (await anext(aiter(changes))).state is ConferenceState.CLOSED
            with pytest.raises(Refused) as caught:
                async with seats(bus, spec, hall(1)):
                    pytest.fail("a closed conference was joined")
            assert caught.value.code == "join.over"


async def test_a_point_that_is_no_longer_booked_is_removed(database: Database, bus: Bus, spec: ConferenceSpec) -> None:
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, hall(3)) as (chair, dropped):
            smaller = spec.model_copy(update={"points": spec.points[:2]})
            await bus.request(OPEN, OpenConference(spec=smaller))
            assert dropped.newest(Ended) == Ended(reason="removed")
            state = chair.newest(StateView)
            assert isinstance(state, StateView)
            assert state.expected == 2
