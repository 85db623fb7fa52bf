"""The words of incidents, and what the API says about them."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import NewType

from pydantic import AwareDatetime, Field

from core.bus import Topic
from core.model import ConferenceId, Model, PointCode

IncidentId = NewType("IncidentId", str)

REOPENED_WITHIN = timedelta(minutes=5)
"""A cause that returns so soon after it recovered is the same incident; later it is a new one that names the former."""


class CauseKind(StrEnum):
    """What can be at fault: a hall's own line, a hall's equipment, a unit's uplink, a provider or a media node."""

    LINE = "line"
    EQUIPMENT = "equipment"
    UNIT = "unit"
    PROVIDER = "provider"
    NODE = "node"

    @property
    def is_common(self) -> bool:
        """Whether several points share it."""
        return self not in (CauseKind.LINE, CauseKind.EQUIPMENT)


class Cause(Model):
    """One thing at fault; `code` is the point's, unit's or node's code, or the provider's name."""

    kind: CauseKind
    code: str = Field(max_length=200)


class Likely(StrEnum):
    """What the evidence says is behind it."""

    UPLINK_SATURATED = "uplink_saturated"
    DOWNLINK_SATURATED = "downlink_saturated"
    PATH_LOSS = "path_loss"
    PATH_DELAY = "path_delay"
    PATH_JITTER = "path_jitter"
    WIFI_JITTER = "wifi_jitter"
    NODE_OVERLOADED = "node_overloaded"
    ENDPOINT_LOST = "endpoint_lost"
    CPU_LIMITED = "cpu_limited"
    CAMERA_BLACK = "camera_black"
    CAMERA_MUTED = "camera_muted"
    MICROPHONE_DEAD = "microphone_dead"
    UNKNOWN = "unknown"


class IncidentSeverity(StrEnum):
    """How bad (the words of ITU-T X.733): one hall impaired; one hall lost or a few impaired; many halls."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 is the least."""
        return list(IncidentSeverity).index(self)


class IncidentState(StrEnum):
    """`folded`: it belongs to a common cause's incident and is told there."""

    OPEN = "open"
    FOLDED = "folded"
    CLOSED = "closed"


class ActionKind(StrEnum):
    """What can be done about an incident with one click."""

    LOWER_LAYER = "lower_layer"
    SOUND_ONLY = "sound_only"
    FULL_PICTURE = "full_picture"
    RECONNECT = "reconnect"
    CALL_OPERATOR = "call_operator"


class EntryKind(StrEnum):
    """What happened in an incident's history."""

    OPENED = "opened"
    REOPENED = "reopened"
    REASSESSED = "reassessed"
    GREW = "grew"
    FOLDED = "folded"
    UNFOLDED = "unfolded"
    ALARMED = "alarmed"
    ACKNOWLEDGED = "acknowledged"
    OWNED = "owned"
    NOTED = "noted"
    ACTED = "acted"
    CLOSED = "closed"


class Figures(Model):
    """What was measured on the affected lines, as means; rates as sums, of a common cause over all halls behind it.

    None: not measured.

    Rates in kbit/s, losses as fractions, times in ms.
    """

    kbps_up: float | None = None
    kbps_down: float | None = None
    loss_up: float | None = None
    loss_down: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    capacity_kbps: int | None = None


class Assessment(Model):
    """What the evidence says: `affected` of the `observed` children of the cause, and what is behind it.

    `also`: the hall's equipment has these faults as well, the gravest first.
    """

    likely: Likely
    also: tuple[Likely, ...] = ()
    severity: IncidentSeverity
    affected: int
    observed: int
    figures: Figures = Figures()

    @property
    def causes(self) -> tuple[Likely, ...]:
        """All that is behind it, the gravest first."""
        return (self.likely, *self.also)


class Member(Model):
    """A point of an incident; `until` is None while it is affected. `reason` is the grade's (docs/incidents.md)."""

    point: PointCode
    name: str
    conference: ConferenceId
    since: AwareDatetime
    until: AwareDatetime | None = None
    condition: str
    reason: str = ""


class Entry(Model):
    """One line of an incident's history; `by` is None for what the monitor did itself.

    The text of `acted` is the action's name.
    """

    number: int
    at: AwareDatetime
    kind: EntryKind
    by: str | None = None
    text: str = ""


class Incident(Model):
    """One incident as lists show it. `version` counts what people and the monitor changed, but not its members.

    `former` is the last closed incident of the same cause; `folded_into` the common cause's incident.
    """

    id: IncidentId
    version: int
    cause: Cause
    cause_name: str
    state: IncidentState
    assessment: Assessment
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    closed_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    owner: str | None = None
    former: IncidentId | None = None
    folded_into: IncidentId | None = None


class IncidentView(Model):
    """An incident with the conference's points that it harms, and what can be done, the first thing to do first.

    A closed one names all points that it ever harmed. `limited`: what was done last about their pictures.
    """

    incident: Incident
    members: tuple[PointCode, ...]
    actions: tuple[ActionKind, ...]
    limited: ActionKind | None = None


class IncidentBoard(Model):
    """The incidents of a conference, those that are open first, then the worst, the largest and the newest.

    Over the feed only those that are open; each replaces the one before.
    """

    conference: ConferenceId
    at: AwareDatetime
    incidents: tuple[IncidentView, ...] = ()


class IncidentDetail(Model):
    """One incident with its members in this conference and its whole history, oldest first."""

    incident: Incident
    actions: tuple[ActionKind, ...]
    limited: ActionKind | None = None
    members: tuple[Member, ...]
    history: tuple[Entry, ...]


INCIDENTS: Topic[IncidentBoard] = Topic("incidents", IncidentBoard)
"""Told to the pages whenever an incident of a conference changes."""
