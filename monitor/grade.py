"""How good a line is now: good, fair, poor or unknown, and by which figure. Pure; time comes in as a number.

Each *aspect* of a line (sound and pictures in both directions, the line itself where nothing is told by medium, the
round trip) is judged and settled for itself; a direction is as good as its worst aspect, the line as its worst
direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache

from core.model import Grade, LinkSample
from core.quality import Direction, DirectionGrade, EndpointFigures, Medium, Reason, ReasonCode
from monitor.opinion import opinion
from monitor.profiles import DEFAULT, Bound, Profile
from monitor.reasons import explained

STALE_PERIODS = 3
"""Without a sample for so many periods a line is unknown; so is what an endpoint said of itself."""

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


class _At(IntEnum):
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

_RULES: tuple[tuple[Direction | None, Medium | None, tuple[_Rule, ...]], ...] = (
    (
        Direction.UP,
        Medium.AUDIO,
        (
            (_At.AUDIO_LOSS_UP, ReasonCode.LOSS_UP, "audio_loss"),
            (_At.AUDIO_JITTER_UP, ReasonCode.JITTER_UP, "audio_jitter_ms"),
        ),
    ),
    (
        Direction.UP,
        Medium.VIDEO,
        (
            (_At.VIDEO_LOSS_UP, ReasonCode.LOSS_UP, "video_loss"),
            (_At.VIDEO_JITTER_UP, ReasonCode.JITTER_UP, "video_jitter_ms"),
        ),
    ),
    (
        Direction.DOWN,
        Medium.AUDIO,
        (
            (_At.AUDIO_LOSS_DOWN, ReasonCode.LOSS_DOWN, "audio_loss"),
            (_At.AUDIO_JITTER_DOWN, ReasonCode.JITTER_DOWN, "audio_jitter_ms"),
            (_At.CONCEALED, ReasonCode.CONCEALED, "concealed"),
        ),
    ),
    (
        Direction.DOWN,
        Medium.VIDEO,
        (
            (_At.VIDEO_LOSS_DOWN, ReasonCode.LOSS_DOWN, "video_loss"),
            (_At.VIDEO_JITTER_DOWN, ReasonCode.JITTER_DOWN, "video_jitter_ms"),
            (_At.FROZEN, ReasonCode.FROZEN, "frozen"),
            (_At.PAUSED, ReasonCode.PAUSED, "paused"),
        ),
    ),
    (
        Direction.UP,
        None,
        ((_At.LOSS_UP, ReasonCode.LOSS_UP, "audio_loss"), (_At.JITTER_UP, ReasonCode.JITTER_UP, "audio_jitter_ms")),
    ),
    (
        Direction.DOWN,
        None,
        (
            (_At.LOSS_DOWN, ReasonCode.LOSS_DOWN, "audio_loss"),
            (_At.JITTER_DOWN, ReasonCode.JITTER_DOWN, "audio_jitter_ms"),
        ),
    ),
    (None, None, ((_At.RTT, ReasonCode.RTT, "rtt_ms"),)),
)
_UP_AUDIO, _UP_VIDEO, _DOWN_AUDIO, _DOWN_VIDEO, _UP_LINE, _DOWN_LINE, _TRIP = range(7)


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
        values = [value for value in column if value is not None and value < 1e12]
        if not values:
            found.append(None)
        elif place == _At.PAUSED:
            found.append(sum(values) / len(column))
        else:
            found.append(sum(values) / len(values))
    return found


class Judge:
    """A profile made ready to judge with."""

    def __init__(self, profile: Profile = DEFAULT) -> None:
        self.profile = profile
        self._rules: tuple[tuple[Medium | None, tuple[tuple[int, ReasonCode, Bound, float, float], ...]], ...] = tuple(
            (medium, tuple(_ready(rule, profile) for rule in rules)) for _, medium, rules in _RULES
        )

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
def _judge_of(profile: Profile) -> Judge:
    """One for all lines of a profile."""
    return Judge(profile)


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


class LineGrader:
    """The grade of one leg's line over time: feed each sample to `add`, ask `at` whether it has gone stale."""

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._judge = _judge_of(profile)
        self._period_seconds = period_seconds
        self._stale_seconds = STALE_PERIODS * period_seconds
        self._window: deque[Figures] = deque(maxlen=profile.window)
        self._recent: list[deque[Judgement]] = [
            deque(maxlen=max(profile.worse_after, profile.better_after)) for _ in _RULES
        ]
        self._settled: list[Judgement] = [NO_DATA] * len(_RULES)
        self._means: list[float | None] = [None] * len(_At)
        self._at: datetime | None = None
        self._received: float | None = None
        self.current = NO_DATA
        self.since: datetime | None = None

    def add(self, sample: LinkSample, received: float, endpoint: EndpointFigures | None = None) -> Judgement:
        """Takes a sample that arrived at `received` (monotonic seconds); a repeated one changes nothing."""
        if self._at == sample.at:
            return self.current
        if self._follows_a_gap(sample.at):
            self._forget()
        self._received, self._at = received, sample.at
        self._window.append(read(sample, endpoint))
        self._means = means(self._window)
        settled = self._settled
        for index, judgement in enumerate(self._judge.judge(self._means)):
            recent, held = self._recent[index], settled[index]
            if judgement.grade is Grade.UNKNOWN:
                recent.clear()
                settled[index] = judgement
                continue
            recent.append(judgement)
            if judgement is not held:
                same = judgement.grade is held.grade
                settled[index] = judgement if same else settle(held, tuple(recent), self._judge.profile)
        self._move(worst_of(settled), sample.at)
        return self.current

    def at(self, now: float) -> Judgement:
        """The grade at `now` (monotonic seconds): unknown once no sample has come for `STALE_PERIODS`."""
        silent = 0.0 if self._received is None else now - self._received
        if silent >= self._stale_seconds:
            self._forget()
            stale = Judgement(Grade.UNKNOWN, ReasonCode.NO_SAMPLE, None, round(silent, 1))
            self._move(stale, self._at + timedelta(seconds=silent) if self._at is not None else None)
        return self.current

    def is_stale(self, now: float) -> bool:
        """Whether no sample has come for `STALE_PERIODS`."""
        return self._received is not None and now - self._received >= self._stale_seconds

    @property
    def reason(self) -> Reason | None:
        """Why the grade is not good."""
        return self.current.reason(self._seconds)

    @property
    def media(self) -> tuple[Grade, Grade, Grade, Grade]:
        """The grades of sound up, pictures up, sound down, pictures down."""
        one = self._settled
        return one[_UP_AUDIO].grade, one[_UP_VIDEO].grade, one[_DOWN_AUDIO].grade, one[_DOWN_VIDEO].grade

    def direction(self, direction: Direction) -> DirectionGrade:
        """One direction, by medium."""
        up = direction is Direction.UP
        audio, video, line = (_UP_AUDIO, _UP_VIDEO, _UP_LINE) if up else (_DOWN_AUDIO, _DOWN_VIDEO, _DOWN_LINE)
        settled = self._settled
        worst = worst_of((settled[audio], settled[video], settled[line]))
        figures = self._means
        loss, jitter = (_At.AUDIO_LOSS_UP, _At.AUDIO_JITTER_UP) if up else (_At.AUDIO_LOSS_DOWN, _At.AUDIO_JITTER_DOWN)
        grades = worst.grade, settled[audio].grade, settled[video].grade
        score = _opinion(figures[loss], figures[jitter], figures[_At.RTT])
        if worst.code is None:
            return _well(*grades, score)
        grade, sound, pictures = grades
        reason = worst.reason(self._seconds)
        return DirectionGrade(grade=grade, audio=sound, video=pictures, reason=reason, opinion=score)

    @property
    def _seconds(self) -> float:
        return len(self._window) * self._period_seconds

    def _move(self, judgement: Judgement, at: datetime | None) -> None:
        if judgement.grade is not self.current.grade or self.since is None:
            self.since = at
        self.current = judgement

    def _follows_a_gap(self, at: datetime) -> bool:
        if self._at is None:
            return False
        return not timedelta() < at - self._at < timedelta(seconds=self._stale_seconds)

    def _forget(self) -> None:
        self._window.clear()
        for recent in self._recent:
            recent.clear()
        self._settled = [NO_DATA] * len(_RULES)
        self._means = [None] * len(_At)
        self.current = NO_DATA


@lru_cache(maxsize=4_096)
def _well(grade: Grade, audio: Grade, video: Grade, score: float | None) -> DirectionGrade:
    """Most lines are well, and their scores have two decimals: the same few directions are told again and again."""
    return DirectionGrade(grade=grade, audio=audio, video=video, opinion=score)


def _opinion(loss: float | None, jitter_ms: float | None, rtt_ms: float | None) -> float | None:
    if loss is None:
        return None
    return round(opinion(min(max(loss, 0.0), 1.0), rtt_ms or 0.0, jitter_ms or 0.0), 2)
