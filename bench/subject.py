"""What is measured: a server process that a source and receivers can join."""

from __future__ import annotations

from typing import Protocol

from bench.media_client import CountingReceiver
from bench.media_source import Source


class Subject(Protocol):
    """One server under load; its process is `pid`."""

    name: str
    pid: int
    host: str | None
    """The address from which it is to be joined; None for any of this machine."""

    async def join_source(self, source: Source) -> None:
        """Connects the one source, which sends from then on."""

    async def join_receiver(self) -> CountingReceiver:
        """Connects one more receiver of the source's streams."""

    async def close(self) -> None:
        """Ends the server process."""
