"""From counters to one `LinkSample` per period: rates, losses, jitter, round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.media.rtcp import ReportBlock
from core.model import MediumFigures

LITTLE_JITTER_MS = 10.0
"""What comes with no more than this is heard as well as if it came with none."""
MIN_EXPECTED = 10
"""Fewer packets than this in a period say nothing about loss."""


@dataclass(frozen=True)
class Incoming:
    """An incoming stream's totals at the end of a period."""

    expected: int
    packets: int
    jitter_ms: float
    audio: bool = False


@dataclass(slots=True)
class _Tally:
    """Sound or pictures in one direction since the period began."""

    expected: int = 0
    lost: int = 0
    jitter_ms: float | None = None

    def add(self, expected: int, lost: int, jitter_ms: float | None) -> None:
        """`jitter_ms` is None where it cannot be told whose it is."""
        self.expected += expected
        self.lost += lost
        if jitter_ms is not None:
            self.jitter_ms = max(self.jitter_ms or 0.0, jitter_ms)

    @property
    def loss(self) -> float | None:
        """Before repair."""
        return min(max(self.lost, 0) / self.expected, 1.0) if self.expected >= MIN_EXPECTED else None

    @property
    def figures(self) -> MediumFigures:
        return MediumFigures(loss=self.loss, jitter_ms=self.jitter_ms)


@dataclass(slots=True)
class _Direction:
    """Both media of a direction."""

    audio: _Tally = field(default_factory=_Tally)
    video: _Tally = field(default_factory=_Tally)

    def of(self, audio: bool) -> _Tally:
        return self.audio if audio else self.video

    @property
    def both(self) -> _Tally:
        jitters = [one.jitter_ms for one in (self.audio, self.video) if one.jitter_ms is not None]
        lost = self.audio.lost + self.video.lost
        return _Tally(self.audio.expected + self.video.expected, lost, max(jitters, default=None))


@dataclass(slots=True)
class _Asks:
    """What the far end asked for again of one stream, in this period and the last, and how much since its report."""

    known: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    unreported: int = 0

    def add(self, sequences: Sequence[int]) -> None:
        new = set(sequences) - self.known - self.before
        self.known |= new
        self.unreported += len(new)

    def take(self) -> int:
        """How many since the last call."""
        taken, self.unreported = self.unreported, 0
        return taken


@dataclass(slots=True)
class _Heard:
    """The newest report on one stream, and what it comes to since the first."""

    block: ReportBlock
    expected: int = 0
    """Not yet counted; below 0 where too many were. Without what was never sent, as `lost`."""
    lost: int = 0
    """A packet that comes late takes one back."""
    counted: int = 0
    """The most that `lost` has been: only what is above that is new. Otherwise packets that merely overtake one another
    would be lost anew in each report."""

    def take(self, block: ReportBlock, holes: int) -> tuple[int, int]:
        before, self.block = self.block, block
        expected = (block.highest - before.highest) & 0xFFFF_FFFF
        if expected >= 1 << 24:
            return 0, 0
        self.lost += block.lost - before.lost - holes
        lost = min(max(self.lost - self.counted, 0), expected)
        self.counted += lost
        self.expected += expected - holes
        counted = max(self.expected, lost)
        self.expected -= counted
        return counted, lost


@dataclass
class Meter:
    """One leg's totals and what the last period ended with. What is asked for again is counted by who sees it."""

    at: float
    bytes_in: int = 0
    bytes_out: int = 0
    nacks_up: int = 0
    nacks_down: int = 0
    key_frames_up: int = 0
    key_frames_down: int = 0
    news_of_trip: float | None = None
    """The round trip in seconds that the last report told; None when an earlier one told of the same way down."""
    _last_in: int = 0
    _last_out: int = 0
    _streams: dict[int, tuple[int, int]] = field(default_factory=dict)
    _reports: dict[int, _Heard] = field(default_factory=dict)
    _down: _Direction = field(default_factory=_Direction)
    _asks: dict[int, _Asks] = field(default_factory=dict)
    _round_trip_ms: float | None = None
    _answered: dict[int, int] = field(default_factory=dict)
    """The newest sender report of each stream that a report has told of."""

    def asked_again(self, ssrc: int, sequences: Sequence[int]) -> None:
        """The far end misses packets of one of our streams, and will not report those that it then gets."""
        self._asks.setdefault(ssrc, _Asks()).add(sequences)

    def reported(
        self,
        block: ReportBlock,
        clock_rate: int,
        ntp_middle_now: int,
        *,
        audio: bool = False,
        holes: int = 0,
        jitter_before_ms: float = 0.0,
    ) -> tuple[int, int]:
        """The far end reported about one of our streams; its numbers are ours, so differences are exact.

        `holes` more were never sent to it since its last report (fewer, where late ones were), and `jitter_before_ms`
        was there when the packets came in: neither is its line's fault. Jitters add up like squares: what is less
        than twice as much may be the source's alone, and is not told. Returns the packets expected and lost since then.
        """
        heard = self._reports.get(block.ssrc)
        expected, lost = heard.take(block, holes) if heard is not None else (0, 0)
        if heard is None:
            self._reports[block.ssrc] = _Heard(block)
        # Reports come as the far end likes: what was asked for belongs to the packets of its report, not to a period.
        asked = self._asks[block.ssrc].take() if block.ssrc in self._asks else 0
        jitter_ms = block.jitter * 1000 / clock_rate
        own = jitter_before_ms < LITTLE_JITTER_MS or jitter_ms >= 2 * jitter_before_ms
        self._down.of(audio).add(expected, max(lost, min(asked, expected)), jitter_ms if own else None)
        self.news_of_trip = None
        if block.last_report:
            trip = (ntp_middle_now - block.last_report - block.delay) & 0xFFFF_FFFF
            if trip < 10 * 65536:
                self._round_trip_ms = trip * 1000 / 65536
                if self._answered.get(block.ssrc) != block.last_report:
                    self._answered[block.ssrc] = block.last_report
                    self.news_of_trip = trip / 65536
        return expected, lost

    def close_period(self, now: float, streams: Mapping[int, Incoming]) -> dict[str, Any]:
        """The measured fields of a `LinkSample` for the time since the last call; begins the next period."""
        seconds = max(now - self.at, 0.001)
        up, down = self._upward(streams), self._down
        bytes_up, bytes_down = self.bytes_in - self._last_in, self.bytes_out - self._last_out
        fields: dict[str, Any] = {
            "seconds": seconds,
            "bytes_up": bytes_up,
            "bytes_down": bytes_down,
            "kbps_up": bytes_up * 8 / 1000 / seconds,
            "kbps_down": bytes_down * 8 / 1000 / seconds,
            "loss_up": up.both.loss,
            "loss_down": down.both.loss,
            "jitter_up_ms": up.both.jitter_ms,
            "jitter_down_ms": down.both.jitter_ms,
            "audio_up": up.audio.figures,
            "video_up": up.video.figures,
            "audio_down": down.audio.figures,
            "video_down": down.video.figures,
            "rtt_ms": self._round_trip_ms,
            "nacks_up": self.nacks_up,
            "nacks_down": self.nacks_down,
            "key_frames_up": self.key_frames_up,
            "key_frames_down": self.key_frames_down,
        }
        self.at, self._last_in, self._last_out = now, self.bytes_in, self.bytes_out
        self.nacks_up = self.nacks_down = self.key_frames_up = self.key_frames_down = 0
        self._down, self._round_trip_ms = _Direction(), None
        for one in self._asks.values():
            one.before, one.known = one.known, set()
        return fields

    def _upward(self, streams: Mapping[int, Incoming]) -> _Direction:
        direction = _Direction()
        for key, stream in streams.items():
            before = self._streams.get(key, (0, 0))
            new = stream.expected - before[0]
            if new > 0:
                lost = new - (stream.packets - before[1])
                direction.of(stream.audio).add(new, lost, stream.jitter_ms)
        self._streams = {key: (stream.expected, stream.packets) for key, stream in streams.items()}
        return direction
