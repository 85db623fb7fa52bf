"""What is asked of the scheduler and what it answers. The HTTP API speaks exactly these models."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

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


class UnitSummary(Model):
    """A unit with the number of points in its whole subtree."""

    code: str
    name: str
    kind: UnitKind
    parent: str | None
    points: int


class ImportProblem(Model):
    """Why a directory file cannot be applied. `row` counts as a spreadsheet does (the header is row 1); 0: the file."""

    row: int
    column: str
    code: str
    message: str


class ImportReport(Model):
    """What a directory file did, or would do. Nothing is applied while there is any problem.

    `problems` holds the first 200 of `problem_count`.
    """

    applied: bool
    rows: int = 0
    units_new: int = 0
    units_updated: int = 0
    points_new: int = 0
    points_updated: int = 0
    points_unchanged: int = 0
    problems: tuple[ImportProblem, ...] = ()
    problem_count: int = 0


class RequestedTimes(Model):
    """Conference times as asked for: their order is checked by the scheduler, which names what is wrong."""

    can_join_after: AwareDatetime
    start: AwareDatetime
    stop: AwareDatetime
    must_join_before: AwareDatetime


class BookingRequest(Model):
    """Books every point of the subtrees of `units`, and `points`."""

    title: str
    times: RequestedTimes
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


class ClashRequest(Model):
    """Asks which of the points are taken in these times; `ignore` is the conference that is being moved."""

    times: RequestedTimes
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    ignore: ConferenceId | None = None


class RescheduleRequest(Model):
    """New times. With `version` it is refused when somebody changed the conference since that version."""

    times: RequestedTimes
    version: int | None = Field(default=None, ge=1)


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


class ClashReport(Model):
    """The number of points asked about, and those that are taken."""

    points: int
    clashes: tuple[Clash, ...]


class ConferenceSummary(Model):
    """A conference as a list shows it; `points` is their number."""

    id: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes
    points: int
    version: int
    booked_by: str


class Conference(Model):
    """A booked conference with its points, in order of their codes."""

    id: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes
    version: int
    booked_by: str
    points: tuple[PointRef, ...]


class PointLink(Model):
    """The join link of one point."""

    point: str
    name: str
    url: str


class EnterRequest(Model):
    """A signed-in person wants in; an operator says at which point."""

    role: Role
    point: CodeText | None = None


class EnterReply(Model):
    """The token for the signaling hello."""

    token: str
