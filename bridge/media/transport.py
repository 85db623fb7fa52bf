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

import structlog

from bridge.media.ice import Address

log = structlog.get_logger("media")

READ_BATCH = 64
"""Datagrams per wake-up, so that the rest of the loop gets its turn."""
MAX_DATAGRAM = 2_048
MAX_QUEUED = 2_000
"""Batches that wait for room in the kernel's buffer; more are dropped, newest first."""
SOCKET_BUFFER = 4 << 20

_SOL_UDP = 17
_UDP_SEGMENT = 103
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
    _queue: deque[tuple[list[bytes], Address]] = field(default_factory=deque)
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
        self.send_batch([data], address)

    def send_batch(self, packets: list[bytes], address: Address) -> None:
        """Datagrams to one address, in order; all but the last must have one length."""
        if self._queue:
            self._enqueue(packets, address)
            return
        try:
            self._write(packets, address)
        except (BlockingIOError, InterruptedError):
            self._enqueue(packets, address)
            asyncio.get_running_loop().add_writer(self.sock, self._drain)
        except OSError:
            self.counters.dropped_error += len(packets)

    def _write(self, packets: list[bytes], address: Address) -> None:
        if len(packets) == 1:
            sent = self.sock.sendto(packets[0], address)
        elif self._offload:
            sent = self._write_offloaded(packets, address)
        else:
            sent = self._write_singly(packets, address)
        self.counters.packets_out += len(packets)
        self.counters.bytes_out += sent

    def _write_offloaded(self, packets: list[bytes], address: Address) -> int:
        size = len(packets[0])
        ancillary = self._ancillary.get(size)
        if ancillary is None:
            ancillary = self._ancillary[size] = [(_SOL_UDP, _UDP_SEGMENT, struct.pack("=H", size))]
        try:
            return self.sock.sendmsg(packets, ancillary, 0, address)
        except BlockingIOError:
            raise
        except OSError as exc:
            if exc.errno not in _NO_OFFLOAD:
                raise
            if exc.errno != errno.EMSGSIZE:
                self._offload = False
                log.warning("segmentation_offload_refused", error=errno.errorcode.get(exc.errno or 0, "?"))
            return self._write_singly(packets, address)

    def _write_singly(self, packets: list[bytes], address: Address) -> int:
        """The rest of a batch that meets a full buffer is dropped: sending it again would repeat its beginning."""
        sent = 0
        for index, packet in enumerate(packets):
            try:
                sent += self.sock.sendto(packet, address)
            except BlockingIOError:
                if index == 0:
                    raise
                self.counters.dropped_queue += len(packets) - index
                break
        return sent

    def _enqueue(self, packets: list[bytes], address: Address) -> None:
        if len(self._queue) >= MAX_QUEUED:
            self.counters.dropped_queue += len(packets)
        else:
            self._queue.append((packets, address))

    def _drain(self) -> None:
        while self._queue:
            packets, address = self._queue[0]
            try:
                self._write(packets, address)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.counters.dropped_error += len(packets)
            self._queue.popleft()
        asyncio.get_running_loop().remove_writer(self.sock)
