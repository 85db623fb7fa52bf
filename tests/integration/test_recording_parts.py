"""Files of a recording: when a new one begins, and that what they hold can be played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from bridge.recording.frames import H264, OPUS, VP8, Frame
from bridge.recording.sidecar import Recording, read_sidecars
from bridge.recording.writer import HOLD_MS, QUEUE_LIMIT, Order, Parts, Writer
from core.model import ConferenceId, SlotName

_SILENCE = Frame(OPUS, 0, True, b"\xf8\xff\xfe")


def pictures(codec: str, count: int) -> Iterator[Frame]:
    """A clip of an encoder, at 10 frames per second; only its first frame is a key frame."""
    encoder = av.CodecContext.create({VP8: "libvpx", H264: "libx264"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 192, "yuv420p", Fraction(1, 10)
    realtime = {"deadline": "realtime", "lag-in-frames": "0"}
    encoder.options = realtime if codec == VP8 else {"preset": "ultrafast", "tune": "zerolatency"}
    for number in range(count):
        picture = av.VideoFrame(320, 192, "yuv420p")
        picture.pts = number
        for packet in encoder.encode(picture):
            yield Frame(codec, 0, packet.is_keyframe, bytes(packet), 320, 192)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path, ConferenceId("c"), "Hội nghị", datetime(2026, 1, 5, 8, tzinfo=UTC))


def record(parts: Parts, begin_ms: int, codec: str | None, seconds: int) -> int:
    """Sound for so long, and pictures when a codec is named; returns the end."""
    clip = pictures(codec, seconds * 10) if codec else iter(())
    for at_ms in range(begin_ms, begin_ms + seconds * 1_000, 20):
        if at_ms % 100 == 0 and (frame := next(clip, None)) is not None:
            parts.take(Order(at_ms, SlotName.STAGE, frame))
        parts.take(Order(at_ms, SlotName.AUDIO1, _SILENCE))
    return begin_ms + seconds * 1_000


def seen(folder: Path, recording: Recording) -> tuple[int, int, str]:
    """Frames of the picture, packets of the sound, codec of the picture."""
    with av.open(str(folder / recording.name)) as file:
        video = file.streams.video[0] if file.streams.video else None
        shown = sum(1 for _ in file.decode(video)) if video is not None else 0
        codec = video.codec_context.name if video is not None else ""
    with av.open(str(folder / recording.name)) as file:
        heard = sum(1 for packet in file.demux(file.streams.audio[0]) if packet.size)
    return shown, heard, codec


def test_a_change_of_codec_begins_a_new_file(parts: Parts, tmp_path: Path) -> None:
    parts.take(Order(0, chapter="Chủ tọa"))
    at_ms = record(parts, 0, VP8, 2)
    at_ms = record(parts, at_ms, H264, 2)
    record(parts, at_ms, VP8, 2)
    parts.close()
    found = list(read_sidecars(tmp_path))
    assert [seen(tmp_path, recording) for recording in found] == [
        (20, 100, "vp8"),
        (20, 100, "h264"),
        (20, 100, "vp8"),
    ]
    assert [recording.started_at.second for recording in found] == [0, 2, 4]
    assert all(recording.ended_at is not None for recording in found)
    assert [[c.title for c in recording.chapters] for recording in found] == [["Chủ tọa"]] * 3


def test_sound_without_a_picture_gets_a_file_of_its_own(parts: Parts, tmp_path: Path) -> None:
    at_ms = record(parts, 0, None, 5)
    at_ms = record(parts, at_ms, VP8, 2)
    at_ms = record(parts, at_ms, None, HOLD_MS // 1_000 + 2)
    assert record(parts, at_ms, VP8, 1) == 13_000
    parts.close()
    found = [seen(tmp_path, recording) for recording in read_sidecars(tmp_path)]
    assert [(shown, codec) for shown, _, codec in found] == [(0, ""), (20, "vp8"), (0, ""), (10, "vp8")]
    assert sum(heard for _, heard, _ in found) == 13 * 50


def test_a_shared_screen_gets_a_file_beside_the_stage(tmp_path: Path) -> None:
    began = datetime(2026, 1, 5, 8, tzinfo=UTC)
    content = Parts(tmp_path, ConferenceId("c"), "Họp", began, picture=SlotName.CONTENT, sounds=())
    for number, frame in enumerate(pictures(VP8, 10)):
        content.take(Order(number * 100, SlotName.STAGE, frame))
        content.take(Order(5_000 + number * 100, SlotName.CONTENT, frame))
    content.close()
    [recording] = read_sidecars(tmp_path)
    assert recording.name.endswith("-content.mkv")
    assert recording.started_at.second == 5
    with av.open(str(tmp_path / recording.name)) as file:
        assert sum(1 for _ in file.decode(file.streams.video[0])) == 10
        assert not file.streams.audio


def test_a_disk_that_refuses_is_told_once(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    told: list[str] = []
    writer = Writer((Parts(blocked, ConferenceId("c"), "Họp", datetime.now(UTC)),), lambda: told.append("failed"))
    for number, frame in enumerate(pictures(VP8, 3)):
        writer.put(Order(number, SlotName.STAGE, frame))
    writer.finish(5.0)
    assert told == ["failed"]


def test_a_disk_that_is_behind_costs_pictures_and_not_memory(parts: Parts) -> None:
    writer = Writer((parts,), lambda: None)
    writer.finish(5.0)
    taken = sum(writer.put(Order(number, SlotName.AUDIO1, _SILENCE)) for number in range(QUEUE_LIMIT + 10))
    assert taken == QUEUE_LIMIT
    assert writer.dropped == 10
