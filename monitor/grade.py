"""How good a line is now: good, fair, poor or unknown, and by which figure. Pure; time comes in as a number.

Each *aspect* of a line (sound and pictures in both directions, the line itself where nothing is told by medium, the
round trip) is judged and settled for itself; a direction is as good as its worst aspect, the line as its worst
direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter

from core.model import Grade, LinkSample
from core.quality import Direction, DirectionGrade, EndpointFigures, Reason, ReasonCode
from monitor.judge import (
    NO_DATA,
    NO_MEASUREMENT,
    RULES,
    At,
    Figures,
    Judgement,
    is_fresh,
    judge_of,
    means,
    read,
    settle,
    worst_of,
)
from monitor.opinion import opinion
from monitor.profiles import DEFAULT, Profile

STALE_PERIODS = 3
"""Without a sample for so many periods a line is unknown; so is what an endpoint said of itself."""

_CALM = (None, ReasonCode.NO_DATA)
_SOUND = (At.AUDIO_LOSS_UP, At.AUDIO_JITTER_UP, At.AUDIO_LOSS_DOWN, At.AUDIO_JITTER_DOWN, At.RTT)
_sound_of = itemgetter(*_SOUND)
_UP_AUDIO, _UP_VIDEO, _DOWN_AUDIO, _DOWN_VIDEO, _UP_LINE, _DOWN_LINE, _TRIP = range(7)


class LineGrader:
    """The grade of one leg's line over time: feed each sample to `add`, ask `at` whether it has gone stale."""

    def __init__(self, period_seconds: float, profile: Profile = DEFAULT) -> None:
        self._judge = judge_of(profile)
        self._period_seconds = period_seconds
        self._stale_seconds = STALE_PERIODS * period_seconds
        self._window: deque[Figures] = deque(maxlen=profile.samples(period_seconds))
        self._recent: list[deque[Judgement]] = [
            deque(maxlen=max(profile.worse_after, profile.better_after)) for _ in RULES
        ]
        self._settled: list[Judgement] = [NO_DATA] * len(RULES)
        self._clean = 0
        """How many samples in a row were clean, up to the window's length."""
        self._calm = False
        """The whole window is clean, told of the same aspects, and every one that was told of is settled as good."""
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
        figures = read(sample, endpoint)
        window = self._window
        goes_on = bool(window) and self._judge.goes_on(figures, window[-1])
        window.append(figures)
        if goes_on and self._calm:
            return self.current
        self._clean = self._clean + 1 if goes_on else int(self._judge.is_clean(figures))
        self._settle(self._judge.judge(means(window)))
        self._move(worst_of(self._settled), sample.at)
        self._calm = self._clean >= len(window) and all(one.code in _CALM for one in self._settled)
        if self._calm:
            # What is judged from here on would be good again and again.
            for recent in self._recent:
                recent.clear()
        return self.current

    def _settle(self, judged: Sequence[Judgement]) -> None:
        settled = self._settled
        for index, judgement in enumerate(judged):
            recent, held = self._recent[index], settled[index]
            if judgement.grade is Grade.UNKNOWN:
                recent.clear()
                settled[index] = judgement
                continue
            recent.append(judgement)
            if judgement is not held:
                same = judgement.grade is held.grade
                settled[index] = judgement if same else settle(held, tuple(recent), self._judge.profile)

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
        return None if self.current.code is None else self.current.reason(self._seconds)

    @property
    def media(self) -> tuple[Grade, Grade, Grade, Grade]:
        """The grades of sound up, pictures up, sound down, pictures down."""
        one = self._settled
        return one[_UP_AUDIO].grade, one[_UP_VIDEO].grade, one[_DOWN_AUDIO].grade, one[_DOWN_VIDEO].grade

    def direction(self, direction: Direction) -> DirectionGrade:
        """One direction, by medium."""
        up, down = self.directions()
        return up if direction is Direction.UP else down

    def directions(self) -> tuple[DirectionGrade, DirectionGrade]:
        """Up and down, by medium."""
        loss_up, jitter_up, loss_down, jitter_down, trip = self._sound()
        settled = self._settled
        up, down = _opinion(loss_up, jitter_up, trip), _opinion(loss_down, jitter_down, trip)
        return (
            self._direction(settled[_UP_AUDIO], settled[_UP_VIDEO], settled[_UP_LINE], up),
            self._direction(settled[_DOWN_AUDIO], settled[_DOWN_VIDEO], settled[_DOWN_LINE], down),
        )

    def _direction(self, audio: Judgement, video: Judgement, line: Judgement, score: float | None) -> DirectionGrade:
        if audio.code in _CALM and video.code in _CALM and line.code in _CALM:
            if audio is NO_DATA and video is NO_DATA and line is NO_DATA:
                return _unmeasured(self._seconds)
            return _well(audio is not NO_DATA, video is not NO_DATA, score)
        worst = worst_of((audio, video, line))
        reason = worst.reason(self._seconds)
        return DirectionGrade(grade=worst.grade, audio=audio.grade, video=video.grade, reason=reason, opinion=score)

    def _sound(self) -> list[float | None]:
        """The means that an opinion of the sound rests on."""
        window = self._window
        if not self._calm:
            return [self._mean(place) for place in _SOUND]
        # Nothing here is out of bounds, and what one sample tells of all do.
        count = len(window)
        columns = zip(*map(_sound_of, window), strict=True)
        return [None if None in column else sum(column) / count for column in columns]

    def _mean(self, place: int) -> float | None:
        total, count = 0.0, 0
        if not is_fresh([figures[place] for figures in self._window]):
            return None
        for figures in self._window:
            value = figures[place]
            if value is not None and value < NO_MEASUREMENT:
                total += value
                count += 1
        return total / count if count else None

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
        self._settled = [NO_DATA] * len(RULES)
        self._clean, self._calm = 0, False
        self.current = NO_DATA


@lru_cache(maxsize=4_096)
def _well(audio: bool, video: bool, score: float | None) -> DirectionGrade:
    """Most lines are well, and their scores have two decimals: the same few directions are told again and again."""
    sound, pictures = (Grade.GOOD if measured else Grade.UNKNOWN for measured in (audio, video))
    return DirectionGrade(grade=Grade.GOOD, audio=sound, video=pictures, opinion=score)


@lru_cache(maxsize=64)
def _unmeasured(seconds: float) -> DirectionGrade:
    """Nothing was measured: so it is of all who send nothing."""
    return DirectionGrade(reason=NO_DATA.reason(seconds))


def _opinion(loss: float | None, jitter_ms: float | None, rtt_ms: float | None) -> float | None:
    if loss is None:
        return None
    return round(opinion(min(max(loss, 0.0), 1.0), rtt_ms or 0.0, jitter_ms or 0.0), 2)
