"""The live feed: the bus's news of one conference, told to the pages that watch it.

The hub listens to each topic once and writes each message once, however many pages watch. A page that reads too
slowly loses its queue and gets a new snapshot instead: it is never wrong for long and never costs more than its queue.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from typing import Any

import structlog

from core.bus import Bus, Overflow, Topic
from core.errors import Unavailable
from core.messages import CONFERENCE_CHANGED, CONFERENCE_WARNING, FLOOR, LINKS, PRESENCE, LinksGraded
from core.model import ConferenceId, Model
from monitor.headcount.model import HEADCOUNTS
from monitor.incidents.model import INCIDENTS
from web.models import FeedSnapshot

log = structlog.get_logger("web")

EVENTS: dict[str, Topic[Any]] = {
    "links": LINKS,
    "presence": PRESENCE,
    "floor": FLOOR,
    "conference": CONFERENCE_CHANGED,
    "warning": CONFERENCE_WARNING,
    "incidents": INCIDENTS,
    "headcounts": HEADCOUNTS,
}
"""The feed's event names and the topics behind them."""

ALL = frozenset(EVENTS)
PEOPLE = frozenset({"headcounts", "conference", "warning"})
"""What a page hears that shows only the halls' people: not the lines of 3,356 points twice a second."""

MAX_WATCHERS = 1_000
QUEUE = 2_000
"""Events that wait for one page; all points of the country that join within one moment still fit by half."""
LINKS_WAITING = 24
"""Changes of lines that wait for one page: of the whole country they are half a megabyte each quarter of a second."""
LINES_AN_EVENT = 100
"""A page stands still while its browser reads one event: 3,356 lines at once take a tenth of a second."""
_HUB_QUEUE = 10_000


def event_bytes(name: str, message: Model) -> bytes:
    """`message` as one server-sent event (WHATWG HTML, 9.2); JSON has no line breaks of its own."""
    return f"event: {name}\ndata: {message.model_dump_json()}\n\n".encode()


def news_bytes(name: str, message: Model) -> bytes:
    """`message` as one event, or as many of the same number as its lines need."""
    if not isinstance(message, LinksGraded) or len(message.links) <= LINES_AN_EVENT:
        return event_bytes(name, message)
    parts = (message.links[n : n + LINES_AN_EVENT] for n in range(0, len(message.links), LINES_AN_EVENT))
    return b"".join(event_bytes(name, message.model_copy(update={"links": part})) for part in parts)


def snapshot_bytes(state: FeedSnapshot) -> bytes:
    """`state` as one event, or as many as its lines and presences need."""
    links, presence = state.links, state.presence
    longest = max(len(links.links) if links else 0, len(presence))
    parts = max(1, ceil(longest / LINES_AN_EVENT))
    written = b""
    for n in range(parts):
        some = slice(n * LINES_AN_EVENT, (n + 1) * LINES_AN_EVENT)
        part = {
            "links": links and links.model_copy(update={"links": links.links[some]}),
            "presence": presence[some],
            "incidents": () if n else state.incidents,
            "part": n + 1,
            "parts": parts,
        }
        written += event_bytes("snapshot", state.model_copy(update=part))
    return written


class Watcher:
    """One page's queue of encoded events: of those in `wanted`, or of all."""

    def __init__(self, limit: int = QUEUE, wanted: frozenset[str] = ALL) -> None:
        self._limit = limit
        self._wanted = wanted
        self._queue: deque[bytes] = deque()
        self._links = 0
        self._wake = asyncio.Event()
        self.stale = False
        self.closed = False

    def offer(self, name: str, data: bytes) -> None:
        """Queues one event; when there is no room, forgets all and asks for a new snapshot."""
        if name not in self._wanted:
            return
        self._links += name == "links"
        if len(self._queue) >= self._limit or self._links > LINKS_WAITING:
            self.refresh()
        else:
            self._queue.append(data)
        self._wake.set()

    def refresh(self) -> None:
        """What is queued is out of date: the page needs a new snapshot."""
        self._queue.clear()
        self._links = 0
        self.stale = True
        self._wake.set()

    def close(self) -> None:
        """The feed ends."""
        self.closed = True
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Waits for something to do, at most `seconds`; tells whether there is."""
        if not self._queue and not self.stale and not self.closed:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)
        return bool(self._queue) or self.stale or self.closed

    def take(self) -> bytes:
        """All that is queued, in order."""
        events, self._queue, self._links = self._queue, deque(), 0
        return b"".join(events)


class FeedHub:
    """Carries the bus's news to the watchers of each conference."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._watchers: dict[ConferenceId, set[Watcher]] = {}
        self._pumps: list[asyncio.Task[None]] = []
        self._closed = False

    def start(self) -> None:
        """Begins to listen to the bus; `stop` must follow."""
        for name, topic in EVENTS.items():
            subscription = self._bus.subscribe(topic, limit=_HUB_QUEUE)
            self._pumps.append(asyncio.create_task(self._pump(name, subscription), name=f"feed-{name}"))

    async def stop(self) -> None:
        """Ends every feed and stops listening."""
        self.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def close(self) -> None:
        """Ends every feed, now and from now on."""
        self._closed = True
        self._every(Watcher.close)

    @property
    def count(self) -> int:
        """How many pages watch."""
        return sum(map(len, self._watchers.values()))

    @contextmanager
    def watching(self, conference: ConferenceId, wanted: frozenset[str] = ALL) -> Iterator[Watcher]:
        """A `Watcher` that gets everything of `wanted` published about `conference` from now on."""
        if self._closed or self.count >= MAX_WATCHERS:
            raise Unavailable("feed.full", "The live view is not available right now. Try again in a moment.")
        watcher = Watcher(wanted=wanted)
        self._watchers.setdefault(conference, set()).add(watcher)
        try:
            yield watcher
        finally:
            self._watchers[conference].discard(watcher)
            if not self._watchers[conference]:
                del self._watchers[conference]

    async def _pump(self, name: str, subscription: Any) -> None:
        while True:
            try:
                with subscription:
                    async for message in subscription:
                        self._deliver(name, message)
                return
            except Overflow:
                log.warning("feed_overflow", topic=name)
                subscription = self._bus.subscribe(EVENTS[name], limit=_HUB_QUEUE)
                self._every(Watcher.refresh)

    def _deliver(self, name: str, message: Any) -> None:
        watchers = self._watchers.get(message.conference)
        if watchers:
            data = news_bytes(name, message)
            for watcher in watchers:
                watcher.offer(name, data)

    def _every(self, do: Callable[[Watcher], None]) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                do(watcher)
