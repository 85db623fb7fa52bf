"""DTLS-SRTP of one leg (RFC 5764) by aiortc's transport over an ICE transport of ours."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, SRTPProtectionProfile
from OpenSSL import SSL
from pylibsrtp import Session

from bridge.media.ice import Address

QUEUE_LIMIT = 32
HANDSHAKE_SECONDS = 10.0


class NodeCertificate(RTCCertificate):
    """The node's certificate, with one OpenSSL context for all its legs: making one costs 0.4 ms and 27 KiB."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            # Nobody resumes a session of DTLS-SRTP, and a shared context would keep every one.
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return self._context


class DtlsFailed(Exception):
    """No secure connection came about; the text says why."""


class IcePipe:
    """What aiortc takes for its ICE transport: datagrams in from the port's demultiplexer, out by `send`."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes, Address], None]) -> None:
        self.address: Address | None = None
        self._send_to = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_LIMIT)

    def feed(self, data: bytes) -> None:
        """A DTLS record came; when too many wait it is dropped, DTLS sends again."""
        if not self._queue.full():
            self._queue.put_nowait(data)

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        if self.address is None:
            raise ConnectionError
        self._send_to(data, self.address)


class DtlsLink:
    """The security of one leg. `connect` once, then use the rest; `close` at the end.

    `protect_rtcp` encrypts, `unprotect…` check and decrypt; all raise `pylibsrtp.Error`. `sending` is the SRTP session
    to the other side.
    """

    sending: Session
    protect_rtcp: Callable[[bytes], bytes]
    unprotect: Callable[[bytes], bytes]
    unprotect_rtcp: Callable[[bytes], bytes]

    def __init__(self, certificate: RTCCertificate, pipe: IcePipe, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
        self._transport = RTCDtlsTransport(cast(RTCIceTransport, pipe), [certificate])
        self._connected = False
        self._transport.on("statechange", self._changed)

    async def connect(self, fingerprints: tuple[RTCDtlsFingerprint, ...], *, server: bool) -> None:
        """Makes the handshake; raises `DtlsFailed`."""
        transport = self._transport
        transport._set_role("server" if server else "client")
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await transport.start(RTCDtlsParameters(fingerprints=list(fingerprints)))
        except TimeoutError as exc:
            raise DtlsFailed("the DTLS handshake was not finished in time") from exc
        if transport.state != "connected":
            raise DtlsFailed(
                "the DTLS certificate does not match the fingerprint in the SDP offer"
                if transport.encrypted
                else "the DTLS handshake failed"
            )
        self._connected = True
        self.sending, receiving = transport._tx_srtp, transport._rx_srtp
        self.protect_rtcp = self.sending.protect_rtcp
        self.unprotect, self.unprotect_rtcp = receiving.unprotect, receiving.unprotect_rtcp

    async def close(self) -> None:
        """Says goodbye to the other side and ends aiortc's task."""
        self._connected = False
        task = self._transport._task
        await self._transport.stop()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)
        self._transport.remove_all_listeners()

    def _changed(self) -> None:
        if self._connected and self._transport.state == "closed":
            self._connected = False
            self._on_closed()


class HandshakePacer:
    """Hands DTLS records on a few per turn of the event loop.

    A record costs about a millisecond during a handshake; 168 legs at once must not hold up the media.
    """

    PER_TURN = 2
    LIMIT = 4_096

    def __init__(self) -> None:
        self._waiting: deque[tuple[IcePipe, bytes]] = deque()
        self.dropped = 0

    def feed(self, pipe: IcePipe, data: bytes) -> None:
        """A record came for `pipe`."""
        if len(self._waiting) >= self.LIMIT:
            self.dropped += 1
            return
        self._waiting.append((pipe, data))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        for _ in range(min(self.PER_TURN, len(self._waiting))):
            pipe, data = self._waiting.popleft()
            pipe.feed(data)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
