"""From counters to one `LinkSample` per period: rates, losses, jitter, round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.media.rtcp import ReportBlock

MIN_EXPECTED = 10
"""Fewer packets than this in a period say nothing about loss."""


@dataclass(frozen=True)
class Incoming:
    """An incoming stream's totals at the end of a period."""

    expected: int
    packets: int
    jitter_ms: float


@dataclass
class Meter:
    """One leg's totals and what the last period ended with."""

    at: float
    bytes_in: int = 0
    bytes_out: int = 0
    _last_in: int = 0
    _last_out: int = 0
    _streams: dict[int, tuple[int, int]] = field(default_factory=dict)
    _reports: dict[int, ReportBlock] = field(default_factory=dict)
    _expected_down: int = 0
    _lost_down: int = 0
    _jitter_down_ms: float | None = None
    _round_trip_ms: float | None = None

    def reported(self, block: ReportBlock, clock_rate: int, ntp_middle_now: int) -> tuple[int, int]:
        """The far end reported about one of our streams; its numbers are ours, so differences are exact.

        Returns the packets expected and lost since its last report.
        """
        news = (0, 0)
        before = self._reports.get(block.ssrc)
        self._reports[block.ssrc] = block
        if before is not None:
            expected = (block.highest - before.highest) & 0xFFFF_FFFF
            if 0 < expected < 1 << 24:
                news = (expected, min(max(block.lost - before.lost, 0), expected))
                self._expected_down += news[0]
                self._lost_down += news[1]
        self._jitter_down_ms = max(self._jitter_down_ms or 0.0, block.jitter * 1000 / clock_rate)
        if block.last_report:
            trip = (ntp_middle_now - block.last_report - block.delay) & 0xFFFF_FFFF
            if trip < 10 * 65536:
                self._round_trip_ms = trip * 1000 / 65536
        return news

    @property
    def round_trip_seconds(self) -> float | None:
        """As the newest report of this period told it; None when none did."""
        return None if self._round_trip_ms is None else self._round_trip_ms / 1000

    def close_period(self, now: float, streams: Mapping[int, Incoming]) -> dict[str, float | None]:
        """The measured fields of a `LinkSample` for the time since the last call; begins the next period."""
        seconds = max(now - self.at, 0.001)
        loss_up, jitter_up = self._upward(streams)
        fields: dict[str, float | None] = {
            "kbps_up": (self.bytes_in - self._last_in) * 8 / 1000 / seconds,
            "kbps_down": (self.bytes_out - self._last_out) * 8 / 1000 / seconds,
            "loss_up": loss_up,
            "loss_down": self._lost_down / self._expected_down if self._expected_down >= MIN_EXPECTED else None,
            "jitter_up_ms": jitter_up,
            "jitter_down_ms": self._jitter_down_ms,
            "rtt_ms": self._round_trip_ms,
        }
        self.at, self._last_in, self._last_out = now, self.bytes_in, self.bytes_out
        self._expected_down = self._lost_down = 0
        self._jitter_down_ms = self._round_trip_ms = None
        return fields

    def _upward(self, streams: Mapping[int, Incoming]) -> tuple[float | None, float | None]:
        expected = lost = 0
        jitter: float | None = None
        for key, stream in streams.items():
            before = self._streams.get(key, (0, 0))
            new = stream.expected - before[0]
            if new > 0:
                expected += new
                lost += new - (stream.packets - before[1])
                jitter = max(jitter or 0.0, stream.jitter_ms)
        self._streams = {key: (stream.expected, stream.packets) for key, stream in streams.items()}
        return min(max(lost, 0) / expected, 1.0) if expected >= MIN_EXPECTED else None, jitter
