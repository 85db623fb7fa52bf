"""A real TURN relay (Debian's coturn) on loopback."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings
from diemcau.network import certificate_for
from tests.support.installation import HOST, free_ports


@dataclass(frozen=True)
class Coturn:
    """Its secret, and its addresses by transport."""

    secret: str
    udp: str
    tcp: str
    tls: str


ON_LOOPBACK = ("-n", "--allow-loopback-peers")
"""No configuration file, and loopback peers are let through as no real relay should."""


@asynccontextmanager
async def coturn(*options: str, certificate: tuple[Path, Path] | None = None) -> AsyncIterator[Coturn]:
    """The running relay, ended by its id.

    `options` stand instead of `ON_LOOPBACK`; `certificate` and its key instead of a self-signed pair.
    """
    executable = shutil.which("turnserver")
    assert executable, "coturn is not installed: `make browsers` says how to get it"
    plain, tls = free_ports(2)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="diemcau-turn-"))
    if certificate is None:
        certificate = await asyncio.to_thread(certificate_for, Settings(data_dir=folder))
    chain, key = certificate
    secret = secrets.token_hex(16)
    process = await asyncio.create_subprocess_exec(
        executable,
        *(options or ON_LOOPBACK),
        *("--listening-ip", HOST, "--relay-ip", HOST, "--realm", "diemcau"),
        *("--listening-port", str(plain), "--tls-listening-port", str(tls)),
        *("--cert", str(chain), "--pkey", str(key)),
        *("--use-auth-secret", "--static-auth-secret", secret),
        *("--no-cli", "--no-dtls"),
        *("--pidfile", str(folder / "pid"), "--userdb", str(folder / "db"), "--log-file", "stdout"),
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        await _listening(plain)
        yield Coturn(
            secret,
            f"turn:{HOST}:{plain}?transport=udp",
            f"turn:{HOST}:{plain}?transport=tcp",
            f"turns:{HOST}:{tls}?transport=tcp",
        )
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _listening(port: int) -> None:
    async with asyncio.timeout(15):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)
