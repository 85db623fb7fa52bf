"""Where a request comes from."""

from __future__ import annotations

import pytest

from core.errors import BadInput, Refused
from core.settings import Settings
from web.origin import check_origin, host_name, signaling_url

OWN = "http://hall.example:8080"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("hall.example:8080", "hall.example"),
        ("10.0.0.7", "10.0.0.7"),
        ("[2001:db8::1]:8080", "[2001:db8::1]"),
        ("localhost:1", "localhost"),
    ],
)
def test_the_name_of_a_host_is_what_stands_before_the_port(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["", "a b", "a; script-src *", "a/b", "a:port", "[::1", "a@b", "a,b", "a\r\nb"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(BadInput) as refusal:
        host_name(host)
    assert refusal.value.code == "request.host"


def test_the_signaling_address_is_on_the_host_that_the_client_reached() -> None:
    assert signaling_url("[2001:db8::1]:8080", Settings(signaling_port=9)) == "ws://[2001:db8::1]:9/v1"
    assert signaling_url("hall.example", Settings(https=True, signaling_port=9)) == "wss://hall.example:9/v1"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OWN},
        {"Origin": OWN.upper()},
        {"Origin": "https://console.example"},
        {},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_page_and_clients_that_are_no_browsers_may_change_things(headers: dict[str, str]) -> None:
    check_origin("POST", headers, OWN, ["https://console.example"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://hall.example"},
        {"Origin": "http://hall.example:8080.evil.example"},
        {"Origin": "https://hall.example:8080"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_sites_page_may_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refusal:
        check_origin(method, headers, OWN, ["https://console.example"])
    assert refusal.value.code == "request.origin"


def test_reading_is_not_a_matter_of_origin() -> None:
    check_origin("GET", {"Origin": "http://evil.example"}, OWN, [])
