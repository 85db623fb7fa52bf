from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import Refused
from signaling.client import SignalingClient
from signaling.protocol import Welcome
from signaling.server import SignalingServer
from tests.support.door import Door
from tests.support.polling import UNIT


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server with a self-signed certificate, and of a client that trusts exactly it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + cert.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


async def test_tls_carries_the_same_and_a_certificate_that_is_not_trusted_stops_the_client(tmp_path: Path) -> None:
    door = Door()
    serving, trusting = certificate(tmp_path)
    door.server = SignalingServer(door.settings, door.bus, door.clock, door.signer, serving)
    await door.server.start()
    try:
        url = f"wss://localhost:{door.server.port}/v1"
        origin = "https://localhost:8080"
        async with SignalingClient(url, door.token(), origin=origin, ssl=trusting) as client:
            assert isinstance(await anext(aiter(client)), Welcome)
        with pytest.raises(Refused, match=r"signaling\.certificate"):
            async with SignalingClient(url, door.token(), ssl=ssl.create_default_context()) as client:
                await anext(aiter(client))
        with pytest.raises(Refused, match=r"signaling\.not_admitted"):
            async with SignalingClient(url, door.token(), origin="http://localhost:8080", ssl=trusting) as client:
                await anext(aiter(client))
    finally:
        async with asyncio.timeout(5 * UNIT):
            await door.server.stop()
