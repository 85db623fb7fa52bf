"""Whose microphones are heard in each conference, compiled to the sound slots of its legs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bridge.media.forwarding import Stream
from bridge.media.leg import Leg
from bridge.media.loudness import SILENCE, Seats
from core.model import ConferenceId, ParticipantId, SlotName, Track

SOUND_SLOTS = (SlotName.AUDIO1, SlotName.AUDIO2, SlotName.AUDIO3)
UNTOLD_LEVEL = 40
"""Taken for an endpoint whose packets do not tell their level: speech, but no loud one."""


class Listener(Protocol):
    """Who hears: a leg, or a consumer inside the node."""

    conference: ConferenceId
    participant: ParticipantId


class Voices:
    """The seats of all conferences. What it returns are conferences whose legs must be assigned anew."""

    def __init__(self) -> None:
        self._seats: dict[ConferenceId, Seats[ParticipantId]] = {}

    def open(
        self, conference: ConferenceId, reserved: Sequence[ParticipantId | None], others: Sequence[ParticipantId]
    ) -> bool:
        """Whose microphones are open; True when somebody else is heard from now on."""
        if not others and not any(reserved):
            return self._seats.pop(conference, None) is not None
        seats = self._seats.setdefault(conference, Seats(len(SOUND_SLOTS)))
        before = list(seats.seated)
        seats.open(reserved, others)
        return before != seats.seated

    def sounds_for(self, leg: Listener) -> dict[SlotName, ParticipantId | None]:
        """What `leg` hears: everybody who has a seat but itself. Empty where nobody said whose microphones are open."""
        seats = self._seats.get(leg.conference)
        if seats is None:
            return {}
        heard = [None if who == leg.participant else who for who in seats.seated]
        return dict(zip(SOUND_SLOTS, heard, strict=True))

    def heard(self, conference: ConferenceId) -> tuple[ParticipantId, ...]:
        """Who has a seat now."""
        seats = self._seats.get(conference)
        return tuple(who for who in seats.seated if who is not None) if seats is not None else ()

    def choose(self, legs: Iterable[Leg], now: float) -> list[ConferenceId]:
        """Listens to the open microphones where there are more than seats; who is heard there may change."""
        contended = {conference: seats for conference, seats in self._seats.items() if seats.is_contended}
        if not contended:
            return []
        levels: dict[ConferenceId, dict[ParticipantId, int]] = {conference: {} for conference in contended}
        for leg in legs:
            seats = contended.get(leg.conference)
            if seats is not None and leg.participant in seats.contenders:
                heard = [_take_level(s, now) for s in leg.layers.values() if s.track is Track.MICROPHONE]
                told = levels[leg.conference]
                told[leg.participant] = min([*heard, told.get(leg.participant, SILENCE)])
        return [conference for conference, seats in contended.items() if seats.choose(levels[conference], now)]

    def merged(
        self, leg: Leg, slots: Mapping[SlotName, ParticipantId | None]
    ) -> Mapping[SlotName, ParticipantId | None]:
        """`slots` with what `leg` hears."""
        return {**slots, **self.sounds_for(leg)}


def _take_level(stream: Stream, now: float) -> int:
    """The loudest level since the last time, in -dBov."""
    level, stream.level = stream.level, SILENCE
    if not stream.level_id:
        return UNTOLD_LEVEL if now - stream.last_packet_at < 0.2 else SILENCE
    return level
