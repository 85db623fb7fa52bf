"""SRTP for a batch of packets: encrypted one behind the other in one buffer, ready for segmentation offload.

pylibsrtp's `Session.protect` copies each packet four times and checks it twice; per forwarded packet that costs
more than the encryption. This calls the same libsrtp functions on one buffer that is used again.
"""

from __future__ import annotations

from collections.abc import Sequence

from pylibsrtp import Error, Session
from pylibsrtp._binding import ffi, lib

from bridge.media.slots import Placed

BUFFER_BYTES = 1 << 16


class Sealer:
    """Owns the buffer; what `seal` returns is valid until it is called again."""

    def __init__(self) -> None:
        self._cells = ffi.new("char[]", BUFFER_BYTES)
        self._buffer = ffi.buffer(self._cells)
        self._view = memoryview(self._buffer)
        self._length = ffi.new("int *")

    def seal(self, session: Session, ssrc: bytes, batch: Sequence[Placed]) -> tuple[memoryview, int]:
        """The encrypted packets in a row, and the length of the first, which all but the last have.

        The batch must fit the buffer with 144 bytes to spare. Raises `pylibsrtp.Error`.
        """
        context, buffer, cells, length = session._srtp[0], self._buffer, self._cells, self._length
        at = segment = 0
        for head, body in batch:
            size = length[0] = 12 + len(body)
            buffer[at : at + size] = head + ssrc + body
            if lib.srtp_protect(context, cells + at, length):
                raise Error("srtp_protect refused a packet")
            at += length[0]
            segment = segment or at
        return self._view[:at], segment
