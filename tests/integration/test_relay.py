"""A real TURN relay with the credentials that sessions get: over UDP, TCP and TLS, and only with valid ones."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnTransport, create_turn_endpoint
from aiortc.rtcicetransport import parse_stun_turn_uri
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.model import SessionId
from signaling.protocol import IceServer
from signaling.relay import Relay
from tests.support.coturn import Coturn, coturn
from tests.support.installation import HOST
from tests.support.polling import UNIT

EXAMPLE = Path(__file__).parents[2] / "deploy" / "coturn.conf.example"
TRANSPORTS = ("udp", "tcp", "tls")
Address = tuple[str, int]


@dataclass
class Mailbox(asyncio.DatagramProtocol):
    """What arrives at one end, and what went wrong there."""

    arrived: asyncio.Queue[tuple[bytes, Address]] = field(default_factory=lambda: asyncio.Queue(100))
    errors: asyncio.Queue[Exception] = field(default_factory=lambda: asyncio.Queue(100))

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.arrived.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        self.errors.put_nowait(exc)


@dataclass(frozen=True)
class Authority:
    """A certificate authority made for one test, and the relay's certificate that it signed."""

    trusted: ssl.SSLContext
    certificate: tuple[Path, Path]


def authority(folder: Path) -> Authority:
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of one test")])
    blank = x509.CertificateBuilder().issuer_name(root_name)
    blank = blank.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    root = (
        blank.subject_name(root_name)
        .public_key(root_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        blank.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain, private = folder / "relay.pem", folder / "relay-key.pem"
    chain.write_bytes(leaf.public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return Authority(ssl.create_default_context(cadata=root.public_bytes(pem).decode()), (chain, private))


def ticket(secret: str, *, at: datetime | None = None) -> IceServer:
    """What the server gives a session at that moment, good for a minute."""
    return Relay((), secret, 60).ticket(SessionId("s1"), at or datetime.now(UTC))


@asynccontextmanager
async def allocated(
    relay: Coturn, transport: str, credentials: IceServer, trusted: ssl.SSLContext
) -> AsyncIterator[tuple[TurnTransport, Mailbox]]:
    """An allocation made as a hall's browser makes it from that address and those credentials."""
    uri = parse_stun_turn_uri(getattr(relay, transport))
    async with asyncio.timeout(20 * UNIT):
        allocation, box = await create_turn_endpoint(
            Mailbox,
            (uri["host"], uri["port"]),
            credentials.username,
            credentials.credential,
            ssl=trusted if uri["scheme"] == "turns" else None,
            transport=uri["transport"],
        )
    try:
        yield allocation, box
    finally:
        allocation.close()


@asynccontextmanager
async def node() -> AsyncIterator[tuple[asyncio.DatagramTransport, Mailbox, Address]]:
    """A UDP port on loopback in the media node's place."""
    transport, box = await asyncio.get_running_loop().create_datagram_endpoint(Mailbox, (HOST, 0))
    try:
        yield transport, box, transport.get_extra_info("sockname")[:2]
    finally:
        transport.close()


async def exchanged(relay: Coturn, transport: str, trusted: ssl.SSLContext) -> None:
    """Datagrams pass the relay both ways, and the node sees the relay's address only."""
    async with (
        allocated(relay, transport, ticket(relay.secret), trusted) as (hall, hall_box),
        node() as (media, media_box, address),
        asyncio.timeout(20 * UNIT),
    ):
        relayed = hall.get_extra_info("sockname")
        for payload in (b"one", b"three", bytes(1200)):
            hall.sendto(payload, address)
            assert await media_box.arrived.get() == (payload, relayed)
            media.sendto(payload[::-1] + b"!", relayed)
            assert await hall_box.arrived.get() == (payload[::-1] + b"!", address)


async def peer_refused(relay: Coturn, peer: Address, trusted: ssl.SSLContext) -> None:
    """The relay sends nothing to that peer: 403 Forbidden."""
    async with (
        allocated(relay, "tls", ticket(relay.secret), trusted) as (hall, box),
        asyncio.timeout(20 * UNIT),
    ):
        hall.sendto(b"in", peer)
        error = await box.errors.get()
    assert isinstance(error, TransactionFailed)
    assert error.response.error_code == 403


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_datagrams_pass_the_relay_with_a_sessions_credentials(tmp_path: Path, transport: str) -> None:
    made = authority(tmp_path)
    async with coturn(certificate=made.certificate) as relay:
        await exchanged(relay, transport, made.trusted)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_expired_forged_and_prolonged_credentials_are_refused(tmp_path: Path, transport: str) -> None:
    made = authority(tmp_path)
    async with coturn(certificate=made.certificate) as relay:
        expired = ticket(relay.secret, at=datetime.now(UTC) - timedelta(minutes=5))
        prolonged = expired.model_copy(update={"username": ticket(relay.secret).username})
        for credentials in (expired, prolonged, ticket("another secret")):
            with pytest.raises(TransactionFailed) as caught:
                async with allocated(relay, transport, credentials, made.trusted):
                    pass
            assert caught.value.response.error_code == 401
        async with allocated(relay, transport, ticket(relay.secret), made.trusted):
            pass  # The relay itself was in order all the while.


async def test_a_relay_whose_certificate_is_not_trusted_gets_no_credentials(tmp_path: Path) -> None:
    made = authority(tmp_path)
    async with coturn(certificate=made.certificate) as relay:
        with pytest.raises(ssl.SSLCertVerificationError):
            async with allocated(relay, "tls", ticket(relay.secret), ssl.create_default_context()):
                pass


async def test_the_example_configuration_relays_to_the_node_and_to_nothing_else(tmp_path: Path) -> None:
    made = authority(tmp_path)
    file = tmp_path / "turnserver.conf"
    text = EXAMPLE.read_text().replace("NODE-ADDRESS", HOST)
    file.write_text(re.sub(r"^static-auth-secret=.*\n", "", text, flags=re.MULTILINE))
    async with coturn("-c", str(file), "--allow-loopback-peers", certificate=made.certificate) as relay:
        for transport in TRANSPORTS:
            await exchanged(relay, transport, made.trusted)
        await peer_refused(relay, ("127.0.0.2", 9), made.trusted)
        await peer_refused(relay, ("192.0.2.1", 9), made.trusted)
    async with coturn("-c", str(file), certificate=made.certificate) as relay:
        await peer_refused(relay, (HOST, 9), made.trusted)
