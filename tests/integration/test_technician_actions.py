"""What a technician has done to a hall: smaller pictures, sound only, a new way; in the room, and after a restart."""

from __future__ import annotations

from functools import partial

import pytest

from core.bus import Bus
from core.commands import GrantFloor
from core.database import Database
from core.errors import Refused
from core.messages import LIMIT, OPEN, RECONNECT, AskReconnect, LimitPictures, OpenConference
from core.model import CameraLevel, ConferenceSpec, SlotName
from core.session_messages import LegStatus, PictureLimit, PublishDirective, Reconnect, Roster, StateView
from tests.integration.test_node import Seat, running_node, seats
from tests.support.conferences import CHAIR_SEAT, hall, spec_of
from tests.support.polling import eventually


async def _limit(bus: Bus, spec: ConferenceSpec, limit: PictureLimit, *numbers: int) -> int:
    people = tuple(hall(number).id for number in numbers)
    call = LimitPictures(conference=spec.id, participants=people, limit=limit, by="lan")
    return (await bus.request(LIMIT, call)).participants


def _frames(seat: Seat) -> int:
    return seat.media.received()[SlotName.STAGE].frames


async def test_sound_only_stops_pictures_both_ways_and_can_be_taken_back(database: Database, bus: Bus) -> None:
    spec = spec_of(2)
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, CHAIR_SEAT, hall(1), hall(2)) as (chair, first, second):
            for seat in (chair, first, second):
                await seat.connect()
            await chair.do(GrantFloor(participant=hall(1).id))

            def why_not(watcher: Seat, more_than: int) -> str | None:
                for seat in (chair, first, second):
                    seat.follow_directive()
                frames = _frames(watcher)
                return None if frames > more_than else f"{frames} frames"

            await eventually(lambda: why_not(second, 5))
            assert await _limit(bus, spec, PictureLimit.SOUND, 2) == 1
            state = second.newest(StateView)
            assert isinstance(state, StateView)
            assert state.limit is PictureLimit.SOUND
            roster = [m for m in chair.read() if isinstance(m, Roster)][-1]
            assert [one.limit for one in roster.entries] == [PictureLimit.SOUND]

            # Frames stop, sound goes on; the chair still sees the hall that speaks.
            before = _sound(second)
            seen = _frames(chair)
            await eventually(lambda: why_not(chair, seen + 10))
            shown = _frames(second)
            await eventually(lambda: why_not(chair, seen + 30))
            assert _frames(second) == shown
            assert _sound(second) > before
            # It is no failing of the line, and so not told as one.
            assert not [m for m in second.read() if isinstance(m, LegStatus) and m.paused]

            await _limit(bus, spec, PictureLimit.SOUND, 1)
            directive = first.newest(PublishDirective)
            assert isinstance(directive, PublishDirective)
            assert (directive.camera, directive.microphone) == (CameraLevel.OFF, True)
            await _limit(bus, spec, PictureLimit.FULL, 1, 2)
            await eventually(lambda: why_not(second, shown + 5))


def _sound(seat: Seat) -> int:
    return seat.media.received()[SlotName.AUDIO1].packets


def _why_untold(seat: Seat) -> str | None:
    return None if seat.newest(StateView) else "told nothing"


async def test_a_limit_outlives_the_process_and_a_hall_that_comes_back(database: Database, bus: Bus) -> None:
    spec = spec_of(2)
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        assert await _limit(bus, spec, PictureLimit.LOWER, 1) == 0
    async with running_node(database, bus), seats(bus, spec, hall(1), hall(2)) as (first, second):
        for seat, limit in ((first, PictureLimit.LOWER), (second, PictureLimit.FULL)):
            await eventually(partial(_why_untold, seat))
            state = seat.newest(StateView)
            assert isinstance(state, StateView)
            assert state.limit is limit


async def test_halls_are_asked_to_connect_anew(database: Database, bus: Bus) -> None:
    spec = spec_of(2)
    async with running_node(database, bus):
        await bus.request(OPEN, OpenConference(spec=spec))
        async with seats(bus, spec, hall(1)) as (first,):
            call = AskReconnect(conference=spec.id, participants=(hall(1).id, hall(2).id))
            assert (await bus.request(RECONNECT, call)).participants == 1
            assert first.newest(Reconnect) is not None
        with pytest.raises(Refused) as caught:
            await bus.request(RECONNECT, AskReconnect(conference=spec_of(1).id, participants=()))
        assert caught.value.code == "join.not_open"
