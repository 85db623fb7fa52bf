"""Publish, subscribe, call: the only way the parts of a running system speak to each other.

The bus is in-process. Topics are typed and messages immutable; those that a relay carries (`core/relay.py`) are
heard in every process of an installation without a changed line in the parts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from pydantic import BaseModel

from core.errors import DiemcauError, Unavailable

log = structlog.get_logger("bus")

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Topic(Generic[M]):
    """A named stream of one kind of message."""

    name: str
    model: type[M]


@dataclass(frozen=True)
class Call(Generic[Q, R]):
    """A named question with one answerer."""

    name: str
    request: type[Q]
    reply: type[R]


class Overflow(Exception):
    """A listener was too slow for its queue; it must start again from a full state."""


class Subscription(Generic[M]):
    """An async iterator over a topic's messages from the moment of subscribing.

    A full queue drops its oldest message when `lossy`, else iteration raises `Overflow`.
    Use as a context manager, or call `close`.
    """

    def __init__(self, bus: Bus, topic: Topic[M], limit: int, lossy: bool) -> None:
        self._bus = bus
        self._topic = topic
        self._limit = limit
        self._lossy = lossy
        self._queue: deque[M] = deque()
        self._wake = asyncio.Event()
        self._overflowed = False
        self._closed = False

    def __enter__(self) -> Subscription[M]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration and forgets what is queued."""
        self._closed = True
        self._queue.clear()
        self._bus.forget(self._topic.name, self)
        self._wake.set()

    def offer(self, message: M) -> None:
        """Called by the bus for each message."""
        if len(self._queue) >= self._limit:
            if not self._lossy:
                self._bus.overflows += not self._overflowed
                self._overflowed = True
                self._wake.set()
                return
            self._queue.popleft()
            self._bus.dropped_messages += 1
        self._queue.append(message)
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[M]:
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self._overflowed:
                raise Overflow(self._topic.name)
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()


class Bus:
    """The in-process bus. All of it belongs to one event loop.

    `origin` names this process to the others of its installation: two that live at once have two.
    """

    def __init__(self, origin: str | None = None) -> None:
        self.origin = origin or secrets.token_hex(8)
        self._outward: Callable[[Topic[Any], BaseModel], None] | None = None
        self._listeners: dict[str, list[Subscription[Any]]] = {}
        self._handlers: dict[str, Callable[[Any], Awaitable[BaseModel]]] = {}
        self.overflows = 0
        """How often a listener was too slow and had to start again."""
        self.dropped_messages = 0
        """Messages that gave way to newer ones in the full queues of lossy listeners."""

    def publish(self, topic: Topic[M], message: M) -> None:
        """Hands `message` to every present listener, and to the relay if there is one; nobody listening is fine."""
        self.deliver(topic, message)
        if self._outward is not None:
            self._outward(topic, message)

    def deliver(self, topic: Topic[M], message: M) -> None:
        """Hands `message` to the listeners of this process alone."""
        for subscription in tuple(self._listeners.get(topic.name, ())):
            subscription.offer(message)

    def has_listeners(self, topic: Topic[Any]) -> bool:
        """Whether anybody in this process listens now: what costs much to make need not be made for nobody."""
        return bool(self._listeners.get(topic.name))

    @contextmanager
    def telling_others(self, tell: Callable[[Topic[Any], BaseModel], None]) -> Iterator[None]:
        """While the block runs, `tell` gets all that is published here."""
        if self._outward is not None:
            raise RuntimeError("another relay carries this bus")
        self._outward = tell
        try:
            yield
        finally:
            self._outward = None

    def subscribe(self, topic: Topic[M], *, limit: int = 1_000, lossy: bool = False) -> Subscription[M]:
        """Starts listening now; see `Subscription` for what happens to a slow listener."""
        subscription = Subscription(self, topic, limit, lossy)
        self._listeners.setdefault(topic.name, []).append(subscription)
        return subscription

    def answer(self, call: Call[Q, R], handler: Callable[[Q], Awaitable[R]]) -> None:
        """Makes `handler` the one answerer of `call`."""
        if call.name in self._handlers:
            raise RuntimeError(f"{call.name} already has an answerer")
        self._handlers[call.name] = handler

    def stop_answering(self, call: Call[Any, Any]) -> None:
        """Takes the answerer of `call` away; harmless when there is none."""
        self._handlers.pop(call.name, None)

    def is_answered(self, call: Call[Any, Any]) -> bool:
        """Whether somebody answers `call` now."""
        return call.name in self._handlers

    async def request(self, call: Call[Q, R], message: Q, *, timeout: float = 10.0) -> R:
        """Asks and waits for the answer.

        Raises the answerer's own `DiemcauError`; `Unavailable` when nobody answers or not in `timeout` seconds.
        """
        handler = self._handlers.get(call.name)
        if handler is None:
            raise Unavailable("service.absent", "This service is not running. Try again in a moment.")
        try:
            async with asyncio.timeout(timeout):
                reply = await handler(message)
        except DiemcauError:
            raise
        except TimeoutError as exc:
            raise Unavailable("service.slow", "The service did not answer in time. Try again.") from exc
        except Exception as exc:
            log.exception("call_failed", call=call.name)
            raise Unavailable("service.failed", "The service failed. Try again; if it stays, tell support.") from exc
        assert isinstance(reply, call.reply)
        return reply

    def forget(self, name: str, subscription: Subscription[Any]) -> None:
        """Called by a subscription that closes."""
        listeners = self._listeners.get(name, [])
        if subscription in listeners:
            listeners.remove(subscription)
        if not listeners:
            self._listeners.pop(name, None)
