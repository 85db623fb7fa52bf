"""The bad line's relay with real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from tests.support.line import HOST, Address, Faults, Line
from tests.support.polling import UNIT, eventually


class Peer(asyncio.DatagramProtocol):
    """A UDP socket that remembers what came; as the node it answers everything with its own text."""

    def __init__(self, reply: bytes | None = None) -> None:
        self.came: list[tuple[bytes, Address, float]] = []
        self._reply = reply
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.came.append((data, addr, asyncio.get_running_loop().time()))
        if self._reply is not None:
            self.transport.sendto(self._reply + data, addr)

    def arrived(self, count: int) -> str | None:
        return None if len(self.came) >= count else f"{len(self.came)} of {count} came"

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


@asynccontextmanager
async def peer(reply: bytes | None = None) -> AsyncIterator[Peer]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Peer(reply), local_addr=(HOST, 0), family=socket.AF_INET
    )
    try:
        yield protocol
    finally:
        transport.close()


async def test_each_endpoint_gets_its_own_answers() -> None:
    async with peer(b"re ") as node, Line(node.port, seed=1) as line, peer() as one, peer() as two:
        for name, each in ((b"one", one), (b"two", two)):
            for _ in range(10):
                each.transport.sendto(name, (HOST, line.port))
        await eventually(lambda: one.arrived(10) or two.arrived(10))
        assert {data for data, _, _ in one.came} == {b"re one"}
        assert {data for data, _, _ in two.came} == {b"re two"}
        assert {source for _, source, _ in one.came} == {(HOST, line.port)}
        assert len({source for _, source, _ in node.came}) == 2


async def test_the_directions_have_their_own_faults() -> None:
    async with peer(b"") as node, Line(node.port, down=Faults(loss=1), seed=1) as line, peer() as end:
        for _ in range(20):
            end.transport.sendto(b"x", (HOST, line.port))
        await eventually(lambda: node.arrived(20))
        await eventually(lambda: None if line.down.lost == 20 else f"{line.down.lost} lost")
        assert (end.came, line.up.lost) == ([], 0)
        line.down.faults = Faults()
        end.transport.sendto(b"y", (HOST, line.port))
        await eventually(lambda: end.arrived(1))


async def test_a_cut_line_carries_nothing_until_it_is_mended() -> None:
    async with peer(b"") as node, Line(node.port, seed=1) as line, peer() as end:
        line.cut = True
        end.transport.sendto(b"lost", (HOST, line.port))
        await eventually(lambda: None if line.refused == 1 else "nothing was refused")
        line.cut = False
        end.transport.sendto(b"kept", (HOST, line.port))
        await eventually(lambda: end.arrived(1))
        assert [data for data, _, _ in node.came] == [b"kept"]


async def test_a_delay_holds_packets_back_in_their_order() -> None:
    async with peer() as node, Line(node.port, up=Faults(delay_ms=80), seed=1) as line, peer() as end:
        began = asyncio.get_running_loop().time()
        for number in range(50):
            end.transport.sendto(bytes([number]), (HOST, line.port))
        await eventually(lambda: node.arrived(50))
        assert [data[0] for data, _, _ in node.came] == list(range(50))
        assert 0.08 <= node.came[0][2] - began < 0.08 + UNIT


async def test_a_rate_stretches_a_burst() -> None:
    faults = Faults(kbps=800, queue_ms=1_000)
    async with peer() as node, Line(node.port, up=faults, seed=1) as line, peer() as end:
        for _ in range(20):
            end.transport.sendto(bytes(1_000), (HOST, line.port))
        await eventually(lambda: node.arrived(20))
        took = node.came[-1][2] - node.came[0][2]
        assert took == pytest.approx(19 * 0.01, abs=0.08)


async def test_a_failure_says_the_seed() -> None:
    with pytest.raises(AssertionError) as failure:
        async with Line(9, seed=4_711):
            raise AssertionError("something went wrong on this line")
    assert any("4711" in note for note in failure.value.__notes__)


async def test_an_answer_is_rewritten_to_come_over_the_line() -> None:
    answer = "a=candidate:1 1 udp 2130706431 192.0.2.7 8082 typ host\r\na=end-of-candidates\r\n"
    async with Line(9, seed=1) as line:
        assert line.rewrite(answer) == (
            f"a=candidate:1 1 udp 2130706431 {HOST} {line.port} typ host\r\na=end-of-candidates\r\n"
        )
