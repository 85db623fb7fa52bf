"""What the media engine counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.media.leg import LegState


@dataclass(frozen=True)
class EngineStats:
    """Totals since the start; `legs` is what is open now, `drops` counts packets by reason."""

    legs: int
    leg_states: Mapping[LegState, int]
    """How many of the open legs are in each state; a state without any may be missing."""
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    forwarded: int
    keyframe_requests: int
    drops: Mapping[str, int]
    resent: int
    """Packets sent once more because a receiver missed them."""
    recovered: int
    """Packets that a source sent once more because the node asked."""
