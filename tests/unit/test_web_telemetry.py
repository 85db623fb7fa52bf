"""Who may read the metrics, and what a request is counted under."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from web.telemetry import Traffic, as_text, may_scrape

TOKEN = "a token of the tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("peer", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, None, True),
        ("127.9.9.9", {}, TOKEN, True),
        ("::1", {}, None, True),
        ("::ffff:127.0.0.1", {}, None, True),
        ("10.0.0.7", {}, None, False),
        ("::ffff:10.0.0.7", {}, None, False),
        ("fe80::1%eth0", {}, None, False),
        ("", {}, None, False),
        (None, {}, None, False),
        ("10.0.0.7", BEARER, TOKEN, True),
        ("10.0.0.7", {"authorization": f"bearer {TOKEN}"}, TOKEN, True),
        ("10.0.0.7", BEARER, None, False),
        ("10.0.0.7", {"Authorization": "Bearer "}, TOKEN, False),
        ("10.0.0.7", {"Authorization": f"Bearer {TOKEN}x"}, TOKEN, False),
        ("10.0.0.7", {"Authorization": f"Basic {TOKEN}"}, TOKEN, False),
        ("10.0.0.7", {"Authorization": "Bearer \udcff"}, TOKEN, False),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, None, False),
        ("127.0.0.1", {"forwarded": "for=10.0.0.7"}, None, False),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7", **BEARER}, TOKEN, True),
    ],
)
def test_this_machine_and_the_token_may_read_and_nobody_else(
    peer: str | None, headers: dict[str, str], token: str | None, allowed: bool
) -> None:
    assert may_scrape(peer, CIMultiDict(headers), token) is allowed


def test_requests_are_counted_by_method_route_and_status_and_made_up_methods_share_one_label() -> None:
    traffic = Traffic()
    traffic.count("GET", "/api/points", 200, 0.02)
    traffic.count("GET", "/api/points", 200, None)
    traffic.count("BREW", "none", 405, 0.001)
    traffic.count("BOIL", "none", 405, 0.001)
    lines = as_text(traffic.metrics()).decode().splitlines()
    assert 'diemcau_http_requests_total{method="GET",route="/api/points",status="200"} 2.0' in lines
    assert 'diemcau_http_requests_total{method="other",route="none",status="405"} 2.0' in lines
    timed = 'diemcau_http_request_duration_seconds_bucket{le="%s",method="GET",route="/api/points"} %s'
    assert timed % ("0.01", "0.0") in lines
    assert timed % ("+Inf", "1.0") in lines
