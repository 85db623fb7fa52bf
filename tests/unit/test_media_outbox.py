"""Many receivers in one system call, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bridge.media.outbox import MESSAGES, Outbox, packed_address
from bridge.media.transport import UdpPort

SEGMENT = 100


def _receiver(stack: ExitStack, host: str) -> socket.socket:
    sock = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((host, 0))
    sock.setblocking(False)
    return sock


def _waiting(sock: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(2_048))
        except BlockingIOError:
            return found


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port(host: str) -> Iterator[UdpPort]:
    port = UdpPort.bind(host, 0, lambda data, address: None)
    yield port
    port.sock.close()


def _fill(box: Outbox, addresses: list[tuple[object, ...]], segments: int) -> None:
    """One message for each, each segment's octets all the same and different from the others'."""
    at = 0
    for number, address in enumerate(addresses):
        for index in range(segments):
            box.buffer[at + SEGMENT * index : at + SEGMENT * (index + 1)] = bytes([16 * number + index]) * SEGMENT
        box.add(at, at + SEGMENT * segments - 1, SEGMENT, address)
        at += SEGMENT * segments - 1


@pytest.mark.parametrize("segments", [1, 3])
def test_each_receiver_gets_its_own_datagrams(port: UdpPort, host: str, segments: int) -> None:
    with ExitStack() as stack:
        receivers = [_receiver(stack, host) for _ in range(5)]
        box = Outbox()
        _fill(box, [sock.getsockname() for sock in receivers], segments)
        port.post(box)
        for number, sock in enumerate(receivers):
            lengths = [SEGMENT] * (segments - 1) + [SEGMENT - 1]
            got = _waiting(sock)
            assert [len(data) for data in got] == lengths
            assert [data[0] for data in got] == [16 * number + index for index in range(segments)]
        assert (port.counters.packets_out, port.counters.bytes_out) == (5 * segments, 5 * (SEGMENT * segments - 1))


def test_one_system_call_takes_them_all(port: UdpPort, host: str) -> None:
    with ExitStack() as stack:
        sock = _receiver(stack, host)
        box = Outbox()
        _fill(box, [sock.getsockname()] * 4, 2)
        assert box.send(port.sock.fileno(), 0) == 4
        assert box.send(port.sock.fileno(), 3) == 1
        assert len(_waiting(sock)) == 10


def test_an_outbox_is_used_again_with_other_lengths(port: UdpPort, host: str) -> None:
    """A message that is cut in segments leaves nothing behind for one in its place that is not."""
    with ExitStack() as stack:
        sock = _receiver(stack, host)
        box = Outbox()
        for segments in (3, 1, 3):
            _fill(box, [sock.getsockname()], segments)
            port.post(box)
            box.clear()
            assert len(_waiting(sock)) == segments


def test_a_message_that_is_refused_costs_no_other(port: UdpPort, host: str) -> None:
    with ExitStack() as stack:
        receivers = [_receiver(stack, host) for _ in range(3)]
        addresses = [sock.getsockname() for sock in receivers]
        addresses[1] = (addresses[1][0], 0, *addresses[1][2:])
        box = Outbox()
        _fill(box, addresses, 1)
        port.post(box)
        assert [len(_waiting(sock)) for sock in receivers] == [1, 0, 1]
        assert (port.counters.packets_out, port.counters.dropped_error) == (2, 1)


async def test_what_a_full_buffer_refuses_goes_out_later(port: UdpPort, host: str) -> None:
    port.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    box = Outbox()
    with ExitStack() as stack:
        receiver = _receiver(stack, host)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        _fill(box, [receiver.getsockname()] * 3, 40)
        port.sock.setblocking(False)
        for number in range(10):
            port.post(box)
            assert port.counters.dropped_error == 0, number
        box.clear()
        got = 0
        async with asyncio.timeout(5):
            while got < 10 * 3 * 40:
                got += len(_waiting(receiver))
                await asyncio.sleep(0.005)
        assert port.counters.packets_out == got
    port.close()


def test_addresses_are_laid_out_as_the_kernel_wants_them() -> None:
    assert packed_address(("192.0.2.7", 5_004))[2:8] == b"\x13\x8c\xc0\x00\x02\x07"
    packed = packed_address(("fe80::1%eth0", 5_004, 0, 3))
    assert (len(packed), packed[2:4], packed[8:10], packed[23], packed[24]) == (28, b"\x13\x8c", b"\xfe\x80", 1, 3)


def test_it_holds_as_many_as_it_says(port: UdpPort, host: str) -> None:
    with ExitStack() as stack:
        sock = _receiver(stack, host)
        box = Outbox()
        box.buffer[:1] = b"x"
        for _ in range(MESSAGES):
            box.add(0, 1, 1, sock.getsockname())
        port.post(box)
        assert len(_waiting(sock)) == MESSAGES
