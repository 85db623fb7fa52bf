"""Where a request comes from: the host it names and the page that sent it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from core.errors import BadInput, Refused
from core.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


def public_scheme(settings: Settings) -> str:
    """How clients reach this server."""
    return "https" if settings.https else "http"


def host_name(host: str) -> str:
    """The name or address in a Host header, without its port. Raises `BadInput` when it is not one (RFC 9110, 7.2)."""
    match = _HOST.fullmatch(host)
    if match is None:
        raise BadInput("request.host", "The Host header is not valid.")
    return match["name"]


def signaling_url(host: str, settings: Settings) -> str:
    """The signaling server's address on the host that the client already reached."""
    scheme = "wss" if settings.https else "ws"
    return f"{scheme}://{host_name(host)}:{settings.signaling_port}/v1"


def check_origin(method: str, headers: Mapping[str, str], own: str, allowed: Collection[str]) -> None:
    """Raises `Refused` for an unsafe request that another site's page sent.

    Browsers say which page sends (`Origin`, or at least `Sec-Fetch-Site`); other clients send neither and pass.
    """
    if method in SAFE_METHODS:
        return
    origin = headers.get("Origin")
    if origin is None:
        foreign = headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
    else:
        foreign = origin.lower() != own.lower() and origin not in allowed
    if foreign:
        raise Refused("request.origin", "This request was sent by another site's page.")
