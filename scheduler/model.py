"""What is asked of the scheduler and what it answers. The HTTP API speaks exactly these models."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from core.model import (
    CodeText,
    ConferenceId,
    ConferenceState,
    ConferenceTimes,
    Model,
    PointRef,
    Role,
    UnitKind,
)
from core.spreadsheet import FileProblem
from scheduler.plan.model import ClosedNode, Outlook, PlanOutcome, PlanWish


class UnitSummary(Model):
    """A unit with the number of points in its whole subtree."""

    code: str
    name: str
    kind: UnitKind
    parent: str | None
    points: int


class ImportReport(Model):
    """What a directory file did, or would do. Nothing is applied while there is any problem.

    `problems` holds the first 20,000 of `problem_count`; `unmentioned` the codes of the first 200 of
    `points_unmentioned`: points of units that the file is about, which the file itself does not have. They stay as
    they are.
    """

    applied: bool
    rows: int = 0
    units_new: int = 0
    units_updated: int = 0
    points_new: int = 0
    points_updated: int = 0
    points_unchanged: int = 0
    points_unmentioned: int = 0
    unmentioned: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    problem_count: int = 0


class RequestedTimes(Model):
    """Conference times as asked for: their order is checked by the scheduler, which names what is wrong."""

    can_join_after: AwareDatetime
    start: AwareDatetime
    stop: AwareDatetime
    must_join_before: AwareDatetime


MAX_BUFFER_MINUTES = 24 * 60
BufferMinutes = Annotated[int, Field(ge=0, le=MAX_BUFFER_MINUTES)]
ChairName = Annotated[str, Field(max_length=64)]
"""An account's name."""
Version = Annotated[int, Field(ge=1, le=2_147_483_647)]


class BookingRequest(Model):
    """Books every point of the subtrees of `units`, and `points`.

    The points are held `setup_minutes` before the doors open and `teardown_minutes` after the stop as well. With
    `leave_out_clashing` the free points are booked when others are taken. A `draft` holds nothing until submitted.
    Where lines and media nodes do not carry the wanted profile it gets the heaviest that they carry, down to
    `wish.lightest`; else it is refused.
    """

    title: str
    times: RequestedTimes
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    setup_minutes: BufferMinutes = 0
    teardown_minutes: BufferMinutes = 0
    wish: PlanWish = PlanWish()
    chair: ChairName | None = None
    leave_out_clashing: bool = False
    draft: bool = False


class ConferenceChange(Model):
    """What shall be different; what is not named stays. With `version`: only if it still is at that version.

    An empty `chair` takes the chair away.
    `add_*` comes before `remove_*`. With `leave_out_clashing` points that are taken are left out instead of refused.
    """

    title: str | None = None
    times: RequestedTimes | None = None
    setup_minutes: BufferMinutes | None = None
    teardown_minutes: BufferMinutes | None = None
    wish: PlanWish | None = None
    chair: ChairName | None = None
    add_units: tuple[str, ...] = ()
    add_points: tuple[str, ...] = ()
    remove_units: tuple[str, ...] = ()
    remove_points: tuple[str, ...] = ()
    leave_out_clashing: bool = False
    version: Version | None = None


class ExtendRequest(Model):
    """Lets a conference last so many minutes longer."""

    minutes: int = Field(ge=1, le=24 * 60)
    version: Version | None = None


class StepRequest(Model):
    """A step of a conference's life, with a word about why for its history."""

    note: str = Field(default="", max_length=500)
    version: Version | None = None


class Verdict(StepRequest):
    """An approver's answer to a requested conference."""

    granted: bool


class ClashRequest(Model):
    """Asks which of the points are taken in these times; `ignore` is the conference that is being moved.

    `wish` counts where a media node is in maintenance at that time: whether the others carry it.
    """

    times: RequestedTimes
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    setup_minutes: BufferMinutes = 0
    teardown_minutes: BufferMinutes = 0
    wish: PlanWish = PlanWish()
    chair: ChairName | None = None
    ignore: ConferenceId | None = None


class RescheduleRequest(Model):
    """New times. With `version` it is refused when somebody changed the conference since that version."""

    times: RequestedTimes
    version: Version | None = None


class Clash(Model):
    """A point that is taken, from when until when, and by what: a conference (`title`) or a maintenance (its reason).

    Set-up and tear-down of the other conference count.
    """

    point: str
    name: str
    conference: ConferenceId | None = None
    maintenance: str | None = None
    title: str
    since: AwareDatetime
    until: AwareDatetime


class ChairElsewhere(Model):
    """Another conference that the chair has at that time."""

    conference: ConferenceId
    title: str
    since: AwareDatetime
    until: AwareDatetime


class ClashReport(Model):
    """The number of points asked about, those that are taken, and what the chair has elsewhere.

    `closed` are media nodes that are in maintenance at that time; then `outlook` says whether the others carry the
    points that are free.
    """

    points: int
    clashes: tuple[Clash, ...]
    chair: ChairElsewhere | None = None
    closed: tuple[ClosedNode, ...] = ()
    outlook: Outlook | None = None


class ConferenceFacts(Model):
    """What a list and a whole conference both tell. `recurrence_id`: the start that its series' rule gave it.

    `chair` is the name of the account of who will chair it, once that is known.
    """

    id: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes
    setup_minutes: int = 0
    teardown_minutes: int = 0
    wish: PlanWish = PlanWish()
    chair: str | None = None
    version: int
    booked_by: str
    series: str | None = None
    recurrence_id: AwareDatetime | None = None


class ConferenceSummary(ConferenceFacts):
    """A conference as a list shows it; `points` is their number."""

    points: int


class Conference(ConferenceFacts):
    """A booked conference with its points, in order of their codes."""

    points: tuple[PointRef, ...]


class Booked(Model):
    """A conference as it was booked or changed, and the points that were left out because they are taken.

    `plan` says which profile it got and why not the wanted one; None when nothing was planned because nothing changed.
    """

    conference: Conference
    left_out: tuple[Clash, ...] = ()
    plan: PlanOutcome | None = None


class Action(StrEnum):
    """What a version of a conference came from."""

    BOOKED = "booked"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    CHANGED = "changed"
    EXTENDED = "extended"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    OPENED = "opened"
    CLOSED = "closed"


class FieldChange(Model):
    """One field's value before and after; of the points those that went (`old`) and those that came (`new`)."""

    field: str
    old: JsonValue
    new: JsonValue


class HistoryEntry(Model):
    """One version of a conference: who made it when, how, why, and what became different."""

    version: int
    at: AwareDatetime
    by: str
    action: Action
    note: str
    changes: tuple[FieldChange, ...]


class PointLink(Model):
    """The join link of one point."""

    point: str
    name: str
    url: str


class Seat(PointRef):
    """A point that an operator's account may enter; `own` when the directory names this person as its operator."""

    own: bool


class EnterRequest(Model):
    """A signed-in person wants in; an operator says at which point."""

    role: Role
    point: CodeText | None = None


class EnterReply(Model):
    """The token for the signaling hello."""

    token: str
