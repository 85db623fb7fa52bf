"""Incidents as the tracker holds them, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model import PointCode
from monitor.incidents.evidence import Evidence
from monitor.incidents.model import Assessment, Cause, EntryKind, IncidentId, IncidentSeverity


@dataclass
class Tracked:
    """One incident that is open or folded; `members` are the points that it harms now."""

    id: IncidentId
    cause: Cause
    assessment: Assessment
    members: dict[PointCode, Evidence] = field(default_factory=dict)
    folded_into: IncidentId | None = None
    unexplained: float | None = None
    assessed: float = 0.0
    ever: set[PointCode] = field(default_factory=set)
    told: IncidentSeverity | None = None
    """The worst severity of which an alarm was given, by itself or by what is folded under it."""
    alarm_due: float | None = None
    """When people are told of it outside the pages, unless it is over or folded by then; None: that is decided."""


@dataclass(frozen=True)
class Closed:
    """An incident that recovered in a former process, and how long ago."""

    cause: Cause
    id: IncidentId
    seconds_ago: float
    told: IncidentSeverity | None


@dataclass(frozen=True)
class Change:
    """Something to be stored and told. `joined` and `recovered` are points that became members or ceased to be.

    `alarm`: people are to be told of it now.
    """

    kind: EntryKind
    incident: IncidentId
    cause: Cause
    assessment: Assessment
    joined: Mapping[PointCode, Evidence] = field(default_factory=dict)
    recovered: frozenset[PointCode] = frozenset()
    folded_into: IncidentId | None = None
    alarm: bool = False
