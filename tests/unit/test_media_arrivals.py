"""When packets of a paced camera behind a seeded line are asked for again, on a clock of its own."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import product
from statistics import median

import pytest

from bridge.media.arrivals import REORDER_SECONDS, TAIL_SECONDS, Arrival, Arrivals
from bridge.media.repair import LOOK_SECONDS
from tests.support.line import Faults, LineModel

PICTURES, PICTURE_SECONDS, PACE_SECONDS, BYTES = 600, 1 / 15, 0.005, 1_200
FIRST = 1_000.0
LEARNING = 8
"""Requests until it is known how late packets come on a line."""


@dataclass
class Camera:
    """Sends pictures of `packets` packets over `line`, each once more a way after it was asked for."""

    line: LineModel
    packets: int
    stream: Arrivals = field(default_factory=Arrivals)
    asked: dict[int, float] = field(default_factory=dict)
    """When each was asked for first."""
    sent: list[float] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    hasty: list[int] = field(default_factory=list)
    """They came by themselves after they had been asked for."""
    _under_way: list[tuple[float, int, bool]] = field(default_factory=list)

    def run(self) -> Camera:
        for picture, place in product(range(PICTURES), range(self.packets)):
            number = len(self.sent)
            self.sent.append(FIRST + picture * PICTURE_SECONDS + place * PACE_SECONDS)
            if not self._send(self.sent[number], number, again=False):
                self.lost.add(number)
        looks = 0
        while self._under_way:
            looks += 1
            self._look(FIRST + looks * LOOK_SECONDS)
        return self

    def waits_at_the_end(self) -> list[float]:
        """From when pictures' last packets, where they were lost, should have come until they were asked for."""
        return [
            self.asked[number] - self.sent[number] - self.line.faults.delay_ms / 1000
            for number in self.lost & self.asked.keys()
            if number % self.packets == self.packets - 1
        ]

    def _send(self, at: float, number: int, *, again: bool) -> bool:
        arrivals = self.line.carry(at, BYTES)
        for arrival in arrivals:
            heapq.heappush(self._under_way, (arrival, number, again))
        return bool(arrivals)

    def _look(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            at, number, again = heapq.heappop(self._under_way)
            self._take(at, number, again)
        for number in self.stream.due(now)[0] if self.stream.unsure else []:
            self.asked.setdefault(number, now)
            self._send(now + self.line.faults.delay_ms / 1000, number, again=True)

    def _take(self, at: float, number: int, again: bool) -> None:
        if number in self.asked and not again:
            self.hasty.append(number)
        if self.stream.add(number, at, original=not again) is Arrival.NEW:
            picture, place = divmod(number, self.packets)
            self.stream.picture(picture, place == self.packets - 1, at, original=not again)


@pytest.mark.parametrize("packets", [2, 4, 8])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(delay_ms=100, jitter_ms=30),
        Faults(delay_ms=100, jitter_ms=30, loss=0.05),
        Faults(delay_ms=50, jitter_ms=10),
        Faults(delay_ms=50, reordered=0.02),
    ],
    ids=["100 ± 30", "with losses", "50 ± 10", "overtaken"],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_packet_that_only_comes_late_is_soon_not_asked_for_wherever_in_its_picture_it_is(
    seed: int, faults: Faults, packets: int
) -> None:
    camera = Camera(LineModel(seed, faults), packets).run()
    assert len(camera.hasty) <= LEARNING, camera.hasty


@pytest.mark.parametrize("packets", [2, 4, 8])
@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_on_a_line_that_keeps_the_order_a_last_packet_is_asked_for_as_soon_as_ever(loss: float, packets: int) -> None:
    camera = Camera(LineModel(1, Faults(delay_ms=20, loss=loss)), packets).run()
    assert not camera.hasty
    assert bool(camera.lost) == bool(loss)
    assert camera.stream.reorder == REORDER_SECONDS
    # In the median: where the packet before it is lost as well, it takes until the next picture.
    assert not loss or median(camera.waits_at_the_end()) <= TAIL_SECONDS - PACE_SECONDS + LOOK_SECONDS


def test_a_last_packet_that_came_late_tells_how_long_the_next_may_take() -> None:
    stream = Arrivals()
    stream.add(1, 0.0)
    stream.picture(7, False, 0.0)
    assert stream.due(TAIL_SECONDS)[0] == [2]
    assert stream.add(2, 0.03, original=True) is Arrival.NEW
    stream.picture(7, True, 0.03)
    assert stream.spacing == pytest.approx(0.03)


def test_one_that_came_because_it_was_asked_for_does_not() -> None:
    stream = Arrivals()
    stream.add(1, 0.0)
    stream.picture(7, False, 0.0)
    assert stream.due(TAIL_SECONDS)[0] == [2]
    assert stream.add(2, 0.03) is Arrival.NEW
    stream.picture(7, True, 0.03)
    assert stream.spacing == 0.0
