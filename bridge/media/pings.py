"""Round trips by connectivity checks of our own (RFC 8445 section 7.2), as consent is asked for (RFC 7675). No I/O.

Every endpoint must answer them at once, whereas reports come as the far end likes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from aioice import stun

from bridge.media.ice import Credentials
from bridge.media.trains import CHECKS, Train

_OPEN = 32
_PRIORITY = 110 << 24 | 65_535 << 8 | 255
"""A peer-reflexive candidate's (RFC 8445 section 5.1.2.1): what the far end would give our address."""
_PAD, _PAD_LETTER, _PAD_OCTETS, _MOST_LETTERS = "SOFTWARE", "\N{MUSICAL SYMBOL DOUBLE BARLINE}", 4, 127
"""What makes a check longer is passed over by every endpoint, up to so many letters (RFC 8489 section 14.14)."""
_BARE_OCTETS = 96
_SUCCESS = struct.pack("!H", stun.Method.BINDING | stun.Class.RESPONSE)
_ID = slice(8, 20)


class Answer(NamedTuple):
    """To a check of ours."""

    trip: float
    """Seconds from the check to its answer."""
    followed: bool
    """It came behind others of its train, which made the trip longer."""


def is_answer(data: bytes) -> bool:
    """Whether a STUN datagram is the success response to a check."""
    return data[:2] == _SUCCESS


class Pings:
    """One leg's: those that are not answered yet."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[float, bytes, Train, int]] = {}

    def train(self, local_ufrag: str, remote: Credentials, now: float, train: Train, octets: int) -> list[bytes]:
        """Checks to send at once, behind one another, of about so many octets in all."""
        size = octets // CHECKS
        return [self.request(local_ufrag, remote, now, train, size) for _ in range(CHECKS)]

    def request(
        self, local_ufrag: str, remote: Credentials, now: float, train: Train | None = None, size: int = 0
    ) -> bytes:
        """A check to send at once, of `size` octets where that is more than it takes; without a `train` it is one.

        It nominates nothing: we are the controlled side.
        """
        train = train or Train()
        key = remote.password.encode("ascii")
        check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        check.attributes["USERNAME"] = f"{remote.ufrag}:{local_ufrag}"
        check.attributes["PRIORITY"] = _PRIORITY
        check.attributes["ICE-CONTROLLED"] = 0
        if (letters := min((size - _BARE_OCTETS) // _PAD_OCTETS, _MOST_LETTERS)) > 0:
            check.attributes[_PAD] = _PAD_LETTER * letters
        check.add_message_integrity(key)
        data = bytes(check)
        train.octets += len(data)
        while len(self._open) >= _OPEN:
            del self._open[next(iter(self._open))]
        self._open[check.transaction_id] = (now, key, train, train.octets)
        return data

    def answered(self, data: bytes, now: float) -> Answer | None:
        """What it says, when `data` is the good answer to one of them, for the first time; its train is told too."""
        sent = self._open.get(data[_ID])
        if sent is None:
            return None
        at, key, train, octets = sent
        try:
            answer = stun.parse_message(data)
        except (ValueError, struct.error, KeyError, IndexError):
            return None
        if not answer.check_message_integrity(key):
            return None
        del self._open[data[_ID]]
        train.answered(octets, now)
        return Answer(now - at, followed=octets > train.first_octets)
