"""This machine's addresses, and a certificate for them."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aioice.ice import get_host_addresses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.settings import Settings

LOOPBACK = "127.0.0.1"


def own_addresses() -> list[str]:
    """IPv4 addresses at which other machines may reach this one."""
    return [str(a) for a in get_host_addresses(True, False)]


def media_addresses(settings: Settings) -> list[str]:
    """Addresses to offer endpoints for media: the configured ones, else what the bind address implies."""
    if settings.advertised_addresses:
        return settings.advertised_addresses
    host = settings.media_host or settings.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return [*own_addresses(), LOOPBACK]
    return [LOOPBACK if host == "localhost" else host]


def certificate_for(settings: Settings) -> tuple[Path, Path]:
    """The configured certificate and key, or a self-signed pair that is made once and kept in `data_dir`."""
    if settings.certificate and settings.private_key:
        return settings.certificate, settings.private_key
    certificate, key = settings.data_dir / "certificate.pem", settings.data_dir / "private-key.pem"
    if not (certificate.exists() and key.exists()):
        _make_certificate(certificate, key)
    return certificate, key


def server_ssl(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of the web and signaling ports; None when they speak plain HTTP."""
    if not settings.https:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate_for(settings))
    return context


def fingerprint(certificate: Path) -> str:
    """SHA-256 fingerprint as browsers show it."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Diemcau")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    names += [x509.IPAddress(ipaddress.ip_address(a)) for a in (LOOPBACK, *own_addresses())]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.parent.mkdir(parents=True, exist_ok=True)
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
