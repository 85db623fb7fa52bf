"""A console's page of small pictures."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.conference.layout import directives, slots_for
from core.commands import GrantFloor, SetPage
from core.errors import BadInput, Refused
from core.model import CHAIR, TILE_SLOTS, CameraLevel, Participant, ParticipantId
from tests.support.conferences import CHAIR_SEAT, TECHNICIAN, hall, spec_of
from tests.unit.test_focus import Run


@pytest.fixture
def run() -> Run:
    run = Run(4)
    run.join(CHAIR_SEAT, TECHNICIAN, *(hall(n) for n in (1, 2, 3)))
    return run


def test_the_points_of_a_page_fill_its_tiles_in_order_and_send_small_pictures(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.focus.pages[TECHNICIAN.id] = (hall(2).id, hall(1).id, hall(4).id)
    people = [CHAIR_SEAT, TECHNICIAN, *(hall(n) for n in (1, 2, 3))]
    maps = {p.id: slots_for(run.focus, p) for p in people}
    tiles = {slot: who for slot, who in maps[TECHNICIAN.id].items() if slot in TILE_SLOTS}
    assert tiles == dict(zip(TILE_SLOTS, (hall(2).id, hall(1).id, hall(4).id), strict=False))
    assert not set(TILE_SLOTS) & (maps[CHAIR].keys() | maps[hall(2).id].keys())
    sends = directives(run.focus, maps)
    levels = [sends[hall(n).id].camera for n in (1, 2, 3)]
    assert levels == [CameraLevel.FULL, CameraLevel.TILE, CameraLevel.OFF]


def test_asking_for_a_page_is_no_minute_and_leaving_ends_it(run: Run) -> None:
    assert run.focus.decide(TECHNICIAN, SetPage(participants=(hall(1).id,))) == []
    run.focus.pages[TECHNICIAN.id] = (hall(1).id,)
    run.leave(TECHNICIAN)
    assert run.focus.pages == {}


def test_a_point_that_is_no_longer_booked_leaves_the_page(run: Run) -> None:
    run.focus.pages[CHAIR] = (hall(4).id, hall(1).id)
    run.focus.rebook(spec_of(3))
    assert slots_for(run.focus, CHAIR_SEAT)[TILE_SLOTS[0]] == hall(1).id


@pytest.mark.parametrize(
    ("by", "who", "code"),
    [
        (hall(1), hall(2).id, "command.console_only"),
        (CHAIR_SEAT, ParticipantId("point:x"), "command.unknown_point"),
        (CHAIR_SEAT, CHAIR, "command.unknown_point"),
    ],
)
def test_only_consoles_look_and_only_at_points(run: Run, by: Participant, who: ParticipantId, code: str) -> None:
    with pytest.raises((Refused, BadInput)) as caught:
        run.focus.decide(by, SetPage(participants=(who,)))
    assert caught.value.code == code


def test_a_page_has_twenty_five_points_at_most() -> None:
    page = tuple(hall(n).id for n in range(25))
    assert len(SetPage(participants=page).participants) == len(TILE_SLOTS)
    with pytest.raises(ValidationError):
        SetPage(participants=(*page, hall(26).id))
