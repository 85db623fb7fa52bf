"""Whose microphones are open."""

from __future__ import annotations

import pytest

from bridge.conference.layout import Voices, directives, slots_for, voices
from bridge.conference.views import roster
from core.commands import GrantFloor, SetMicrophoneOpen, SetMuted
from core.errors import BadInput, Conflict, Refused
from core.model import CHAIR, Participant, ParticipantId
from tests.support.conferences import CHAIR_SEAT, hall
from tests.unit.test_focus import Run


@pytest.fixture
def run() -> Run:
    run = Run(4)
    run.join(CHAIR_SEAT, hall(1), hall(2), hall(3))
    return run


def opens(number: int, open: bool = True) -> SetMicrophoneOpen:
    return SetMicrophoneOpen(participant=hall(number).id, open=open)


def test_the_chair_opens_microphones_beside_the_holders(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(CHAIR_SEAT, opens(3))
    run.do(CHAIR_SEAT, opens(2))
    assert voices(run.focus) == Voices((hall(1).id, CHAIR), (hall(3).id, hall(2).id))
    assert roster(run.focus, {})[hall(2).id].microphone_open
    run.do(CHAIR_SEAT, opens(3, open=False))
    assert voices(run.focus).others == (hall(2).id,)


def test_only_open_microphones_send_and_only_to_somebody(run: Run) -> None:
    run.do(CHAIR_SEAT, opens(2))
    people = [CHAIR_SEAT, hall(1), hall(2)]
    sends = directives(run.focus, {p.id: slots_for(run.focus, p) for p in people})
    assert [sends[p.id].microphone for p in people] == [True, False, True]
    assert not directives(run.focus, {hall(2).id: slots_for(run.focus, hall(2))})[hall(2).id].microphone


def test_an_open_microphone_that_gets_the_floor_is_counted_once_and_stays_open_after_it(run: Run) -> None:
    run.do(CHAIR_SEAT, opens(1))
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    assert voices(run.focus) == Voices((hall(1).id, CHAIR), ())
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(2).id))
    assert voices(run.focus) == Voices((hall(2).id, CHAIR), (hall(1).id,))


def test_muting_closes_it_until_the_muting_or_the_opening_is_undone(run: Run) -> None:
    run.do(CHAIR_SEAT, opens(1))
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=True))
    assert voices(run.focus).others == ()
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=False))
    assert voices(run.focus).others == (hall(1).id,)
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=True))
    run.do(CHAIR_SEAT, opens(2))
    assert voices(run.focus).others == (hall(2).id,)
    run.do(CHAIR_SEAT, opens(1, open=False))
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=False))
    assert voices(run.focus).others == (hall(2).id,)


def test_opening_twice_is_said_once_and_leaving_closes_it(run: Run) -> None:
    run.do(CHAIR_SEAT, opens(1))
    seq = run.focus.seq
    run.do(CHAIR_SEAT, opens(1))
    assert run.focus.seq == seq
    run.leave(hall(1))
    assert voices(run.focus).others == ()


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (hall(1), opens(1), "command.chair_only"),
        (CHAIR_SEAT, opens(4), "microphone.absent"),
        (CHAIR_SEAT, SetMicrophoneOpen(participant=ParticipantId("point:x"), open=True), "command.unknown_point"),
    ],
)
def test_what_may_not_be_is_refused_by_name(run: Run, by: Participant, command: SetMicrophoneOpen, code: str) -> None:
    with pytest.raises((Refused, Conflict, BadInput)) as caught:
        run.do(by, command)
    assert caught.value.code == code
