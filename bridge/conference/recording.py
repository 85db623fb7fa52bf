"""Recording: on or off, by the chair, visible to everybody. What is written where is no business of the focus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.conference import events as ev
from bridge.conference.rights import require_chair
from core.commands import StartRecording, StopRecording
from core.model import Participant

if TYPE_CHECKING:
    from bridge.conference.focus import Focus


def _start(focus: Focus, by: Participant, command: StartRecording) -> list[ev.Event]:
    require_chair(by)
    return [] if focus.recording else [ev.RecordingStarted()]


def _stop(focus: Focus, by: Participant, command: StopRecording) -> list[ev.Event]:
    require_chair(by)
    return [ev.RecordingStopped(by="chair")] if focus.recording else []


def _started(focus: Focus, event: ev.RecordingStarted, at: datetime) -> None:
    focus.recording = True


def _stopped(focus: Focus, event: ev.RecordingStopped, at: datetime) -> None:
    focus.recording = False


DECISIONS: dict[type, Callable[[Focus, Participant, Any], list[ev.Event]]] = {
    StartRecording: _start,
    StopRecording: _stop,
}
APPLICATIONS: dict[type, Callable[[Focus, Any, datetime], None]] = {
    ev.RecordingStarted: _started,
    ev.RecordingStopped: _stopped,
}
