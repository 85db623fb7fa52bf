"""Which simulcast layer of a camera a receiver gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

BEHIND_SECONDS = 0.35
"""A layer this far behind its newest sibling has stopped: all layers of a camera carry the same pictures."""


class Layer(Protocol):
    """What the choice needs to know of a stream."""

    last_packet_at: float
    pixels: int


L = TypeVar("L", bound=Layer)


@dataclass(frozen=True)
class Budget:
    """What a receiver's line allows."""

    pixels: int | None = None


UNLIMITED = Budget()


def choose_layer(layers: Iterable[L], budget: Budget = UNLIMITED) -> L | None:
    """The largest picture that is really arriving and within `budget`, else the smallest that is arriving.

    A layer whose size is not known yet (no key frame seen) counts as the smallest.
    """
    layers = list(layers)
    if not layers:
        return None
    newest = max(layer.last_packet_at for layer in layers)
    arriving = [layer for layer in layers if newest - layer.last_packet_at <= BEHIND_SECONDS]
    fitting = [layer for layer in arriving if budget.pixels is None or layer.pixels <= budget.pixels]
    if fitting:
        return max(fitting, key=lambda layer: layer.pixels)
    return min(arriving, key=lambda layer: layer.pixels)
