"""One conference's recorder on the event loop: slots' packets to frames, with their times, to the writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bridge.media.slots import Placed
from bridge.media.taps import OPUS_TYPE, VP8_TYPE, Tap
from bridge.recording.frames import Depacketiser, H264Frames, OpusFrames, Vp8Frames
from bridge.recording.reorder import Packet, Reorder
from bridge.recording.writer import SOUNDS, Order, Parts, Writer
from core.clock import Clock
from core.model import ConferenceId, ParticipantId, SlotName, Track

RECORDED = (SlotName.STAGE, SlotName.CONTENT, *SOUNDS)
FINISH_SECONDS = 10.0


@dataclass
class _Input:
    """One slot on its way to a track."""

    clock_rate: int
    reorder: Reorder = field(default_factory=Reorder)
    depacketiser: Depacketiser = field(default_factory=OpusFrames)
    payload_type: int = OPUS_TYPE
    base: tuple[float, int] | None = None
    """Where the timeline began: ms since the recording's start, and its timestamp there."""

    def frames_of(self, packet: Packet) -> Depacketiser:
        """What understands `packet`: another one when the codec changes."""
        if packet.payload_type != self.payload_type:
            self.payload_type = packet.payload_type
            self.depacketiser = Vp8Frames() if packet.payload_type == VP8_TYPE else H264Frames()
        return self.depacketiser

    def time_of(self, timestamp: int, now_ms: float) -> int:
        """ms since the recording's start. A slot's timeline follows real time across sources, so one base is enough."""
        if self.base is None:
            self.base = (now_ms, timestamp)
        return max(0, round(self.base[0] + (timestamp - self.base[1]) * 1000 / self.clock_rate))


class Recorder:
    """Records what its tap is assigned. `on_failed` is called from another thread when it cannot go on."""

    def __init__(
        self, conference: ConferenceId, title: str, folder: Path, clock: Clock, on_failed: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._inputs = {slot: _Input(48_000 if slot.track is Track.MICROPHONE else 90_000) for slot in RECORDED}
        stage = Parts(folder, conference, title, clock.now())
        content = replace(stage, picture=SlotName.CONTENT, sounds=())
        self._writer = Writer((stage, content), on_failed)
        self._speaker = ""
        self.tap = Tap.of(conference, {slot: partial(self._take, slot) for slot in RECORDED})

    def follow(self, slots: Mapping[SlotName, ParticipantId | None], speaker: str) -> None:
        """What the slots show from now on, and who speaks: the next chapter's title."""
        self.tap.shown = {slot: who for slot, who in slots.items() if slot in RECORDED}
        if speaker != self._speaker:
            self._speaker = speaker
            self._writer.put(Order(round(self._now_ms()), chapter=speaker))

    def tick(self) -> list[SlotName]:
        """Gives up on packets that stay away; returns the slots that need a key frame. A few times a second."""
        now = self._clock.monotonic()
        for slot, source in self._inputs.items():
            self._frames(slot, source, source.reorder.expire(now))
        return [
            slot for slot, source in self._inputs.items() if source.base is not None and source.depacketiser.needs_key
        ]

    def finish(self) -> None:
        """Writes the rest and closes the file; blocks for at most `FINISH_SECONDS`."""
        self._writer.finish(FINISH_SECONDS)

    def _take(self, slot: SlotName, placed: Sequence[Placed]) -> None:
        now, source = self._clock.monotonic(), self._inputs[slot]
        for head, payload in placed:
            self._frames(slot, source, source.reorder.add(head, payload, now))

    def _frames(self, slot: SlotName, source: _Input, packets: Sequence[Packet]) -> None:
        for packet in packets:
            at_ms = source.time_of(packet.timestamp, self._now_ms())
            frames = source.frames_of(packet)
            frame = frames.add(packet)
            if frame is not None and not self._writer.put(Order(at_ms, slot, frame)):
                frames.needs_key = slot.track is not Track.MICROPHONE

    def _now_ms(self) -> float:
        return (self._clock.monotonic() - self._began) * 1000
