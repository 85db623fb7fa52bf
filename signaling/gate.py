"""Before the upgrade: which HTTP requests on the signaling port may become a WebSocket. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from signaling.protocol import PATH

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PAGE: Final = """<!doctype html>
<html lang="vi">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Điểm cầu</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}</style>
<h1>Đã chấp nhận chứng chỉ</h1>
<p>Trình duyệt đã chấp nhận chứng chỉ của cổng tín hiệu. Mời quay lại trang hội nghị và tải lại trang.</p>
<h1 lang="en">Certificate accepted</h1>
<p lang="en">Your browser has accepted the certificate of the signaling port. Go back and reload the page.</p>
</html>
"""


@dataclass(frozen=True)
class Gate:
    """What this installation lets in.

    `scheme` and `web_port` make the pages' own origin, for whatever host the request came to.
    """

    scheme: str
    web_port: int
    allowed_origins: Collection[str]
    connections: int

    def refuse(self, request: Request, open_now: int) -> Response | None:
        """The HTTP response that ends `request`, or None to go on to the WebSocket handshake (RFC 6455 section 4.2)."""
        path = request.path.split("?", 1)[0]
        if path == "/":
            return _respond(HTTPStatus.OK, _PAGE, "text/html; charset=utf-8")
        if path != PATH:
            return _respond(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        if not self.origin_allowed(request.headers):
            return _respond(HTTPStatus.FORBIDDEN, "This origin may not open the signaling connection.\n")
        if open_now >= self.connections:
            return _respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections. Try again in a moment.\n")
        return None

    def origin_allowed(self, headers: Headers) -> bool:
        """Whether the request's Origin is the pages' own or a configured one.

        Only browsers send an Origin, and they cannot leave it out; a request without one comes from an endpoint.
        """
        origins = headers.get_all("Origin")
        if not origins:
            return True
        if len(origins) > 1:
            return False
        return origins[0] in self.allowed_origins or origins[0] in self._own_origins(headers)

    def _own_origins(self, headers: Headers) -> tuple[str, ...]:
        hosts = headers.get_all("Host")
        if len(hosts) != 1:
            return ()
        try:
            name = urlsplit(f"//{hosts[0]}").hostname
        except ValueError:
            return ()
        if not name:
            return ()
        host = f"[{name}]" if ":" in name else name
        origin = f"{self.scheme}://{host}"
        # Browsers leave the scheme's default port out (RFC 6454 section 6.2).
        return (origin,) if _DEFAULT_PORTS[self.scheme] == self.web_port else (f"{origin}:{self.web_port}",)


def _respond(status: HTTPStatus, text: str, content_type: str = "text/plain; charset=utf-8") -> Response:
    body = text.encode()
    headers = Headers(
        {
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Type": content_type,
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return Response(status.value, status.phrase, headers, body)
