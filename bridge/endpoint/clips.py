"""Ready-made encoded pictures and sound, one set per participant, made when first wanted and kept."""

from __future__ import annotations

import array
import asyncio
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import av
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from bridge.endpoint.pictures import pictures
from bridge.endpoint.reception import KeyFrameMark
from core.model import CameraLevel, ParticipantId

_PAYLOAD_BYTES = 1_100
"""Leaves room below 1,200 bytes, the datagram that every path carries, for descriptor, header and SRTP."""

_AUDIO_RATE = 48_000
_AUDIO_FRAME = 960
_AUDIO_PACKETS = 200


@dataclass(frozen=True)
class VideoFormat:
    """Size, rate and length of a clip."""

    width: int
    height: int
    frames_per_second: int
    bits_per_second: int
    frames: int


FORMATS: Mapping[CameraLevel, VideoFormat] = {
    CameraLevel.TILE: VideoFormat(320, 180, 7, 80_000, 28),
    CameraLevel.FULL: VideoFormat(640, 360, 15, 400_000, 60),
}


CONTENT_FORMAT = VideoFormat(960, 540, 5, 250_000, 20)
"""A shared screen: many pixels, few frames."""


@dataclass(frozen=True)
class VideoClip:
    """A loop of VP8 frames, each already cut into payloads without descriptor; only the first is a key frame."""

    frames: tuple[tuple[bytes, ...], ...]
    frame_seconds: float

    @property
    def mark(self) -> KeyFrameMark:
        """What its key frame is recognised by."""
        key_frame = b"".join(self.frames[0])
        return len(key_frame), zlib.crc32(key_frame)


@dataclass(frozen=True)
class AudioClip:
    """A loop of Opus packets of 20 ms; `level` is the loudness in -dBov (RFC 6464)."""

    packets: tuple[bytes, ...]
    level: int


class ClipLibrary:
    """The clips of all participants of one process, by their names. Encodes one clip at a time, in a thread."""

    def __init__(self, names: Mapping[ParticipantId, str]) -> None:
        self._names = names
        self._video: dict[tuple[ParticipantId, VideoFormat], VideoClip] = {}
        self._audio: dict[ParticipantId, AudioClip] = {}
        self._owners: dict[KeyFrameMark, ParticipantId] = {}
        self._encoding = asyncio.Lock()

    async def video(self, participant: ParticipantId, level: CameraLevel) -> VideoClip:
        """The participant's picture at a level other than off. The first call takes a fraction of a second."""
        return await self._picture(participant, self._names.get(participant, participant), FORMATS[level])

    async def content(self, participant: ParticipantId) -> VideoClip:
        """The participant's shared screen."""
        return await self._picture(participant, f"▤ {self._names.get(participant, participant)}", CONTENT_FORMAT)

    async def _picture(self, participant: ParticipantId, name: str, shape: VideoFormat) -> VideoClip:
        async with self._encoding:
            clip = self._video.get((participant, shape))
            if clip is None:
                clip = await asyncio.to_thread(partial(encode_video, participant, name, shape))
                self._video[participant, shape] = clip
                self._owners[clip.mark] = participant
            return clip

    async def audio(self, participant: ParticipantId) -> AudioClip:
        """The participant's voice."""
        async with self._encoding:
            clip = self._audio.get(participant)
            if clip is None:
                clip = self._audio[participant] = await asyncio.to_thread(partial(encode_audio, participant))
            return clip

    def owner_of(self, mark: KeyFrameMark) -> ParticipantId | None:
        """Whose clip begins with this key frame; None when it is nobody's of this library."""
        return self._owners.get(mark)


def encode_video(participant: ParticipantId, name: str, shape: VideoFormat) -> VideoClip:
    """Draws and encodes a loop. Blocking, some tenths of a second."""
    codec = _video_encoder(shape)
    as_frame: Callable[[Image.Image], av.VideoFrame] = av.VideoFrame.from_image
    encoded: list[bytes] = []
    for number, picture in enumerate(pictures(participant, name, shape.width, shape.height, shape.frames)):
        frame = as_frame(picture).reformat(format="yuv420p")
        frame.pts = number
        encoded.extend(bytes(packet) for packet in codec.encode(frame))
    encoded.extend(bytes(packet) for packet in codec.encode(None))
    return VideoClip(tuple(tuple(_cut(data)) for data in encoded), 1 / shape.frames_per_second)


def _video_encoder(shape: VideoFormat) -> VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = shape.width, shape.height, "yuv420p"
    codec.time_base = Fraction(1, shape.frames_per_second)
    codec.bit_rate = shape.bits_per_second
    codec.gop_size = 10 * shape.frames
    codec.thread_count = 1
    rate = str(shape.bits_per_second)
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "6",
        "lag-in-frames": "0",
        "minrate": rate,
        "maxrate": rate,
        "bufsize": rate,
        "error-resilient": "0",
        "static-thresh": "0",
    }
    return codec


def _cut(frame: bytes) -> Iterator[bytes]:
    """Payloads of nearly equal size: equal ones can share one segmented send on their way."""
    count = -(-len(frame) // _PAYLOAD_BYTES)
    size = -(-len(frame) // count)
    return (frame[start : start + size] for start in range(0, len(frame), size))


def encode_audio(participant: ParticipantId) -> AudioClip:
    """A soft murmur of syllables at the participant's own pitch, 4 s. Blocking, some tens of milliseconds."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.format, codec.layout = _AUDIO_RATE, "s16", "mono"
    codec.bit_rate = 24_000
    codec.options = {"frame_duration": "20", "application": "voip"}
    pitch = 110 + zlib.crc32(participant.encode()) % 12 * 10
    packets: list[bytes] = []
    for number in range(_AUDIO_PACKETS):
        frame = av.AudioFrame(format="s16", layout="mono", samples=_AUDIO_FRAME)
        frame.sample_rate, frame.pts = _AUDIO_RATE, number * _AUDIO_FRAME
        frame.planes[0].update(_murmur(pitch, number * _AUDIO_FRAME).tobytes())
        packets.extend(bytes(packet) for packet in codec.encode(frame))
    return AudioClip(tuple(packets), 20)


def _murmur(pitch: int, first_sample: int) -> array.array[int]:
    """20 ms of a tone with two overtones under three syllables a second; whole periods fit the 4 s loop."""
    samples = array.array("h")
    for index in range(first_sample, first_sample + _AUDIO_FRAME):
        seconds = index / _AUDIO_RATE
        syllable = max(0.0, math.sin(2 * math.pi * 3 * seconds)) ** 0.5
        phase = 2 * math.pi * pitch * seconds
        tone = math.sin(phase) + 0.5 * math.sin(2 * phase) + 0.25 * math.sin(3 * phase)
        samples.append(int(2_400 * syllable * tone))
    return samples
