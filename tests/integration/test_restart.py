"""What a killed server process costs: nothing that was decided."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from bridge.endpoint.clips import ClipLibrary
from core.commands import GrantFloor
from core.database import Database
from core.model import ConferenceId, Role, point_participant
from core.session_messages import StateView
from diemcau.demo.halls import VirtualHall
from signaling.client import SignalingClient
from tests.support.installation import Installation, installed
from tests.support.polling import eventually


class Console:
    """A chair without a picture: keeps the newest state it was told."""

    def __init__(self, client: SignalingClient) -> None:
        self.client = client
        self.state: StateView | None = None

    async def listen(self) -> None:
        async with self.client:
            async for message in self.client:
                if isinstance(message, StateView):
                    self.state = message

    def why_not(self, *, present: int, holder: str | None) -> str | None:
        if self.state is None:
            return "the chair was told nothing yet"
        now = self.state.floor.holder.id if self.state.floor.holder else None
        if (self.state.present, now) != (present, holder):
            return f"{self.state.present} points are present and {now} has the floor"
        return None


async def _chair(installation: Installation, conference: ConferenceId, stack: AsyncExitStack) -> Console:
    token = await installation.token(conference, Role.CHAIR)
    console = Console(SignalingClient(installation.signaling_url, token))
    stack.callback(asyncio.create_task(console.listen()).cancel)
    return console


async def test_after_a_kill_the_conference_goes_on_with_the_same_holder(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, AsyncExitStack() as stack:
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        clips = ClipLibrary({})
        gate = asyncio.Semaphore(4)
        halls = {
            code: VirtualHall(code, SignalingClient(installation.signaling_url, token), clips)
            for code, token in tokens.items()
        }
        tasks = [asyncio.create_task(hall.run(gate)) for hall in halls.values()]
        chair = await _chair(installation, conference.id, stack)
        await eventually(lambda: chair.why_not(present=3, holder=None), units=20)
        holder = point_participant("p2")
        await chair.client.command(GrantFloor(participant=holder))
        await eventually(lambda: None if halls["p1"].figures().stage_of == holder else "p1 does not see p2")

        await installation.kill()
        await installation.start()
        await eventually(lambda: chair.why_not(present=3, holder=holder), units=30)
        await eventually(
            lambda: None if all(hall.connected for hall in halls.values()) else "a hall is not back", units=30
        )
        await eventually(
            lambda: None if halls["p3"].figures().stage_of == holder else "p3 does not see p2 again", units=20
        )
        for hall in halls.values():
            await hall.leave()
        await asyncio.gather(*tasks)
