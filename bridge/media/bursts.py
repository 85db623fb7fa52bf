"""How fast a line lets a picture's packets through: a narrow one pulls apart what left close together. Pure.

It tells that a line carries more than it is sent. A line that lets short bursts through and no more seems wide.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_LONGEST_SECONDS = 0.05
"""From a burst's first packet to its last, as they left; the next picture comes later than that."""
_LEAST_OCTETS = 1_500
"""After a burst's first packet: two packets or more, else a moment's delay says too much."""
_LEAST_SPAN = 0.001
"""The clock of whoever reads the packets tells no shorter time."""
_BURSTS = 24
_FEW = 8
_LOW = 4
"""The lowest quarter is what counts: jitter also pushes packets together."""


@dataclass(slots=True)
class Bursts:
    """One line's. Feed it every packet in the order in which they come."""

    _rates: deque[int] = field(default_factory=lambda: deque(maxlen=_BURSTS))
    _left: float = float("-inf")
    _came: float = 0.0
    _last: float = 0.0
    _octets: int = 0

    def take(self, left: float, came: float, size: int) -> None:
        """A packet of `size` bytes that left at `left` came at `came`, each in seconds on its own clock."""
        if 0 <= left - self._left <= _LONGEST_SECONDS:
            self._octets, self._last = self._octets + size, came
            return
        if self._octets >= _LEAST_OCTETS:
            self._rates.append(round(self._octets * 8 / max(self._last - self._came, _LEAST_SPAN)))
        self._left, self._came, self._last, self._octets = left, came, came, 0

    @property
    def carries(self) -> int:
        """At least so much gets through in a moment, bit/s; 0 as long as that is not known."""
        return sorted(self._rates)[len(self._rates) // _LOW] if len(self._rates) >= _FEW else 0

    def forget(self) -> None:
        """The line has become another one."""
        self._rates.clear()
