"""A camera's line up on a clock of its own: a browser's three layers, the bad line, the node's rules. No sockets.

`Source` does what browsers do with what they are told: it grows by 8 % a second within it, fills its layers from the
smallest on, and paces each picture's packets. The node's side is the real `Uplink` and `SourceLimit`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from bridge.media.source_limit import SourceLimit
from bridge.media.uplink import CEILING, Uplink
from tests.support.line import Faults, LineModel

PACKET_BYTES = 1_150
PICTURES_PER_SECOND = 15
PACING = 2.5
"""A browser's pacer sends this much faster than its target."""
LAYERS = ((32_400, 30_000, 150_000), (129_600, 150_000, 500_000), (518_400, 350_000, 1_500_000))
"""Pixels, least and most bit/s of each layer of a camera of 960x540."""
SIZES = tuple(pixels for pixels, _, _ in LAYERS)
_GROWTH = 1.08
_START = 300_000
_TOLD_SECONDS, _CHOSEN_SECONDS = 1.0, 0.3
_FIRST = 1_000.0


@dataclass(frozen=True)
class Look:
    """How it stands at a moment."""

    at: float
    target: int
    pixels: int
    """The largest layer that is sent."""


@dataclass
class Camera:
    """One camera behind a line; `run` it for a while, change `line.faults`, run it on."""

    line: LineModel
    uplink: Uplink = field(default_factory=Uplink)
    limit: SourceLimit = field(default_factory=SourceLimit)
    now: float = _FIRST
    looks: list[Look] = field(default_factory=list)
    _told: float = CEILING
    _rate: float = _START
    _under_way: list[tuple[float, int, int, int]] = field(default_factory=list)
    _number: int = 0
    _pacer_free: float = _FIRST
    _picture_at: float = _FIRST
    _told_at: float = _FIRST
    _chosen_at: float = _FIRST
    _dice: Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = Random(self.line.seed)

    def run(self, seconds: float, faults: Faults | None = None) -> list[Look]:
        """Goes on for so long, with other faults when they are given; what was looked at ten times a second."""
        if faults is not None:
            self.line.faults = faults
        began, end = len(self.looks), self.now + seconds
        while self.now < end:
            self._tick()
        return self.looks[began:]

    def _tick(self) -> None:
        """A tenth of a second: pictures leave, packets come, the node looks at its line."""
        until = self.now + 0.1
        while self._picture_at < until:
            for leaves, size in self._picture(self._picture_at):
                for arrives in self.line.carry(leaves, size):
                    self._number += 1
                    stamp = int(leaves * (1 << 18)) & 0xFF_FFFF
                    heapq.heappush(self._under_way, (arrives, self._number, stamp, size))
            self._picture_at += 1 / PICTURES_PER_SECOND
        while self._under_way and self._under_way[0][0] < until:
            at, _, stamp, size = heapq.heappop(self._under_way)
            self.uplink.take(stamp, size, 1, at)
            if self.uplink.urgent:
                self._tell(at)
        self.now = until
        if self.now - self._told_at >= _TOLD_SECONDS:
            self._tell(self.now)
        if self.now - self._chosen_at >= _CHOSEN_SECONDS:
            self._chosen_at = self.now
            up = self.uplink
            self.limit.update(SIZES, up.target, self.now, up.carries, wider=up.wider, withdrawn=up.withdrawn)
        sent = [pixels for (pixels, _, _), bps in zip(LAYERS, self._shares(), strict=True) if bps]
        self.looks.append(Look(self.now, self.uplink.target, max(sent, default=0)))

    def _tell(self, now: float) -> None:
        elapsed = now - self._told_at
        self._told, self._told_at, self.uplink.urgent = self.uplink.grow(now), now, False
        self._rate = min(self._told, self._rate * _GROWTH**elapsed)

    def _shares(self) -> list[int]:
        """Of each layer, bit/s: only the one that is asked for is sent, or all as long as nothing was said.

        As libwebrtc shares a rate out: from the smallest on, each as soon as there is its least.
        """
        left = self._rate
        shares: list[int] = []
        for pixels, least, most in LAYERS:
            wanted = pixels == (self.limit.pixels or SIZES[-1])
            bps = min(left, most) if wanted else 0
            shares.append(round(bps if bps >= least or not any(shares) else 0))
            left -= bps
        return shares

    def _picture(self, at: float) -> Iterator[tuple[float, int]]:
        """When each packet of the layers' pictures leaves, and its size."""
        leaves = max(at, self._pacer_free)
        pace = PACING * max(self._rate, _START)
        for bps in self._shares():
            octets = round(bps / 8 / PICTURES_PER_SECOND * self._dice.uniform(0.7, 1.3))
            while octets > 0:
                size = min(octets, PACKET_BYTES) + 40
                octets -= PACKET_BYTES
                yield leaves, size
                leaves += size * 8 / pace
        self._pacer_free = leaves
