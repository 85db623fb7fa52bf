"""What a receiver's own readings say about a while: figures and times to adapt, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STALL_SECONDS = 0.5
"""Without a new picture for this long, a line has not settled."""
OVERFLOW_SHARE = 0.02
"""Of a step's packets dropped at the line's queue: more is sent than the line carries."""


@dataclass(frozen=True)
class Reading:
    """One look at what a page receives. Counts are totals; `at` in seconds."""

    at: float
    frames: int = 0
    width: int = 0
    freezes: int = 0
    frozen_seconds: float = 0.0
    """As the browser counts them: a gap of three usual ones, or 150 ms longer than usual."""
    concealed: int = 0
    """Samples of sound that were made up, without those made up in silence."""
    samples: int = 0
    bytes: int = 0
    repaired: int = 0
    """Packets that came as retransmissions."""
    carried: int = 0
    """Packets that met the line's queue, and how many it dropped."""
    overflowed: int = 0


@dataclass(frozen=True)
class Figures:
    """A while in figures."""

    fps: float
    freezes: int
    frozen_share: float
    concealed_share: float
    width: int
    """The picture's width that was shown longest: the layer."""
    kbps: float
    repaired: int


def figures(readings: Sequence[Reading]) -> Figures:
    """Of at least two readings. A picture that stands at the end counts as frozen though no browser says so yet."""
    first, last = readings[0], readings[-1]
    seconds = last.at - first.at
    frozen = last.frozen_seconds - first.frozen_seconds
    standing = last.at - _moved_at(readings)
    if standing >= STALL_SECONDS:
        frozen += standing
    samples = last.samples - first.samples
    widths = [reading.width for reading in readings[1:]]
    return Figures(
        fps=(last.frames - first.frames) / seconds,
        freezes=last.freezes - first.freezes + (standing >= STALL_SECONDS),
        frozen_share=min(1.0, frozen / seconds),
        concealed_share=(last.concealed - first.concealed) / samples if samples else 0.0,
        width=max(set(widths), key=widths.count),
        kbps=(last.bytes - first.bytes) * 8 / 1000 / seconds,
        repaired=last.repaired - first.repaired,
    )


def _moved_at(readings: Sequence[Reading]) -> float:
    """When the last new picture was seen."""
    at = readings[0].at
    for before, after in pairwise(readings):
        if after.frames > before.frames:
            at = after.at
    return at


def settled_after(readings: Sequence[Reading]) -> float | None:
    """Seconds from the first reading to the end of the last trouble (a stall, an overflow); None: it still goes on."""
    troubled = moved_at = readings[0].at
    stalled = False
    for before, after in pairwise(readings):
        moved = after.frames > before.frames
        overflows = after.overflowed - before.overflowed > OVERFLOW_SHARE * (after.carried - before.carried)
        if overflows or stalled:
            troubled = after.at
        moved_at = after.at if moved else moved_at
        stalled = not moved and after.at - moved_at >= STALL_SECONDS
        troubled = after.at if stalled else troubled
    return None if troubled == readings[-1].at else troubled - readings[0].at


def recovered_after(readings: Sequence[Reading], width: int) -> float | None:
    """Seconds from the first reading until pictures of `width` came and stayed; None: not (yet)."""
    since: float | None = None
    for reading in readings:
        if reading.width < width:
            since = None
        elif since is None:
            since = reading.at
    return None if since is None else since - readings[0].at
