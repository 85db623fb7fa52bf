"""Many datagrams of one socket in one system call (recvmmsg(2)), which Python's own sockets do not have."""

from __future__ import annotations

import ctypes
import socket

MOST = 64
"""Datagrams in one call."""
CELL_BYTES = 2_048
"""Where the next datagram begins in `cells`."""

_LENGTH_AT, _LENGTH_STEP = 14, 16
"""Of `msg_len` in a row of `struct mmsghdr`, in 32-bit words."""


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """`struct mmsghdr` of a 64-bit Linux."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.POINTER(_Piece)),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("length", ctypes.c_uint32),
        ("padding_after", ctypes.c_uint32),
    )


class Reader:
    """One buffer for all sockets of a thread: what `read` found lies in it until the next call."""

    def __init__(self) -> None:
        self.cells = bytearray(MOST * CELL_BYTES)
        """Datagram number n begins at n times CELL_BYTES."""
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.cells))
        self._pieces = (_Piece * MOST)(*[_Piece(base + n * CELL_BYTES, CELL_BYTES) for n in range(MOST)])
        self._messages = (_Message * MOST)()
        for message, piece in zip(self._messages, self._pieces, strict=True):
            message.pieces, message.piece_count = ctypes.pointer(piece), 1
        self._first = ctypes.byref(self._messages)
        self._words = memoryview(self._messages).cast("B").cast("I")
        self._call = ctypes.CDLL(None).recvmmsg

    def read(self, descriptor: int) -> int:
        """How many datagrams were waiting, at most MOST; none when there are none, or only an error."""
        count: int = self._call(descriptor, self._first, MOST, socket.MSG_DONTWAIT, None)
        return max(count, 0)

    def length(self, number: int) -> int:
        """Octets of that datagram."""
        return self._words[_LENGTH_AT + number * _LENGTH_STEP]
