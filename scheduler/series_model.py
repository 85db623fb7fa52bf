"""What is asked about a series of conferences and what is answered."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from core.model import ConferenceId, ConferenceTimes, Model
from scheduler.model import (
    BufferMinutes,
    ChairElsewhere,
    ChairName,
    Clash,
    ConferenceChange,
    ConferenceSummary,
    RequestedTimes,
    StepRequest,
)
from scheduler.plan.model import ClosedNode, Limit, Outlook, PlanOutcome, PlanWish

MAX_OCCURRENCES = 400
MAX_RULE = 500


class OnClash(StrEnum):
    """What becomes of a series when an occurrence clashes, or is not carried because a media node is in maintenance."""

    REFUSE = "refuse"
    """Nothing is booked."""
    LEAVE_OUT_POINTS = "leave_out_points"
    """The occurrence is booked without the points that are taken; one that is not carried still refuses all."""
    SKIP_OCCURRENCE = "skip_occurrence"
    """The others are booked."""


class SeriesRequest(Model):
    """Books an occurrence at every start that `rule` (RFC 5545 section 3.3.10, with COUNT or UNTIL) gives.

    `first` is the first occurrence; the others start at the same time of day in `zone`, open their doors and last as
    long. Starts in `exdates`, and on request those on Vietnam's holidays, are left out.
    """

    title: str
    first: RequestedTimes
    rule: str = Field(min_length=1, max_length=MAX_RULE)
    zone: str = Field(default="Asia/Ho_Chi_Minh", max_length=64)
    exdates: tuple[AwareDatetime, ...] = Field(default=(), max_length=MAX_OCCURRENCES)
    skip_holidays: bool = False
    units: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    setup_minutes: BufferMinutes = 0
    teardown_minutes: BufferMinutes = 0
    wish: PlanWish = PlanWish()
    chair: ChairName | None = None
    on_clash: OnClash = OnClash.REFUSE


class OccurrenceClashes(Model):
    """An occurrence with `count` points that are taken; `clashes` has the first 50 of them."""

    recurrence_id: AwareDatetime
    times: ConferenceTimes
    count: int
    clashes: tuple[Clash, ...]


class OccurrencePreview(OccurrenceClashes):
    """An occurrence before it is booked; `skipped` when it will be left out, `holiday` the name of what it falls on.

    `chair`: what the chair has elsewhere. `closed` are media nodes in maintenance then; `outlook` says whether the
    others carry the points that are free (None: no node is closed, or too many occurrences to say).
    """

    holiday: str | None
    skipped: bool
    chair: ChairElsewhere | None = None
    closed: tuple[ClosedNode, ...] = ()
    outlook: Outlook | None = None


class SeriesPreview(Model):
    """Every start that the rule gives, in order, with what stands against it."""

    points: int
    occurrences: tuple[OccurrencePreview, ...]


class SkipReason(StrEnum):
    """Why the rule gives a start that was not booked."""

    EXDATE = "exdate"
    HOLIDAY = "holiday"
    CLASH = "clash"
    CAPACITY = "capacity"


class Skipped(Model):
    """A start that was not booked. `limits`: what is too little for it, when lines and media nodes do not carry it."""

    recurrence_id: AwareDatetime
    reason: SkipReason
    holiday: str | None = None
    clashes: OccurrenceClashes | None = None
    limits: tuple[Limit, ...] = ()


class Series(Model):
    """A series with its occurrences, in order of the starts that the rule gave them."""

    id: str
    rule: str
    zone: str
    first_start: AwareDatetime
    exdates: tuple[AwareDatetime, ...]
    skip_holidays: bool
    booked_by: str
    occurrences: tuple[ConferenceSummary, ...]


class SeriesBooked(Model):
    """A series as it was booked, what was not booked of it, and the points that were left out of occurrences.

    `plans` says which profile each occurrence got, in their order.
    """

    series: Series
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[OccurrenceClashes, ...] = ()
    plans: tuple[PlanOutcome, ...] = ()


class Scope(StrEnum):
    """Which occurrences a change is for."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class SeriesChange(Model):
    """A change of one occurrence, of it and those after it, or of all that are not over.

    New times are those of the named occurrence; the others move by as much and last as long, on the clock of the
    series' zone. Those that somebody has moved on their own before stay where they are.
    """

    scope: Scope
    change: ConferenceChange


class SeriesStep(Model):
    """A cancellation for a scope of occurrences."""

    scope: Scope
    step: StepRequest = StepRequest()


class SeriesChanged(Model):
    """The occurrences that were changed, those whose times were kept, the points left out, and the profiles given."""

    changed: tuple[ConferenceId, ...]
    kept_times: tuple[ConferenceId, ...] = ()
    left_out: tuple[OccurrenceClashes, ...] = ()
    plans: tuple[PlanOutcome, ...] = ()
