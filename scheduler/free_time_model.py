"""What is asked when looking for free time, and what is answered. The HTTP API speaks exactly these models."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from core.model import Model, PointRef
from scheduler.choosing_model import Choice
from scheduler.working_time import WorkingHours


class FreeTimeRequest(Model):
    """Looks for `minutes` in which every point of `choice` and the chair (an account's name) are free.

    Between `earliest` and `latest` (at most 400 days), within working hours (None: at any time). The points must
    also be free `before_minutes` before and `after_minutes` after, for doors, set-up and tear-down. Starts lie on full
    `step_minutes` of the hour.
    """

    minutes: int = Field(ge=1, le=31 * 24 * 60)
    earliest: AwareDatetime
    latest: AwareDatetime
    choice: Choice
    chair: str | None = Field(default=None, min_length=1, max_length=64)
    hours: WorkingHours | None = WorkingHours()
    before_minutes: int = Field(default=0, ge=0, le=24 * 60)
    after_minutes: int = Field(default=0, ge=0, le=24 * 60)
    step_minutes: int = Field(default=15, ge=5, le=60)
    count: int = Field(default=5, ge=1, le=50)


class FreeWindow(Model):
    """The earliest fit in a free gap; it may start later as long as it ends by `until`."""

    start: AwareDatetime
    stop: AwareDatetime
    until: AwareDatetime


class Blocker(Model):
    """Who is in the way at how many of the possible starts. No point: the chair."""

    point: PointRef | None
    blocked: int


class NearMissWindow(Model):
    """A time at which `busy` of those asked for are taken; some of the points by name."""

    start: AwareDatetime
    stop: AwareDatetime
    busy: int
    chair_busy: bool
    points: tuple[PointRef, ...]


class FreeTimes(Model):
    """The first free windows, one for each gap. Where there is none: how many starts there were, who blocks most of
    them, and the times at which fewest are busy.
    """

    points: int
    windows: tuple[FreeWindow, ...]
    starts: int = 0
    blockers: tuple[Blocker, ...] = ()
    near_misses: tuple[NearMissWindow, ...] = ()
