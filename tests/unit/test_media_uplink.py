"""The estimate of a source's line, on a simulated one."""

from __future__ import annotations

from bridge.media.uplink import CEILING, FLOOR, Uplink

PACKET = 1_200


class Line:
    """A queue of `kbps` before an `Uplink`; the source sends evenly what it is told, but grows by 8 % a second."""

    def __init__(self, kbps: float) -> None:
        self.kbps, self.uplink = kbps, Uplink()
        self.now = self.free_at = 10.0
        self.rate = 1_000_000.0

    def run(self, seconds: float) -> list[int]:
        targets, end, told_at = [], self.now + seconds, self.now
        while self.now < end:
            self.now += PACKET * 8 / self.rate
            arrives = max(self.free_at, self.now) + PACKET * 8 / (self.kbps * 1000)
            if arrives - self.now < 0.4:
                self.free_at = arrives
                stamp = int(self.now * (1 << 18)) & 0xFF_FFFF
                self.uplink.take(stamp, PACKET, 1, self.free_at)
            if self.uplink.urgent or self.now - told_at >= 1:
                self.rate = min(self.uplink.grow(self.now), self.rate * 1.08 ** (self.now - told_at))
                self.uplink.urgent, told_at = False, self.now
                targets.append(self.uplink.target)
        return targets


def test_without_send_times_everything_is_allowed() -> None:
    assert Uplink().grow(100.0) == CEILING


def test_a_wide_line_stays_unlimited() -> None:
    assert set(Line(20_000).run(20)) == {CEILING}


def test_a_narrow_line_is_found_within_five_seconds_and_a_wide_one_again_within_fifteen() -> None:
    line = Line(20_000)
    line.run(5)
    line.kbps = 400
    line.run(5)
    assert FLOOR <= line.rate < 500_000
    assert line.rate < 450_000 or line.uplink.target < 450_000
    settled = line.run(30)
    assert max(settled) < 1_000_000
    line.kbps = 20_000
    line.run(15)
    assert line.uplink.target > 1_000_000


def test_a_pause_is_not_taken_for_delay() -> None:
    line = Line(20_000)
    line.run(5)
    line.now += 3_600
    assert set(line.run(10)) == {CEILING}
