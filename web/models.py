"""Requests and replies that belong to the web alone; all others are the models of the parts behind it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from core.messages import FloorMoved, LinksGraded
from core.model import CodeText, ConferenceId, ConferenceState, ConferenceTimes, Model, NameText, ParticipantId
from monitor.incidents.model import ActionKind, IncidentView
from monitor.model import PresenceNow
from scheduler.directory_model import PastUnit
from scheduler.model import ConferenceSummary
from scheduler.plan.model import MediaNode, NodeMaintenance
from scheduler.plan.service import PlanRef


class Config(Model):
    """How the pages reach the other doors of this installation."""

    version: str
    signaling_url: str
    time_zone: str
    https: bool


class Health(Model):
    """The server answers."""

    status: Literal["ok"]


class Readiness(Model):
    """Everything that a conference needs is there."""

    status: Literal["ready"]


class SignIn(Model):
    """Credentials."""

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1_000)


class PointsQuery(Model):
    """Which points: of one unit's subtree (`direct`: of the unit itself), with a text in code or name."""

    unit: str | None = Field(default=None, max_length=64)
    q: str = Field(default="", max_length=200)
    direct: bool = False


class CountryRequest(Model):
    """Loads the real communes of a province by its official code ("79"), or of the whole country."""

    province: str | None = Field(default=None, max_length=8)


class ImportQuery(Model):
    """Whether the file is only checked."""

    dry_run: bool = False


class Demand(Model):
    """Whether a unit approves its bookings."""

    demanded: bool


class Appointment(Model):
    """Whether an account may approve for a unit."""

    username: str = Field(max_length=64)
    appointed: bool


class ConferenceChair(Model):
    """Who shall chair a conference, by the name of the account; None: nobody."""

    username: str | None = Field(max_length=64)


class MaintenanceQuery(Model):
    """Which windows: those that touch a time, with a point in a unit's subtree."""

    start: AwareDatetime
    stop: AwareDatetime
    unit: str | None = Field(default=None, max_length=64)


class TimelineQuery(Model):
    """What holds points in this time, in a unit's subtree (None: anywhere)."""

    start: AwareDatetime
    stop: AwareDatetime
    unit: CodeText | None = None


class CalendarQuery(TimelineQuery):
    """What happens in this time under a unit; `by_unit` names the units directly under it that take part."""

    by_unit: bool = False


class UnitHistory(Model):
    """What a unit was before, oldest first, and the units that went into it, the latest first."""

    before: tuple[PastUnit, ...]
    predecessors: tuple[PastUnit, ...]


class NodeFacts(Model):
    """A media node without its code, which is in the path."""

    name: NameText
    unit: CodeText
    legs: int = Field(ge=1, le=1_000_000)
    kbps: int = Field(ge=1, le=1_000_000_000)
    active: bool = True


class NodeChanged(Model):
    """A media node as it is now, and the conferences planned with it that should be looked at again."""

    node: MediaNode
    conferences: tuple[ConferenceId, ...]


class NodeWindowQuery(Model):
    """Whose maintenance windows; None: every node's."""

    node: str | None = Field(default=None, max_length=64)


class NodeWindowRequest(Model):
    """Takes a node out of service for a while."""

    node: CodeText
    start: AwareDatetime
    stop: AwareDatetime
    reason: str = Field(default="", max_length=200)


class NodeWindow(Model):
    """A maintenance window as it was added, and the conferences that are planned with the node then."""

    window: NodeMaintenance
    conferences: tuple[ConferenceId, ...]


class PlanQuery(Model):
    """Which of a conference's latest plans; None: the current one."""

    number: int | None = Field(default=None, ge=1, le=2_147_483_647)


class PlanPair(Model):
    """Two plans, of one conference or of two."""

    before: PlanRef
    after: PlanRef


class PlanProblems(Model):
    """Why a plan no longer holds, in words; empty when it does or none is needed."""

    problems: tuple[str, ...]


class HistoryQuery(Model):
    """Whose line, and how far back."""

    participant: ParticipantId = Field(max_length=200)
    minutes: int = 10


class ConferenceTitle(Model):
    """What an account that is only an operator's may know of a conference."""

    id: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes


class JoinFacts(Model):
    """What the holder of a join link may know before entering: which conference, when, and whose seat it is."""

    title: str
    state: ConferenceState
    times: ConferenceTimes
    name: NameText


class IncidentStep(Model):
    """What a person does about an incident, as it was at `version`."""

    version: int = Field(ge=1, le=2_147_483_647)
    text: str = Field(default="", max_length=1_000)


class IncidentAction(Model):
    """What shall be done about an incident, as it was at `version`. That an operator is called is only noted."""

    version: int = Field(ge=1, le=2_147_483_647)
    action: ActionKind


class FeedSnapshot(Model):
    """The feed's event `snapshot`: all that is known now. It replaces everything the page knew.

    One of many lines comes as `parts` events in a row, and counts when the last is there: the first holds everything
    but the lines and the presence that do not fit, the others only more of these.
    """

    links: LinksGraded | None
    presence: tuple[PresenceNow, ...]
    floor: FloorMoved | None
    conference: ConferenceSummary
    incidents: tuple[IncidentView, ...] = ()
    part: int = 1
    parts: int = 1


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable and what pages translate; `data` depends on it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    data: dict[str, Any]
