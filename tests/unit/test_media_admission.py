"""Room on a node: just within passes, just beyond is refused by name."""

from __future__ import annotations

import pytest

from bridge.media.admission import check_room, reserved_kbps
from core.errors import Unavailable
from core.model import AUDIENCE_SLOTS, CONSOLE_SLOTS, SlotName
from core.settings import Limits

HALL = reserved_kbps(AUDIENCE_SLOTS)


def test_each_slot_is_reserved_at_its_largest() -> None:
    assert reserved_kbps([SlotName.STAGE, SlotName.AUDIO1]) == 1_540
    assert reserved_kbps([SlotName.SECOND]) == 500
    assert reserved_kbps(()) == 0
    assert reserved_kbps(CONSOLE_SLOTS) > HALL


def test_the_last_leg_fits_and_the_next_is_refused() -> None:
    limits = Limits(legs=10, node_mbps=10_000)
    check_room(limits, [HALL] * 9, HALL)
    with pytest.raises(Unavailable) as caught:
        check_room(limits, [HALL] * 10, HALL)
    assert caught.value.code == "node.full"
    assert caught.value.data == {"limit_legs": 10}


def test_the_last_megabit_fits_and_the_next_is_refused() -> None:
    limits = Limits(legs=1_000, node_mbps=10 * HALL / 1000)
    check_room(limits, [HALL] * 9, HALL)
    with pytest.raises(Unavailable) as caught:
        check_room(limits, [HALL] * 9, reserved_kbps(CONSOLE_SLOTS))
    assert caught.value.code == "node.full"
    assert caught.value.data == {"limit_mbps": limits.node_mbps}


def test_a_whole_node_of_halls_fits_the_defaults() -> None:
    limits = Limits()
    check_room(limits, [HALL] * (limits.legs - 1), HALL)
