"""What a line carries is told only by a line that is too full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.model import ConferenceId, LegId, LinkSample, ParticipantId
from monitor.capacity import KEPT_SAMPLES, Capacity

START = datetime(2026, 11, 25, 8, tzinfo=UTC)


def _fed(capacity: Capacity, count: int = 1, *, rtt: float = 20.0, up: float = 0.0, down: float = 0.0) -> Capacity:
    for number in range(count):
        capacity.add(
            LinkSample(
                conference=ConferenceId("c"),
                participant=ParticipantId("p"),
                leg=LegId("l"),
                at=START + timedelta(seconds=2 * number),
                kbps_up=350,
                kbps_down=500,
                loss_up=up,
                loss_down=down,
                jitter_up_ms=1,
                jitter_down_ms=1,
                rtt_ms=rtt,
            )
        )
    return capacity


def test_a_line_that_queues_and_loses_carries_what_gets_through() -> None:
    full = _fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25)
    assert (full.up_kbps, full.down_kbps) == (350, None)
    full = _fed(_fed(Capacity(), 3), 4, rtt=300, down=0.3)
    assert (full.up_kbps, full.down_kbps) == (None, 350)


def test_losses_without_a_queue_and_delay_without_losses_say_nothing() -> None:
    for line in (_fed(Capacity(), 9, up=0.15, down=0.15), _fed(_fed(Capacity(), 2), 9, rtt=400)):
        assert (line.up_kbps, line.down_kbps) == (None, None)


def test_it_is_told_for_a_while_after_the_line_was_full() -> None:
    line = _fed(_fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25), KEPT_SAMPLES)
    assert line.up_kbps == 350
    assert _fed(line, 2).up_kbps is None
