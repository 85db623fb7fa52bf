"""The process of the virtual halls: told what to do by lines of JSON, answering in the same way.

In: `{"join": {"url": …, "ca": path or null, "halls": [HallLink…]}}`, `{"prepare": [participant…]}`,
`{"report": number}`, `{"leave": true}`. Out: `{"event": "connected", "count": n}`,
`{"event": "prepared", "participant": …}`, `{"event": "report", "number": n, "halls": {participant: HallFigures}}`.
When the input ends without `leave`, the halls vanish without a goodbye, as in a power cut.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Any

from bridge.endpoint.clips import ClipLibrary
from core.model import CameraLevel, ParticipantId, point_participant
from diemcau.demo.children import parents_lines, tell_parent
from diemcau.demo.halls import HallLink, VirtualHall
from signaling.client import SignalingClient

_CONNECTING_AT_ONCE = 8
_TELL_SECONDS = 0.25


class Points:
    """All virtual halls of this process."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []
        self._halls: list[VirtualHall] = []
        self._clips = ClipLibrary({})
        self._gate = asyncio.Semaphore(_CONNECTING_AT_ONCE)

    def join(self, order: dict[str, Any]) -> None:
        """Starts a hall for each link."""
        links = [HallLink.model_validate(link) for link in order["halls"]]
        self._clips = ClipLibrary({point_participant(link.point): link.name for link in links})
        tls = ssl.create_default_context(cafile=order["ca"]) if order["ca"] else None
        self._halls = [
            VirtualHall(link.point, SignalingClient(order["url"], link.token, ssl=tls), self._clips) for link in links
        ]
        self._tasks = [self._group.create_task(hall.run(self._gate)) for hall in self._halls]

    def prepare(self, participants: list[ParticipantId]) -> None:
        """Makes the pictures and sounds of these halls now, as a hall's camera is on before it is called up."""
        for participant in participants:
            self._group.create_task(self._make_clips(participant))

    async def _make_clips(self, participant: ParticipantId) -> None:
        await self._clips.video(participant, CameraLevel.FULL)
        await self._clips.audio(participant)
        tell_parent({"event": "prepared", "participant": participant})

    def report(self, number: int) -> None:
        """Tells the parent the figures of every hall."""
        halls = {hall.participant: hall.figures().model_dump(mode="json") for hall in self._halls}
        tell_parent({"event": "report", "number": number, "halls": halls})

    async def leave(self) -> None:
        """Every hall says goodbye."""
        await asyncio.gather(*(hall.leave() for hall in self._halls))

    async def tell_connected(self) -> None:
        """Tells the parent how many halls are connected, whenever that changes."""
        told = -1
        while True:
            count = sum(hall.connected for hall in self._halls)
            if count != told:
                told = count
                tell_parent({"event": "connected", "count": count})
            await asyncio.sleep(_TELL_SECONDS)

    def stop(self) -> None:
        """Ends every hall's task."""
        for task in self._tasks:
            task.cancel()


async def run_points() -> None:
    """Follows the parent's orders until it ends."""
    async with asyncio.TaskGroup() as group:
        points = Points(group)
        telling = group.create_task(points.tell_connected())
        async for order in parents_lines():
            match order:
                case {"join": details}:
                    points.join(details)
                case {"prepare": participants}:
                    points.prepare(participants)
                case {"report": number}:
                    points.report(number)
                case {"leave": True}:
                    await points.leave()
                    points.stop()
                    telling.cancel()
                    return
        # The parent is gone without a word: vanish too, so that places and floor are kept for the next run.
        os._exit(1)
