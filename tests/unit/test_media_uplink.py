"""The estimate of a source's line, on a simulated one."""

from __future__ import annotations

from itertools import pairwise

from bridge.media.uplink import CEILING, FLOOR, Uplink

PACKET = 1_200


class Line:
    """A queue of `kbps` before an `Uplink`; the source sends evenly what it is told, but grows by 8 % a second.

    It never sends more than `most`, bit/s; the line takes `way` seconds besides its queue.
    """

    def __init__(self, kbps: float, most: float = 10_000_000.0) -> None:
        self.kbps, self.uplink = kbps, Uplink()
        self.now = self.free_at = 10.0
        self.most, self.way = most, 0.0
        self.rate = min(1_000_000.0, most)

    def run(self, seconds: float) -> list[int]:
        targets, end, told_at = [], self.now + seconds, self.now
        while self.now < end:
            self.now += PACKET * 8 / self.rate
            arrives = max(self.free_at, self.now) + PACKET * 8 / (self.kbps * 1000)
            if arrives - self.now < 0.4:
                self.free_at = arrives
                stamp = int(self.now * (1 << 18)) & 0xFF_FFFF
                self.uplink.take(stamp, PACKET, 1, self.free_at + self.way)
            if self.uplink.urgent or self.now - told_at >= 1:
                grown = self.rate * 1.08 ** (self.now - told_at)
                self.rate = min(self.uplink.grow(self.now), grown, self.most)
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


def test_a_longer_way_is_taken_for_a_queue_only_until_less_has_not_helped() -> None:
    line = Line(20_000)
    line.run(5)
    line.way = 0.4
    targets = line.run(6)
    assert min(targets) < CEILING
    assert (targets[-1], line.uplink.withdrawn) == (CEILING, 1)


def test_a_source_that_sends_hardly_anything_is_not_told_to_send_less() -> None:
    line = Line(20_000, most=0.7 * FLOOR)
    line.run(5)
    line.way = 0.1
    assert set(line.run(10)) == {CEILING}


def test_a_narrow_line_is_tried_gently_near_what_it_carries() -> None:
    line = Line(400)
    line.run(10)
    targets = line.run(60)
    assert max(targets) < 700_000
    rises = [after / before for before, after in pairwise(targets) if after > before and before < 400_000]
    assert rises
    assert max(rises) < 1.12


def test_what_got_through_when_a_line_was_too_full_tells_later_that_it_is_wider() -> None:
    line = Line(400, most=600_000)
    line.run(15)
    assert not line.uplink.wider
    line.kbps = 20_000
    line.run(12)
    assert line.uplink.wider
