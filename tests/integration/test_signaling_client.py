from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from core.commands import ReleaseFloor
from core.errors import DiemcauError, Refused, Unavailable
from core.model import Departure, SlotName, Track
from core.session_messages import Ended, StateView
from signaling.client import SignalingClient
from signaling.protocol import ErrorMessage, ServerMessage, Welcome
from tests.support.door import open_door
from tests.support.polling import UNIT, eventually
from tests.support.proxy import CutOffProxy

M = TypeVar("M")


class Owner:
    """Iterates over a client in a task, as an endpoint does, and keeps what it hears."""

    def __init__(self, client: SignalingClient) -> None:
        self.client = client
        self.heard: list[ServerMessage] = []
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self.client:
            self.heard.append(message)

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard if isinstance(message, kind)]

    async def hears(self, kind: type[M], count: int = 1) -> M:
        await eventually(
            lambda: None if len(self.all(kind)) >= count else f"{len(self.all(kind))} of {count} {kind.__name__}"
        )
        return self.all(kind)[count - 1]

    async def ends(self) -> None:
        """Waits until the iteration ends; raises what it raised."""
        async with asyncio.timeout(10 * UNIT):
            await self.task


@asynccontextmanager
async def endpoint(url: str, token: str, *, origin: str | None = None) -> AsyncIterator[Owner]:
    async with SignalingClient(url, token, origin=origin) as client:
        owner = Owner(client)
        try:
            yield owner
        finally:
            owner.task.cancel()
            await asyncio.gather(owner.task, return_exceptions=True)


def through(proxy: CutOffProxy) -> str:
    return f"ws://127.0.0.1:{proxy.port}/v1"


async def test_a_client_joins_offers_media_commands_and_leaves() -> None:
    async with open_door() as door, endpoint(door.url, door.token()) as owner:
        assert not (await owner.hears(Welcome)).resumed
        await owner.hears(StateView)
        client = owner.client
        assert client.connected
        assert await client.connect_media("offer", {"0": SlotName.STAGE}, {"1": Track.CAMERA}) == "answer to offer"
        await client.command(ReleaseFloor())
        await client.leave()
        await owner.ends()
        await eventually(lambda: None if door.bridge.leaves else "no leave")
        assert door.bridge.leaves[0].how is Departure.DEPARTED
        assert not client.connected


async def test_the_end_of_the_with_block_leaves_too() -> None:
    async with open_door() as door:
        async with endpoint(door.url, door.token()) as owner:
            await owner.hears(Welcome)
        await eventually(lambda: None if door.bridge.leaves else "no leave")


async def test_a_refused_command_raises_the_servers_own_error() -> None:
    async with open_door() as door, endpoint(door.url, door.token()) as owner:
        await owner.hears(Welcome)
        door.bridge.refusal = Refused("command.not_holder", "You do not have the floor.", needs="floor")
        with pytest.raises(Refused) as refused:
            await owner.client.command(ReleaseFloor())
        assert (refused.value.code, refused.value.data) == ("command.not_holder", {"needs": "floor"})


@pytest.mark.parametrize(("hours", "code"), [(-1, "join.expired"), (1, "join.invalid")])
async def test_a_bad_link_stops_the_client_for_good(hours: float, code: str) -> None:
    async with open_door() as door:
        token = door.token(hours=hours) + ("x" if hours > 0 else "")
        async with endpoint(door.url, token) as owner:
            with pytest.raises(Refused) as refused:
                await owner.ends()
            assert refused.value.code == code
            with pytest.raises(Unavailable):
                async with asyncio.timeout(1 * UNIT):
                    await owner.client.command(ReleaseFloor())


async def test_an_evil_origin_stops_the_client_for_good() -> None:
    async with open_door() as door, endpoint(door.url, door.token(), origin="http://evil.example") as owner:
        with pytest.raises(Refused) as refused:
            await owner.ends()
        assert refused.value.data == {"status": 403}


async def test_something_that_is_no_address_is_said_to_be_none() -> None:
    async with endpoint("tel:113", "t") as owner:
        with pytest.raises(DiemcauError, match=r"signaling\.address"):
            await owner.ends()


async def test_a_client_waits_at_closed_doors_and_enters_when_they_open() -> None:
    async with open_door() as door:
        door.bridge.refusal = Refused("join.not_open", "The doors open at 08:00.")
        async with endpoint(door.url, door.token()) as owner:
            assert (await owner.hears(ErrorMessage, 2)).code == "join.not_open"
            door.bridge.refusal = None
            await owner.hears(Welcome)


async def test_a_client_whose_line_is_cut_resumes_by_itself() -> None:
    async with (
        open_door() as door,
        CutOffProxy(door.server.port) as proxy,
        endpoint(through(proxy), door.token()) as owner,
    ):
        first = await owner.hears(Welcome)
        for count in (2, 3):
            proxy.cut()
            again = await owner.hears(Welcome, count)
            assert again.resumed
            assert again.session == first.session
        await owner.client.command(ReleaseFloor())
        assert len(door.bridge.joins) == 1


async def test_a_request_whose_line_is_cut_fails_as_uncertain_and_the_next_one_works() -> None:
    async with (
        open_door() as door,
        CutOffProxy(door.server.port) as proxy,
        endpoint(through(proxy), door.token()) as owner,
    ):
        await owner.hears(Welcome)
        door.bridge.hold = asyncio.Event()
        asked = asyncio.create_task(owner.client.connect_media("offer", {}, {}))
        await eventually(lambda: None if door.bridge.connects else "the offer has not reached the bridge")
        proxy.cut()
        with pytest.raises(Unavailable, match=r"signaling\.cut"):
            await asked
        door.bridge.hold.set()
        assert await owner.client.connect_media("second", {}, {}) == "answer to second"
        assert await owner.client.restart_media("moved") == "answer to moved"


async def test_a_request_made_while_the_line_is_away_waits_for_it() -> None:
    async with (
        open_door() as door,
        CutOffProxy(door.server.port) as proxy,
        endpoint(through(proxy), door.token()) as owner,
    ):
        await owner.hears(Welcome)
        proxy.refusing = True
        proxy.cut()
        await eventually(lambda: "still connected" if owner.client.connected else None)
        asked = asyncio.create_task(owner.client.command(ReleaseFloor()))
        refused = proxy.accepted + 2
        await eventually(lambda: None if proxy.accepted >= refused else "it has not tried again")
        assert not asked.done()
        proxy.refusing = False
        await asked


async def test_a_frozen_line_is_given_up_by_both_ends_and_resumed() -> None:
    async with (
        open_door(signaling_beat_seconds=0.15) as door,
        CutOffProxy(door.server.port) as proxy,
        endpoint(through(proxy), door.token()) as owner,
    ):
        await owner.hears(Welcome)
        proxy.freeze()
        await eventually(lambda: None if proxy.accepted > 1 else "the client has not tried again")
        await eventually(lambda: None if door.bridge.resumes else "the server has not noticed")
        proxy.cut()
        proxy.thaw()
        assert (await owner.hears(Welcome, 2)).resumed


async def test_beats_keep_an_idle_client_alive() -> None:
    async with open_door(signaling_beat_seconds=0.1) as door, endpoint(door.url, door.token()) as owner:
        await owner.hears(Welcome)
        # Longer than the server's patience, which is three beats.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await owner.task
        assert len(owner.all(Welcome)) == 1
        assert door.bridge.resumes == []


async def test_a_restarted_server_is_joined_afresh() -> None:
    async with open_door() as door, endpoint(door.url, door.token()) as owner:
        first = await owner.hears(Welcome)
        await owner.client.connect_media("offer", {}, {})
        await door.restart()
        again = await owner.hears(Welcome, 2)
        assert not again.resumed
        assert again.session != first.session
        assert await owner.client.connect_media("offer again", {}, {}) == "answer to offer again"


async def test_a_server_that_was_killed_and_started_again_is_joined_afresh() -> None:
    async with (
        open_door() as door,
        CutOffProxy(door.server.port) as proxy,
        endpoint(through(proxy), door.token()) as owner,
    ):
        first = await owner.hears(Welcome)
        proxy.refusing = True
        proxy.cut()
        await door.restart()
        proxy.refusing = False
        again = await owner.hears(Welcome, 2)
        assert (again.resumed, again.session == first.session) == (False, False)


async def test_a_client_that_is_replaced_says_so_and_does_not_come_back() -> None:
    async with open_door() as door, endpoint(door.url, door.token()) as first:
        await first.hears(Welcome)
        async with endpoint(door.url, door.token()) as second:
            await second.hears(Welcome)
            await first.ends()
            assert first.all(Ended) == [Ended(reason="replaced")]
            assert len(door.bridge.joins) == 2


async def test_the_end_of_the_conference_ends_the_iteration() -> None:
    async with open_door() as door, endpoint(door.url, door.token()) as owner:
        welcome = await owner.hears(Welcome)
        door.bridge.tell(welcome.session, Ended(reason="closed"))
        await owner.ends()
        assert owner.heard[-1] == Ended(reason="closed")


async def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    async with open_door() as door, CutOffProxy(door.server.port) as proxy:
        proxy.refusing = True
        async with endpoint(through(proxy), door.token()) as owner:
            await eventually(lambda: None if proxy.accepted >= 3 else "it gave up")
            proxy.refusing = False
            await owner.hears(Welcome)


async def test_one_hundred_clients_come_back_after_a_restart() -> None:
    async with open_door() as door, asyncio.TaskGroup() as group:

        async def one(number: int) -> None:
            async with endpoint(door.url, door.token(f"P{number}")) as owner:
                await owner.hears(Welcome)
                joined.append(number)
                await restarted.wait()
                assert not (await owner.hears(Welcome, 2)).resumed

        joined: list[int] = []
        restarted = asyncio.Event()
        for number in range(100):
            group.create_task(one(number))
        await eventually(lambda: None if len(joined) == 100 else f"{len(joined)} of 100 joined")
        await door.restart()
        restarted.set()
