"""What a line carries is told only by a line that is too full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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


def test_what_the_far_end_estimates_of_a_full_line_is_told_whole() -> None:
    sound: dict[str, Any] = {"sound_down_kbps": 40, "audio_down": {"loss": 0.1}}
    line = _fed(Capacity(), 2, limit_down_kbps=195, remb_down_kbps=195, **sound)
    assert line.down_kbps == pytest.approx(195 / 0.85 + 36, abs=0.1)
    # A limit that the node made otherwise, or an estimate that limits nothing, says nothing.
    for limit, estimate in ((300, 195), (None, 195), (300, None)):
        assert _fed(Capacity(), 2, limit_down_kbps=limit, remb_down_kbps=estimate).down_kbps is None


def test_it_is_told_for_a_while_after_the_line_was_full() -> None:
    line = _fed(_fed(_fed(Capacity(), 3), 4, rtt=300, up=0.25), KEPT_SAMPLES - 1)
    assert line.up_kbps == 350
    assert _fed(line, 2).up_kbps is None
