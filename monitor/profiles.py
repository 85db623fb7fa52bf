"""By what a line is judged: named sets of thresholds, each with where its figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, inf
from types import MappingProxyType

from core.model import Model


class Bound(Model):
    """From `fair` on a figure is only fair, from `poor` on it is poor; infinite ones never count."""

    fair: float
    poor: float


NEVER = Bound(fair=inf, poor=inf)
CONCEALED = Bound(fair=0.02, poor=0.07)
FROZEN = Bound(fair=0.02, poor=0.1)
PAUSED = Bound(fair=0.5, poor=1.0)


@dataclass(frozen=True)
class Profile:
    """Thresholds by medium: losses and shares as fractions of 1, times in ms.

    A figure is the mean of what was measured in the last `samples`. A worse grade is taken after
    `worse_after` judgements in a row, a better one after `better_after`.
    """

    name: str
    audio_loss: Bound
    audio_jitter_ms: Bound
    video_loss: Bound
    video_jitter_ms: Bound
    rtt_ms: Bound
    concealed: Bound = CONCEALED
    """Sound that the endpoint made up. Poor: Microsoft's healer ratio bound for audio, 7 %."""
    frozen: Bound = FROZEN
    """Time in which a picture stood still; our own bounds: half a second in half a minute is seen, in five it hurts."""
    paused: Bound = PAUSED
    """Pictures that the line does not carry, in the mean of the window: one that is gone is poor."""
    window: int = 4
    window_seconds: float | None = None
    """Instead of `window` samples, where the source of the thresholds says over which time they hold."""
    worse_after: int = 2
    better_after: int = 5

    def samples(self, period_seconds: float) -> int:
        """How many samples of so many seconds make its window; at least as long as the source says."""
        return self.window if self.window_seconds is None else max(1, ceil(self.window_seconds / period_seconds))

    @property
    def bounds(self) -> Mapping[str, Bound]:
        """The thresholds by name, as pages show them."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Bound)}


DEFAULT = Profile(
    name="default",
    # Pexip Infinity, "Perceived call quality" (docs.pexip.com/admin/media_statistics.htm): below 1 % of loss good,
    # below 3 % OK, above bad or terrible.
    audio_loss=Bound(fair=0.01, poor=0.03),
    # Fair: Microsoft Teams Call Quality Dashboard, audio classifier (30 ms). Poor: ITU-T Y.1541 classes 0 and 1,
    # upper bound of the delay variation (50 ms). For pictures the same: chosen by us.
    audio_jitter_ms=Bound(fair=30, poor=50),
    video_loss=Bound(fair=0.01, poor=0.03),
    video_jitter_ms=Bound(fair=30, poor=50),
    # Fair: ITU-T G.114, 150 ms one way. Poor: Microsoft Teams Call Quality Dashboard, audio classifier (500 ms).
    rtt_ms=Bound(fair=300, poor=500),
)

TEAMS = replace(
    DEFAULT,
    name="teams",
    # Poor: "Stream Classification in Call Quality Dashboard" (learn.microsoft.com/microsoftteams), audio classifier:
    # loss above 10 %, jitter above 30 ms, round trip above 500 ms, concealed samples above 7 %. Fair: Microsoft's
    # network targets from client to edge: 1 % loss in any 15 s, 100 ms round trip; 20 ms of jitter: chosen by us, for
    # the target (30 ms) is the classifier's bound.
    audio_loss=Bound(fair=0.01, poor=0.1),
    audio_jitter_ms=Bound(fair=20, poor=30),
    # Poor: the same page, video classifier: 15 % of packets still missing after error correction. It knows no jitter of
    # pictures: that they are held to the bounds of sound is chosen by us.
    video_loss=Bound(fair=0.01, poor=0.15),
    video_jitter_ms=Bound(fair=20, poor=30),
    rtt_ms=Bound(fair=100, poor=500),
    # The network targets hold "during any 15 s interval".
    window_seconds=15,
)

PEXIP = replace(
    DEFAULT,
    name="pexip",
    # docs.pexip.com/admin/media_statistics.htm, "Perceived call quality": by packet loss alone, good below 1 %, OK
    # below 3 %, bad below 10 %, in windows of 20 s. Pexip shows the most frequent of the last three windows; how fast a
    # grade moves is that of all profiles here.
    window_seconds=20,
    audio_jitter_ms=NEVER,
    video_jitter_ms=NEVER,
    rtt_ms=NEVER,
    concealed=NEVER,
    frozen=NEVER,
)

VOICE_ONLY = replace(
    DEFAULT,
    name="voice-only",
    # Sound alone repairs more: ITU-T G.113 Appendix I gives packet loss concealment useful up to about 5 %.
    audio_loss=Bound(fair=0.02, poor=0.05),
    video_loss=NEVER,
    video_jitter_ms=NEVER,
    frozen=NEVER,
    paused=NEVER,
)

PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in (DEFAULT, TEAMS, PEXIP, VOICE_ONLY)})


def profile_named(name: str | None, otherwise: Profile = DEFAULT) -> Profile:
    """The profile of that name; `otherwise` for None and for a name that this version does not know."""
    return PROFILES.get(name or "", otherwise)
