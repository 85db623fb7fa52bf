"""What is behind a fault, from the evidence of the last minute. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from statistics import fmean

from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Likely

FULL_SHARE = 0.8
"""From this share of its capacity on a line queues and loses: traffic is not even within a sampling period."""
QUEUE_MS = 80.0
"""As much longer than its shortest round trip means that packets wait in a queue."""
LOSSY = 0.02
LATELY = 8
"""Samples, 16 s: a limit that the node found is tried with more every few seconds, and gone for that time."""
FREE_UP_KBPS = 2_000.0
"""Every source may send more than this (2.5 Mbit/s, `bridge.media.uplink.CEILING`) until its line was found too full.

That load and losses grow together says nothing: what is lost is sent again, and so is load.
"""
JITTER_MS = 30.0
DELAY_MS = 300.0


def likely_cause(recent: Sequence[Evidence], up_kbps: int | None, down_kbps: int | None) -> Likely:
    """What is behind the ill line of one point; `recent` is the last minute's evidence, the newest last.

    The capacities are those of the hall's line as booked; None: not known.
    """
    if not recent:
        return Likely.UNKNOWN
    newest, lately = recent[-1], recent[-LATELY:]
    if newest.line is Condition.LOST:
        return Likely.ENDPOINT_LOST
    if any(e.allowed_up_kbps is not None and e.allowed_up_kbps < FREE_UP_KBPS for e in lately) or _is_full(
        [(e.kbps_up, e.loss_up, e.rtt_ms) for e in recent], up_kbps
    ):
        return Likely.UPLINK_SATURATED
    if any(e.limit_down_kbps is not None for e in lately) or _is_full(
        [(e.kbps_down, e.loss_down, e.rtt_ms) for e in recent], down_kbps
    ):
        return Likely.DOWNLINK_SATURATED
    troubled = [e for e in recent if e.line.is_affected] or list(recent)
    loss, jitter, rtt = (_mean(values) for values in _columns(troubled))
    if jitter is not None and jitter >= JITTER_MS and newest.wireless:
        return Likely.WIFI_JITTER
    if loss is not None and loss >= LOSSY / 2:
        return Likely.PATH_LOSS
    if jitter is not None and jitter >= JITTER_MS:
        return Likely.PATH_JITTER
    return Likely.PATH_DELAY if rtt is not None and rtt >= DELAY_MS else Likely.UNKNOWN


def common_cause(members: Iterable[Likely], full: Likely | None) -> Likely:
    """What is behind a common fault: a shared line or node that is `full`, else what is behind most of its members."""
    if full is not None:
        return full
    counted = Counter(member for member in members if member is not Likely.UNKNOWN)
    return counted.most_common(1)[0][0] if counted else Likely.UNKNOWN


def full_direction(
    harmed: Collection[Sequence[Evidence]], up_kbps: float | None, down_kbps: float | None, capacity: int | None
) -> Likely | None:
    """Which direction of a shared line is full; None: neither, or nobody knows what it carries.

    The loads are those of all halls behind it, and `capacity` holds for each direction. A direction is full when it
    carries about what it can, and at least half of the `harmed` halls queue or lose in it.
    """
    known = [moments for moments in harmed if moments]
    ways = (
        (up_kbps, Likely.UPLINK_SATURATED, [[(e.loss_up, e.rtt_ms) for e in moments] for moments in known]),
        (down_kbps, Likely.DOWNLINK_SATURATED, [[(e.loss_down, e.rtt_ms) for e in moments] for moments in known]),
    )
    full = [
        (load, cause)
        for load, cause, halls in ways
        if _is_near(load, capacity) and 2 * sum(map(_is_strained, halls)) >= len(halls) > 0
    ]
    return max(full)[1] if full else None


def _columns(recent: Iterable[Evidence]) -> tuple[list[float | None], list[float | None], list[float | None]]:
    listed = list(recent)
    return [e.loss for e in listed], [e.jitter_ms for e in listed], [e.rtt_ms for e in listed]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _is_full(moments: Sequence[tuple[float | None, float | None, float | None]], capacity: int | None) -> bool:
    """Whether it carries about what it can, and loses or queues, of (kbit/s, loss, round trip) at each moment."""
    return _is_near(moments[-1][0], capacity) and _is_strained([(loss, trip) for _, loss, trip in moments])


def _is_near(load: float | None, capacity: int | None) -> bool:
    return bool(capacity) and load is not None and load >= FULL_SHARE * (capacity or 0)


def _is_strained(moments: Sequence[tuple[float | None, float | None]]) -> bool:
    """Whether packets are lost or wait in a queue now, of (loss, round trip) at each moment."""
    trips = [trip for _, trip in moments if trip is not None]
    loss, trip = moments[-1]
    return (loss is not None and loss >= LOSSY) or (trip is not None and trip >= min(trips) + QUEUE_MS)
