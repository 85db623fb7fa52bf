"""All recordings of a node: makes what is recorded what the conferences want, and ends what has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from bridge.media.taps import RECORDER, Taps
from bridge.recording.recorder import Recorder
from bridge.recording.sidecar import folder_of
from core.clock import Clock
from core.model import ConferenceId, Participant, ParticipantId, Role, SlotName

log = structlog.get_logger("recording")

TICK_SECONDS = 0.25

VIEWER = Participant(id=RECORDER, role=Role.OPERATOR, name="recorder")
"""As whom the focus lays out the recorder's slots: one of the audience, who never speaks."""


@dataclass(frozen=True)
class Wanted:
    """What a conference wants recorded; `speaker` is the name of the chapter."""

    title: str
    slots: dict[SlotName, ParticipantId | None]
    speaker: str


class RecordingDesk:
    """Belongs to the node's event loop. `on_failed` is told of each recording that the disk has ended."""

    def __init__(self, taps: Taps, data_dir: Path, clock: Clock, on_failed: Callable[[ConferenceId], None]) -> None:
        self._taps = taps
        self._data_dir = data_dir
        self._clock = clock
        self._on_failed = on_failed
        self._recorders: dict[ConferenceId, Recorder] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.Task[None] | None = None

    def follow(self, conference: ConferenceId, wanted: Wanted | None) -> None:
        """Records so from now on; None: not (any more). The same again changes nothing."""
        recorder = self._recorders.get(conference)
        if wanted is None:
            self._end(conference)
            return
        if recorder is None:
            recorder = self._begin(conference, wanted.title)
        recorder.follow(wanted.slots, wanted.speaker)

    async def close(self) -> None:
        """Finishes every file."""
        for conference in tuple(self._recorders):
            self._end(conference)
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        while self._finishing:
            await asyncio.wait(tuple(self._finishing))

    def _begin(self, conference: ConferenceId, title: str) -> Recorder:
        loop = asyncio.get_running_loop()

        def failed() -> None:
            loop.call_soon_threadsafe(self._failed, conference, recorder)

        recorder = Recorder(conference, title, folder_of(self._data_dir, conference), self._clock, failed)
        self._recorders[conference] = recorder
        self._taps.add(recorder.tap)
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick_forever(), name="recording-ticker")
        log.info("recording_started", conference=conference)
        return recorder

    def _end(self, conference: ConferenceId) -> None:
        recorder = self._recorders.pop(conference, None)
        if recorder is None:
            return
        self._taps.remove(recorder.tap, self._clock.monotonic())
        task = asyncio.create_task(asyncio.to_thread(recorder.finish), name="recording-end")
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        log.info("recording_stopped", conference=conference)

    def _failed(self, conference: ConferenceId, recorder: Recorder) -> None:
        if self._recorders.get(conference) is recorder:
            self._end(conference)
            self._on_failed(conference)

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for recorder in self._recorders.values():
                for slot in recorder.tick():
                    self._taps.ask_keyframe(recorder.tap, slot)
