"""Repairing losses: packets that receivers miss are sent again, packets that a source's line lost are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bridge.media.allotment import SOUND_BPS, shown_bps
from bridge.media.fanout import Fanout
from bridge.media.forwarding import Slot, Stream
from bridge.media.leg import Leg
from bridge.media.retransmission import Retransmissions
from bridge.media.rtp import sequence_distance
from bridge.media.slots import Placed
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
            leg.meter.bytes_out += self._send_again(slot, again, known[sequence], now)
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
                    leg.meter.bytes_out += self._fanout.resend(slot, slot.ssrc_bytes, placed)

    def probe(self, leg: Leg, octets: int) -> int:
        """Sends a picture's newest packets once more, as many as `octets` hold; returns the octets sent.

        They try the line and harm nothing: the receiver drops what it has, on a stream of its own by the number, on the
        picture's by SRTP's list of those that came (RFC 3711 section 3.3.2).
        """
        pictures = (slot for slot in leg.slots.values() if slot.name.track is not Track.MICROPHONE)
        slot = next((slot for slot in pictures if slot.cohort is not None and slot.cohort.stream is not None), None)
        if slot is None or slot.again is None or slot.cohort is None:
            return 0
        total, newest = 0, slot.cohort.timeline.sequence
        now = self._clock.monotonic()
        for back in range(MOST_PROBES):
            placed = slot.cohort.sent.find(newest - back & 0xFFFF, now)
            if total >= octets or placed is None:
                break
            total += self._send_again(slot, slot.again, placed, now)
        leg.meter.bytes_out += total
        return total

    def load(self, leg: Leg, octets: int) -> int:
        """As `probe`, but the same packets several times over where there are too few."""
        total = 0
        while total < octets and (sent := self.probe(leg, octets - total)):
            total += sent
        return total

    def _send_again(self, slot: Slot, again: Retransmissions, placed: Placed, now: float) -> int:
        """On the stream of retransmissions where there is one; returns the octets sent."""
        wrapped = again.wrap(placed, now)
        if wrapped is None:
            return self._fanout.resend(slot, slot.ssrc_bytes, placed)
        return self._fanout.resend(slot, again.ssrc, wrapped)

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
