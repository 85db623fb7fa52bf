"""Losses between the engine and clients nobody here wrote (aiortc), on both sides of the node."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from aiortc import RTCSessionDescription

from bridge.media.engine import LegState
from tests.integration.test_media_engine import Client, Node, running
from tests.support.line import Faults, Line
from tests.support.polling import eventually


async def join(client: Client, line: Line, strip: Callable[[str], str] = lambda sdp: sdp) -> None:
    answer = strip(line.rewrite(client.answer(strip(await client.offer()))))
    await client.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await eventually(lambda: client.node.reached(client.name, LegState.CONNECTED))


def without_rtx(sdp: str) -> str:
    return re.sub(r"a=(rtpmap:\d+ rtx|ssrc-group:FID|fmtp:\d+ apt=).*\r\n", "", sdp)


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running() as started:
        yield started


@pytest.mark.parametrize("strip", [lambda sdp: sdp, without_rtx], ids=["rtx", "plain"])
async def test_what_is_lost_before_and_after_the_node_comes_again(node: Node, strip: Callable[[str], str]) -> None:
    dark, hall = Client(node, "dark", 60), Client(node, "hall")
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(Line(node.engine.port, seed=1))
        down = await stack.enter_async_context(Line(node.engine.port, seed=2))
        for client, line in ((dark, up), (hall, down)):
            await join(client, line, strip)
            stack.push_async_callback(client.peer.close)
        hall.watch("dark")
        await hall.sees(60)
        up.up.faults = down.down.faults = Faults(loss=0.1, delay_ms=5, reordered=0.02, duplicated=0.02)

        def repaired() -> str | None:
            stats = node.engine.stats()
            enough = min(stats.resent, stats.recovered) >= 20
            return None if enough else f"resent {stats.resent}, recovered {stats.recovered}"

        await eventually(repaired, units=40)
        await hall.sees(60)
        # SRTP itself refuses what the line doubled (RFC 3711 section 3.3.2).
        assert node.engine.stats().drops.keys() <= {"srtp", "srtcp", "duplicate", "too_late"}
