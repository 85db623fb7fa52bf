"""How large a picture a source's line carries well, told from its uplink: what is larger is not asked for. Pure.

An encoder that may only send its largest layer, and has too little for it, drops pictures; a smaller layer moves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

BPS_PER_PIXEL = 0.8
"""A layer with less than this looks and moves worse than the one below it (libwebrtc's least rates are 0.65)."""
HEADROOM = 1.3
"""The target must be above a layer's need by this factor before it is tried."""
HOLD_SECONDS = 12.0
"""From a fall to the next try, which costs a stall when the line is still narrow; doubled then, up to the longest."""
LONGEST_HOLD_SECONDS = 24.0
SURE_HOLD_SECONDS = 4.0
"""Instead, where the packets of a picture come so close together that the line must be wide again."""
SURE_FACTOR = 2.0
"""They have to come faster than the layer's need by this factor."""
PROVING_SECONDS = 6.0
"""A fall within this time after a try is the try's fault."""


@dataclass(slots=True)
class SourceLimit:
    """One camera's."""

    pixels: int | None = None
    """The most that may be asked for; None: as many as there are."""
    _since: float = float("-inf")
    _tried_at: float = float("-inf")
    _fell_at: float = float("-inf")
    _before: int | None = None
    """`pixels` before that fall, and those that came right before it."""
    _withdrawn: int = 0
    _hold: float = HOLD_SECONDS
    _sure: bool = False
    _misled: bool = False
    """A sure try failed: how close packets come together tells nothing about this line."""

    def update(
        self,
        sizes: Collection[int],
        target: int,
        now: float,
        carries: int = 0,
        *,
        wider: bool = False,
        withdrawn: int = 0,
    ) -> int | None:
        """Takes in the pixels of the camera's layers, what its line may be sent, and what it carries for a moment.

        Both in bit/s. `wider` and `withdrawn` are those of `Uplink`. Returns `pixels`.
        """
        if withdrawn != self._withdrawn:
            self._withdrawn = withdrawn
            self._undo(now)
        if not sizes:
            return self.pixels
        top = max(sizes)
        current = top if self.pixels is None else self.pixels
        if target < BPS_PER_PIXEL * current and current > min(sizes):
            fitting = [size for size in sizes if size < current and BPS_PER_PIXEL * size <= target]
            self._fall(max(fitting, default=min(sizes)), now)
        elif current < top:
            upper = min(size for size in sizes if size > current)
            sure = not self._misled and (wider or carries >= SURE_FACTOR * BPS_PER_PIXEL * upper)
            rested = now - self._since >= (SURE_HOLD_SECONDS if sure else self._hold)
            if rested and target >= HEADROOM * BPS_PER_PIXEL * upper:
                self.pixels = None if upper == top else upper
                self._tried_at = self._since = now
                self._sure = sure
        return self.pixels

    def _undo(self, now: float) -> None:
        """What the line was told to be too narrow for a moment ago was said too soon."""
        if now - self._fell_at < PROVING_SECONDS:
            self.pixels, self._hold, self._misled = self._before, HOLD_SECONDS, False

    def _fall(self, pixels: int, now: float) -> None:
        failed = now - self._tried_at < PROVING_SECONDS
        self._misled = failed and self._sure
        self._hold = min(2 * self._hold, LONGEST_HOLD_SECONDS) if failed else HOLD_SECONDS
        if now - self._fell_at >= PROVING_SECONDS:
            self._before = self.pixels
        self.pixels, self._since, self._fell_at = pixels, now, now
