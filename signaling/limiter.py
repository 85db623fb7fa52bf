"""A token bucket: how fast one client may speak."""

from __future__ import annotations


class TokenBucket:
    """Allows `burst` messages at once and `per_second` in the long run."""

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._seen = now

    def take(self, now: float) -> bool:
        """Whether one more message is allowed at `now` (monotonic seconds); an allowed one is counted."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._seen) * self._per_second)
        self._seen = max(self._seen, now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
