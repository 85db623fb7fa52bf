"""How often something may be tried: one token bucket per key, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from core.clock import Clock


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Allows `per_minute` tries at once and the same number per minute from then on, for each key."""

    def __init__(self, per_minute: int, clock: Clock, *, keys: int = 20_000) -> None:
        self._burst = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._keys = keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """Uses up one try and returns 0, or returns the seconds until the next is allowed and uses up nothing."""
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_second
        bucket.tokens -= 1
        return 0.0

    def give_back(self, key: str) -> None:
        """Takes one use back: it turned out not to count."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.tokens = min(self._burst, bucket.tokens + 1)
