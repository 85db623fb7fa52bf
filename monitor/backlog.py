"""Rows that wait for the database, in batches, with a bound. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

Row = tuple[Any, ...]
Batch = Sequence[Row]


class Backlog:
    """Rows beyond `limit` push out the oldest waiting batches, which are counted; the newest batch always stays."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._batches: deque[Batch] = deque()
        self.waiting = 0
        self.dropped = 0
        self.stored = 0
        self.stored_batches = 0

    def add(self, batch: Batch) -> None:
        """Queues one batch."""
        if not batch:
            return
        self._batches.append(batch)
        self.waiting += len(batch)
        while self.waiting > self._limit and len(self._batches) > 1:
            pushed_out = len(self._batches.popleft())
            self.waiting -= pushed_out
            self.dropped += pushed_out

    def head(self, rows: int) -> list[Batch]:
        """The oldest batches: at least one, and more as long as they have at most `rows` together."""
        chosen: list[Batch] = []
        taken = 0
        for batch in self._batches:
            taken += len(batch)
            if chosen and taken > rows:
                break
            chosen.append(batch)
        return chosen

    def settle(self, batch: Batch, *, stored: bool) -> None:
        """A batch of `head` is done with. While it was written, it may have been pushed out as the oldest."""
        if stored:
            self.stored += len(batch)
            self.stored_batches += 1
        if self._batches and self._batches[0] is batch:
            self._batches.popleft()
            self.waiting -= len(batch)
