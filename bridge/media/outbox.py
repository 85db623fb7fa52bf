"""Datagrams to many receivers that wait in one buffer and leave in one system call, sendmmsg(2) of Linux.

Each is a message of its own: an address, a piece of the buffer, and how long its segments are (UDP_SEGMENT). Python
has no `sendmmsg`, and its `sendmsg` reads the address from text each time; here it is laid out once, as the kernel
wants it.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, TypeAlias

from cffi import FFI

from bridge.media.ice import Address

MESSAGES = 64
"""What one system call may carry."""
BUFFER_BYTES = 1 << 17
SOL_UDP = 17
UDP_SEGMENT = 103
_KNOWN_ADDRESSES = 4_096

Message: TypeAlias = tuple[int, int, int, Address]
"""Where it begins and ends in the buffer, the length of its segments, and whereto."""

_ffi = FFI()
_ffi.cdef("int sendmmsg(int sockfd, void *msgvec, unsigned int vlen, int flags);")
# struct mmsghdr in words of 64 bits: name, its length, vector, its length, control, its length, flags; octets sent.
_WORDS, _NAME_LENGTH, _VECTOR, _VECTORS, _CONTROL, _CONTROL_LENGTH = 8, 1, 2, 3, 4, 5
_LITTLE_64 = sys.byteorder == "little" and sys.maxsize > 1 << 32


def _libc() -> Any:
    """The C library, None where it has no `sendmmsg` of the layout above."""
    if sys.platform != "linux" or not _LITTLE_64:
        return None
    library = _ffi.dlopen(None)
    return library if hasattr(library, "sendmmsg") else None


class Outbox:
    """Messages until they are sent. `cells` is their buffer as cffi knows it; `buffer` and `view` are the same one."""

    def __init__(self) -> None:
        self.cells = _ffi.new("char[]", BUFFER_BYTES)
        self.buffer = _ffi.buffer(self.cells)
        self.view = memoryview(self.buffer)
        self.messages: list[Message] = []
        self._libc = _libc()
        self._base = _address_of(self.cells)
        self._names: dict[Address, tuple[int, int, Any]] = {}
        self._controls: dict[int, tuple[int, int, Any]] = {}
        heads, vectors = _ffi.new("uint64_t[]", _WORDS * MESSAGES), _ffi.new("uint64_t[]", 2 * MESSAGES)
        self._heads_pointer = heads
        self._heads = memoryview(_ffi.buffer(heads)).cast("Q")
        self._vectors = memoryview(_ffi.buffer(vectors)).cast("Q")
        for index in range(MESSAGES):
            self._heads[_WORDS * index + _VECTOR] = _address_of(vectors) + 16 * index
            self._heads[_WORDS * index + _VECTORS] = 1
        self._keep = vectors

    def add(self, start: int, end: int, segment: int, address: Address) -> None:
        """One more message, of what lies from `start` to `end`; at most `MESSAGES` between two `clear`."""
        index = len(self.messages)
        self.messages.append((start, end, segment, address))
        name, length, _ = self._names.get(address) or self._name(address)
        at, heads, vectors = _WORDS * index, self._heads, self._vectors
        heads[at], heads[at + _NAME_LENGTH] = name, length
        vectors[2 * index], vectors[2 * index + 1] = self._base + start, end - start
        if end - start > segment:
            control, size, _ = self._controls.get(segment) or self._control(segment)
            heads[at + _CONTROL], heads[at + _CONTROL_LENGTH] = control, size
        else:
            heads[at + _CONTROL_LENGTH] = 0

    def clear(self) -> None:
        """Forgets all messages; the buffer may be used again."""
        self.messages.clear()
        if len(self._names) > _KNOWN_ADDRESSES:
            self._names.clear()

    def send(self, descriptor: int, first: int) -> int:
        """Gives the kernel the messages from `first` on; returns how many it took, 0 where it refused the first."""
        if self._libc is None:
            return 0
        pointer = self._heads_pointer + _WORDS * first
        taken: int = self._libc.sendmmsg(descriptor, pointer, len(self.messages) - first, 0)
        return max(0, taken)

    def _name(self, address: Address) -> tuple[int, int, Any]:
        packed = packed_address(address)
        cells = _ffi.new("char[]", packed)
        found = self._names[address] = _address_of(cells), len(packed), cells
        return found

    def _control(self, segment: int) -> tuple[int, int, Any]:
        packed = struct.pack("=QiiH6x", 18, SOL_UDP, UDP_SEGMENT, segment)
        cells = _ffi.new("char[]", packed)
        found = self._controls[segment] = _address_of(cells), len(packed), cells
        return found


def packed_address(address: Address) -> bytes:
    """A `sockaddr_in` or, for addresses of four parts, a `sockaddr_in6`."""
    host, port, *rest = address
    if not rest:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(str(host)) + bytes(8)
    flow, scope = rest
    packed = socket.inet_pton(socket.AF_INET6, str(host).partition("%")[0])
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, flow) + packed + struct.pack("=I", scope)


def _address_of(cells: Any) -> int:
    return int(_ffi.cast("uintptr_t", cells))
