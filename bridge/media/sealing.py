"""SRTP for a batch of packets: encrypted one behind the other in one buffer, ready for segmentation offload.

pylibsrtp's `Session.protect` copies each packet four times and checks it twice; per forwarded packet that costs
more than the encryption. This calls the same libsrtp functions on the outbox's buffer.
"""

from __future__ import annotations

from collections.abc import Sequence

from pylibsrtp import Error, Session
from pylibsrtp._binding import ffi, lib

from bridge.media.outbox import Outbox
from bridge.media.slots import Placed

_TAG_BYTES = 16
"""At most, of the protections that the node offers."""
_SPARE_BYTES = 144
"""What libsrtp may write behind a packet (SRTP_MAX_TRAILER_LEN)."""


def sealed_bytes(batch: Sequence[Placed]) -> int:
    """The room in the buffer that a batch takes while it is sealed, at most."""
    return sum(12 + _TAG_BYTES + len(body) for _, body in batch) + _SPARE_BYTES


class Sealer:
    """Encrypts into an outbox's buffer."""

    def __init__(self, box: Outbox) -> None:
        self._cells, self._buffer = box.cells, box.buffer
        self._length = ffi.new("int *")

    def seal(self, session: Session, ssrc: bytes, batch: Sequence[Placed], start: int) -> tuple[int, int]:
        """Writes the encrypted packets in a row from `start` on.

        Returns where they end, and the length of the first, which all but the last have. The batch must fit the
        buffer, see `sealed_bytes`. Raises `pylibsrtp.Error`.
        """
        context, protect = session._srtp[0], lib.srtp_protect
        buffer, cells, length = self._buffer, self._cells, self._length
        at, segment = start, 0
        for head, body in batch:
            size = length[0] = 12 + len(body)
            buffer[at : at + size] = head + ssrc + body
            if protect(context, cells + at, length):
                raise Error("srtp_protect refused a packet")
            at += length[0]
            segment = segment or at - start
        return at, segment
