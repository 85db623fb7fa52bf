"""One port for both internets: a hall on IPv6 is seen by a hall on IPv4, and the other way round."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.media.engine import MediaEngine
from core.clock import SystemClock
from core.model import AUDIENCE_SLOTS, CameraLevel, ConferenceId, LegId, ParticipantId, SlotName
from core.settings import Limits
from tests.support.polling import eventually

CONFERENCE = ConferenceId("c1")
OLD, NEW = ParticipantId("point:4"), ParticipantId("point:6")
HOSTS = {OLD: "127.0.0.1", NEW: "::1"}


@pytest.mark.parametrize(("source", "watcher"), [(OLD, NEW), (NEW, OLD)])
async def test_a_dual_stack_node_carries_pictures_between_ipv4_and_ipv6(
    source: ParticipantId, watcher: ParticipantId
) -> None:
    engine = MediaEngine(
        host="::",
        port=0,
        addresses=list(HOSTS.values()),
        clock=SystemClock(),
        limits=Limits(),
        on_leg=lambda *_: None,
    )
    clips = ClipLibrary({})
    async with AsyncExitStack() as stack:
        await engine.start()
        stack.push_async_callback(engine.stop)
        halls = {}
        for participant, host in HOSTS.items():
            hall = halls[participant] = MediaEndpoint(participant, AUDIENCE_SLOTS, clips, host=host)
            stack.push_async_callback(hall.close)
            offer, receive, send = hall.offer()
            answer = engine.open_leg(LegId(participant), CONFERENCE, participant, sdp=offer, receive=receive, send=send)
            await hall.connect(answer)
        engine.assign(LegId(watcher), {SlotName.STAGE: source})
        engine.set_camera_levels(CONFERENCE, {source: CameraLevel.FULL})
        halls[source].publish(microphone=False, camera=CameraLevel.FULL)

        def why_not() -> str | None:
            stage = halls[watcher].received()[SlotName.STAGE]
            return None if stage.frames > 5 and stage.last_key_frame_of == source else f"{stage}"

        await eventually(why_not)
