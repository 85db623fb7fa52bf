"""Encoded clips."""

from __future__ import annotations

from collections.abc import Callable

import av
import pytest
from PIL import Image

from bridge.endpoint.clips import FORMATS, ClipLibrary, VideoClip, encode_audio, encode_video
from bridge.endpoint.pictures import background, pictures
from core.model import CameraLevel, ParticipantId

HERE, THERE = ParticipantId("point:26734"), ParticipantId("point:26737")


def decoded(clip: VideoClip) -> list[Image.Image]:
    codec = av.CodecContext.create("libvpx", "r")
    assert isinstance(codec, av.VideoCodecContext)
    frames = [frame for payloads in clip.frames for frame in codec.decode(av.Packet(b"".join(payloads)))]
    as_image: Callable[[av.VideoFrame], Image.Image] = av.VideoFrame.to_image
    return [as_image(frame) for frame in frames]


@pytest.mark.parametrize("level", [CameraLevel.TILE, CameraLevel.FULL])
def test_a_clip_decodes_to_moving_pictures_in_the_participants_colour(level: CameraLevel) -> None:
    shape = FORMATS[level]
    clip = encode_video(HERE, "Phường Đức Nhuận", shape)
    frames = decoded(clip)
    assert len(frames) == shape.frames
    assert frames[0].size == (shape.width, shape.height)
    for frame in (frames[0], frames[-1]):
        pixel = frame.convert("RGB").getpixel((2, shape.height // 2))
        assert isinstance(pixel, tuple)
        assert all(abs(seen - meant) < 24 for seen, meant in zip(pixel, background(HERE), strict=True))
    assert frames[0].tobytes() != frames[10].tobytes()


def test_only_the_first_frame_is_a_key_frame_and_payloads_fit_a_datagram() -> None:
    clip = encode_video(HERE, "Phường Đức Nhuận", FORMATS[CameraLevel.FULL])
    assert [payloads[0][0] & 1 for payloads in clip.frames] == [0] + [1] * (len(clip.frames) - 1)
    assert max(len(payload) for payloads in clip.frames for payload in payloads) <= 1_100
    bits = 8 * sum(len(payload) for payloads in clip.frames for payload in payloads)
    assert 200_000 < bits / (len(clip.frames) * clip.frame_seconds) < 600_000


def test_a_voice_is_four_seconds_of_opus() -> None:
    clip = encode_audio(HERE)
    assert len(clip.packets) == 200
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout = 48_000, "mono"
    sounds = [frame for packet in clip.packets for frame in codec.decode(av.Packet(packet))]
    assert sum(frame.samples for frame in sounds) >= 199 * 960
    assert any(any(bytes(frame.planes[0])) for frame in sounds)


async def test_the_library_makes_each_clip_once_and_knows_whose_it_is() -> None:
    library = ClipLibrary({HERE: "Phường Đức Nhuận", THERE: "Phường Cầu Kiệu"})
    mine = await library.video(HERE, CameraLevel.TILE)
    assert await library.video(HERE, CameraLevel.TILE) is mine
    theirs = await library.video(THERE, CameraLevel.TILE)
    assert (library.owner_of(mine.mark), library.owner_of(theirs.mark)) == (HERE, THERE)
    assert library.owner_of((1, 2)) is None


@pytest.mark.parametrize("name", ["A", "Đặc khu Côn Đảo " * 9, "x" * 120, " "])
def test_every_name_can_be_drawn(name: str) -> None:
    assert len(list(pictures(HERE, name, 320, 180, 2))) == 2


def test_letters_with_two_marks_have_their_own_shapes() -> None:
    drawn = [next(pictures(HERE, letter, 320, 180, 1)).crop((0, 0, 320, 120)).tobytes() for letter in "ẵỡựđ"]
    assert len(set(drawn)) == 4
