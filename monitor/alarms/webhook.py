"""Posting to a machine: signed as standardwebhooks.com says, to nowhere but where an administrator lets it go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.errors import BadInput

TIMEOUT_SECONDS = 10.0
_PREFIX = "whsec_"
_MAX_READ = 1_024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def new_secret() -> str:
    """A signing secret: 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature`: HMAC-SHA256 over id, moment and body, so that none of them can be changed or replayed."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b".".join((id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@dataclass(frozen=True)
class Gate:
    """Where may be posted to: into the private `networks` that the settings name, and by HTTPS to public addresses.

    It is asked about the addresses that a name turns out to have, at every attempt, so that no name can lead
    anywhere else; and no redirect is followed.
    """

    networks: Sequence[Network] = ()

    def admits(self, address: str, *, secure: bool) -> bool:
        """Whether an IP address may be connected to."""
        ip: Ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip.version == network.version and ip in network for network in self.networks):
            return True
        return secure and ip.is_global and not ip.is_multicast

    def check(self, url: str) -> None:
        """Raises `BadInput` `alarm.url` for what can never be posted to."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise _bad_url("It is not an address of the web.") from None
        if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(c.isspace() for c in url):
            raise _bad_url("It must begin with https:// and name a host.")
        if "@" in parts.netloc or parts.fragment:
            raise _bad_url("It must not hold a user name or a fragment.")
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not self.admits(host, secure=parts.scheme == "https"):
            raise _bad_url("Plain HTTP and private addresses are only for the networks that the settings name.")


def _bad_url(why: str) -> BadInput:
    return BadInput("alarm.url", f"Nothing can be posted to this address. {why}")


class _GuardedResolver(AbstractResolver):
    def __init__(self, gate: Gate, secure: bool) -> None:
        self._inner = ThreadedResolver()
        self._gate = gate
        self._secure = secure

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        admitted = [one for one in found if self._gate.admits(one["host"], secure=self._secure)]
        if not admitted:
            raise _RefusedAddress
        return admitted

    async def close(self) -> None:
        await self._inner.close()


class _RefusedAddress(OSError):
    """The name leads where nothing may be posted to."""


@dataclass(frozen=True)
class Posted:
    """What became of an attempt: `error` is empty when it was taken, else a code. `gone`: do not try again."""

    error: str = ""
    gone: bool = False


async def post(gate: Gate, url: str, secret: str, id: str, now: int, body: str) -> Posted:
    """Posts once; `now` is in seconds since 1970. A receiver knows by `webhook-id` what it has had already."""
    data = body.encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, id, now, data),
    }
    try:
        gate.check(url)
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(gate, url.startswith("https:")), use_dns_cache=False, force_close=True
        )
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(url, data=data, headers=headers, allow_redirects=False) as reply,
        ):
            await reply.content.read(_MAX_READ)
            return _verdict(reply.status)
    except (BadInput, _RefusedAddress):
        return Posted("address_refused")
    except TimeoutError:
        return Posted("timeout")
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
        return Posted("certificate")
    except aiohttp.ClientConnectorDNSError as exc:
        return Posted("address_refused" if isinstance(exc.os_error, _RefusedAddress) else "unknown_host")
    except (aiohttp.ClientError, OSError, ValueError):
        return Posted("unreachable")


def _verdict(status: int) -> Posted:
    if 200 <= status < 300:
        return Posted()
    # standardwebhooks.com: 410 means that nobody is there any more.
    return Posted(f"http_{status}", gone=status == 410)
