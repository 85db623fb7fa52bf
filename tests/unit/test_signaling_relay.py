from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from core.model import SessionId
from core.settings import Settings
from signaling.relay import Relay
from signaling.rules import Rules

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_a_ticket_is_what_coturn_computes_from_the_shared_secret() -> None:
    ticket = Relay(("turn:relay.example:3478?transport=udp",), "secret", 3600).ticket(SessionId("s1"), NOW)
    expires, _, session = ticket.username.partition(":")
    assert (int(expires), session) == (int(NOW.timestamp()) + 3600, "s1")
    expected = hmac.new(b"secret", ticket.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(ticket.credential) == expected
    assert ticket.urls == ("turn:relay.example:3478?transport=udp",)


def test_without_addresses_or_secret_no_relay_is_offered() -> None:
    assert Rules.of(Settings()).relay is None
    assert Rules.of(Settings(turn_urls=["turn:relay.example"])).relay is None
    assert Rules.of(Settings(turn_urls=["turn:relay.example"], turn_secret="x")).relay is not None
