"""Key-frame requests: coalesced, limited at the source, repeated until the key frame comes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

REST_SECONDS = 0.75
"""Between the request that brought a key frame and the next one: storms of requests cost every receiver quality.

So long that the sources keep to about one a second, so short that who comes in between sees something within one.
"""
RETRY_SECONDS = 0.5
"""After a request that brought nothing; it or its answer was lost."""

S = TypeVar("S", bound=Hashable)


@dataclass(slots=True)
class _Source:
    wanted: bool = False
    asked_at: float = float("-inf")
    answered: bool = True


@dataclass
class KeyframeRequests(Generic[S]):
    """Decides when to ask which stream. Call `want`, send what it and `due` say, report `arrived`."""

    _sources: dict[S, _Source] = field(default_factory=dict)

    def want(self, stream: S, now: float) -> bool:
        """Somebody waits for a key frame of `stream`. True means: ask for it now; else it will become due."""
        source = self._sources.setdefault(stream, _Source())
        source.wanted = True
        return self._ask(source, now)

    def due(self, now: float) -> list[S]:
        """The streams to ask now."""
        return [stream for stream, source in self._sources.items() if source.wanted and self._ask(source, now)]

    def arrived(self, stream: S) -> None:
        """A key frame of `stream` begins; everybody who waited has it."""
        source = self._sources.get(stream)
        if source is not None:
            source.wanted, source.answered = False, True

    def forget(self, stream: S) -> None:
        """The stream is over, or nobody waits for it any more."""
        self._sources.pop(stream, None)

    @staticmethod
    def _ask(source: _Source, now: float) -> bool:
        if now - source.asked_at < (REST_SECONDS if source.answered else RETRY_SECONDS):
            return False
        source.asked_at, source.answered = now, False
        return True
