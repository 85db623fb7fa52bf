"""Which simulcast layer of a picture a receiver gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from core.model import TILE_SLOTS, SlotName, Track

BEHIND_SECONDS = 0.35
"""A layer this far behind its newest sibling has stopped: all layers of a camera carry the same pictures."""
SMALLEST_SHARE = 0.7
"""The smallest layer is kept on a line that carries this share of its measured rate: rates are never exact."""
TILE_PIXELS = 60_000
"""Just above 320x180."""
MIDDLE_PIXELS = 250_000
"""Just above 640x360: more is not shown in a slot beside the stage."""
LARGE_KBPS, MIDDLE_KBPS, SMALL_KBPS = 1_500, 500, 100
"""What cameras and screens send at most of their layers."""
_DECAY = 0.9
_LEAST_PERIOD = 0.5


class Layer(Protocol):
    """What the choice needs to know of a stream."""

    last_packet_at: float
    pixels: int


L = TypeVar("L", bound=Layer)


@dataclass(slots=True)
class Rate:
    """A stream's bit rate: the highest of late, so that a still picture is not taken for a small one."""

    octets: int = 0
    bps: int = 0
    _octets: int = 0
    _at: float | None = None

    def close_period(self, now: float) -> None:
        """To be called about once a second; a period in which nothing came says nothing."""
        if self._at is not None and now - self._at < _LEAST_PERIOD:
            return
        if self._at is not None and self.octets > self._octets:
            self.bps = round(max((self.octets - self._octets) * 8 / (now - self._at), self.bps * _DECAY))
        self._octets, self._at = self.octets, now


@dataclass(frozen=True)
class Rung:
    """One layer as a possibility: what it shows and what it costs."""

    pixels: int
    bps: int


Ladder = Sequence[Rung]
"""The layers of one picture, from small to large; never empty."""


def largest_for(name: SlotName) -> int | None:
    """The most pixels that a slot ever shows; None: as many as there are."""
    if name in TILE_SLOTS:
        return TILE_PIXELS
    if name in (SlotName.STAGE, SlotName.CONTENT) or name.track is Track.MICROPHONE:
        return None
    return MIDDLE_PIXELS


def least(one: int | None, other: int | None) -> int | None:
    """The smaller of two limits of pixels, of which None is none."""
    return min((each for each in (one, other) if each is not None), default=None)


def choose_layer(layers: Iterable[L], pixels: int | None = None) -> L | None:
    """The largest picture that is really arriving and has at most `pixels`, else the smallest that is arriving.

    A layer whose size is not known yet (no key frame seen) counts as the smallest.
    """
    layers = list(layers)
    if not layers:
        return None
    newest = max(layer.last_packet_at for layer in layers)
    arriving = [layer for layer in layers if newest - layer.last_packet_at <= BEHIND_SECONDS]
    fitting = [layer for layer in arriving if pixels is None or layer.pixels <= pixels]
    if fitting:
        return max(fitting, key=lambda layer: layer.pixels)
    return min(arriving, key=lambda layer: layer.pixels)


def allocate(limit: int, ladders: Sequence[Ladder]) -> list[int]:
    """The rung of each ladder within `limit` bit/s, -1 for none. The ladders are in order of importance.

    Everyone gets its smallest picture before anyone gets a larger one.
    """
    chosen = [-1] * len(ladders)
    left = limit
    for index, ladder in enumerate(ladders):
        if ladder[0].bps * SMALLEST_SHARE <= left:
            chosen[index] = 0
            left -= ladder[0].bps
    for index, ladder in enumerate(ladders):
        while 0 <= chosen[index] < len(ladder) - 1:
            more = ladder[chosen[index] + 1].bps - ladder[chosen[index]].bps
            if more > left:
                break
            chosen[index] += 1
            left -= more
    return chosen


def cost(ladders: Sequence[Ladder], chosen: Sequence[int]) -> int:
    """What an allocation takes, bit/s."""
    return sum(ladder[index].bps for ladder, index in zip(ladders, chosen, strict=True) if index >= 0)


def cost_of_more(ladders: Sequence[Ladder], chosen: Sequence[int]) -> int | None:
    """What the next better allocation takes, bit/s; None when there is none."""
    now = cost(ladders, chosen)
    for ladder, index in zip(ladders, chosen, strict=True):
        if index < 0:
            return now + ladder[0].bps
    for ladder, index in zip(ladders, chosen, strict=True):
        if index < len(ladder) - 1:
            return now + max(ladder[index + 1].bps - ladder[index].bps, 0)
    return None
