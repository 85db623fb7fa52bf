"""What is behind a fault, from the evidence of the last minute. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import StatisticsError, correlation, fmean

from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Likely

FULL_SHARE = 0.8
"""From this share of its capacity on a line queues and loses: traffic is not even within a sampling period."""
QUEUE_MS = 80.0
"""As much longer than its shortest round trip means that packets wait in a queue."""
LOSSY = 0.02
LOAD_CORRELATION = 0.6
_LEAST_SAMPLES = 8
_LEAST_SPREAD = 0.2
JITTER_MS = 30.0
DELAY_MS = 300.0


def likely_cause(recent: Sequence[Evidence], up_kbps: int | None, down_kbps: int | None) -> Likely:
    """What is behind the ill line of one point; `recent` is the last minute's evidence, the newest last.

    The capacities are those of the hall's line as booked; None: not known.
    """
    if not recent:
        return Likely.UNKNOWN
    newest = recent[-1]
    if newest.line is Condition.LOST:
        return Likely.ENDPOINT_LOST
    troubled = [e for e in recent if e.line.is_affected] or list(recent)
    if _is_full([(e.kbps_up, e.loss_up, e.rtt_ms) for e in recent], up_kbps):
        return Likely.UPLINK_SATURATED
    carried = newest.limit_down_kbps
    if carried is not None or _is_full([(e.kbps_down, e.loss_down, e.rtt_ms) for e in recent], down_kbps):
        return Likely.DOWNLINK_SATURATED
    loss, jitter, rtt = (_mean(values) for values in _columns(troubled))
    if jitter is not None and jitter >= JITTER_MS and newest.wireless:
        return Likely.WIFI_JITTER
    if loss is not None and loss >= LOSSY / 2:
        return Likely.PATH_LOSS
    if jitter is not None and jitter >= JITTER_MS:
        return Likely.PATH_JITTER
    return Likely.PATH_DELAY if rtt is not None and rtt >= DELAY_MS else Likely.UNKNOWN


def common_cause(members: Iterable[Likely], load_kbps: float | None, capacity_kbps: int | None) -> Likely:
    """What is behind a common fault: a full shared line, else what is behind most of its members."""
    if load_kbps is not None and capacity_kbps and load_kbps >= FULL_SHARE * capacity_kbps:
        return Likely.UPLINK_SATURATED
    counted = Counter(member for member in members if member is not Likely.UNKNOWN)
    return counted.most_common(1)[0][0] if counted else Likely.UNKNOWN


def _columns(recent: Iterable[Evidence]) -> tuple[list[float | None], list[float | None], list[float | None]]:
    listed = list(recent)
    return [e.loss for e in listed], [e.jitter_ms for e in listed], [e.rtt_ms for e in listed]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


_Moment = tuple[float | None, float | None, float | None]


def _is_full(moments: Sequence[_Moment], capacity: int | None) -> bool:
    """Whether losses or the queue come with the load, of (kbit/s, loss, round trip) at each moment."""
    loads = [load for load, _, _ in moments if load is not None]
    trips = [trip for _, _, trip in moments if trip is not None]
    if not loads:
        return False
    if capacity:
        load, loss, trip = moments[-1]
        queued = trip is not None and trip >= min(trips) + QUEUE_MS
        near = load is not None and load >= FULL_SHARE * capacity
        return near and (queued or (loss is not None and loss >= LOSSY))
    return _grows_with_load(moments)


def _grows_with_load(moments: Sequence[_Moment]) -> bool:
    pairs = [(load, loss) for load, loss, _ in moments if load is not None and loss is not None]
    if len(pairs) < _LEAST_SAMPLES or max(loss for _, loss in pairs) < LOSSY:
        return False
    loads = [load for load, _ in pairs]
    if max(loads) - min(loads) < _LEAST_SPREAD * max(loads):
        return False
    try:
        return correlation(loads, [loss for _, loss in pairs]) >= LOAD_CORRELATION
    except StatisticsError:
        return False
