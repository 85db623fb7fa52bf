"""What one incoming stream's packets say about the line they came over (RFC 3550 appendix A)."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.media.rtcp import ReportBlock
from bridge.media.rtp import SEQUENCES, TIMESTAMPS, sequence_distance


@dataclass(slots=True)
class Reception:
    """Counts of one stream; feed it every packet."""

    clock_rate: int
    packets: int = 0
    repaired: int = 0
    """Packets that were lost and came again on a stream of their own."""
    again: int = 0
    """Packets among `packets` that had been lost and were sent again, or came twice."""
    base: int = -1
    """Extended sequence number of the first packet; -1 before it."""
    highest: int = -1
    """Extended highest sequence number."""
    jitter: float = 0.0
    """Interarrival jitter in timestamp units (section 6.4.1)."""
    _transit: float | None = None
    _reported: tuple[int, int] = (0, 0)
    _sender_clock: int = 0
    _sender_clock_at: float = 0.0

    def add(self, sequence: int, timestamp: int, at: float) -> None:
        """One packet came at `at` (monotonic seconds)."""
        self.packets += 1
        if self.base < 0:
            self.base = self.highest = sequence
        step = sequence_distance(sequence, self.highest & 0xFFFF)
        if step > 0:
            self.highest += step
        transit = at * self.clock_rate - timestamp
        if self._transit is not None:
            change = abs((transit - self._transit + TIMESTAMPS / 2) % TIMESTAMPS - TIMESTAMPS / 2)
            if change < 10 * self.clock_rate:
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def heard_sender(self, ntp_middle: int, at: float) -> None:
        """A sender report came."""
        self._sender_clock, self._sender_clock_at = ntp_middle, at

    @property
    def expected(self) -> int:
        """Packets that the sender must have sent."""
        return self.highest - self.base + 1 if self.base >= 0 else 0

    @property
    def jitter_ms(self) -> float:
        """The jitter in ms."""
        return self.jitter * 1000 / self.clock_rate

    def report(self, ssrc: int, now: float) -> ReportBlock:
        """The report block of this moment; the fraction counts from the last one.

        What was repaired does not count as lost: a sender that hears of losses sends a smaller picture, which on a line
        that loses a tenth of anything helps nobody. Whether the line is too full is told by REMB.
        """
        expected, lost = self.expected, self.expected - self.packets - self.repaired
        new_expected, new_lost = expected - self._reported[0], lost - self._reported[1]
        self._reported = (expected, lost)
        fraction = min(255, new_lost * 256 // new_expected) if new_expected > 0 and new_lost > 0 else 0
        delay = round((now - self._sender_clock_at) * 65536) if self._sender_clock else 0
        highest = max(self.highest, 0) % (SEQUENCES * SEQUENCES)
        return ReportBlock(ssrc, lost, highest, round(self.jitter), self._sender_clock, delay, fraction)
