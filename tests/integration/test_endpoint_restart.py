"""An endpoint that moves to another address: its leg, its keys and its slots stay."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.media.engine import LegState
from core.errors import BadInput, Conflict
from core.model import LegId
from tests.integration.test_endpoint_engine import HALLS, Hall, Room, room, sees
from tests.support.line import Line
from tests.support.polling import eventually

__all__ = ["room"]
ELSEWHERE = "127.0.0.2"


def still(hall: Hall, before: int) -> str | None:
    return None if hall.stage().packets > before + 100 else "it stands still"


@pytest.mark.parametrize("mover", [0, 1])
async def test_a_stream_goes_on_over_another_address_with_the_same_leg_and_keys(room: Room, mover: int) -> None:
    source, watcher = [await room.join(hall) for hall in HALLS[:2]]
    room.show({HALLS[1]: HALLS[0]})
    await eventually(lambda: sees(watcher, HALLS[0]))
    hall = (source, watcher)[mover]
    leg = room.engine._legs[hall.leg]
    keys, slots = leg.sending, dict(leg.slots)
    for number in range(2, 4):
        old, way = leg.address, leg.ways.current
        answer = room.engine.restart_ice(hall.leg, hall.endpoint.restart_offer(ELSEWHERE))
        assert f"o=- 1 {number} " in answer
        assert (leg.address, leg.ways.current) == (old, way)
        await hall.endpoint.restart(answer)
        before = watcher.stage().packets
        await eventually(partial(still, watcher, before))
        assert leg.address[0] == ELSEWHERE
        assert leg.address != old
        assert (leg.sending is keys, leg.slots) == (True, slots)
    seen = watcher.stage()
    assert (seen.sequence_jumps, seen.timestamp_jumps, seen.picture_id_jumps) == (0, 0, 0)
    assert (seen.packets, room.states[hall.leg]) == (seen.expected, LegState.CONNECTED)


async def test_a_restart_that_never_arrives_leaves_the_old_way_in_use(room: Room) -> None:
    await room.join(HALLS[0])
    watcher = await room.join(HALLS[1])
    room.show({HALLS[1]: HALLS[0]})
    await eventually(lambda: sees(watcher, HALLS[0]))
    for _ in range(3):
        room.engine.restart_ice(watcher.leg, watcher.endpoint.restart_offer())
    before = watcher.stage().packets
    await eventually(partial(still, watcher, before))
    assert len(room.engine._ice._expected) == 3


async def test_a_cut_line_is_left_for_another_and_the_stream_goes_on(room: Room) -> None:
    await room.join(HALLS[0])
    async with Line(room.engine.port) as line:
        room.through = line
        watcher = await room.join(HALLS[1])
        room.show({HALLS[1]: HALLS[0]})
        await eventually(lambda: sees(watcher, HALLS[0]))
        line.cut = True
        answer = room.engine.restart_ice(watcher.leg, watcher.endpoint.restart_offer())
        await watcher.endpoint.restart(answer)
        before = watcher.stage().packets
        await eventually(partial(still, watcher, before))
        assert watcher.endpoint.connected


async def test_a_restart_is_refused_for_other_media_and_for_a_leg_that_is_over(room: Room) -> None:
    hall, other = [await room.join(hall) for hall in HALLS[:2]]
    with pytest.raises(BadInput) as changed:
        room.engine.restart_ice(hall.leg, other.endpoint.restart_offer().replace("VP8/90000", "VP9/90000"))
    assert changed.value.code == "sdp.changed"
    room.engine.close_leg(hall.leg, "test")
    for leg in (hall.leg, LegId("never")):
        with pytest.raises(Conflict) as gone:
            room.engine.restart_ice(leg, hall.endpoint.restart_offer())
        assert gone.value.code == "media.no_leg"
