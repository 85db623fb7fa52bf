"""TURN relays for endpoints behind firewalls: short-lived credentials that the relay checks with a shared secret.

The scheme is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): the user name begins with the moment it
expires, the password is the HMAC-SHA-1 of the user name. The node itself stays ICE-lite and needs no relay.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from core.model import SessionId
from core.settings import Settings
from signaling.protocol import IceServer


@dataclass(frozen=True)
class Relay:
    """The relay's addresses (`turn:host:3478?transport=udp`, `turns:host:5349?transport=tcp`) and its secret."""

    urls: tuple[str, ...]
    secret: str
    seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Relay | None:
        """The relay of an installation; None where the settings name none."""
        if not settings.turn_urls or not settings.turn_secret:
            return None
        return cls(tuple(settings.turn_urls), settings.turn_secret, settings.turn_seconds)

    def ticket(self, session: SessionId, now: datetime) -> IceServer:
        """Credentials for one session; they must outlast the time until its media is connected again."""
        username = f"{int(now.timestamp() + self.seconds)}:{session}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(urls=self.urls, username=username, credential=base64.b64encode(digest).decode())
