"""What a receiver's line carries, told from its REMB and its losses, and when to try more.

A receiver's estimate only follows what it is sent, so a high one says little. What says something is its fall below
that: then the line was too full, and the estimate is what it carries. From then on it is the limit,
until sending more for a while (a probe) goes well. Whether packets wait in a queue is told by round trips, for which
the receiver is asked as long as the line is tried (`is_trying`), and about once a second by its reports.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.media.trains import Trains
from bridge.media.trips import QUEUE_SECONDS, Trips

HOLD_SECONDS = 3.0
"""From the moment the line was too full to the first probe; doubled when a probe fails, up to the longest."""
LONGEST_HOLD_SECONDS = 4.0
PROBE_SECONDS = 2.0
RAMP_SECONDS, LONGEST_RAMP_SECONDS = 2.0, 3.0
"""A probe that doubles what is sent grows to its whole within this time, a smaller one sooner.

The round trips tell of its failure half a second late, which shall be before the queue is full.
"""
CONFIRM_SECONDS = 0.8
"""At its whole for so long before no queue counts: a line too narrow by a tenth fills one slowly."""
UNCONFIRMED_SECONDS = 2.0
"""Later than this without any answer it counts as gone well."""
NEXT_SECONDS = 0.8
"""From a probe that went well to the next: by then the larger picture's key frame is through, or has shown a queue."""
OLD_LOSS_SECONDS = 2.5
"""Reports lag behind: for so long what they tell as lost is of the picture that was too large."""
WATCH_SECONDS = 6.0
"""After the line was too full: whether the limit was right is soon to be known."""
SETTLE_SECONDS = 1.5
"""After the line was too full: its queue still empties, and losses reported now are the old ones."""
EASED_SHARE, EASED_SECONDS = 0.7, 1.0
"""A queue is gone when no more than this share of what the line carries was sent for so long."""
EXCUSABLE_SECONDS, EXCUSE_SECONDS = 10.0, 60.0
"""So soon, and so seldom, a limit is forgotten because the way had only become longer: others may fill the line."""
PROVING_SECONDS = 4.0
"""After a probe went well: bad news within this time are its fault."""
FALL = 0.97
HIGH_SECONDS = 3.0
"""A fall is reckoned from the highest estimate of this time: some receivers tell it in small steps."""
FULL_SHARE = 0.95
"""An estimate below this share of what is sent means that it did not get through."""
LOSS_SHARE = 0.15
"""More loss than this is a full line; less may be a bad one, on which a smaller picture would be lost as well."""
PROBE_LOSS = 0.08
"""As much more loss than usual means that a probe has failed."""
DOUBT_LOSS = 0.25
"""As much more than usual confirms a fall of the estimate; packets that overtake others count as lost for a moment."""
LOSS_PACKETS, PROBE_PACKETS = 100, 40
"""Fewer than these say nothing: a line that loses a tenth loses a sixth of fifty now and then."""
PLAIN_PACKETS, PLAIN_SHARE = 20, 0.35
"""As much loss as this needs no more packets to be believed."""
DOUBT_SECONDS = 1.5
"""A fall of the estimate waits so long for what confirms it: estimators also take losses and bursts for it."""
FRESH_SECONDS = 0.5
"""Trips of sooner after a fall may tell of the time before it."""
_DOUBT_PACKETS = 20
_SENT_DECAY = 0.5
_KEY_FRAME_SECONDS = 0.5
_SMALL = 200_000
_SHRINK = 0.4
"""As much of a limit is kept until its failure is seen anew."""
_STEP = 0.75
_MOST = 0.5
_SWAY = 1.25
"""Rates are measured and pictures differ: what got through needs so much room to stay."""
_MARGIN = 1.1
_MOST_FALLS = 2
_FAR = 3.0
"""A line that lets short bursts through may seem as much wider as it likes."""
_LEAST = 20_000


@dataclass(slots=True)
class Downlink:
    """One receiver's. `limit` is what may be sent to it, bit/s; None as long as nothing speaks against anything."""

    limit: int | None = None
    fills: bool = True
    """What `step` asks for can be sent; else a better picture is tried for itself."""
    trains: Trains = field(default_factory=Trains)
    """Of checks, which tell what a narrow line carries."""
    _estimate: int = 0
    _high: int = 0
    _high_at: float = float("-inf")
    _full_at: float = float("-inf")
    _raised_at: float = float("-inf")
    _hold: float = HOLD_SECONDS
    _probe_since: float | None = None
    _ramp: float = 0.0
    _clear_at: float = float("-inf")
    _queued_at: float | None = None
    _eased_at: float | None = None
    _excused_at: float = float("-inf")
    _narrow_since: float = float("-inf")
    """Since when there has been a limit."""
    _falls: int = 0
    """Because of a queue that stayed all the time."""
    _proven: int = 0
    _floor: int = 0
    _lost: int = 0
    _expected: int = 0
    _lossy_before: bool = False
    _usual_loss: float = 0.0
    _doubt_at: float | None = None
    _doubted: tuple[int, int] = (0, 0)
    """Packets lost and expected since then."""
    _sent: int = 0
    _waited: bool = False
    """Packets waited when the line was too full last, as they also do on a way that has become longer."""
    _is_narrow: bool = False
    """It was no longer way: packets were lost, or came through sooner once less was sent."""
    _trips: Trips = field(default_factory=Trips)

    @property
    def estimate(self) -> int:
        """The receiver's REMB, bit/s; 0 before the first."""
        return self._estimate

    def known(self, now: float) -> int | None:
        """What the line carries, once it is sure that it is narrow and its way not only longer, bit/s.

        That is what trains of checks tell. The limit comes of estimates made while a queue fills, and leaves room: it
        is told only where the trains do not agree, or see a line that lets short bursts through.
        """
        if self.limit is None or not self._is_narrow:
            return None
        measured = self.trains.rate
        if measured is None:
            return None if now - self._full_at < WATCH_SECONDS else self.limit
        return measured if measured < _FAR * self.limit else self.limit

    @property
    def probing(self) -> bool:
        """More than what is shown is sent, or could be: when it is over that ends at once."""
        return self._probe_since is not None

    def heard(self, estimate: int, sent: int, now: float) -> None:
        """The receiver's REMB came; `sent` is what it is sent now. Both in bit/s."""
        self._estimate = estimate
        if estimate >= self._high or now - self._high_at > HIGH_SECONDS:
            self._high, self._high_at = estimate, now
        if self.limit is not None and now - self._full_at < SETTLE_SECONDS:
            # An estimate comes down in steps, and falls too far when the queue is empty: only between it is the line's.
            if self._trips.waiting or not self._trips.known:
                self.limit = max(self._floor, min(self.limit, estimate))
            return
        if estimate < FALL * self._high and estimate < FULL_SHARE * sent:
            self._high, self._high_at = estimate, now
            if self._doubt_at is None:
                self._doubt_at, self._doubted = now, (0, 0)
        elif self.limit is not None and estimate > self.limit and self._probe_since is None:
            self.limit = estimate
        if self._doubt_at is not None and now - self._doubt_at > DOUBT_SECONDS:
            self._full(estimate, now)

    def lost(self, lost: int, expected: int, sent: int, now: float, round_trip: float | None = None) -> None:
        """The receiver reported `lost` of `expected` packets; the line is full when that stays high.

        `round_trip`, in seconds, is what the same report tells of it.
        """
        # What is sent now may be less, since a switch, than what these losses are of.
        self._sent = max(sent, round(self._sent * _SENT_DECAY))
        if self._doubt_at is not None:
            self._doubted = (self._doubted[0] + lost, self._doubted[1] + expected)
            if self._is_unusual(*self._doubted):
                self._full(self._estimate, now, lossy=True)
        if round_trip is not None:
            self.pinged(round_trip, now)
        self._lost += lost
        self._expected += expected
        proving = self._is_proving(now) and not self._estimate
        plain = self._expected >= PLAIN_PACKETS and self._lost > PLAIN_SHARE * self._expected
        if not plain and self._expected < (PROBE_PACKETS if proving else LOSS_PACKETS):
            return
        share = self._lost / self._expected
        self._lost = self._expected = 0
        # Two signs that have nothing to do with one another need no second report.
        seconded = self._trips.waiting or self._trips.rose
        if now - self._full_at < OLD_LOSS_SECONDS:
            return
        lossy = share > LOSS_SHARE
        # Who estimates its line knows a failed probe by the delays, which a line that loses anyway does not have.
        failed = proving and share > self._usual_loss + PROBE_LOSS
        if failed or (lossy and (seconded or self._lossy_before)):
            carries = round(self._sent * (1 - share))
            self._full(min(carries, self._estimate) if self._estimate else carries, now, sure=share > _MOST, lossy=True)
        elif not lossy and not proving:
            self._usual_loss += (share - self._usual_loss) / 2
        self._lossy_before = lossy

    def round_trip(self, now: float) -> float:
        """The newest one, seconds; 0 when nobody asked for it lately."""
        self._trips.forget(now)
        return self._trips.newest

    def pinged(self, round_trip: float, now: float) -> None:
        """The receiver answered after so many seconds."""
        self._trips.take(round_trip, now)
        if self._doubt_at is not None:
            self._settle_doubt(now)
        self._judge(now)
        drained = self._waited and self._trips.clear and not self._trips.rose
        if drained and FRESH_SECONDS <= now - self._full_at < WATCH_SECONDS:
            self._is_narrow = True

    def carries(self, sent: int, now: float) -> None:
        """So much is sent, bit/s, without probes: where nothing of it waits, the limit is no lower.

        A picture that has just become larger also takes more than was measured of it before.
        """
        self._trips.forget(now)
        eased = self.limit is not None and not self.probing and sent <= EASED_SHARE * self.limit
        self._eased_at = (now if self._eased_at is None else self._eased_at) if eased else None
        settled = self._doubt_at is None and now - self._full_at >= SETTLE_SECONDS
        if self.limit is not None and sent > self.limit and settled and self._trips.clear:
            self.limit = round(sent * _SWAY)

    def step(self, cost: int, more: int | None, now: float) -> int:
        """To be called a few times a second with what is sent and what the next better picture would take.

        Returns how much should be sent on top of that to try the line, bit/s; it may raise `limit`.
        """
        self._trips.forget(now)
        if self.limit is None:
            return 0
        if more is None:
            self.limit, self._hold, self._probe_since = None, HOLD_SECONDS, None
            return 0
        if self._probe_since is None:
            rest = NEXT_SECONDS if self.fills else PROBE_SECONDS
            if (
                self._doubt_at is not None
                or self._trips.wait > QUEUE_SECONDS
                or now - self._full_at < self._hold
                or now - self._raised_at < rest
                or self._is_too_narrow(more)
            ):
                return 0
            self._proven = self._proven if self._is_proving(now) else cost
            self._probe_since = now
            ramp = RAMP_SECONDS * max(more - cost, 0) / max(cost, _SMALL)
            self._ramp = min(ramp, LONGEST_RAMP_SECONDS) if self.fills else 0.0
        elif self._has_passed(self._probe_since, now):
            self.limit, self._raised_at, self._probe_since = max(self.limit, round(more * _SWAY)), now, None
            return 0
        grown = min(1.0, (now - self._probe_since) / self._ramp) if self._ramp else 1.0
        return round(max(more * _MARGIN - cost, 0) * grown)

    def train_due(self, now: float) -> int:
        """How long a train of checks is to be sent now, octets, to a line that was too full; 0: none."""
        since = now - self._full_at
        if self.limit is None or since < FRESH_SECONDS or self.probing:
            return 0
        return self.trains.due(self.limit, now, soon=since < WATCH_SECONDS)

    def is_trying(self, now: float) -> bool:
        """Whether more may be sent than gets through, so that the round trip is to be asked for all the time."""
        watched = self._is_proving(now) or now - self._full_at < WATCH_SECONDS
        return self._doubt_at is not None or self._lossy_before or (self.limit is not None and watched)

    def _is_too_narrow(self, more: int) -> bool:
        """Trains come apart at least as fast as what the line has left for us: it needs not be filled to know that."""
        measured = self.trains.rate
        return measured is not None and FULL_SHARE * measured < more

    def _has_passed(self, since: float, now: float) -> bool:
        whole = since + max(self._ramp + CONFIRM_SECONDS, PROBE_SECONDS)
        return not self.fills or (now >= whole and (self._clear_at >= whole or now >= whole + UNCONFIRMED_SECONDS))

    def _judge(self, now: float) -> None:
        """A queue that stays means that the limit, or what is tried, is too much, even when little is lost."""
        if self.limit is None or now - self._full_at < SETTLE_SECONDS:
            return
        if not (self._trips.waiting or (self._probe_since is not None and self._trips.rose)):
            self._queued_at = None
            if self._trips.known:
                self._clear_at, self._falls = now, 0
            return
        self._queued_at = now if self._queued_at is None else self._queued_at
        if self._eased_at is not None and now - self._eased_at >= EASED_SECONDS:
            # What is sent would have emptied any queue: the way has only become longer.
            self._trips.accept()
            self._waited = False
            if now - self._narrow_since < EXCUSABLE_SECONDS and now - self._excused_at > EXCUSE_SECONDS:
                self.limit, self._hold, self._probe_since, self._excused_at = None, HOLD_SECONDS, None, now
            return
        # A larger picture that has just come begins with a key frame, which fills any queue for a moment.
        if self._probe_since is not None or now - self._queued_at > _KEY_FRAME_SECONDS:
            self._falls += not self._is_proving(now)
            if self._falls >= _MOST_FALLS:
                # Less does not help: the way has only become longer.
                self._trips.accept()
                self._falls = 0
            self._full(round(_STEP * self.limit), now)

    def _is_unusual(self, lost: int, expected: int) -> bool:
        return expected >= _DOUBT_PACKETS and lost > (self._usual_loss + DOUBT_LOSS) * expected

    def _settle_doubt(self, now: float) -> None:
        """A fall of the estimate counts when packets wait, or more than usual are lost."""
        if self._trips.waiting or self._trips.rose:
            self._full(self._estimate, now)
        elif self._doubt_at is not None and self._trips.known and now - self._doubt_at >= FRESH_SECONDS:
            self._doubt_at = None

    def _full(self, carries: int, now: float, *, sure: bool = False, lossy: bool = False) -> None:
        if self._is_proving(now):
            self._hold = min(2 * self._hold, LONGEST_HOLD_SECONDS)
        elif now - self._full_at > 2 * LONGEST_HOLD_SECONDS:
            self._hold = HOLD_SECONDS
        # What was shown before the probes got through: only they have failed.
        proving = self._is_proving(now)
        if self.limit is not None and not sure:
            # A key frame fills a narrow line for a moment: whoever is limited is not left without a picture for that.
            carries = max(carries, round(_STEP * self.limit))
        carries = max(carries, _LEAST, round(_SWAY * self._proven) if proving else 0)
        if self.limit is None:
            self._narrow_since, self._is_narrow = now, False
            self.trains.forget()
        self._is_narrow, self._waited = self._is_narrow or lossy, self._trips.waiting or self._trips.rose
        self.limit = carries if self.limit is None else min(carries, self.limit)
        self._floor = self.limit if proving else round(_SHRINK * self.limit)
        self._full_at, self._probe_since, self._raised_at = now, None, float("-inf")
        self._doubt_at = self._queued_at = None

    def _is_proving(self, now: float) -> bool:
        return self._probe_since is not None or now - self._raised_at < PROVING_SECONDS
