"""What is measured: a server process that a publisher and receivers can join."""

from __future__ import annotations

from typing import Protocol

from bench.media_client import CountingReceiver, Publisher


class Subject(Protocol):
    """One server under load; its process is `pid`."""

    name: str
    pid: int
    host: str | None
    """The address from which it is to be joined; None for any of this machine."""

    async def join_publisher(self, publisher: Publisher) -> None:
        """Connects the one publisher."""

    async def join_receiver(self) -> CountingReceiver:
        """Connects one more receiver of the publisher's stream."""

    async def close(self) -> None:
        """Ends the server process."""
