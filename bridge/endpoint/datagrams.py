"""UDP sockets that cost little to read: many sockets behind one reader, many datagrams per read."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from weakref import WeakKeyDictionary

from bridge.endpoint.negotiation import Address

_UDP_GRO = 104
_ANCILLARY_BYTES = socket.CMSG_SPACE(4)
_SEGMENT = Struct("i")
_BUFFER = bytearray(1 << 16)
_VIEW = memoryview(_BUFFER)
_RECEIVE_BUFFER_BYTES = 1 << 20
_READY_AT_ONCE = 64

Taker = Callable[[bytes, Address], None]


class _Readers:
    """All sockets of one event loop behind a single epoll, which itself is one reader of the loop.

    The loop's own bookkeeping per ready socket costs more than reading it; hundreds of endpoints share one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._takers: dict[int, Callable[[], None]] = {}

    def add(self, descriptor: int, ready: Callable[[], None]) -> None:
        if not self._takers:
            self._loop.add_reader(self._epoll.fileno(), self._read)
        self._takers[descriptor] = ready
        self._epoll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int) -> None:
        if self._takers.pop(descriptor, None) is None:
            return
        self._epoll.unregister(descriptor)
        if not self._takers:
            self._loop.remove_reader(self._epoll.fileno())

    def _read(self) -> None:
        for descriptor, _ in self._epoll.poll(0, _READY_AT_ONCE):
            ready = self._takers.get(descriptor)
            if ready is not None:
                ready()


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Readers] = WeakKeyDictionary()


def _readers_of(loop: asyncio.AbstractEventLoop) -> _Readers:
    readers = _readers.get(loop)
    if readers is None:
        readers = _readers[loop] = _Readers(loop)
    return readers


class DatagramSocket:
    """A non-blocking UDP socket on `host` that hands every datagram to `take` with its source.

    With `coalesce` the kernel may hand over datagrams of one burst together (UDP_GRO), which costs less. On
    loopback it also spares the sender the work of cutting its burst up, as no real network would.
    """

    def __init__(self, host: str, take: Taker, *, coalesce: bool) -> None:
        self._take = take
        self._socket = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        if coalesce:
            with suppress(OSError):  # a kernel without it delivers one datagram per read
                self._socket.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
        self._socket.bind((host, 0))
        self.address: Address = self._socket.getsockname()[:2]
        self._connected = False
        self._readers = _readers_of(asyncio.get_running_loop())
        self._readers.add(self._socket.fileno(), self._read)

    def connect(self, address: Address) -> None:
        """From now on the kernel drops what others send."""
        self._socket.connect(address)
        self._connected = True

    def send(self, data: bytes, address: Address) -> None:
        """Sends one datagram, or loses it as a network would."""
        with suppress(OSError):
            if self._connected:
                self._socket.send(data)
            else:
                self._socket.sendto(data, address)

    def close(self) -> None:
        """Frees the port; harmless when done twice."""
        if self._socket.fileno() >= 0:
            self._readers.remove(self._socket.fileno())
            self._socket.close()

    def _read(self) -> None:
        try:
            size, ancillary, _, source = self._socket.recvmsg_into([_BUFFER], _ANCILLARY_BYTES)
        except OSError:  # nothing there after all, or the far end refused what was sent before
            return
        if not ancillary:
            self._take(bytes(_VIEW[:size]), source[:2])
            return
        (segment,) = _SEGMENT.unpack(ancillary[0][2])
        for at in range(0, size, segment):
            self._take(bytes(_VIEW[at : min(at + segment, size)]), source[:2])
