"""How fast a line lets a picture's packets through: a narrow one pulls apart what left close together. Pure.

It tells that a line carries more than it is sent. A line that lets short bursts through and no more seems wide.
And it tells that a line is as narrow as it was, without sending more: when each picture is pulled apart to one rate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.media.middle import middle_half

_LONGEST_SECONDS = 0.05
"""From a burst's first packet to its last, as they left; the next picture comes later than that."""
_LEAST_OCTETS = 1_500
"""After a burst's first packet: two packets or more, else a moment's delay says too much."""
_LEAST_SPAN = 0.001
"""The clock of whoever reads the packets tells no shorter time."""
_BURSTS = 24
_FEW = 8
_PULLED = 1.3
"""What takes so much longer to come than it took to leave was pulled apart."""
_MOST = 0.75
"""Of the pictures, for a line that is narrow."""
_ALIKE = 1.2
"""Rates whose middle half lies within this factor are one rate; jitter makes each another."""


class _Burst(NamedTuple):
    rate: int
    """As it came, bit/s."""
    pulled: bool
    """It took longer to come than it took to leave."""


@dataclass(slots=True)
class Bursts:
    """One line's. Feed it every packet in the order in which they come."""

    _bursts: deque[_Burst] = field(default_factory=lambda: deque(maxlen=_BURSTS))
    _left: float = float("-inf")
    _left_last: float = 0.0
    _came: float = 0.0
    _last: float = 0.0
    _octets: int = 0

    def take(self, left: float, came: float, size: int) -> None:
        """A packet of `size` bytes that left at `left` came at `came`, each in seconds on its own clock."""
        if 0 <= left - self._left <= _LONGEST_SECONDS:
            self._octets, self._last, self._left_last = self._octets + size, came, left
            return
        if self._octets >= _LEAST_OCTETS:
            span = max(self._last - self._came, _LEAST_SPAN)
            pulled = span > _PULLED * (self._left_last - self._left)
            self._bursts.append(_Burst(round(self._octets * 8 / span), pulled))
        self._left = self._left_last = left
        self._came, self._last, self._octets = came, came, 0

    @property
    def carries(self) -> int:
        """At least so much gets through in a moment, bit/s; 0 as long as that is not known.

        The lowest quarter is what counts: jitter also pushes packets together.
        """
        return self._middle[0] if len(self._bursts) >= _FEW else 0

    @property
    def narrow(self) -> int | None:
        """What a line carries that pulls most pictures apart, and all alike, bit/s; None: no such line is seen."""
        if len(self._bursts) < _FEW or sum(burst.pulled for burst in self._bursts) < _MOST * len(self._bursts):
            return None
        low, high = self._middle
        return low if high <= _ALIKE * low else None

    def forget(self) -> None:
        """The line has become another one."""
        self._bursts.clear()

    @property
    def _middle(self) -> tuple[int, int]:
        return middle_half(burst.rate for burst in self._bursts)
