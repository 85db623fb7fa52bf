"""A hall behind a narrow line, in virtual time: no sockets, no waiting, and the same course for the same seed.

What is real: the rules of the downlink, the allocation, the measured rates, the answers to NACKs, the line model and
the estimator that browsers have (aiortc's copy of it). What is played: a camera with three layers and key frames, and a
receiver that reports, asks again and decodes in order, each in the manner of Chromium.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from aiortc.rate import RemoteBitrateEstimator

from bench.lines_figures import Reading
from bridge.media.allotment import SOUND_BPS
from bridge.media.demand import REST_SECONDS
from bridge.media.downlink import Downlink
from bridge.media.history import SECONDS as HISTORY_SECONDS
from bridge.media.keyframes import KeyframeRequests
from bridge.media.layers import Rate, Rung, allocate, cost, cost_of_more
from bridge.media.repair import MOST_PROBES
from bridge.media.retransmission import Retransmissions
from tests.support.line import NO_FAULTS, Faults, LineModel

SIZES = ((240, 135), (480, 270), (960, 540))
FRAME_SECONDS, SOUND_SECONDS, SOUND_BYTES, PING_BYTES = 1 / 15, 0.02, 110, 124
PAYLOAD = 1_100
TICK_SECONDS, TICKS_PER_ALLOTMENT = 0.1, 3
KEY_FRAME_FACTOR = 4.5
"""A key frame's size in usual ones: libwebrtc's most for VP8 at this rate."""
ASK_SECONDS = 0.25
"""From the node's wish for a layer that was switched off to its first packet."""
NACK_SECONDS, NACK_TIMES = 0.1, 10
STUCK_SECONDS = 3.0
"""So long browsers wait for a picture before they ask for a key frame."""


class Course:
    """Things that happen at their times; equal times in the order of their coming."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def at(self, when: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), happen))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        self.now = until


@dataclass
class Packet:
    """Of the picture as the hall is sent it; `sequence` is the hall's numbering."""

    sequence: int
    size: int
    frame: int
    last: bool
    key: bool
    layer: int
    sent_at: float


@dataclass
class Layer:
    """What the camera makes of one size."""

    bps: int
    active: bool = True
    wanted_at: float = 0.0
    rate: Rate = field(default_factory=Rate)
    debt: float = 0.0

    def frame(self, key: bool, dice: random.Random) -> int:
        """The octets of the next picture; a large one is saved up again afterwards."""
        usual = self.bps / 8 * FRAME_SECONDS
        size = usual * KEY_FRAME_FACTOR if key else max(0.3 * usual, usual - self.debt * 0.15)
        size *= dice.uniform(0.75, 1.25)
        self.debt += size - usual
        return round(size)


class Receiver:
    """What the hall has: it counts, asks again, estimates, and decodes in order."""

    def __init__(self) -> None:
        self.estimator = RemoteBitrateEstimator()
        self.highest, self.came, self.bytes = -1, 0, 0
        self.missing: dict[int, tuple[float, int]] = {}
        self.frames: dict[int, list[Packet]] = {}
        self.next_sequence = 0
        self.decoded, self.width, self.decoded_at = 0, 0, 0.0
        self.reported = (0, 0)
        self.estimate = self.remb = 0
        self.heard_report: tuple[float, float] | None = None

    def take(self, packet: Packet, now: float) -> list[int]:
        """A packet came, perhaps again; returns what to ask for at once."""
        self.bytes += packet.size
        first = packet.sequence > self.highest or packet.sequence in self.missing
        if not first:
            return []
        self.came += 1
        self.missing.pop(packet.sequence, None)
        news = list(range(self.highest + 1, packet.sequence)) if self.highest >= 0 else []
        self.highest = max(self.highest, packet.sequence)
        for sequence in news:
            self.missing[sequence] = (now, 1)
        self.frames.setdefault(packet.frame, []).append(packet)
        self._decode(now)
        return news

    def repeat(self, now: float, trip: float) -> list[int]:
        """What to ask for once more."""
        due = [s for s, (at, n) in self.missing.items() if now - at >= max(NACK_SECONDS, trip) and n < NACK_TIMES]
        for sequence in due:
            self.missing[sequence] = (now, self.missing[sequence][1] + 1)
        return due

    def _decode(self, now: float) -> None:
        for number in sorted(self.frames):
            packets = sorted(self.frames[number], key=lambda packet: packet.sequence)
            whole = packets[-1].last and packets[-1].sequence - packets[0].sequence + 1 == len(packets)
            follows = packets[0].sequence == self.next_sequence
            if not whole or not (follows or packets[0].key):
                continue
            self.next_sequence = packets[-1].sequence + 1
            self.decoded, self.decoded_at, self.width = self.decoded + 1, now, SIZES[packets[0].layer][0]
            self.frames = {n: f for n, f in self.frames.items() if n > number}
            self.missing = {s: m for s, m in self.missing.items() if s >= self.next_sequence}


class NarrowHall:
    """The node's part for one hall, the hall, and the line between them; `down` and `up` may be changed at any time."""

    def __init__(
        self, seed: int, bps: tuple[int, ...] = (130_000, 420_000, 1_200_000), *, estimates: bool = True
    ) -> None:
        self.dice = random.Random(seed)
        self.course = Course()
        self.down, self.up = LineModel(seed), LineModel(seed + 1)
        self.layers = [Layer(round(each * self.dice.uniform(0.85, 1.15))) for each in bps]
        self.downlink, self.again, self.keys = Downlink(), Retransmissions(b"again"), KeyframeRequests[str]()
        self.hall, self.estimates = Receiver(), estimates
        self.shown: int | None = None
        self.target: int | None = len(bps) - 1
        self.chosen = len(bps) - 1
        self.allotted: int | None = None
        self.probe_bps = self.probed_bps = 0
        self.sent: dict[int, Packet] = {}
        self.began = 0
        self.frame = 0
        self.key_wanted = True
        self.trip: float | None = None
        self.turn = self.dice.randrange(30)
        self.changes: list[tuple[float, int]] = []
        self.notes: list[str] = []
        for start in (self._picture, self._sound, self._tick, self._report, self._nack):
            self.course.at(self.dice.random() * 0.1, start)

    @property
    def now(self) -> float:
        return self.course.now

    def run(self, seconds: float) -> list[Reading]:
        """Lets time pass; what the hall's page would tell each quarter of a second."""
        readings = [self._reading()]
        for _ in range(round(seconds * 4)):
            self.course.run(self.now + 0.25)
            readings.append(self._reading())
        return readings

    def faults(self, down: Faults, up: Faults = NO_FAULTS) -> None:
        """From now on."""
        self.down.faults, self.up.faults = down, up

    def _reading(self) -> Reading:
        hall, line = self.hall, self.down
        return Reading(
            self.now, hall.decoded, hall.width, bytes=hall.bytes, carried=line.packets, overflowed=line.overflowed
        )

    # The camera

    def _picture(self) -> None:
        self.course.at(self.now + FRAME_SECONDS, self._picture)
        key, self.key_wanted = self.key_wanted, False
        if key:
            self.keys.arrived("camera")
        for index, layer in enumerate(self.layers):
            if not layer.active:
                continue
            size = layer.frame(key, self.dice)
            layer.rate.octets += size
            if key and index == self.target and self.shown != index:
                self.shown, self.target, self.began = index, None, len(self.sent)
                self.changes.append((self.now, index))
            if index == self.shown:
                self._send_frame(size, key)

    def _send_frame(self, size: int, key: bool) -> None:
        count = -(-size // PAYLOAD)
        self.frame += 1
        for number in range(count):
            sequence, last = len(self.sent), number == count - 1
            assert self.shown is not None
            packet = Packet(sequence, size // count + 28, self.frame, last, key, self.shown, self.now)
            self.sent[sequence] = packet
            self._send(packet)

    def _sound(self) -> None:
        self.course.at(self.now + SOUND_SECONDS, self._sound)
        self._carry(SOUND_BYTES, lambda: None)

    # The node

    def _carry(self, size: int, arrive: Callable[[], None]) -> None:
        for when in self.down.carry(self.now, size):
            self.course.at(when, arrive)

    def _send(self, packet: Packet) -> None:
        left = self.now
        self._carry(packet.size, lambda: self._arrive(packet, left))

    @property
    def _sent_bps(self) -> int:
        sound = round(SOUND_BYTES * 8 / SOUND_SECONDS)
        return self.probed_bps + sound + (self.layers[self.shown].rate.bps if self.shown is not None else 0)

    def _tick(self) -> None:
        self.course.at(self.now + TICK_SECONDS, self._tick)
        self.turn += 1
        if self.keys.due(self.now):
            self._ask_source()
        if not self.downlink.probing:
            self.probe_bps = 0
        if self.probe_bps or self.probed_bps:
            self._probe(round(self.probe_bps * TICK_SECONDS / 8))
        limit = self.downlink.limit
        fell = limit is not None and (self.allotted is None or limit < self.allotted)
        if fell or self.turn % TICKS_PER_ALLOTMENT == 0:
            self._allot()
        self._demand()
        if self.turn % 10 == 0:
            for layer in self.layers:
                layer.rate.close_period(self.now)
        if self.downlink.is_trying(self.now):
            self._ping()
        if self.turn % 20 == 0:
            left = self.now
            self._carry(80, lambda: setattr(self.hall, "heard_report", (left, self.now)))

    def _ping(self) -> None:
        """Asks for the round trip; the hall's host answers at once."""
        asked = self.now

        def answered() -> None:
            self.downlink.pinged(self.now - asked, self.now)

        self._carry(PING_BYTES, lambda: self._upwards(answered))

    def _probe(self, octets: int) -> None:
        total, newest = 0, len(self.sent) - 1
        for back in range(MOST_PROBES):
            packet = self.sent.get(newest - back)
            if total >= octets or packet is None or self.shown is None or self.now - packet.sent_at > HISTORY_SECONDS:
                break
            total += packet.size
            self._send(packet)
        self.probed_bps = round(total * 8 / TICK_SECONDS)

    def _allot(self) -> None:
        ladder = [Rung(w * h, layer.rate.bps) for (w, h), layer in zip(SIZES, self.layers, strict=True)]
        ladder = [Rung(r.pixels, max(one.bps for one in ladder[: n + 1])) for n, r in enumerate(ladder) if r.bps]
        self.downlink.carries(self._sent_bps - self.probed_bps, self.now)
        limit = self.allotted = self.downlink.limit
        if limit is None or not ladder:
            self.probe_bps, self.chosen = 0, len(self.layers) - 1
        else:
            chosen = allocate(limit - SOUND_BPS, [ladder])
            more = cost_of_more([ladder], chosen)
            self.downlink.fills = chosen[0] >= 0
            shown = cost([ladder], chosen) + SOUND_BPS
            self.probe_bps = self.downlink.step(shown, None if more is None else more + SOUND_BPS, self.now)
            self.chosen = chosen[0]
        self._retarget()
        if self.shown is not None and self.shown > self.chosen and limit is not None:
            too_much = self._sent_bps - self.probed_bps > 1.3 * (self.downlink.limit or limit)
            self.shown = None if too_much else self.shown

    def _demand(self) -> None:
        for index, layer in enumerate(self.layers):
            if index == self.chosen:
                layer.wanted_at = self.now
                if not layer.active:
                    self.course.at(self.now + ASK_SECONDS, partial(self._switch_on, layer))
            elif layer.active and self.now - layer.wanted_at > REST_SECONDS:
                layer.active = False

    def _switch_on(self, layer: Layer) -> None:
        if not layer.active:
            layer.active, self.key_wanted = True, True

    def _retarget(self) -> None:
        arriving = [index for index, layer in enumerate(self.layers) if layer.active and index <= self.chosen]
        wanted = max(arriving, default=None) if self.chosen >= 0 else None
        if wanted is None:
            self.shown = self.target = None
        elif wanted == self.shown:
            self.target = None
        elif wanted != self.target:
            self.target = wanted
            self._want_key()

    def _want_key(self) -> None:
        if self.keys.want("camera", self.now):
            self._ask_source()

    def _ask_source(self) -> None:
        self.course.at(self.now + 0.01, lambda: setattr(self, "key_wanted", True))

    # The hall

    def _arrive(self, packet: Packet, left: float) -> None:
        stamp = int(left * (1 << 18)) & 0xFF_FFFF
        estimate = self.hall.estimator.add(int(self.now * 1000), stamp, packet.size, 1)
        missing = self.hall.take(packet, self.now)
        if missing:
            self._ask_again(missing)
        if estimate is not None and self.estimates:
            self.hall.estimate = estimate[0]
            if self.estimates and estimate[0] < 0.97 * self.hall.remb:
                self._feed_back()

    def _nack(self) -> None:
        self.course.at(self.now + 0.02, self._nack)
        trip = self.trip or 0.05
        if again := self.hall.repeat(self.now, trip):
            self._ask_again(again)
        if self.hall.frames and self.now - self.hall.decoded_at > STUCK_SECONDS:
            self.hall.decoded_at = self.now
            self._upwards(self._want_key)

    def _upwards(self, act: Callable[[], None]) -> None:
        for when in self.up.carry(self.now, 100):
            self.course.at(when, act)

    def _ask_again(self, sequences: list[int]) -> None:
        self._upwards(lambda: self._answer(sequences))

    def _answer(self, sequences: list[int]) -> None:
        if self.shown is None:
            return
        if self.downlink.limit is not None:
            sequences = [s for s in sequences if s >= self.began]
        known = [s for s in sequences if s in self.sent and self.now - self.sent[s].sent_at <= HISTORY_SECONDS]
        if len(known) < len(sequences):
            self._want_key()
        for sequence in self.again.allowed(known, self.now, self.downlink.round_trip(self.now)):
            self._send(self.sent[sequence])

    def _report(self) -> None:
        self.course.at(self.now + self.dice.uniform(0.5, 1.5), self._report)
        self._feed_back()

    def _feed_back(self) -> None:
        """A receiver report, and the estimate where it has changed: Chromium tells a rise no sooner than this."""
        hall = self.hall
        estimate = hall.estimate if self.estimates and hall.estimate != hall.remb else None
        hall.remb = hall.estimate if estimate is not None else hall.remb
        expected, came = hall.highest + 1, hall.came
        news = (expected - hall.reported[0], came - hall.reported[1])
        hall.reported = (expected, came)
        # The same way down is told of once.
        heard, hall.heard_report, left = hall.heard_report, None, self.now

        def arrive() -> None:
            trip = None if heard is None else heard[1] - heard[0] + self.now - left
            self.trip = self.trip if trip is None else trip
            if news[0]:
                lost = max(0, news[0] - news[1])
                self.downlink.lost(lost, news[0], self._sent_bps, self.now, trip)
            if estimate is not None:
                self.downlink.heard(estimate, self._sent_bps, self.now)

        self._upwards(arrive)
