"""A secured line to one peer: ICE, DTLS and SRTP joined together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import cast

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsParameters

from bridge.endpoint.ice import IceClient
from bridge.endpoint.negotiation import Peer
from core.errors import Unavailable

Receiver = Callable[[bytes], None]


@cache
def certificate() -> RTCCertificate:
    """One certificate for all endpoints of this process: they are one program, and a key takes time to make."""
    return RTCCertificate.generateCertificate()


class SecureLine:
    """Connects to a peer and carries protected RTP and RTCP; what arrives is handed over decrypted.

    `lost` is set when the peer stopped consenting, or when either side closed the line.
    """

    def __init__(
        self,
        on_rtp: Receiver,
        on_rtcp: Receiver,
        *,
        host: str | None = None,
        controlling: bool = True,
        coalesce: bool = True,
    ) -> None:
        self.ice = IceClient(host, self.take_protected, controlling=controlling, coalesce=coalesce)
        self.lost = self.ice.lost
        self._dtls = RTCDtlsTransport(cast(RTCIceTransport, self.ice), [certificate()])
        self._dtls.on("statechange", self._on_dtls_state)
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._inbound: pylibsrtp.Session | None = None
        self._outbound: pylibsrtp.Session | None = None

    @property
    def connected(self) -> bool:
        """Whether media can be sent now."""
        return self._outbound is not None and not self.lost.is_set()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of this side's certificate, as SDP writes it."""
        prints = self._dtls.getLocalParameters().fingerprints
        return next(str(f.value) for f in prints if f.algorithm == "sha-256")

    async def connect(self, peer: Peer, *, timeout: float) -> None:
        """Connects within `timeout` seconds. Raises `Unavailable`: `media.unreachable`, `media.handshake_failed`."""
        step = "media.unreachable"
        try:
            async with asyncio.timeout(timeout):
                await self.ice.connect(peer)
                step = "media.handshake_failed"
                self._dtls._set_role("server" if peer.is_dtls_client else "client")
                await self._dtls.start(RTCDtlsParameters(list(peer.fingerprints)))
        except TimeoutError as exc:
            raise Unavailable(step, "The media server did not answer in time.") from exc
        if self._dtls.state != "connected":
            raise Unavailable("media.handshake_failed", "The media server's identity could not be verified.")
        self._inbound, self._outbound = self._dtls._rx_srtp, self._dtls._tx_srtp

    async def restart(self, peer: Peer, *, timeout: float) -> None:
        """Goes over to the path that `ice.prepare_restart` made; keys and counters stay. Raises `media.unreachable`."""
        try:
            async with asyncio.timeout(timeout):
                await self.ice.restart(peer)
        except TimeoutError as exc:
            raise Unavailable("media.unreachable", "The media server did not answer in time.") from exc

    def send_rtp(self, packet: bytes) -> int:
        """Protects and sends one RTP packet; the bytes sent, 0 while not connected."""
        if self._outbound is None:
            return 0
        protected: bytes = self._outbound.protect(packet)
        self.ice.send(protected)
        return len(protected)

    def send_rtcp(self, packet: bytes) -> None:
        """Protects and sends one compound RTCP packet, if connected."""
        if self._outbound is not None:
            self.ice.send(self._outbound.protect_rtcp(packet))

    def take_protected(self, data: bytes) -> None:
        """Takes one SRTP or SRTCP packet; what cannot be decrypted is dropped (RFC 3711 section 3.3)."""
        inbound = self._inbound
        if inbound is None or len(data) < 12:
            return
        # RFC 5761 section 4: RTCP has packet types 192 to 223 in the second byte.
        is_rtcp = 191 < data[1] < 224
        try:
            packet = inbound.unprotect_rtcp(data) if is_rtcp else inbound.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            return
        if is_rtcp:
            self._on_rtcp(packet)
        else:
            self._on_rtp(packet)

    async def close(self) -> None:
        """Says goodbye (DTLS close_notify), frees the socket, and leaves no task."""
        self._inbound = self._outbound = None
        pump = self._dtls._task
        await self._dtls.stop()
        self.ice.close()
        if pump is not None:
            await asyncio.gather(pump, return_exceptions=True)

    def _on_dtls_state(self) -> None:
        if self._dtls.state == "closed":
            self.lost.set()
