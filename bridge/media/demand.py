"""Which simulcast layers of a camera somebody receives: the others need not be sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bridge.media.layers import choose_layer

REST_SECONDS = 5.0
"""A layer is wanted for so long after the last one who received it: lines come and go, key frames cost."""


@dataclass(slots=True)
class Known:
    """A layer whose picture has been seen; it counts as arriving, whether it is sent now or not."""

    rid: str
    pixels: int
    last_packet_at: float = 0.0


def wanted_layers(rids: Collection[str], sizes: Mapping[str, int], allowed: Collection[int | None]) -> frozenset[str]:
    """The layers that receivers with these `allowed` pixels (None: any, 0: no picture) would show.

    `sizes` are the pixels of those of `rids` that have been seen; as long as one has not, whoever may see the largest
    wants all of them.
    """
    known = [Known(rid, pixels) for rid, pixels in sizes.items() if rid in rids]
    if len(known) < len(rids) and None in allowed:
        return frozenset(rids)
    chosen = [choose_layer(known, pixels) for pixels in allowed if pixels != 0]
    return frozenset(layer.rid for layer in chosen if layer is not None)


@dataclass(slots=True)
class Demand:
    """One camera's: what its endpoint was told to send of its layers, None for all."""

    told: tuple[str, ...] | None = None
    _wanted_at: dict[str, float] = field(default_factory=dict)

    def update(
        self, rids: Collection[str], wanted: Collection[str], now: float, too_large: Collection[str] = ()
    ) -> bool:
        """Takes in what is wanted now; True when `told` has changed. Layers come at once and go after a rest.

        Those that are `too_large` for the source's line go at once, unless they are all that is wanted.
        """
        for rid in rids:
            if rid in wanted or rid not in self._wanted_at:
                self._wanted_at[rid] = now
        rested = [rid for rid in rids if now - self._wanted_at[rid] <= REST_SECONDS]
        asked = tuple(rid for rid in rested if rid in wanted or rid not in too_large)
        told = None if len(asked) == len(rids) else asked
        changed, self.told = told != self.told, told
        return changed

    def forget(self) -> bool:
        """Nobody watches any more, so there is nothing to say; True when something had been said."""
        changed, self.told = self.told is not None, None
        self._wanted_at.clear()
        return changed
