"""The demonstration's chair and measure: gives the floor to points in turn and looks at what every hall saw."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence

from core.commands import GrantFloor
from core.errors import Unavailable
from core.model import ParticipantId, Presence, SlotName
from core.session_messages import Roster
from diemcau.demo.halls import HallFigures
from signaling.client import SignalingClient
from signaling.protocol import ServerMessage, Welcome

Report = dict[ParticipantId, HallFigures]

_SEEN_WITHIN_SECONDS = 8.0
_LOOK_EVERY_SECONDS = 0.5


class HeadlessChair:
    """The chair's seat without a camera: sees the roster and gives the floor."""

    def __init__(self, client: SignalingClient) -> None:
        self._client = client
        self._seated = asyncio.Event()
        self._presence: dict[ParticipantId, Presence] = {}
        self._task: asyncio.Task[None] | None = None

    async def sit(self) -> None:
        """Joins; raises `Unavailable` when it takes longer than 10 s."""
        self._task = asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(10):
                await self._seated.wait()
        except TimeoutError as error:
            raise Unavailable("demo.chair", "The chair could not join.") from error

    def points_present(self) -> int:
        """How many points the roster shows as present."""
        halls = (p for pid, p in self._presence.items() if pid.startswith("point:"))
        return sum(1 for presence in halls if presence is Presence.PRESENT)

    async def grant(self, participant: ParticipantId) -> float:
        """Gives the floor; returns the monotonic moment of the command."""
        moment = time.monotonic()
        await self._client.command(GrantFloor(participant=participant))
        return moment

    async def stand_up(self) -> None:
        """Leaves the seat to somebody else."""
        await self._client.leave()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        async with self._client:
            async for message in self._client:
                self._on_message(message)

    def _on_message(self, message: ServerMessage) -> None:
        if isinstance(message, Welcome):
            self._seated.set()
        elif isinstance(message, Roster):
            self._presence.update({entry.participant.id: entry.presence for entry in message.entries})


async def see_floor(
    report: Callable[[], Awaitable[Report]], holder: ParticipantId, commanded_at: float
) -> tuple[list[float], int]:
    """Waits until every connected hall but the holder's shows the holder's picture.

    Returns the milliseconds from the command to the first key frame in each hall that saw it, and how many did not.
    """
    deadline = time.monotonic() + _SEEN_WITHIN_SECONDS
    while True:
        halls = {pid: f for pid, f in (await report()).items() if pid != holder and f.connected}
        seen = [
            (figures.stage_since - commanded_at) * 1000
            for figures in halls.values()
            if figures.stage_of == holder and figures.stage_since is not None and figures.stage_since >= commanded_at
        ]
        if len(seen) == len(halls) or time.monotonic() > deadline:
            return seen, len(halls) - len(seen)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def delivered_ratio(report: Report) -> float | None:
    """Packets that reached the halls' stage and sound slots, of those that the node numbered for them."""
    slots = [f.slots[s] for f in report.values() for s in (SlotName.STAGE, SlotName.AUDIO1) if s in f.slots]
    expected = sum(slot.expected for slot in slots)
    return sum(slot.packets for slot in slots) / expected if expected else None
