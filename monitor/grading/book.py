"""The profile chosen for each conference: stored, and used from the moment it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Literal

from pydantic import AwareDatetime

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import NotFound
from core.model import ConferenceId, Model
from monitor.profiles import PROFILES, Profile, profile_named
from monitor.store import conference_key, reading

GradeProfile = Literal["default", "teams", "pexip", "voice-only"]

_SQL = load_queries("monitor.grading")


class Threshold(Model):
    """From `fair` and from `poor` on; None: this figure does not count. Shares as fractions, times in ms."""

    fair: float | None
    poor: float | None


class ProfileView(Model):
    """A profile with its thresholds by name."""

    name: GradeProfile
    thresholds: dict[str, Threshold]


class Grading(Model):
    """By what a conference is graded; without a choice of its own, `chosen_by` is None and it is the installation's."""

    profile: GradeProfile
    installation: GradeProfile
    chosen_by: str | None = None
    chosen_at: AwareDatetime | None = None
    profiles: tuple[ProfileView, ...]


class GradingBook:
    """`use` is called whenever a conference is to be graded by a profile from now on."""

    def __init__(
        self, database: Database, clock: Clock, installation: GradeProfile, use: Callable[[ConferenceId, Profile], None]
    ) -> None:
        self._pool = database.pool
        self._clock = clock
        self._installation = installation
        self._use = use

    async def recover(self) -> None:
        """Takes up what was chosen for conferences that are not over. Raises `Unavailable` `database.away`."""
        with reading():
            rows = await self._pool.fetch(_SQL["live"])
        for row in rows:
            self._use(ConferenceId(str(row["conference"])), profile_named(row["profile"]))

    async def get(self, conference: ConferenceId) -> Grading:
        """Raises `NotFound` `conference.unknown`."""
        with reading():
            row = await self._pool.fetchrow(_SQL["one"], conference_key(conference))
        if row is None:
            raise NotFound("conference.unknown", "There is no such conference.")
        return Grading(
            profile=row["profile"] or self._installation,
            installation=self._installation,
            chosen_by=row["chosen_by"],
            chosen_at=row["chosen_at"],
            profiles=tuple(_view(one) for one in PROFILES.values()),
        )

    async def choose(self, conference: ConferenceId, profile: GradeProfile | None, by: str) -> Grading:
        """None: the installation's again. Lines begin with new windows. Raises `NotFound` `conference.unknown`."""
        key = conference_key(conference)
        with reading():
            if profile is None:
                await self._pool.execute(_SQL["forget"], key)
            else:
                await self._pool.fetchval(_SQL["choose"], key, profile, by, self._clock.now())
        now = await self.get(conference)
        self._use(conference, profile_named(now.profile))
        return now


def _view(profile: Profile) -> ProfileView:
    thresholds = {
        name: Threshold(
            fair=bound.fair if isfinite(bound.fair) else None, poor=bound.poor if isfinite(bound.poor) else None
        )
        for name, bound in profile.bounds.items()
    }
    return ProfileView.model_validate({"name": profile.name, "thresholds": thresholds})
