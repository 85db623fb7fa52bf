"""How good one set of a line's figures is, and by which figure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from core.model import Grade, LinkSample
from core.quality import Direction, EndpointFigures, Medium, Reason, ReasonCode
from monitor.profiles import DEFAULT, Bound, Profile
from monitor.reasons import explained

NO_MEASUREMENT = 1e12
"""A figure of this size, or not a number, is none."""
FRESH_SAMPLES = 4
"""Who receives sound alone reports each 2.5 to 7.5 s (RFC 3550, 6.2): less would take a pause in between for an end."""
_RANK = {Grade.GOOD: 0, Grade.FAIR: 1, Grade.POOR: 2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A grade and the figure behind it; a good one has none."""

    grade: Grade
    code: ReasonCode | None = None
    medium: Medium | None = None
    value: float | None = None
    excess: float = 0.0
    """How bad, to compare figures of different kinds: the grade's rank, and how far above its bound within that."""

    def reason(self, seconds: float) -> Reason | None:
        """Why, measured over so many seconds."""
        return explained(self.code, self.medium, self.value, seconds) if self.code is not None else None


GOOD = Judgement(Grade.GOOD)
NO_DATA = Judgement(Grade.UNKNOWN, ReasonCode.NO_DATA)


class At(IntEnum):
    """Places of the figures in the tuple that one sample becomes."""

    LOSS_UP = 0
    JITTER_UP = 1
    AUDIO_LOSS_UP = 2
    AUDIO_JITTER_UP = 3
    VIDEO_LOSS_UP = 4
    VIDEO_JITTER_UP = 5
    LOSS_DOWN = 6
    JITTER_DOWN = 7
    AUDIO_LOSS_DOWN = 8
    AUDIO_JITTER_DOWN = 9
    VIDEO_LOSS_DOWN = 10
    VIDEO_JITTER_DOWN = 11
    RTT = 12
    CONCEALED = 13
    FROZEN = 14
    PAUSED = 15


Figures = tuple[float | None, ...]
_Rule = tuple[int, ReasonCode, str]
"""A figure's place, its name as a reason, and its threshold's name in the profile."""

RULES: tuple[tuple[Direction | None, Medium | None, tuple[_Rule, ...]], ...] = (
    (
        Direction.UP,
        Medium.AUDIO,
        (
            (At.AUDIO_LOSS_UP, ReasonCode.LOSS_UP, "audio_loss"),
            (At.AUDIO_JITTER_UP, ReasonCode.JITTER_UP, "audio_jitter_ms"),
        ),
    ),
    (
        Direction.UP,
        Medium.VIDEO,
        (
            (At.VIDEO_LOSS_UP, ReasonCode.LOSS_UP, "video_loss"),
            (At.VIDEO_JITTER_UP, ReasonCode.JITTER_UP, "video_jitter_ms"),
        ),
    ),
    (
        Direction.DOWN,
        Medium.AUDIO,
        (
            (At.AUDIO_LOSS_DOWN, ReasonCode.LOSS_DOWN, "audio_loss"),
            (At.AUDIO_JITTER_DOWN, ReasonCode.JITTER_DOWN, "audio_jitter_ms"),
            (At.CONCEALED, ReasonCode.CONCEALED, "concealed"),
        ),
    ),
    (
        Direction.DOWN,
        Medium.VIDEO,
        (
            (At.VIDEO_LOSS_DOWN, ReasonCode.LOSS_DOWN, "video_loss"),
            (At.VIDEO_JITTER_DOWN, ReasonCode.JITTER_DOWN, "video_jitter_ms"),
            (At.FROZEN, ReasonCode.FROZEN, "frozen"),
            (At.PAUSED, ReasonCode.PAUSED, "paused"),
        ),
    ),
    (
        Direction.UP,
        None,
        ((At.LOSS_UP, ReasonCode.LOSS_UP, "audio_loss"), (At.JITTER_UP, ReasonCode.JITTER_UP, "audio_jitter_ms")),
    ),
    (
        Direction.DOWN,
        None,
        (
            (At.LOSS_DOWN, ReasonCode.LOSS_DOWN, "audio_loss"),
            (At.JITTER_DOWN, ReasonCode.JITTER_DOWN, "audio_jitter_ms"),
        ),
    ),
    (None, None, ((At.RTT, ReasonCode.RTT, "rtt_ms"),)),
)


def read(sample: LinkSample, endpoint: EndpointFigures | None = None) -> Figures:
    """What is judged of a sample. The line's own figures count only where none are told by medium."""
    audio_up, video_up = sample.audio_up, sample.video_up
    audio_down, video_down = sample.audio_down, sample.video_down
    by_medium_up = audio_up.loss is not None or video_up.loss is not None
    by_medium_down = audio_down.loss is not None or video_down.loss is not None
    return (
        None if by_medium_up else sample.loss_up,
        None if by_medium_up else sample.jitter_up_ms,
        audio_up.loss,
        audio_up.jitter_ms,
        video_up.loss,
        video_up.jitter_ms,
        None if by_medium_down else sample.loss_down,
        None if by_medium_down else sample.jitter_down_ms,
        audio_down.loss,
        audio_down.jitter_ms,
        video_down.loss,
        video_down.jitter_ms,
        sample.rtt_ms,
        endpoint.concealed if endpoint is not None else None,
        endpoint.frozen_share if endpoint is not None else None,
        float(len(sample.paused)) or None,
    )


def means(window: Sequence[Figures]) -> list[float | None]:
    """The mean of each figure over those samples in which it was measured."""
    found: list[float | None] = []
    for place, column in enumerate(zip(*window, strict=True)):
        values = [value for value in column if value is not None and value < NO_MEASUREMENT]
        if not values or (place != At.PAUSED and not is_fresh(column)):
            found.append(None)
        elif place == At.PAUSED:
            found.append(sum(values) / len(column))
        else:
            found.append(sum(values) / len(values))
    return found


def is_fresh(column: Sequence[float | None]) -> bool:
    """Whether a figure was measured in one of the last `FRESH_SAMPLES`: what a longer window knows else is old."""
    return len(column) <= FRESH_SAMPLES or any(value is not None for value in column[-FRESH_SAMPLES:])


class Judge:
    """A profile made ready to judge with."""

    def __init__(self, profile: Profile = DEFAULT) -> None:
        self.profile = profile
        self._fair = _lowest_fair(profile)
        self._rules: tuple[tuple[Medium | None, tuple[tuple[int, ReasonCode, Bound, float, float], ...]], ...] = tuple(
            (medium, tuple(_ready(rule, profile) for rule in rules)) for _, medium, rules in RULES
        )

    def is_clean(self, figures: Figures) -> bool:
        """Whether every figure of one sample is good, so that the mean of such samples is good as well."""
        return all(value is None or value < fair for value, fair in zip(figures, self._fair, strict=True))

    def goes_on(self, figures: Figures, before: Figures) -> bool:
        """Whether a sample is clean and tells of the same figures as the one before it."""
        for value, former, fair in zip(figures, before, self._fair, strict=True):
            if value is None:
                if former is not None:
                    return False
            elif former is None or not value < fair:
                return False
        return True

    def judge(self, figures: Sequence[float | None]) -> list[Judgement]:
        """Each aspect of these figures alone: the worst of its figures; nothing measured is unknown.

        Of figures with the same grade the one furthest above its bound is named.
        """
        judged = []
        for medium, rules in self._rules:
            worst = NO_DATA
            for place, code, _, fair, poor in rules:
                value = figures[place]
                if value is None:
                    continue
                if value < fair:
                    if worst is NO_DATA:
                        worst = GOOD
                    continue
                one = _judged(value, code, medium, poor)
                if one.excess > worst.excess:
                    worst = one
            judged.append(worst)
        return judged


@lru_cache(maxsize=32)
def judge_of(profile: Profile) -> Judge:
    """One for all lines of a profile."""
    return Judge(profile)


def _lowest_fair(profile: Profile) -> tuple[float, ...]:
    """By place, from where on a figure is not good; those that never count are good up to what is no measurement."""
    lowest = [NO_MEASUREMENT] * len(At)
    for _, _, rules in RULES:
        for place, _, name in rules:
            bound: Bound = getattr(profile, name)
            lowest[place] = min(lowest[place], bound.fair)
    return tuple(lowest)


def _ready(rule: _Rule, profile: Profile) -> tuple[int, ReasonCode, Bound, float, float]:
    place, code, name = rule
    bound: Bound = getattr(profile, name)
    return int(place), code, bound, bound.fair, bound.poor


def _judged(value: float, code: ReasonCode, medium: Medium | None, poor: float) -> Judgement:
    grade = Grade.POOR if value >= poor else Grade.FAIR
    return Judgement(grade, code, medium, value, _RANK[grade] + 1 - 1 / (1 + value / poor))


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


def worst_of(judgements: Sequence[Judgement]) -> Judgement:
    """The worst of those that are known; unknown when none is."""
    worst = NO_DATA
    for one in judgements:
        if one.grade is not Grade.UNKNOWN and (worst.grade is Grade.UNKNOWN or one.excess > worst.excess):
            worst = one
    return worst
