"""What a line carries is told only by a line that is too full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.model import ConferenceId, LegId, LinkSample, ParticipantId
from monitor.capacity import KEPT_SAMPLES, Capacity

START = datetime(2026, 11, 25, 8, tzinfo=UTC)


def _fed(capacity: Capacity, count: int = 1, *, rtt: float = 20.0, up: float = 0.0, **more: Any) -> Capacity:
    for number in range(count):
        facts: dict[str, Any] = {
            "conference": ConferenceId("c"),
            "participant": ParticipantId("p"),
            "leg": LegId("l"),
            "at": START + timedelta(seconds=2 * number),
            "kbps_up": 350,
            "kbps_down": 500,
            "loss_up": up,
            "rtt_ms": rtt,
        }
        capacity.add(LinkSample.model_validate(facts | more))
    return capacity


def test_a_line_that_queues_and_loses_carries_what_gets_through() -> None:
    full = _fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25)
    assert (full.up_kbps, full.down_kbps) == (350, None)


def test_losses_without_a_queue_and_delay_without_losses_say_nothing() -> None:
    for line in (_fed(Capacity(), 9, up=0.15), _fed(_fed(Capacity(), 2), 9, rtt=400)):
        assert (line.up_kbps, line.down_kbps) == (None, None)


FULL: dict[str, Any] = {"limit_down_kbps": 265, "kbps_down": 250}


def test_what_the_node_measured_last_of_a_full_line_down_is_told() -> None:
    line = _fed(Capacity(), 2, **FULL, loss_down=0.05)
    assert line.down_kbps == 265
    assert _fed(line, 1, kbps_down=200, loss_down=0.05).down_kbps == 265
    assert _fed(line, 1, limit_down_kbps=240, kbps_down=200, loss_down=0.05).down_kbps == 240


def test_what_comes_through_without_loss_disproves_less() -> None:
    full = _fed(Capacity(), 2, **FULL, loss_down=0.05)
    # One sample alone may not have been told of its losses yet.
    assert _fed(full, 1, kbps_down=500, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=270, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=300, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=500, loss_down=0.0).down_kbps is None


def test_what_was_lost_or_waits_in_a_queue_did_not_come_through() -> None:
    for more in ({"loss_down": 0.2}, {"loss_down": None}):
        full = _fed(Capacity(), 2, **FULL, loss_down=0.05)
        assert _fed(full, 4, kbps_down=900, **more).down_kbps == 265
    full = _fed(Capacity(), 2, **FULL, loss_down=0.05)
    for trip in (90, 160, 230):
        assert _fed(full, 1, kbps_down=900, rtt=trip, loss_down=0.0).down_kbps == 265


def test_it_is_told_for_a_while_after_the_line_was_full() -> None:
    line = _fed(_fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25), KEPT_SAMPLES - 1)
    assert line.up_kbps == 350
    assert _fed(line, 2).up_kbps is None
