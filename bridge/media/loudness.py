"""Which open microphones are heard: the loudest, by the level that their packets tell (RFC 6464), without flapping."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

SILENCE = 127
"""Level of a microphone that sends nothing, in -dBov as all levels here: 0 is the loudest."""
SPEECH = 50
"""From this level on it is speech and not a hall's noise."""
ATTACK_SECONDS = 0.2
"""How long somebody must speak before a seat changes: longer than a cough's beginning, shorter than a word."""
PAUSE_SECONDS = 0.15
"""Who has not been heard for so long does not speak on."""
RELEASE_SECONDS = 1.5
"""How long a seat is kept after its holder's last word: pauses between sentences."""
MARGIN = 6
"""How much louder, in dB, one must be to take the seat of somebody who speaks."""
FALL_PER_SECOND = MARGIN / RELEASE_SECONDS
"""How fast, in dB, it is forgotten how loud a voice was: a pause is not a chance for somebody as loud."""

P = TypeVar("P", bound=Hashable)


@dataclass(slots=True)
class _Voice:
    level: float = SILENCE
    spoke_at: float = float("-inf")
    louder_since: float | None = None
    """Since when it would deserve a seat that it does not have."""


@dataclass
class Seats(Generic[P]):
    """The seats of one conference: some reserved, the others for the loudest of the rest.

    Say with `open` who may be heard, then call `choose` a few times a second with what was measured.
    """

    count: int
    seated: list[P | None] = field(init=False)
    _reserved: list[P | None] = field(init=False)
    _voices: dict[P, _Voice] = field(default_factory=dict)
    _heard_at: float | None = None

    def __post_init__(self) -> None:
        self.seated = [None] * self.count
        self._reserved = [None] * self.count

    @property
    def is_contended(self) -> bool:
        """Whether there are more open microphones than seats, so that `choose` needs levels."""
        return len(self._voices) > sum(holder is None for holder in self._reserved)

    @property
    def contenders(self) -> Mapping[P, object]:
        """Those without a reserved seat."""
        return self._voices

    def open(self, reserved: Sequence[P | None], others: Sequence[P]) -> None:
        """Whose microphones are open: `reserved` have seats of their own, by place (None: free for others)."""
        self._reserved = [*reserved, *[None] * self.count][: self.count]
        taken = set(self._reserved)
        self._voices = {who: self._voices.get(who, _Voice()) for who in others if who not in taken}
        before = [who for who in self.seated if who in self._voices]
        kept = [who if who in self._voices else None for who in self.seated]
        self.seated = [own if own is not None else other for own, other in zip(self._reserved, kept, strict=True)]
        for who in [*before, *self._voices]:
            free = self._free_seat()
            if free is None:
                return
            if who not in self.seated:
                self.seated[free] = who

    def choose(self, levels: Mapping[P, int], now: float) -> bool:
        """Takes the loudest level of each since the last call; whether somebody else is heard from now on."""
        elapsed = 0.0 if self._heard_at is None else now - self._heard_at
        self._heard_at = now
        for who, voice in self._voices.items():
            level = levels.get(who, SILENCE)
            voice.level = min(level, voice.level + FALL_PER_SECOND * elapsed)
            if level <= SPEECH:
                voice.spoke_at = now
        return self._seat_loudest(now)

    def _seat_loudest(self, now: float) -> bool:
        places = [n for n, own in enumerate(self._reserved) if own is None]
        waiting = [who for who in self._voices if who not in self.seated]
        if not places or not waiting:
            return False
        place = max(places, key=lambda n: self._weakness(self.seated[n], now))
        challenger = min(waiting, key=lambda who: self._voices[who].level)
        for who in waiting:
            deserves = who == challenger and self._may_replace(who, self.seated[place], now)
            since = self._voices[who].louder_since
            self._voices[who].louder_since = (now if since is None else since) if deserves else None
        since = self._voices[challenger].louder_since
        if since is None or now - since < ATTACK_SECONDS:
            return False
        self._voices[challenger].louder_since = None
        self.seated[place] = challenger
        return True

    def _may_replace(self, challenger: P, seated: P | None, now: float) -> bool:
        voice = self._voices[challenger]
        if now - voice.spoke_at > PAUSE_SECONDS:
            return False
        if seated is None:
            return True
        other = self._voices[seated]
        return now - other.spoke_at > RELEASE_SECONDS or voice.level <= other.level - MARGIN

    def _weakness(self, who: P | None, now: float) -> tuple[bool, float]:
        if who is None:
            return True, float("inf")
        voice = self._voices[who]
        return now - voice.spoke_at > RELEASE_SECONDS, voice.level

    def _free_seat(self) -> int | None:
        return next((n for n, who in enumerate(self.seated) if who is None), None)
