"""Who is to be told what about which incident: once, escalated, worse, and over. Pure.

The rules look at states, not at events: whatever was missed or sent twice, asking again gives the rest. One alarm for
each incident and subscriber, another only when it reaches a worse severity; what is folded under a common incident is
told there. The end is told once it has lasted as long as a return would be the same incident, or at once
when a person closed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model import ConferenceId, UnitCode
from monitor.alarms.model import NoticeKind, Subscription, SubscriptionId
from monitor.incidents.model import REOPENED_WITHIN, Incident, IncidentId, IncidentSeverity


@dataclass(frozen=True)
class Watched:
    """An incident of which people are to be told, the worst severity that they are to hear of, and whom it concerns.

    `units` are those of all its points, with all above them; `closer` is the name of the person who closed it.
    """

    incident: Incident
    severity: IncidentSeverity
    folded: bool
    conferences: frozenset[ConferenceId]
    units: frozenset[UnitCode]
    closer: str | None = None


@dataclass(frozen=True)
class Told:
    """What a subscriber has been told of an incident."""

    kind: NoticeKind
    severity: IncidentSeverity


@dataclass(frozen=True)
class Notice:
    """Something to be told now."""

    subscription: Subscription
    watched: Watched
    kind: NoticeKind
    severity: IncidentSeverity


Past = Mapping[tuple[SubscriptionId, IncidentId], frozenset[Told]]


def notices(
    subscriptions: Iterable[Subscription],
    watched: Iterable[Watched],
    past: Past,
    now: datetime,
    settled_after: timedelta = REOPENED_WITHIN,
) -> list[Notice]:
    """What is to be told at `now`, given what was told before."""
    listening = [one for one in subscriptions if one.active]
    found = []
    for each in watched:
        for subscription in listening:
            told = past.get((subscription.id, each.incident.id), frozenset())
            if (told or concerns(subscription, each)) and (kind := _kind(subscription, each, told, now, settled_after)):
                found.append(Notice(subscription, each, kind, each.severity))
    return found


def concerns(subscription: Subscription, watched: Watched) -> bool:
    """Whether the incident is one that the subscriber wants to hear of."""
    if watched.severity.rank < subscription.severity.rank:
        return False
    if subscription.unit is not None and UnitCode(subscription.unit) not in watched.units:
        return False
    return subscription.conference is None or subscription.conference in watched.conferences


def _kind(
    subscription: Subscription, watched: Watched, told: frozenset[Told], now: datetime, settled_after: timedelta
) -> NoticeKind | None:
    if watched.folded:
        return None
    incident = watched.incident
    if incident.closed_at is not None:
        is_due = incident.closed_by is not None or now - incident.closed_at >= settled_after
        is_owed = bool(told) and all(one.kind is not NoticeKind.CLEARED for one in told)
        return NoticeKind.CLEARED if is_due and is_owed else None
    if told:
        return NoticeKind.WORSE if watched.severity.rank > max(one.severity.rank for one in told) else None
    if subscription.wait_minutes is None:
        return NoticeKind.ALARM
    overdue = now - incident.opened_at >= timedelta(minutes=subscription.wait_minutes)
    return NoticeKind.ESCALATED if overdue and incident.acknowledged_at is None else None
