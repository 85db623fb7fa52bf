"""Repairing losses: packets that receivers miss are sent again, packets that a source's line lost are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bridge.media.allotment import SOUND_BPS, shown_bps
from bridge.media.fanout import Fanout
from bridge.media.forwarding import Slot, Stream
from bridge.media.leg import Leg
from bridge.media.rtp import sequence_distance
from core.clock import Clock
from core.model import Track

MOST_PROBES = 32
LOOK_SECONDS = 0.005
"""How often incomplete streams are looked after; the rule itself waits longer."""


DOUBLED_SECONDS = 10.0
"""Sound goes out twice for so long after the last of it was asked for."""
COPY_SECONDS = 0.1
"""A copy that comes later than this is played by nobody."""


class Repair:
    """Both directions. `ask(leg, stream, sequences)` sends a NACK; `broken(stream)` says that a picture has a hole."""

    def __init__(
        self,
        clock: Clock,
        fanout: Fanout,
        ask: Callable[[Leg, Stream, list[int]], None],
        broken: Callable[[Stream], None],
    ) -> None:
        self._clock = clock
        self._fanout = fanout
        self._ask = ask
        self._broken = broken
        self._incomplete: dict[Stream, Leg] = {}
        self._doubled: dict[Slot, tuple[Leg, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def answer(self, leg: Leg, slot: Slot, sequences: Sequence[int], now: float) -> None:
        """A receiver misses packets: those that are still known go out once more, to it alone."""
        again, cohort = slot.again, slot.cohort
        if again is None or cohort is None or cohort.stream is None:
            # Nothing is shown any more: what was lost before only fills a line that is perhaps too thin as it is.
            return
        picture = cohort.stream if slot.name.track is not Track.MICROPHONE else None
        if picture is not None and any(cohort.sent.expired(sequence, now) for sequence in sequences):
            # Its picture stands until a key frame, and browsers ask for that only after seconds.
            self._broken(picture)
        if picture is not None and leg.downlink.limit is not None:
            # Of the picture before, larger or smaller, nothing is needed: the line has no room for it.
            sequences = [s for s in sequences if sequence_distance(s, cohort.timeline.began) >= 0]
        known = {sequence: placed for sequence in sequences if (placed := cohort.sent.find(sequence, now))}
        for sequence in again.allowed(known, now, leg.downlink.round_trip(now)):
            wrapped = again.wrap(known[sequence], now)
            if wrapped is None:
                sent = self._fanout.resend(slot, slot.ssrc_bytes, known[sequence])
            else:
                sent = self._fanout.resend(slot, again.ssrc, wrapped)
            leg.meter.sent(sent, audio=picture is None)
        if picture is None and known and (slot in self._doubled or again.often(now)):
            self._doubled[slot] = (leg, now + DOUBLED_SECONDS)

    def double(self, sound: Stream, now: float) -> None:
        """A packet of `sound` is about to go out: before it goes the last one once more, where much is lost.

        Browsers repeat a request for sound only after 100 ms, longer than they hold sound back: when the request or its
        answer is lost as well there is a gap. A copy needs no request.
        """
        for slot, (leg, until) in tuple(self._doubled.items()):
            cohort, limit = slot.cohort, leg.downlink.limit
            if now > until or not leg.secured:
                del self._doubled[slot]
            elif cohort is None or cohort.stream is not sound or now - (cohort.timeline.at or 0.0) > COPY_SECONDS:
                continue
            elif limit is None or shown_bps(leg) + 2 * SOUND_BPS <= limit:
                placed = cohort.sent.find(cohort.timeline.sequence, now)
                if placed:
                    leg.meter.sent(self._fanout.resend(slot, slot.ssrc_bytes, placed), audio=True)

    def probe(self, leg: Leg, octets: int) -> int:
        """Sends a picture's newest packets once more, as many as `octets` hold: they try the line and harm nothing.

        Only where the receiver takes retransmissions on a stream of their own; elsewhere nothing is sent. Returns the
        octets sent.
        """
        slot = next((s for s in leg.slots.values() if s.again and s.again.ssrc and s.cohort and s.cohort.stream), None)
        if slot is None or slot.again is None or slot.cohort is None:
            return 0
        total, newest = 0, slot.cohort.timeline.sequence
        now = self._clock.monotonic()
        for back in range(MOST_PROBES):
            placed = slot.cohort.sent.find(newest - back & 0xFFFF, now)
            wrapped = slot.again.wrap(placed, now) if placed is not None else None
            if total >= octets or wrapped is None:
                break
            total += self._fanout.resend(slot, slot.again.ssrc, wrapped)
        leg.meter.sent(total, audio=False)
        return total

    def load(self, leg: Leg, octets: int) -> int:
        """As `probe`, but the same packets several times over where there are too few."""
        total = 0
        while total < octets and (sent := self.probe(leg, octets - total)):
            total += sent
        return total

    def look_after(self, leg: Leg, stream: Stream) -> None:
        """`stream` misses packets, or may, and somebody watches it: they are asked for in time."""
        self._incomplete[stream] = leg
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def forget(self, stream: Stream) -> None:
        """The stream is over; harmless when it was complete."""
        self._incomplete.pop(stream, None)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        for stream, leg in tuple(self._incomplete.items()):
            wanted, given_up = stream.arrivals.due(now)
            if wanted:
                self._ask(leg, stream, wanted)
            if given_up and stream.track is not Track.MICROPHONE:
                self._broken(stream)
            if not stream.arrivals.unsure:
                del self._incomplete[stream]
        if self._incomplete:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
