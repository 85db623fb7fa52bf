"""How bad an incident is, what is behind it, and the figures that say so. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from core.model import PointCode
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.likely import common_cause, full_direction, likely_cause
from monitor.incidents.localise import Explanation
from monitor.incidents.model import Assessment, Cause, CauseKind, Figures, IncidentSeverity, Likely
from monitor.incidents.topology import Topology

MANY_POINTS = 10
MANY_SHARE = 0.1
"""So many halls, or such a share of all that are watched, are critical."""

GRAVEST_FIRST = (Likely.MICROPHONE_DEAD, Likely.CAMERA_BLACK, Likely.CAMERA_MUTED, Likely.CPU_LIMITED)
"""The faults of a hall's equipment: who cannot be heard takes no part."""

_Recent = Mapping[PointCode, Sequence[Evidence]]


def assess(explained: Explanation, recent: _Recent, topology: Topology, watched: int) -> Assessment:
    """A common cause: `recent` is the evidence of all its children, `watched` how many points there are at all."""
    cause, affected, observed = explained.cause, len(explained.points), len(explained.children)
    harmed = {point: moments for point, moments in recent.items() if point in explained.points}
    capacity = topology.capacity(cause)
    figures = _figures([moments[-1] for moments in harmed.values() if moments], capacity)
    # Who is spared loads a shared line as well; who is lost does not.
    newest = [moments[-1] for moments in recent.values() if moments]
    loading = [one for one in newest if one.line is not Condition.LOST]
    load = {"kbps_up": _sum([e.kbps_up for e in loading]), "kbps_down": _sum([e.kbps_down for e in loading])}
    figures = figures.model_copy(update=load)
    behind = (_behind(point, moments, topology) for point, moments in harmed.items())
    full = full_direction(harmed.values(), figures.kbps_up, figures.kbps_down, capacity)
    if cause.kind is CauseKind.NODE and 2 * sum(one.node_full for one in newest) > len(newest):
        full = Likely.NODE_OVERLOADED
    likely = common_cause(behind, full)
    critical = affected >= MANY_POINTS or affected >= MANY_SHARE * watched
    severity = IncidentSeverity.CRITICAL if critical else IncidentSeverity.MAJOR
    return Assessment(likely=likely, severity=severity, affected=affected, observed=observed, figures=figures)


def assess_alone(worst: Evidence, recent: Sequence[Evidence], topology: Topology) -> Assessment:
    """One hall's line."""
    severity = IncidentSeverity.MAJOR if worst.line is Condition.LOST else IncidentSeverity.MINOR
    capacity = topology.capacity(Cause(kind=CauseKind.LINE, code=worst.point))
    return Assessment(
        likely=_behind(worst.point, recent or [worst], topology),
        severity=severity,
        affected=1,
        observed=1,
        figures=_figures([worst], capacity),
    )


def assess_equipment(broken: Evidence) -> Assessment:
    """One hall's own camera, microphone or computer: all its faults are named, the gravest first."""
    likely, *also = broken.equipment or (Likely.UNKNOWN,)
    return Assessment(
        likely=likely,
        also=tuple(also),
        severity=IncidentSeverity.MINOR,
        affected=1,
        observed=1,
    )


def _behind(point: PointCode, recent: Sequence[Evidence], topology: Topology) -> Likely:
    place = topology.places.get(point)
    return likely_cause(recent, place.up_kbps if place else None, place.down_kbps if place else None)


def _figures(newest: Sequence[Evidence], capacity: int | None) -> Figures:
    return Figures(
        kbps_up=_sum([e.kbps_up for e in newest]),
        kbps_down=_sum([e.kbps_down for e in newest]),
        loss_up=_mean([e.loss_up for e in newest], 4),
        loss_down=_mean([e.loss_down for e in newest], 4),
        jitter_ms=_mean([e.jitter_ms for e in newest], 1),
        rtt_ms=_mean([e.rtt_ms for e in newest], 1),
        capacity_kbps=capacity,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if known else None


def _mean(values: Sequence[float | None], digits: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), digits) if known else None
