from __future__ import annotations

import pytest

from bridge.endpoint.figures import figures_between
from bridge.endpoint.reception import SlotReception
from core.model import SlotName
from core.quality import CandidateType


def test_loss_is_of_the_period_and_over_all_slots() -> None:
    before = {SlotName.STAGE: SlotReception(packets=100, expected=200)}
    after = {
        SlotName.STAGE: SlotReception(packets=190, expected=300),
        SlotName.AUDIO1: SlotReception(packets=100, expected=100),
    }
    figures = figures_between(before, after, 2)
    assert figures.loss_down == pytest.approx(0.05)
    assert figures.candidate is CandidateType.HOST
    assert figures.fps is None


def test_where_nothing_was_expected_no_loss_is_told() -> None:
    same = {SlotName.STAGE: SlotReception(packets=1, expected=1)}
    assert figures_between(same, same, 2).loss_down is None
