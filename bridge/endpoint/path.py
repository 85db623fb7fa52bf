"""One way to the peer: the client's side of ICE (RFC 8445) over one UDP socket, with consent freshness (RFC 7675)."""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable

import structlog
from aioice import stun

from bridge.endpoint.datagrams import DatagramSocket
from bridge.endpoint.negotiation import Address, Credentials, Peer, new_credentials
from core.errors import Unavailable

log = structlog.get_logger("endpoint")

_PRIORITY = (110 << 24) | (65_535 << 8) | 255
"""A peer-reflexive candidate's priority (RFC 8445 section 5.1.2.1): what a check itself may turn into."""

_CHECK_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses between rounds of checks, the last one repeated."""

_CONSENT_SECONDS = 5.0
_CONSENT_EXPIRES_SECONDS = 30.0
_RANDOM = secrets.SystemRandom()
_PENDING = 64


class IcePath:
    """One socket with its credentials, towards one peer.

    What is not STUN is handed to `on_data`; `on_lost` is called when the peer no longer consents.
    """

    def __init__(
        self,
        host: str | None,
        on_data: Callable[[bytes], None],
        on_lost: Callable[[IcePath], None],
        *,
        controlling: bool,
        coalesce: bool,
    ) -> None:
        self.credentials = new_credentials()
        self.heard_at = 0.0
        """When the peer last showed that it consents (monotonic seconds)."""
        self._controlling = controlling
        self._host = host
        self._socket = DatagramSocket(host or "", self._take, coalesce=coalesce)
        self._on_data = on_data
        self._on_lost = on_lost
        self._tie_breaker = secrets.randbits(64)
        self._remote: Credentials | None = None
        self._address: Address | None = None
        self._selected: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        self._pending: dict[bytes, Address] = {}
        self._valid: set[Address] = set()
        self._nominated: set[Address] = set()
        self._consent: asyncio.TimerHandle | None = None

    @property
    def address(self) -> Address | None:
        """The host candidate, when the socket is bound to one address."""
        return self._socket.address if self._host else None

    async def connect(self, peer: Peer) -> None:
        """Checks the peer's candidates until one answers; the caller limits the time."""
        self._remote = peer.credentials
        pause = 0
        while not self._selected.done():
            for address in peer.candidates:
                self._check(address)
            await asyncio.wait([self._selected], timeout=_CHECK_SECONDS[pause])
            pause = min(pause + 1, len(_CHECK_SECONDS) - 1)
        if self._selected.cancelled():
            raise Unavailable("media.unreachable", "The connection was closed before it was made.")
        self._address = self._selected.result()
        self._socket.connect(self._address)
        self.heard_at = asyncio.get_running_loop().time()
        self._keep_consent()

    def send(self, data: bytes) -> None:
        """Sends to the selected peer; nothing before there is one."""
        if self._address is not None:
            self._socket.send(data, self._address)

    def close(self) -> None:
        """Frees the socket; harmless when done twice."""
        if self._consent is not None:
            self._consent.cancel()
        self._selected.cancel()
        self._socket.close()
        self._address = None

    # --- datagrams -------------------------------------------------------------------------------------

    def _take(self, data: bytes, source: Address) -> None:
        kind = data[0] if data else 255
        if kind < 4:
            self._take_stun(data, source)
        elif 127 < kind < 192 or source == self._address:
            self._on_data(data)

    def _take_stun(self, data: bytes, source: Address) -> None:
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error):  # aioice unpacks a short attribute as it is
            return
        if message.message_method != stun.Method.BINDING:
            return
        if message.message_class == stun.Class.REQUEST:
            self._answer(message, source)
        elif message.message_class == stun.Class.RESPONSE:
            self._take_response(message, source)

    def _answer(self, request: stun.Message, source: Address) -> None:
        """A full peer checks us too (RFC 8445 section 7.3)."""
        user = str(request.attributes.get("USERNAME", "")).split(":")[0]
        if user != self.credentials.ufrag:
            return
        password = self.credentials.password.encode()
        if not request.check_message_integrity(password):
            return
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = source
        response.add_message_integrity(password)
        self._socket.send(bytes(response), source)
        if "USE-CANDIDATE" in request.attributes:
            self._nominated.add(source)
            self._select(source)

    def _take_response(self, response: stun.Message, source: Address) -> None:
        address = self._pending.get(response.transaction_id)
        if address != source or self._remote is None:
            return
        if not response.check_message_integrity(self._remote.password.encode()):
            return
        del self._pending[response.transaction_id]
        self.heard_at = asyncio.get_running_loop().time()
        self._valid.add(source)
        if self._controlling:
            self._nominated.add(source)
        self._select(source)

    def _select(self, address: Address) -> None:
        """A pair is used once a check succeeded and the controlling side nominated it (RFC 8445 section 8.1.1)."""
        if address in self._valid and address in self._nominated and not self._selected.done():
            self._selected.set_result(address)

    # --- checks and consent ----------------------------------------------------------------------------

    def _check(self, address: Address) -> None:
        assert self._remote is not None
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote.ufrag}:{self.credentials.ufrag}"
        request.attributes["PRIORITY"] = _PRIORITY
        if self._controlling:
            request.attributes["ICE-CONTROLLING"] = self._tie_breaker
            request.attributes["USE-CANDIDATE"] = None
        else:
            request.attributes["ICE-CONTROLLED"] = self._tie_breaker
        request.add_message_integrity(self._remote.password.encode())
        if len(self._pending) >= _PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[request.transaction_id] = address
        self._socket.send(bytes(request), address)

    def _keep_consent(self) -> None:
        loop = asyncio.get_running_loop()
        if self._address is None:
            return
        if loop.time() - self.heard_at > _CONSENT_EXPIRES_SECONDS:
            log.info("consent_lost")
            self._on_lost(self)
            return
        self._check(self._address)
        # RFC 7675 section 5.1: spread by ±20 % so that hundreds of endpoints do not ask in step.
        pause = _CONSENT_SECONDS * _RANDOM.uniform(0.8, 1.2)
        self._consent = loop.call_later(pause, self._keep_consent)
