"""Pictures kept to what the conference was planned with."""

from __future__ import annotations

import pytest

from bridge.conference.focus import Focus
from bridge.conference.layout import planned_kbps, slots_for
from bridge.conference.views import state_view
from bridge.media.admission import reserved_kbps
from bridge.media.ceilings import below_largest, largest_within, within
from bridge.media.layers import MIDDLE_PIXELS, TILE_PIXELS, Rung
from core.model import AUDIENCE_SLOTS, ConferenceSpec, PictureRates, PlannedPictures, SlotName
from tests.support.conferences import CHAIR_SEAT, hall, spec_of

CAMERA = [Rung(57_600, 160_000), Rung(230_400, 560_000), Rung(921_600, 1_700_000)]
RATES = {
    "full": PictureRates(stage=1600, second=540, content=1600),
    "standard": PictureRates(stage=540, second=170, content=800),
    "voice": PictureRates(stage=0, second=0, content=0),
}


def planned(profile: str, lighter: dict[str, str] | None = None) -> ConferenceSpec:
    pictures = PlannedPictures(rates=RATES, profile=profile, lighter=lighter or {})
    return spec_of(3).model_copy(update={"pictures": pictures})


@pytest.mark.parametrize(("kbps", "rungs"), [(None, 3), (1_600, 3), (540, 2), (170, 1), (60, 1), (0, 0)], ids=str)
def test_a_ceiling_keeps_the_layers_that_it_carries_and_always_the_smallest(kbps: int | None, rungs: int) -> None:
    assert within(CAMERA, kbps) == CAMERA[:rungs]


@pytest.mark.parametrize(
    ("slot", "kbps", "pixels"),
    [
        (SlotName.STAGE, None, None),
        (SlotName.STAGE, 540, MIDDLE_PIXELS),
        (SlotName.STAGE, 170, TILE_PIXELS),
        (SlotName.SECOND, None, MIDDLE_PIXELS),
        (SlotName.SECOND, 170, TILE_PIXELS),
        (SlotName.CONTENT, 800, 1),
        (SlotName.STAGE, 0, 0),
    ],
)
def test_before_the_layers_are_known_their_usual_rates_decide(
    slot: SlotName, kbps: int | None, pixels: int | None
) -> None:
    assert largest_within((), kbps, slot) == pixels


def test_a_node_holds_no_more_room_for_a_leg_than_its_plan_gives() -> None:
    def reserved(profile: str) -> int:
        return reserved_kbps(AUDIENCE_SLOTS, below_largest(planned_kbps(planned(profile), hall(1))))

    assert reserved("full") == reserved_kbps(AUDIENCE_SLOTS, {})
    assert reserved("standard") == 540 + 170 + 800 + 3 * 40
    assert reserved("voice") == 3 * 40


def test_a_point_on_a_thin_line_gets_less_than_the_others() -> None:
    spec = planned("standard", {"p2": "voice"})
    assert planned_kbps(spec, hall(1))[SlotName.STAGE] == 540
    assert set(planned_kbps(spec, hall(2)).values()) == {0}
    assert planned_kbps(spec, CHAIR_SEAT)[SlotName.STAGE] == 540
    assert planned_kbps(spec_of(3), hall(1)) == {}


def test_only_who_is_planned_without_a_picture_is_told_so() -> None:
    focus = Focus(planned("standard", {"p2": "voice"}))
    told = [state_view(focus, one, slots_for(focus, one)).left_out for one in (hall(1), hall(2), CHAIR_SEAT)]
    assert told == [(), (SlotName.STAGE, SlotName.SECOND, SlotName.CONTENT), ()]
