"""A session with what belongs to it in this process."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection

from core.bus import Subscription
from core.model import ConferenceId
from core.session_messages import ToSession
from signaling.limiter import TokenBucket
from signaling.session import Session


class Seat:
    """`socket` is None while the session's client is away."""

    def __init__(self, session: Session, socket: ServerConnection, bucket: TokenBucket) -> None:
        self.session = session
        self.socket: ServerConnection | None = socket
        self.bucket = bucket
        self.order = asyncio.Lock()
        """Calls to the bridge are made one after the other."""
        self.under_way = 0
        """Calls to the bridge that are begun or wait for their turn."""
        self.hears = asyncio.Event()
        self.subscription: Subscription[ToSession] | None = None

    def is_in(self, conference: ConferenceId) -> bool:
        """Whether the session's participant is one of this conference."""
        right = self.session.right
        return right is not None and right.conference == conference
