"""Recording as the focus decides it: by the chair, visible to everybody, and in the minutes."""

from __future__ import annotations

import pytest

from bridge.conference import events as ev
from bridge.conference.focus import replay
from bridge.conference.layout import directives, slots_for
from bridge.conference.views import state_view
from bridge.recording.desk import VIEWER
from core.commands import StartRecording, StopRecording
from core.errors import Refused
from core.model import CHAIR, CameraLevel, Participant, SlotName
from tests.support.conferences import CHAIR_SEAT, TECHNICIAN, hall
from tests.unit.test_focus import Run


@pytest.fixture
def run() -> Run:
    run = Run()
    run.join(CHAIR_SEAT, hall(1), TECHNICIAN)
    return run


def test_everybody_is_told_as_long_as_it_runs(run: Run) -> None:
    for command, recording in ((StartRecording(), True), (StartRecording(), True), (StopRecording(), False)):
        run.do(CHAIR_SEAT, command)
        for person in (CHAIR_SEAT, hall(1), TECHNICIAN):
            assert state_view(run.focus, person, {}).recording is recording
    assert run.focus.decide(CHAIR_SEAT, StopRecording()) == []


@pytest.mark.parametrize("person", [hall(1), TECHNICIAN])
@pytest.mark.parametrize("command", [StartRecording(), StopRecording()])
def test_only_the_chair_starts_and_stops_it(
    run: Run, person: Participant, command: StartRecording | StopRecording
) -> None:
    with pytest.raises(Refused) as refused:
        run.focus.decide(person, command)
    assert refused.value.code == "command.chair_only"


def test_a_restart_knows_that_it_was_recording(run: Run) -> None:
    run.do(CHAIR_SEAT, StartRecording())
    assert replay(run.log).recording
    run.record([ev.RecordingStopped(by="failure")])
    assert not replay(run.log).recording


def test_the_recorder_makes_a_chair_who_is_alone_send() -> None:
    alone = Run()
    alone.join(CHAIR_SEAT)
    maps = {CHAIR: slots_for(alone.focus, CHAIR_SEAT)}
    assert directives(alone.focus, maps)[CHAIR].camera is CameraLevel.OFF
    maps[VIEWER.id] = slots_for(alone.focus, VIEWER)
    assert maps[VIEWER.id][SlotName.STAGE] == CHAIR
    told = directives(alone.focus, maps)[CHAIR]
    assert (told.camera, told.microphone) == (CameraLevel.FULL, True)
