"""What the media engine counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.media.fanout import Fanout
from bridge.media.ingress import Ingress
from bridge.media.leg import Leg, LegState
from bridge.media.transport import UdpPort


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


def totals(legs: Collection[Leg], ingress: Ingress, fanout: Fanout, socket: UdpPort | None) -> EngineStats:
    """What the parts of the engine have counted until now; `socket` is None while it is stopped."""
    drops = dict(ingress.drops)
    if fanout.counters.unprotectable:
        drops["unprotectable"] = fanout.counters.unprotectable
    counters = socket.counters if socket is not None else None
    if counters is not None:
        drops |= {"send_queue": counters.dropped_queue, "send_error": counters.dropped_error}
    return EngineStats(
        legs=len(legs),
        leg_states=Counter(leg.state for leg in legs),
        packets_in=counters.packets_in if counters else 0,
        bytes_in=counters.bytes_in if counters else 0,
        packets_out=counters.packets_out if counters else 0,
        bytes_out=counters.bytes_out if counters else 0,
        forwarded=fanout.counters.packets,
        keyframe_requests=ingress.keyframe_requests,
        resent=fanout.counters.resent,
        recovered=ingress.recovered,
        drops={reason: count for reason, count in drops.items() if count},
    )
