"""A line test's course: its phases, what the node sends, and what its figures come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.linetest.course import CONNECT_SECONDS, SECONDS, STEP_SECONDS, STEPS_KBPS, UPLINK_KBPS, Course, best_of_two
from core.linetest import NodeFigures, Phase
from core.model import ConferenceId, LegId, LinkSample, ParticipantId

STEADY, UP, DOWN = 1.0, 8.0, 16.0


def sample(**figures: Any) -> LinkSample:
    who = {"conference": ConferenceId("t"), "participant": ParticipantId("point:a"), "leg": LegId("l")}
    return LinkSample.model_validate(who | {"at": datetime.now(UTC), "kbps_up": 0.0, "kbps_down": 0.0} | figures)


def running() -> Course:
    course = Course(opened_at=0.0)
    course.connected(0.0)
    return course


def test_it_waits_for_media_and_gives_up_in_the_end() -> None:
    course = Course(opened_at=100.0)
    assert course.phase(100.0 + CONNECT_SECONDS) is Phase.CONNECTING
    assert course.phase(100.1 + CONNECT_SECONDS) is Phase.FAILED
    assert course.look(101.0).progress == 0


def test_the_phases_follow_one_another() -> None:
    course = running()
    assert [course.phase(at) for at in (STEADY, UP, DOWN, SECONDS)] == [
        Phase.STEADY,
        Phase.UP,
        Phase.DOWN,
        Phase.DONE,
    ]
    assert course.look(SECONDS / 2).progress == pytest.approx(0.5)


@pytest.mark.parametrize(("at", "phase"), [(STEADY, Phase.FAILED), (SECONDS, Phase.DONE)])
def test_a_leg_that_ends_early_fails_the_test_and_later_does_not(at: float, phase: Phase) -> None:
    course = running()
    course.failed()
    assert course.phase(at) is phase


def test_the_load_grows_step_by_step_only_downwards() -> None:
    course = running()
    assert course.load_kbps(STEADY) == course.load_kbps(UP) == 0
    begin = SECONDS - 10.0
    steps = [course.load_kbps(begin + (n + 0.5) * STEP_SECONDS) for n in range(len(STEPS_KBPS))]
    assert tuple(steps) == STEPS_KBPS
    assert course.load_kbps(SECONDS) == 0


def test_the_load_stays_one_step_above_where_the_line_was_full() -> None:
    course = running()
    at = SECONDS - 10.0 + 2.5 * STEP_SECONDS
    course.sampled(sample(kbps_down=1_500.0, limit_down_kbps=1_400.0), at)
    assert course.load_kbps(at + 3 * STEP_SECONDS) == STEPS_KBPS[3]
    assert course.figures().down_filled


def test_each_phase_gives_its_own_figures() -> None:
    course = running()
    for loss in (0.0, 0.02):
        course.sampled(sample(loss_up=loss, loss_down=0.01, jitter_up_ms=4.0, rtt_ms=30.0, kbps_up=300.0), STEADY)
    for rate in (1_000.0, 3_000.0, 2_000.0):
        course.sampled(sample(kbps_up=rate, rtt_ms=400.0, remb_up_kbps=float(UPLINK_KBPS)), UP)
    for rate in (700.0, 900.0):
        course.sampled(sample(kbps_down=rate), DOWN)
    assert course.figures() == NodeFigures(
        kbps_up=2_500, kbps_down_sent=800, loss_up=0.01, loss_down=0.01, jitter_up_ms=4, rtt_ms=30
    )
    course.sampled(sample(kbps_up=900.0, remb_up_kbps=950.0), UP)
    assert course.figures().up_filled


def test_one_rate_alone_says_nothing() -> None:
    assert best_of_two([5_000.0]) is None
    assert best_of_two([1_000.0, 5_000.0, 0.0]) == 3_000


@pytest.mark.parametrize(
    "told", [{"loss_down": 0.25, "rtt_ms": 30.0}, {"loss_down": 0.0, "rtt_ms": 280.0}, {"limit_down_kbps": 900.0}]
)
def test_a_line_is_full_by_its_losses_its_queue_or_what_the_node_learnt(told: dict[str, float]) -> None:
    course = running()
    course.sampled(sample(loss_down=0.02, rtt_ms=30.0), STEADY)
    course.sampled(sample(loss_down=0.08, rtt_ms=100.0), DOWN)
    assert not course.figures().down_filled
    course.sampled(sample(**told), DOWN)
    assert course.figures().down_filled
