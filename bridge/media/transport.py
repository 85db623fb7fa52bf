"""The node's one UDP port: reading in batches, telling protocols apart (RFC 7983), writing with offload."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from bridge.media.ice import Address
from bridge.media.outbox import SOL_UDP, UDP_SEGMENT, Outbox

log = structlog.get_logger("media")

Data: TypeAlias = bytes | memoryview

READ_BATCH = 64
"""Datagrams per wake-up, so that the rest of the loop gets its turn."""
MAX_DATAGRAM = 2_048
MAX_QUEUED = 2_000
"""Batches that wait for room in the kernel's buffer; more are dropped, newest first."""
SOCKET_BUFFER = 4 << 20

_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_NO_OFFLOAD = (errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE)


@dataclass(slots=True)
class PortCounters:
    """Totals since the start."""

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    dropped_queue: int = 0
    dropped_error: int = 0


@dataclass
class UdpPort:
    """A bound socket. `receive(data, address)` is called for each datagram."""

    sock: socket.socket
    receive: Callable[[bytes, Address], None]
    counters: PortCounters = field(default_factory=PortCounters)
    _queue: deque[tuple[bytes, int, Address]] = field(default_factory=deque)
    _offload: bool = True
    _ancillary: dict[int, list[tuple[int, int, bytes]]] = field(default_factory=dict)

    @staticmethod
    def bind(host: str, port: int, receive: Callable[[bytes, Address], None]) -> UdpPort:
        """Binds; raises `OSError` when the port is taken. `::` serves IPv4 too."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
                sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER)
                with contextlib.suppress(PermissionError):
                    sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER)
            sock.bind((host, port))
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        return UdpPort(sock, receive)

    @property
    def port(self) -> int:
        """The port number really bound."""
        return int(self.sock.getsockname()[1])

    def open(self) -> None:
        """Begins to read."""
        asyncio.get_running_loop().add_reader(self.sock, self._read)

    def close(self) -> None:
        """Stops and frees the port; what is queued is lost."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.sock)
        loop.remove_writer(self.sock)
        self._queue.clear()
        self.sock.close()

    def _read(self) -> None:
        receive, recvfrom, counters = self.receive, self.sock.recvfrom, self.counters
        for _ in range(READ_BATCH):
            try:
                data, address = recvfrom(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # An ICMP error of an earlier datagram; the socket itself is well.
                counters.dropped_error += 1
                continue
            counters.packets_in += 1
            counters.bytes_in += len(data)
            receive(data, address)

    def send(self, data: bytes, address: Address) -> None:
        """One datagram; dropped when it cannot be sent."""
        self.send_batch(data, len(data), address)

    def post(self, box: Outbox) -> None:
        """All messages of an outbox, whose buffer may be used again. What the kernel does not take goes by itself."""
        messages, counters, descriptor, done = box.messages, self.counters, self.sock.fileno(), 0
        while done < len(messages):
            taken = 0 if self._queue or not self._offload else box.send(descriptor, done)
            for start, end, segment, _ in messages[done : done + taken]:
                counters.packets_out += -(-(end - start) // segment)
                counters.bytes_out += end - start
            done += taken
            if not taken:
                start, end, segment, address = messages[done]
                self.send_batch(box.view[start:end], segment, address)
                done += 1

    def send_batch(self, data: Data, segment: int, address: Address) -> None:
        """Datagrams of `segment` bytes each, the last one perhaps shorter, to one address; `data` may be used again."""
        if self._queue:
            self._enqueue(data, segment, address)
            return
        try:
            self._write(data, segment, address)
        except (BlockingIOError, InterruptedError):
            self._enqueue(data, segment, address)
            asyncio.get_running_loop().add_writer(self.sock, self._drain)
        except OSError:
            self.counters.dropped_error += -(-len(data) // segment)

    def _write(self, data: Data, segment: int, address: Address) -> None:
        if len(data) <= segment:
            sent = self.sock.sendto(data, address)
        elif self._offload:
            sent = self._write_offloaded(data, segment, address)
        else:
            sent = self._write_singly(data, segment, address)
        self.counters.packets_out += -(-sent // segment)
        self.counters.bytes_out += sent

    def _write_offloaded(self, data: Data, segment: int, address: Address) -> int:
        ancillary = self._ancillary.get(segment)
        if ancillary is None:
            ancillary = self._ancillary[segment] = [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", segment))]
        try:
            return self.sock.sendmsg((data,), ancillary, 0, address)
        except BlockingIOError:
            raise
        except OSError as exc:
            if exc.errno not in _NO_OFFLOAD:
                raise
            if exc.errno != errno.EMSGSIZE:
                self._offload = False
                log.warning("segmentation_offload_refused", error=errno.errorcode.get(exc.errno or 0, "?"))
            return self._write_singly(data, segment, address)

    def _write_singly(self, data: Data, segment: int, address: Address) -> int:
        """The rest of a batch that meets a full buffer is dropped: sending it again would repeat its beginning."""
        sent = 0
        for start in range(0, len(data), segment):
            try:
                sent += self.sock.sendto(data[start : start + segment], address)
            except BlockingIOError:
                if start == 0:
                    raise
                self.counters.dropped_queue += -(-(len(data) - start) // segment)
                break
        return sent

    def _enqueue(self, data: Data, segment: int, address: Address) -> None:
        if len(self._queue) >= MAX_QUEUED:
            self.counters.dropped_queue += -(-len(data) // segment)
        else:
            self._queue.append((bytes(data), segment, address))

    def _drain(self) -> None:
        while self._queue:
            data, segment, address = self._queue[0]
            try:
                self._write(data, segment, address)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.counters.dropped_error += -(-len(data) // segment)
            self._queue.popleft()
        asyncio.get_running_loop().remove_writer(self.sock)
