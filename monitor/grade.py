"""How good a line is now: good, fair, poor or unknown, and by which figure. Pure; time comes in as a number.

The reason of a grade is a language-neutral code with its figure, which the pages translate:

    loss_up=7.2%  loss_down=7.2%     packets lost towards the node / towards the point
    jitter_up=44ms  jitter_down=44ms interarrival jitter (RFC 3550 section 6.4.1) in the same directions
    rtt=612ms                        round trip
    no_data                          samples come, but nothing could be measured in them
    no_sample=6s                     no sample for this long

It is empty for a good line.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.model import Grade, LinkSample

STALE_PERIODS = 3
"""Without a sample for so many periods a line is unknown."""

_RANK = {Grade.GOOD: 0, Grade.FAIR: 1, Grade.POOR: 2}


@dataclass(frozen=True)
class Bound:
    """From `fair` on a figure is only fair, from `poor` on it is poor."""

    fair: float
    poor: float


@dataclass(frozen=True)
class Profile:
    """By what a line is judged.

    A figure is the mean of what was measured in the last `window` samples. A worse grade is taken after
    `worse_after` judgements in a row, a better one after `better_after`.
    """

    name: str
    loss: Bound
    jitter_ms: Bound
    rtt_ms: Bound
    window: int = 3
    worse_after: int = 2
    better_after: int = 5


DEFAULT = Profile(
    name="default",
    # Pexip Infinity, "Perceived call quality": under 1 % good, under 3 % OK, above bad or terrible.
    loss=Bound(fair=0.01, poor=0.03),
    # Fair: Microsoft Teams Call Quality Dashboard, audio classifier (30 ms). Poor: ITU-T Y.1541 classes 0 and 1,
    # upper bound of the delay variation (50 ms).
    jitter_ms=Bound(fair=30, poor=50),
    # Fair: ITU-T G.114, 150 ms one way. Poor: Microsoft Teams Call Quality Dashboard, audio classifier (500 ms).
    rtt_ms=Bound(fair=300, poor=500),
)


@dataclass(frozen=True)
class Judgement:
    """A grade and its reason."""

    grade: Grade
    reason: str = ""


NO_DATA = Judgement(Grade.UNKNOWN, "no_data")


@dataclass(frozen=True)
class _Figure:
    code: str
    read: Callable[[LinkSample], float | None]
    bound: Callable[[Profile], Bound]
    show: Callable[[float], str]


def _percent(value: float) -> str:
    return f"{value * 100:.1f}%"


def _ms(value: float) -> str:
    return f"{value:.0f}ms"


_FIGURES = (
    _Figure("loss_up", lambda s: s.loss_up, lambda p: p.loss, _percent),
    _Figure("loss_down", lambda s: s.loss_down, lambda p: p.loss, _percent),
    _Figure("jitter_up", lambda s: s.jitter_up_ms, lambda p: p.jitter_ms, _ms),
    _Figure("jitter_down", lambda s: s.jitter_down_ms, lambda p: p.jitter_ms, _ms),
    _Figure("rtt", lambda s: s.rtt_ms, lambda p: p.rtt_ms, _ms),
)


def _mean(values: Iterable[float | None]) -> float | None:
    measured = [value for value in values if value is not None and math.isfinite(value)]
    return sum(measured) / len(measured) if measured else None


def _grade_of(value: float, bound: Bound) -> Grade:
    if value >= bound.poor:
        return Grade.POOR
    return Grade.FAIR if value >= bound.fair else Grade.GOOD


def judge(window: Sequence[LinkSample], profile: Profile = DEFAULT) -> Judgement:
    """The grade of these samples alone: that of the worst figure, which is also the reason.

    Of figures with the same grade the one furthest above its bound is named. Nothing measured is unknown.
    """
    worst = NO_DATA
    excess = -1.0
    for figure in _FIGURES:
        value = _mean(figure.read(sample) for sample in window)
        if value is None:
            continue
        bound = figure.bound(profile)
        grade = _grade_of(value, bound)
        order = _RANK[grade] + 1 - 1 / (1 + max(value, 0.0) / bound.poor)
        if order > excess:
            reason = "" if grade is Grade.GOOD else f"{figure.code}={figure.show(value)}"
            worst, excess = Judgement(grade, reason), order
    return worst


def settle(current: Judgement, recent: Sequence[Judgement], profile: Profile = DEFAULT) -> Judgement:
    """The grade to show after `recent` judgements (newest last, none unknown but the newest): worse fast, better slow.

    Entering or leaving unknown takes effect at once. A held grade keeps the reason that it was given for.
    """
    newest = recent[-1]
    if Grade.UNKNOWN in (newest.grade, current.grade) or newest.grade is current.grade:
        return newest
    held = _RANK[current.grade]
    if _RANK[newest.grade] > held:
        last = recent[-profile.worse_after :]
        moved = len(last) == profile.worse_after and all(_RANK[j.grade] > held for j in last)
        return min(reversed(last), key=lambda j: _RANK[j.grade]) if moved else current
    last = recent[-profile.better_after :]
    moved = len(last) == profile.better_after and all(_RANK[j.grade] < held for j in last)
    return max(reversed(last), key=lambda j: _RANK[j.grade]) if moved else current


class LineGrader:
    """The grade of one leg's line over time: feed each sample to `add`, ask `at` whether it has gone stale."""

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._profile = profile
        self._stale_seconds = STALE_PERIODS * period_seconds
        self._window: deque[LinkSample] = deque(maxlen=profile.window)
        self._recent: deque[Judgement] = deque(maxlen=max(profile.worse_after, profile.better_after))
        self._received: float | None = None
        self.current = NO_DATA

    def add(self, sample: LinkSample, received: float) -> Judgement:
        """Takes a sample that arrived at `received` (monotonic seconds); a repeated one changes nothing."""
        if self._window and sample.at == self._window[-1].at:
            return self.current
        if self._follows_a_gap(sample):
            self._forget()
        self._received = received
        self._window.append(sample)
        judgement = judge(self._window, self._profile)
        self._recent.append(judgement)
        self.current = settle(self.current, tuple(self._recent), self._profile)
        if judgement.grade is Grade.UNKNOWN:
            self._recent.clear()
        return self.current

    def at(self, now: float) -> Judgement:
        """The grade at `now` (monotonic seconds): unknown once no sample has come for `STALE_PERIODS`."""
        silent = 0.0 if self._received is None else now - self._received
        if silent >= self._stale_seconds:
            self._forget()
            self.current = Judgement(Grade.UNKNOWN, f"no_sample={silent:.0f}s")
        return self.current

    def is_stale(self, now: float) -> bool:
        """Whether no sample has come for `STALE_PERIODS`."""
        return self._received is not None and now - self._received >= self._stale_seconds

    def _follows_a_gap(self, sample: LinkSample) -> bool:
        if not self._window:
            return False
        passed = sample.at - self._window[-1].at
        return not timedelta() < passed < timedelta(seconds=self._stale_seconds)

    def _forget(self) -> None:
        self._window.clear()
        self._recent.clear()
        self.current = NO_DATA
