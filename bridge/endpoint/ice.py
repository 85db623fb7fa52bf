"""The endpoint's ICE: the path in use, and while it restarts (RFC 8445 section 9) the one that shall replace it.

Plays the ICE transport of `aiortc.RTCDtlsTransport`, which never learns that the path has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.endpoint.negotiation import Address, Credentials, Peer
from bridge.endpoint.path import IcePath

_DTLS_QUEUE = 64


class IceClient:
    """A way to one peer. `lost` is set when the peer no longer consents to being sent to."""

    state = "completed"

    def __init__(
        self, host: str | None, on_media: Callable[[bytes], None], *, controlling: bool, coalesce: bool
    ) -> None:
        self.lost = asyncio.Event()
        self.role = "controlling" if controlling else "controlled"
        self._host = host
        self._coalesce = coalesce
        self._on_media = on_media
        self._dtls: asyncio.Queue[bytes | None] = asyncio.Queue(_DTLS_QUEUE)
        self._path = self._new_path(host)
        self._next: IcePath | None = None

    @property
    def credentials(self) -> Credentials:
        """What the next offer says: those of the path that is being made, else of the one in use."""
        return (self._next or self._path).credentials

    @property
    def address(self) -> Address | None:
        """The host candidate to go with `credentials`, when the socket is bound to one address."""
        return (self._next or self._path).address

    @property
    def heard_at(self) -> float:
        """When the peer last consented (the loop's time); 0 before it did."""
        return self._path.heard_at

    async def connect(self, peer: Peer) -> None:
        """Checks the peer's candidates until one answers; the caller limits the time."""
        await self._path.connect(peer)

    def prepare_restart(self, host: str | None = None) -> None:
        """Opens a socket with new credentials beside the one in use, perhaps on another address."""
        if self._next is not None:
            self._next.close()
        self._next = self._new_path(host or self._host)

    async def restart(self, peer: Peer) -> None:
        """Checks the peer over the prepared path, then leaves the old one; until then that is used.

        The caller limits the time, and may prepare again after that.
        """
        path = self._next
        assert path is not None, "prepare the restart first"
        await path.connect(peer)
        if self._next is path:
            self._path.close()
            self._path, self._next = path, None

    def send(self, data: bytes) -> None:
        """Sends to the selected peer; without consent nothing is sent (RFC 7675 section 5.1)."""
        if not self.lost.is_set():
            self._path.send(data)

    def close(self) -> None:
        """Frees the sockets and ends whoever waits for DTLS."""
        self._path.close()
        if self._next is not None:
            self._next.close()
        if self._dtls.full():
            self._dtls.get_nowait()
        self._dtls.put_nowait(None)

    # --- what aiortc asks of its ICE transport ---------------------------------------------------------

    async def _recv(self) -> bytes:
        data = await self._dtls.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self.send(data)

    # --- from the paths --------------------------------------------------------------------------------

    def _new_path(self, host: str | None) -> IcePath:
        return IcePath(
            host, self._take, self._consent_lost, controlling=self.role == "controlling", coalesce=self._coalesce
        )

    def _take(self, data: bytes) -> None:
        """Either path brings the peer's packets while it moves; SRTP and DTLS know whose they are."""
        kind = data[0] if data else 255
        if 127 < kind < 192:
            self._on_media(data)
        elif 19 < kind < 64 and not self._dtls.full():
            self._dtls.put_nowait(data)

    def _consent_lost(self, path: IcePath) -> None:
        if path is self._path:
            self.lost.set()
