"""What a line carries is told only by a line that is too full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.model import ConferenceId, LegId, LinkSample, ParticipantId
from monitor.capacity import KEPT_SAMPLES, SURE_SAMPLES, Capacity

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


SOUND: dict[str, Any] = {"sound_down_kbps": 40, "audio_down": {"loss": 0.1}}
ESTIMATE: dict[str, Any] = {"limit_down_kbps": 195, "remb_down_kbps": 195, "kbps_down": 200, **SOUND}
WHOLE = 195 / 0.85 + 36


def test_what_the_far_end_estimates_of_a_full_line_that_loses_is_told_whole() -> None:
    line = _fed(Capacity(), 2, **ESTIMATE, loss_down=0.05)
    assert line.down_kbps == pytest.approx(WHOLE, abs=0.1)
    # A limit that the node made otherwise, or an estimate that limits nothing, says nothing.
    for limit, estimate in ((300, 195), (None, 195), (300, None)):
        other = _fed(Capacity(), 2, limit_down_kbps=limit, remb_down_kbps=estimate, loss_down=0.05)
        assert other.down_kbps is None


def test_a_queue_that_drains_makes_it_sure_as_well() -> None:
    line = _fed(Capacity(), 1, **ESTIMATE, rtt=120, loss_down=0.0)
    assert line.down_kbps is None
    assert _fed(line, 1, kbps_down=30, rtt=21, loss_down=0.0).down_kbps == pytest.approx(WHOLE, abs=0.1)


def test_a_long_way_that_wavers_is_no_queue_that_drains() -> None:
    line = _fed(_fed(Capacity(), 3, loss_down=0.0), 1, **ESTIMATE, rtt=470, loss_down=0.0)
    assert _fed(line, 2, kbps_down=30, rtt=400, loss_down=0.0).down_kbps is None


def test_a_way_that_became_longer_carries_what_it_carried() -> None:
    line = _fed(_fed(Capacity(), 3, loss_down=0.0), 1, **ESTIMATE, rtt=120, loss_down=0.0)
    for _ in range(SURE_SAMPLES):
        assert _fed(line, 1, kbps_down=220, rtt=120, loss_down=0.0).down_kbps is None
    # What speaks of a full line long after the estimate speaks of something else: here the way is short again.
    assert _fed(line, 1, kbps_down=220, rtt=120, loss_down=0.0).down_kbps is None
    assert _fed(line, 2, kbps_down=220, rtt=20, loss_down=0.05).down_kbps is None


def test_what_comes_through_without_loss_disproves_less() -> None:
    full = _fed(Capacity(), 2, **ESTIMATE, loss_down=0.05)
    # One sample alone may not have been told of its losses yet.
    assert _fed(full, 1, kbps_down=500, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=270, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=290, loss_down=0.0).down_kbps is not None
    assert _fed(full, 1, kbps_down=500, loss_down=0.0).down_kbps is None


def test_what_was_lost_or_waits_in_a_queue_did_not_come_through() -> None:
    for more in ({"loss_down": 0.2}, {"loss_down": None}):
        full = _fed(Capacity(), 2, **ESTIMATE, loss_down=0.05)
        assert _fed(full, 4, kbps_down=900, **more).down_kbps == pytest.approx(WHOLE, abs=0.1)
    full = _fed(Capacity(), 2, **ESTIMATE, loss_down=0.05)
    for trip in (90, 160, 230):
        assert _fed(full, 1, kbps_down=900, rtt=trip, loss_down=0.0).down_kbps == pytest.approx(WHOLE, abs=0.1)


def test_it_is_told_for_a_while_after_the_line_was_full() -> None:
    line = _fed(_fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25), KEPT_SAMPLES - 1)
    assert line.up_kbps == 350
    assert _fed(line, 2).up_kbps is None
