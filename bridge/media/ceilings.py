"""The largest pictures that a leg may be sent, as its conference was planned: lines and nodes are shared. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.media.layers import LARGE_KBPS, MIDDLE_KBPS, MIDDLE_PIXELS, TILE_PIXELS, Rung, largest_for
from core.model import SlotName

Ceilings = Mapping[SlotName, int]
"""kbit/s of each slot that is kept below the largest picture there may be; 0: no picture."""
TOLERANCE = 1.3
"""Encoders overshoot: a layer counts as within the ceiling up to this share of it; the next is three times as large."""
_SMALLEST = 1


def below_largest(planned: Ceilings) -> Ceilings:
    """The ceilings that matter: a slot that is planned with the largest picture has none."""
    return {slot: kbps for slot, kbps in planned.items() if kbps < LARGE_KBPS}


def within(ladder: Sequence[Rung], kbps: int | None) -> Sequence[Rung]:
    """The layers that the ceiling allows; the smallest one however large it is, but none below a ceiling of 0."""
    if kbps is None or not ladder:
        return ladder
    return [rung for rung in ladder if rung.bps <= TOLERANCE * kbps * 1_000] or ladder[:1] if kbps else []


def largest_within(ladder: Sequence[Rung], kbps: int | None, name: SlotName) -> int | None:
    """The most pixels that a slot shows (None: any); as long as its layers are not known, by their usual rates."""
    largest = largest_for(name)
    if kbps is None:
        return largest
    if ladder or not kbps:
        return max((rung.pixels for rung in within(ladder, kbps)), default=0)
    if name is SlotName.CONTENT:
        return _SMALLEST
    usual = MIDDLE_PIXELS if kbps >= MIDDLE_KBPS else TILE_PIXELS
    return usual if largest is None else min(usual, largest)
