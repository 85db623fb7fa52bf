"""Writing one Matroska file by PyAV: frames as they are, flushed cluster by cluster, so that a kill loses a second."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream

from bridge.recording.frames import H264, Frame

MILLISECONDS = Fraction(1, 1000)
_OPTIONS = {
    "cluster_time_limit": "1000",
    "flush_packets": "1",
    # Microseconds: a silent microphone's track must not hold the others back.
    "max_interleave_delta": "1",
}


@dataclass(frozen=True)
class Chapter:
    """From `start_ms` of the file on, `title` speaks."""

    start_ms: int
    title: str


class MatroskaFile:
    """An open file. `pictures` holds a key frame of each video track, from which its header is made.

    Methods raise `OSError` (PyAV's errors are some) when the disk does not take it.
    """

    def __init__(self, path: Path, title: str, pictures: Mapping[str, Frame], sounds: Sequence[str]) -> None:
        self._container: OutputContainer = av.open(str(path), "w", format="matroska", options=_OPTIONS)
        self._container.metadata["title"] = title
        self._tracks = {name: self._video(frame) for name, frame in pictures.items()}
        for name in sounds:
            self._tracks[name] = self._container.add_stream("libopus", rate=48_000, layout="stereo")
        for name, track in self._tracks.items():
            track.metadata["title"] = name
        self._last = dict.fromkeys(self._tracks, -1)
        self.end_ms = 0

    def has(self, track: str) -> bool:
        """Whether the file has this track."""
        return track in self._tracks

    def write(self, track: str, frame: Frame, at_ms: int) -> None:
        """Adds a frame at `at_ms` of the file; two frames of a track never get the same time."""
        at_ms = max(at_ms, self._last[track] + 1)
        self._last[track], self.end_ms = at_ms, max(self.end_ms, at_ms)
        packet = av.Packet(frame.data)
        packet.stream, packet.time_base = self._tracks[track], MILLISECONDS
        packet.pts = packet.dts = at_ms
        packet.is_keyframe = frame.key
        self._container.mux(packet)

    def close(self, chapters: Sequence[Chapter]) -> None:
        """Writes chapters, index and duration. The container is gone afterwards, whatever happens."""
        ends = [*(chapter.start_ms for chapter in chapters[1:]), self.end_ms][: len(chapters)]
        self._container.set_chapters(
            [
                {
                    "id": number,
                    "start": chapter.start_ms,
                    "end": max(end, chapter.start_ms + 1),
                    "time_base": MILLISECONDS,
                    "metadata": {"title": chapter.title},
                }
                for number, (chapter, end) in enumerate(zip(chapters, ends, strict=True), 1)
            ]
        )
        self._container.close()

    def _video(self, frame: Frame) -> Stream:
        if frame.codec == H264:
            # The header needs the parameter sets in its own form: FFmpeg's reader of raw H.264 makes it.
            with av.open(io.BytesIO(frame.data), format="h264") as sample:
                return self._container.add_stream_from_template(sample.streams.video[0])
        width, height = frame.width or 640, frame.height or 360
        return self._container.add_mux_stream("vp8", width=width, height=height)
