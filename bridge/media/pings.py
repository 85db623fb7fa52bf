"""Round trips by connectivity checks of our own (RFC 8445 section 7.2), as consent is asked for (RFC 7675). No I/O.

Every endpoint must answer them at once, whereas reports come as the far end likes.
"""

from __future__ import annotations

import struct

from aioice import stun

from bridge.media.ice import Credentials

_OPEN = 32
_PRIORITY = 110 << 24 | 65_535 << 8 | 255
"""A peer-reflexive candidate's (RFC 8445 section 5.1.2.1): what the far end would give our address."""
_SUCCESS = struct.pack("!H", stun.Method.BINDING | stun.Class.RESPONSE)
_ID = slice(8, 20)


def is_answer(data: bytes) -> bool:
    """Whether a STUN datagram is the success response to a check."""
    return data[:2] == _SUCCESS


class Pings:
    """One leg's: those that are not answered yet."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[float, bytes]] = {}

    def request(self, local_ufrag: str, remote: Credentials, now: float) -> bytes:
        """A check to send at once. It nominates nothing: we are the controlled side."""
        key = remote.password.encode("ascii")
        check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        check.attributes["USERNAME"] = f"{remote.ufrag}:{local_ufrag}"
        check.attributes["PRIORITY"] = _PRIORITY
        check.attributes["ICE-CONTROLLED"] = 0
        check.add_message_integrity(key)
        while len(self._open) >= _OPEN:
            del self._open[next(iter(self._open))]
        self._open[check.transaction_id] = (now, key)
        return bytes(check)

    def answered(self, data: bytes, now: float) -> float | None:
        """The round trip in seconds, when `data` is the good answer to one of them, for the first time."""
        sent = self._open.get(data[_ID])
        if sent is None:
            return None
        at, key = sent
        try:
            answer = stun.parse_message(data)
        except (ValueError, struct.error, KeyError, IndexError):
            return None
        if not answer.check_message_integrity(key):
            return None
        del self._open[data[_ID]]
        return now - at
