"""A process that records and never ends by itself: `python -m tests.support.recording_child FOLDER`.

Writes a minute of a virtual hall's picture and sound through the real writer, then prints `written` and waits.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bridge.endpoint.clips import FORMATS, encode_audio, encode_video
from bridge.recording.frames import OPUS, VP8, Frame
from bridge.recording.writer import Order, Parts, Writer
from core.model import CameraLevel, ConferenceId, ParticipantId, SlotName


def main(folder: Path) -> None:
    """Writes, says so, and stays."""
    who, shape = ParticipantId("point:p1"), FORMATS[CameraLevel.TILE]
    video, audio = encode_video(who, "Điểm 1", shape), encode_audio(who)
    parts = Parts(folder, ConferenceId("c"), "Hội nghị", datetime.now(UTC))
    writer = Writer((parts,), lambda: sys.exit(1))
    writer.put(Order(0, chapter="Điểm 1"))
    step = round(video.frame_seconds * 1000)
    for at_ms in range(0, 60_000, step):
        number = at_ms // step % len(video.frames)
        data = b"".join(video.frames[number])
        writer.put(Order(at_ms, SlotName.STAGE, Frame(VP8, 0, number == 0, data, shape.width, shape.height)))
        sound = audio.packets[at_ms // 20 % len(audio.packets)]
        writer.put(Order(at_ms, SlotName.AUDIO1, Frame(OPUS, 0, True, sound)))
        if at_ms % 1_000 < step:
            time.sleep(0.01)
    while not writer.idle:
        time.sleep(0.05)
    print("written", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
