from __future__ import annotations

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from signaling.gate import Gate


def gate(scheme: str = "http", web_port: int = 8080, connections: int = 10) -> Gate:
    return Gate(scheme, web_port, frozenset({"https://hop.example"}), connections)


def request(path: str = "/v1", *, origin: str | None = None, host: str | None = "10.0.0.7:8081") -> Request:
    headers = Headers()
    if host is not None:
        headers["Host"] = host
    if origin is not None:
        headers["Origin"] = origin
    return Request(path, headers)


def status(of: Gate, asked: Request, open_now: int = 0) -> int | None:
    refused = of.refuse(asked, open_now)
    return refused.status_code if refused is not None else None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("10.0.0.7:8081", "http://10.0.0.7:8080"),
        ("10.0.0.7", "http://10.0.0.7:8080"),
        ("diemcau.local:8081", "http://diemcau.local:8080"),
        ("DiemCau.Local:8081", "http://diemcau.local:8080"),
        ("[::1]:8081", "http://[::1]:8080"),
        ("10.0.0.7:8081", "https://hop.example"),
        ("10.0.0.7:8081", None),
        (None, None),
    ],
)
def test_own_configured_and_absent_origins_pass(host: str | None, origin: str | None) -> None:
    assert status(gate(), request(origin=origin, host=host)) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("10.0.0.7:8081", "http://10.0.0.7:8081"),
        ("10.0.0.7:8081", "https://10.0.0.7:8080"),
        ("10.0.0.7:8081", "http://10.0.0.77:8080"),
        ("10.0.0.7:8081", "http://10.0.0.7:8080.evil.example"),
        ("10.0.0.7:8081", "http://10.0.0.7:8080/"),
        ("10.0.0.7:8081", "http://hop.example"),
        ("10.0.0.7:8081", "https://hop.example:443"),
        ("10.0.0.7:8081", "https://HOP.example"),
        ("10.0.0.7:8081", "null"),
        ("10.0.0.7:8081", ""),
        ("user@evil.example:8081", "http://user@evil.example:8080"),
        ("[::1", "http://[::1]:8080"),
        ("", "http://:8080"),
        (None, "http://10.0.0.7:8080"),
    ],
)
def test_every_other_origin_is_refused(host: str | None, origin: str) -> None:
    assert status(gate(), request(origin=origin, host=host)) == 403


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_browsers_leave_the_default_port_out_and_so_do_we(scheme: str, port: int) -> None:
    assert status(gate(scheme, port), request(origin=f"{scheme}://10.0.0.7")) is None
    assert status(gate(scheme, port), request(origin=f"{scheme}://10.0.0.7:{port}")) == 403


def test_two_origins_or_two_hosts_are_refused() -> None:
    twice = request(origin="http://10.0.0.7:8080")
    twice.headers["Origin"] = "http://10.0.0.7:8080"
    assert status(gate(), twice) == 403
    two_hosts = request(origin="http://10.0.0.7:8080")
    two_hosts.headers["Host"] = "evil.example"
    assert status(gate(), two_hosts) == 403


def test_the_last_place_is_given_and_no_more() -> None:
    assert status(gate(connections=10), request(), open_now=9) is None
    assert status(gate(connections=10), request(), open_now=10) == 503


def test_an_evil_origin_learns_nothing_about_how_full_it_is() -> None:
    assert status(gate(connections=10), request(origin="http://evil.example"), open_now=10) == 403


@pytest.mark.parametrize(("path", "expected"), [("/", 200), ("/?x", 200), ("/v1?x=1", None), ("/v1/", 404), ("*", 404)])
def test_paths(path: str, expected: int | None) -> None:
    assert status(gate(), request(path)) == expected
