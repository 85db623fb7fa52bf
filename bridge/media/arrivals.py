"""Which packets of an incoming stream came, which are missing, and when to ask for them again (RFC 4585)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bridge.media.rtp import SEQUENCES, sequence_distance

WINDOW = 1_024
"""How far back a packet can be told from its duplicate. A power of two."""
BEFORE_FIRST = 32
"""Packets overtaken by a stream's first one are still taken."""
REORDER_SECONDS = 0.004
"""As long as nothing was overtaken: packets that were read together may still be out of order."""
LONGEST_REORDER_SECONDS = 0.08
"""Waiting longer than this costs those packets that are lost too much."""
GIVE_UP_SECONDS = 0.5
"""A packet that is missing for longer helps no decoder any more."""
MOST_MISSING = 250
"""A greater gap is no loss but a break; only a key frame helps."""
TAIL_SECONDS = 0.012
"""A picture whose last packet has not come by then has lost it: otherwise only the next picture would tell.

A sender that paces its packets leaves about 5 ms between them. Where packets overtake one another it takes longer by
as much as a gap is given more than `REORDER_SECONDS`: the last packet comes as late as any.
"""
_TAIL_SPACINGS = 2.5
_SPACING_DECAY = 0.9
_FIRST_ROUND_TRIP = 0.1
_LEAST_PAUSE = 0.02
_BACK_OFF = 0.5
_REORDER_MARGIN = 1.25
_REORDER_DECAY = 0.97


class Arrival(Enum):
    """What a packet is to its stream."""

    NEW = "new"
    FILLS = "fills"
    """It was overtaken by others."""
    RECOVERED = "recovered"
    """It was missing and had been asked for."""
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"


@dataclass(slots=True)
class _Missing:
    since: float
    asked_at: float = 0.0
    times: int = 0


@dataclass(slots=True)
class Arrivals:
    """One stream's. Feed it every sequence number with `add`, of pictures also `picture`; ask `due` while `unsure`."""

    missing: dict[int, _Missing] = field(default_factory=dict)
    """By sequence number."""
    round_trip: float = _FIRST_ROUND_TRIP
    """Seconds from a request to its packet, smoothed."""
    reorder: float = REORDER_SECONDS
    """How long overtaken packets are waited for; it follows what the line does."""
    spacing: float = 0.0
    """The longest pause of late between two packets of one picture."""
    _first: int = -1
    _highest: int = -1
    _open_at: float | None = None
    """When the newest packet came, while its picture should go on and its next packet was not asked for."""
    _came_at: float | None = None
    """The same, also when it was."""
    _tail: _Missing | None = None
    _tail_number: int = -1
    _ahead: int = -1
    """The newest packet that came after it was asked for and before anything after it did; not any more once it came
    twice."""
    _picture: int = -1
    _ring: list[int] = field(default_factory=lambda: [-1] * WINDOW)

    def add(self, sequence: int, now: float, *, original: bool = False) -> Arrival:
        """A packet came. DUPLICATE and TOO_LATE ones must go no further.

        `original`: it is surely no retransmission, since these come on a stream of their own.
        """
        if self._highest < 0:
            # One cycle up, so that what comes before the first has a number too.
            self._first = self._highest = sequence + SEQUENCES
            self._ring[sequence & WINDOW - 1] = self._highest
            return Arrival.NEW
        step = sequence_distance(sequence, self._highest & 0xFFFF)
        number = self._highest + step
        if step > 0:
            self._note_gap(step, now)
            self._highest = number
            if number == self._tail_number and not original:
                self._ahead = number
        elif step <= -WINDOW or self._ring[number & WINDOW - 1] == number:
            return Arrival.TOO_LATE if step <= -WINDOW else Arrival.DUPLICATE
        elif number < self._first - BEFORE_FIRST or (number >= self._first and sequence not in self.missing):
            return Arrival.TOO_LATE
        self._ring[number & WINDOW - 1] = number
        return Arrival.NEW if step > 0 else self._fill(sequence, now, original)

    def sent_again(self, sequence: int, arrival: Arrival) -> bool:
        """Whether the packet that `add` just took for `arrival` had been lost at first, or came twice.

        The end of a picture is asked for before anything after it tells that it is missing: it may only be late. When
        it comes twice, one of the two was the first.
        """
        if arrival is Arrival.NEW:
            return self._ahead == self._highest
        if arrival is Arrival.DUPLICATE and self._ahead >= 0 and sequence == self._ahead & 0xFFFF:
            self._ahead = -1
            return False
        return arrival is not Arrival.FILLS

    def picture(self, timestamp: int, ends: bool, now: float, *, original: bool = True) -> None:
        """A NEW packet belongs to the picture of that timestamp, and `ends` it or not."""
        before, surely = self._came_at, original and self._ahead != self._highest
        if before is not None and timestamp == self._picture and surely:
            self.spacing = max(now - before, self.spacing * _SPACING_DECAY)
        self._picture = timestamp
        self._came_at = self._open_at = None if ends else now

    @property
    def unsure(self) -> bool:
        """Whether something is missing, or the end of a picture may be."""
        return bool(self.missing) or self._open_at is not None

    def due(self, now: float) -> tuple[list[int], int]:
        """What to ask the source for now, and how many that were asked for before are given up."""
        ask: list[int] = []
        lost: list[int] = []
        given_up = 0
        for sequence, gap in self.missing.items():
            if now - gap.since > GIVE_UP_SECONDS:
                lost.append(sequence)
                given_up += gap.times > 0
            elif now >= self._next(gap):
                gap.asked_at, gap.times = now, gap.times + 1
                ask.append(sequence)
        for sequence in lost:
            del self.missing[sequence]
        return ask + self._tail_due(now), given_up

    def _tail_due(self, now: float) -> list[int]:
        """The packet after the newest, once, when its picture should have ended by now."""
        wait = max(TAIL_SECONDS + self.reorder - REORDER_SECONDS, _TAIL_SPACINGS * self.spacing)
        if self._open_at is None or now - self._open_at < wait:
            return []
        self._tail, self._tail_number, self._open_at = _Missing(now, now, 1), self._highest + 1, None
        return [self._tail_number & 0xFFFF]

    def _next(self, gap: _Missing) -> float:
        if gap.times == 0:
            return gap.since + self.reorder
        return gap.asked_at + max(self.round_trip, _LEAST_PAUSE) * (1 + _BACK_OFF * (gap.times - 1))

    def _note_gap(self, step: int, now: float) -> None:
        if step - 1 + len(self.missing) > MOST_MISSING:
            self.missing.clear()
            return
        for number in range(self._highest + 1, self._highest + step):
            asked = self._tail if number == self._tail_number else None
            self.missing[number & 0xFFFF] = _Missing(now) if asked is None else asked

    def _fill(self, sequence: int, now: float, original: bool) -> Arrival:
        gap = self.missing.pop(sequence, None)
        if gap is None:
            return Arrival.FILLS
        if original or gap.times == 0:
            late = (now - gap.since) * _REORDER_MARGIN
            self.reorder = min(max(late, self.reorder), LONGEST_REORDER_SECONDS)
            return Arrival.FILLS
        self.reorder = max(self.reorder * _REORDER_DECAY, REORDER_SECONDS)
        if gap.times == 1:
            self.round_trip += (now - gap.asked_at - self.round_trip) / 8
        return Arrival.RECOVERED
