"""A receiving endpoint's part in loss recovery and rate: NACKs for what is missing, REMB for what the line carries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from aiortc.rate import RemoteBitrateEstimator

from bridge.media import rtcp
from bridge.media.arrivals import Arrival, Arrivals
from bridge.media.rtp import parse_header, send_time

LOOK_SECONDS = 0.01
REMB_SECONDS = 1.0
FALL = 0.97
"""An estimate that fell below this share of the one told last is told at once."""
_FORGET_SECONDS = 2.0


class Recovery:
    """Looks after received pictures. `send(packet)` sends RTCP; `speaker` is this side's SSRC in it.

    `send_time` is the id of abs-send-time, 0 where the line shall not be estimated.
    """

    def __init__(self, send: Callable[[bytes], None], speaker: int) -> None:
        self.send_time = 0
        self.estimate: int | None = None
        """What the line carries, bit/s, as it was told last."""
        self._send = send
        self._speaker = speaker
        self._streams: dict[int, Arrivals] = {}
        self._estimator: RemoteBitrateEstimator | None = None
        self._packet_at = 0.0
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, packet: bytes, now: float) -> Arrival:
        """A packet of a picture came. DUPLICATE and TOO_LATE ones must not be counted."""
        ssrc = int.from_bytes(packet[8:12], "big")
        stream = self._streams.get(ssrc)
        if stream is None:
            stream = self._streams[ssrc] = Arrivals()
        arrival = stream.add(packet[2] << 8 | packet[3], now)
        if stream.missing and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        if self.send_time:
            self._estimate(ssrc, packet, now)
        return arrival

    def close(self) -> None:
        """Asks for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = monotonic()
        for ssrc, stream in self._streams.items():
            wanted, given_up = stream.due(now)
            if wanted:
                self._send(rtcp.missing(self._speaker, ssrc, wanted))
            if given_up:
                self._send(rtcp.picture_loss(self._speaker, ssrc))
        if any(stream.missing for stream in self._streams.values()):
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _estimate(self, ssrc: int, packet: bytes, now: float) -> None:
        header = parse_header(packet)
        left = send_time(packet, header, self.send_time) if header is not None else None
        if left is None:
            return
        if self._estimator is None or now - self._packet_at > _FORGET_SECONDS:
            self._estimator = RemoteBitrateEstimator()
        self._packet_at = now
        estimate = self._estimator.add(int(now * 1000), left, len(packet), ssrc)
        if estimate is None:
            return
        fell = self.estimate is not None and estimate[0] < FALL * self.estimate
        if fell or now - self._told_at >= REMB_SECONDS:
            self.estimate, self._told_at = estimate[0], now
            self._send(rtcp.remb(self._speaker, estimate[0], list(self._streams)))
