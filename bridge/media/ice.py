"""ICE-lite (RFC 8445 section 2.5) without I/O: answers checks, learns which addresses have proved themselves.

It never sends to an address that has not shown the password of a leg, whatever candidates a client lists.
"""

from __future__ import annotations

import ipaddress
import secrets
import struct
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from aioice import stun

Address: TypeAlias = tuple[Any, ...]
"""A socket address as the socket gives it: (host, port) or (host, port, flow, scope)."""

_MAPPED_PREFIX = "::ffff:"
_MAX_USERNAME = 513

Owner = TypeVar("Owner")


@dataclass(frozen=True)
class Credentials:
    """One side's user name fragment and password (RFC 8445 section 5.3)."""

    ufrag: str
    password: str

    @staticmethod
    def generate() -> Credentials:
        """Fresh ones: 48 and 144 random bits."""
        return Credentials(secrets.token_hex(6), secrets.token_hex(18))


@dataclass(frozen=True)
class Proved(Generic[Owner]):
    """A valid check: send `reply` back to where it came from; that address belongs to `owner`."""

    owner: Owner
    reply: bytes
    nominated: bool
    """The client chose this address pair for media (USE-CANDIDATE)."""
    ufrag: str
    """Which of our credentials it knew."""


class IceLite(Generic[Owner]):
    """All legs' credentials, and the checks that come in for them."""

    def __init__(self) -> None:
        self._expected: dict[str, tuple[str, str, Owner]] = {}

    def expect(self, local: Credentials, remote_ufrag: str, owner: Owner) -> None:
        """Checks with these credentials are `owner`'s from now on."""
        self._expected[local.ufrag] = (local.password, f"{local.ufrag}:{remote_ufrag}", owner)

    def forget(self, local: Credentials) -> None:
        """They prove nothing any more; harmless when unknown."""
        self._expected.pop(local.ufrag, None)

    def check(self, data: bytes, address: Address) -> Proved[Owner] | None:
        """A datagram that looks like STUN came from `address`. None: not a valid check; say nothing back."""
        request = _parse(data)
        if request is None or request.message_class != stun.Class.REQUEST:
            return None
        username = request.attributes.get("USERNAME", "")
        ufrag = username.partition(":")[0]
        known = self._expected.get(ufrag) if len(username) <= _MAX_USERNAME else None
        if known is None or known[1] != username:
            return None
        key = known[0].encode("ascii")
        if not request.check_message_integrity(key):
            return None
        return Proved(known[2], _success(request, address, key), "USE-CANDIDATE" in request.attributes, ufrag)


def _parse(data: bytes) -> stun.Message | None:
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error, KeyError, IndexError):
        return None
    return message if message.message_method == stun.Method.BINDING else None


def _success(request: stun.Message, address: Address, key: bytes) -> bytes:
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=request.transaction_id,
    )
    response.attributes["XOR-MAPPED-ADDRESS"] = (plain_host(address), address[1])
    response.add_message_integrity(key)
    return bytes(response)


def plain_host(address: Address) -> str:
    """The host without what a dual-stack socket adds: the mapped prefix, the scope."""
    host = str(address[0]).partition("%")[0]
    if host.startswith(_MAPPED_PREFIX) and "." in host:
        return host.removeprefix(_MAPPED_PREFIX)
    return str(ipaddress.ip_address(host))
