"""What a source's line carries: packets that wait in a queue say when it is too much, REMB tells it.

aiortc's estimator hears a queue grow, but takes a delay that wanders for one, and does not hear one behind jitter. So
its word counts when a queue is there, and a queue that stays needs no word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiortc.rate import BandwidthUsage, RateCounter, RemoteBitrateEstimator

from bridge.media.bursts import Bursts
from bridge.media.relief import Relief
from bridge.media.standing import BASE_SECONDS, StandingQueue

CEILING = 2_500_000
"""What every source may send, bit/s: enough for three simulcast layers of 720p."""
FLOOR = 100_000
QUEUE_SECONDS = 0.06
"""Every recent packet waited this long: the line is too full, whatever else is said."""
GROWING_SECONDS = 0.04
"""So long is enough where the estimator hears the delay grow."""
ROW_SECONDS, ROW_FACTOR = 4.0, 2.0
"""So soon after a verdict the next wants this much longer a wait: what waits alike when less is sent is no queue."""
AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 1.0, 8.0
"""From one verdict to the next, as what had been sent before must be through; doubled each time in a row.

A way that has become longer looks like a queue that never empties until `BASE_SECONDS` have passed.
"""
DOUBT_SECONDS = 0.12
"""So long a wait soon after a verdict was withdrawn means that there is a queue: no more is withdrawn for a while."""
BELIEVED_SECONDS = 60.0
THROUGH = 0.85
"""Of what got through is asked for, so that the queue empties (as aiortc's estimator has it)."""
LESS_SECONDS, LESS_TIMES = 1.5, 3
"""After so long without knowing whether that helps still less is asked for, so many times in all."""
_THROUGH_MS = 500
"""A queue gives out what the line carries; from before there was one comes more."""
HOLD_SECONDS = 1.0
"""After the line was too full, before it is tried with more; doubled when that fails, up to the longest."""
LONGEST_HOLD_SECONDS = 4.0
GROWTH = 1.25
"""Per second, after the hold. Senders themselves grow by 8 % a second within what they are told."""
WIDER = 1.15
"""So much more gets through than when the line was too full: it has become wider."""
_STEADY = 0.05
"""Of each tenth of a second, so that a few large pictures do not count for a wider line."""
NEAR, NEAR_GROWTH = 1.3, 1.1
"""Up to that above what the line carried it is tried more gently, so that its queue tells before it is full."""
FULL_SHARE = 0.9
"""Of what a line is seen to carry: nothing is tried above that, as its pictures tell when it is wider.

Encoders send more than they are told for seconds: at 0.95 a queue still filled now and then.
"""
DROP = 0.97
_FORGET_SECONDS = 2.0
"""After a pause as long as this the past says nothing about the line."""
_STAMPS = 1 << 24
_STAMPS_PER_SECOND = 1 << 18


@dataclass(slots=True)
class Uplink:
    """One leg's. Feed it the packets that carry abs-send-time; without any it allows everything."""

    ceiling: int = CEILING
    target: int = CEILING
    """What the source may send, bit/s."""
    urgent: bool = False
    """The target changed by so much that the source must know now; the teller sets it back."""
    withdrawn: int = 0
    """How many times the line was not too full after all: the way had become longer."""
    _estimator: RemoteBitrateEstimator | None = None
    _queue: StandingQueue = field(default_factory=StandingQueue)
    _bursts: Bursts = field(default_factory=Bursts)
    _relief: Relief | None = None
    _target_before: int = CEILING
    _narrow: int = 0
    """What got through when the line was too full last, bit/s."""
    _steady: float = 0.0
    """What comes, smoothed."""
    _stamp: int = 0
    _sent: float = 0.0
    """When the packet left, in seconds on the source's clock from its first on."""
    _packet_at: float = 0.0
    _full_at: float = float("-inf")
    _withdrawn_at: float = float("-inf")
    _believed_until: float = float("-inf")
    _less_at: float = 0.0
    _less_times: int = 0
    _again: float = 0.0
    _hold: float = HOLD_SECONDS
    _grown_at: float = 0.0

    def take(self, send_time: int, size: int, ssrc: int, now: float) -> None:
        """A packet of `size` bytes came that left at `send_time` (24 bits, 6 of them seconds)."""
        if self._estimator is None or now - self._packet_at > _FORGET_SECONDS:
            self._begin(send_time)
        self._packet_at = now
        step = (send_time - self._stamp + _STAMPS // 2) % _STAMPS - _STAMPS // 2
        self._stamp, self._sent = send_time, self._sent + step / _STAMPS_PER_SECOND
        self._bursts.take(self._sent, now, size)
        looked = self._queue.take(now - self._sent, now)
        assert self._estimator is not None
        self._estimator.add(int(now * 1000), send_time, size, ssrc)
        if looked:
            self._look(now)

    @property
    def carries(self) -> int:
        """What gets through in a moment at least, bit/s; 0: not known."""
        return self._bursts.carries

    @property
    def wider(self) -> bool:
        """Whether more gets through by now than the line carried when it was too full last."""
        return 0 < WIDER * self._narrow < self._steady

    def allow(self, ceiling: int) -> None:
        """Lets the source send so much from now on, bit/s, instead of what a conference needs."""
        self.ceiling = self.target = ceiling

    def grow(self, now: float) -> int:
        """The target now; to be called about once a second."""
        if self.target < self.ceiling and now - self._full_at >= self._hold and self._relief is None:
            elapsed = min(now - max(self._grown_at, self._full_at), 2.0)
            near = self.target < NEAR * self._narrow and not self.wider
            grown = min(self.ceiling, round(self.target * (NEAR_GROWTH if near else GROWTH) ** elapsed))
            self.target = max(self.target, min(grown, self._known_most()))
            if self.target == self.ceiling:
                self._hold = HOLD_SECONDS
        self._grown_at = now
        return self.target

    def _known_most(self) -> int:
        """As much as the line is known to carry, bit/s; where that is not known, as much as is allowed."""
        carries = self._bursts.narrow if self._narrow else None
        return self.ceiling if carries is None else round(FULL_SHARE * carries)

    def _begin(self, send_time: int) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._estimator.incoming_bitrate = RateCounter(_THROUGH_MS)
        self._queue, self._stamp, self._sent = StandingQueue(), send_time, 0.0
        self._bursts, self._relief, self._narrow = Bursts(), None, 0

    def _look(self, now: float) -> None:
        """The wait was reckoned anew."""
        assert self._estimator is not None
        rate = self._estimator.incoming_bitrate.rate(int(now * 1000)) or 0
        self._steady += (rate - self._steady) * _STEADY
        if self._relief is not None and self._queue.wait is not None:
            was_queue = self._relief.take(self._queue.wait, rate, now)
            if was_queue is not None:
                self._relief = None
            if was_queue is False:
                self._withdraw(now)
            elif was_queue is None and now - self._less_at > LESS_SECONDS and self._less_times < LESS_TIMES:
                self._less(round(THROUGH * self.target), now)
        if self._waits(now) and now - self._full_at > self._again:
            self._too_full(rate, now)

    def _withdraw(self, now: float) -> None:
        """All packets come later than they did, whatever is sent: that was no queue, and the target is what it was."""
        self._queue.accept()
        self.urgent = self.urgent or self.target < DROP * self._target_before
        self.target, self.withdrawn = min(self._target_before, self.ceiling), self.withdrawn + 1
        self._full_at, self._withdrawn_at = float("-inf"), now
        self._hold, self._narrow = HOLD_SECONDS, 0

    def _less(self, target: int, now: float) -> None:
        target = max(FLOOR, min(target, self.target))
        self.urgent = self.urgent or target < DROP * self.target
        self.target, self._less_at, self._less_times = target, now, self._less_times + 1

    def _waits(self, now: float) -> bool:
        assert self._estimator is not None
        grows = self._estimator.detector.state() is BandwidthUsage.OVERUSING
        least = GROWING_SECONDS if grows else QUEUE_SECONDS
        in_a_row = now - self._full_at < ROW_SECONDS
        return (self._queue.wait or 0.0) > least * (ROW_FACTOR if in_a_row else 1.0)

    def _too_full(self, through: int, now: float) -> None:
        if max(through, self._steady) < FLOOR:
            return
        if now - self._full_at > self._hold and self._full_at > 0:
            self._hold = min(2 * self._hold, LONGEST_HOLD_SECONDS)
        in_a_row = now - self._full_at < max(ROW_SECONDS, 2 * self._again)
        wait = self._queue.wait or 0.0
        if now - self._withdrawn_at < BASE_SECONDS and wait > DOUBT_SECONDS:
            self._queue.refuse()
            self._believed_until = now + BELIEVED_SECONDS
        if self._relief is None and now >= self._believed_until:
            self._relief, self._target_before = Relief(wait, through, now), self.target
        self._narrow = through
        self._steady = min(self._steady, through)
        self._again = min(2 * self._again, LONGEST_AGAIN_SECONDS) if in_a_row else AGAIN_SECONDS
        self._full_at, self._less_times = now, 0
        self._less(round(THROUGH * through), now)
        self._bursts.forget()
