"""The thread that writes a recording: everything that touches the disk, behind a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import av
import structlog

from bridge.recording.frames import Frame
from bridge.recording.matroska import Chapter, MatroskaFile
from bridge.recording.sidecar import RecordedChapter, Recording, write_sidecar
from core.model import ConferenceId, SlotName, Track

log = structlog.get_logger("recording")

QUEUE_LIMIT = 4_000
"""Frames: about ten seconds of everything. A disk that is further behind loses pictures, not the conference."""
HOLD_MS = 3_000
"""How long sound waits for a picture; then it gets a file without one.

FFmpeg's interleaver holds sound back, in memory and for ever, while a VP8 track of the same file brings nothing.
"""

SOUNDS = tuple(slot for slot in SlotName if slot.track is Track.MICROPHONE)
_SOUND_ONLY = "none"


@dataclass(frozen=True)
class Order:
    """A frame for a track (`frame`), or a chapter that begins (`chapter`); `at_ms` since the recording's start."""

    at_ms: int
    track: SlotName = SlotName.STAGE
    frame: Frame | None = None
    chapter: str = ""


@dataclass
class Parts:
    """The files of one picture and its sounds, one after the other: a change of its codec needs a new file."""

    folder: Path
    conference: ConferenceId
    title: str
    began: datetime
    picture: SlotName = SlotName.STAGE
    sounds: tuple[SlotName, ...] = SOUNDS
    _file: MatroskaFile | None = None
    _codec: str = ""
    _part_ms: int = 0
    _picture_ms: int = 0
    _about: Recording | None = None
    _speaker: str = ""
    _chapters: list[Chapter] = field(default_factory=list, init=False)
    _held: list[Order] = field(default_factory=list, init=False)

    def take(self, order: Order) -> None:
        """Writes a frame or a chapter; others' tracks are left alone. Raises `OSError` or PyAV's errors."""
        frame = order.frame
        if frame is None:
            self._speaker = order.chapter
            if self._file is not None:
                self._begin_chapter(order.at_ms)
        elif order.track is self.picture:
            self._take_picture(frame, order.at_ms)
        elif order.track in self.sounds:
            self._take_sound(order, frame)

    def close(self) -> None:
        """Finishes the file, if there is one."""
        file, self._file = self._file, None
        about, self._about, self._codec = self._about, None, ""
        if file is None or about is None:
            return
        file.close(self._chapters)
        ended = about.started_at + timedelta(milliseconds=file.end_ms)
        write_sidecar(self.folder, about.model_copy(update={"ended_at": ended, "duration_ms": file.end_ms}))

    def _take_picture(self, frame: Frame, at_ms: int) -> None:
        if frame.codec != self._codec:
            if not frame.key:
                return
            self._roll({self.picture.value: frame}, frame.codec, at_ms)
        self._picture_ms = at_ms
        self._write(self.picture, frame, at_ms)

    def _take_sound(self, order: Order, frame: Frame) -> None:
        if self._file is None:
            self._held.append(order)
            if order.at_ms - self._held[0].at_ms > HOLD_MS:
                self._roll({}, _SOUND_ONLY, order.at_ms)
            return
        if self._codec != _SOUND_ONLY and order.at_ms - self._picture_ms > HOLD_MS:
            self._roll({}, _SOUND_ONLY, order.at_ms)
        self._write(order.track, frame, order.at_ms)

    def _roll(self, pictures: dict[str, Frame], codec: str, at_ms: int) -> None:
        self.close()
        held, self._held = self._held, []
        self._part_ms = min([order.at_ms for order in held], default=at_ms)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        started = self.began + timedelta(milliseconds=self._part_ms)
        name = f"{started:%Y%m%dT%H%M%S}{started.microsecond // 1000:03}Z-{self.picture.value}.mkv"
        self._file = MatroskaFile(self.folder / name, self.title, pictures, [slot.value for slot in self.sounds])
        self._codec = codec
        self._about = Recording(name=name, conference=self.conference, title=self.title, started_at=started)
        self._chapters = []
        write_sidecar(self.folder, self._about)
        self._begin_chapter(self._part_ms)
        log.info("recording_file", conference=self.conference, picture=self.picture, codec=codec)
        for order in held:
            if order.frame is not None:
                self._write(order.track, order.frame, order.at_ms)

    def _write(self, track: SlotName, frame: Frame, at_ms: int) -> None:
        if self._file is not None:
            self._file.write(track.value, frame, at_ms - self._part_ms)

    def _begin_chapter(self, at_ms: int) -> None:
        if self._about is None or not self._speaker:
            return
        self._chapters.append(Chapter(max(0, at_ms - self._part_ms), self._speaker))
        chapters = tuple(RecordedChapter(start_ms=c.start_ms, title=c.title) for c in self._chapters)
        self._about = self._about.model_copy(update={"chapters": chapters})
        write_sidecar(self.folder, self._about)


class Writer:
    """Writes `parts` in a thread of its own. `on_failed` is called in that thread when the disk refuses; once."""

    def __init__(self, parts: Sequence[Parts], on_failed: Callable[[], None]) -> None:
        self._parts = parts
        self._on_failed = on_failed
        self._orders: queue.Queue[Order | None] = queue.Queue(QUEUE_LIMIT)
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self.dropped = 0
        self._thread.start()

    def put(self, order: Order) -> bool:
        """Hands an order over; False when it had to be dropped because the disk is too slow."""
        try:
            self._orders.put_nowait(order)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be written."""
        return self._orders.empty()

    def finish(self, timeout: float) -> None:
        """Blocks until everything is written and the file closed, at most `timeout` seconds."""
        try:
            self._orders.put(None, timeout=timeout)
        except queue.Full:
            log.warning("recording_not_finished", dropped=self.dropped)
            return
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (order := self._orders.get()) is not None:
                for part in self._parts:
                    part.take(order)
            for part in self._parts:
                part.close()
        except (OSError, av.FFmpegError) as exc:
            log.exception("recording_failed", failure=type(exc).__name__)
            self._on_failed()
