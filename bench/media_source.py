"""The source of the media bench: made-up pictures and sound at a steady rate, as a browser's camera sends them."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from bench.media_client import VP8_TYPE, local_of
from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import SEND_TIME_EXTENSION, Answer, write_offer
from bridge.endpoint.sending import header_extension_block
from bridge.media import rtcp
from bridge.media.batches import send_time_block
from bridge.media.rtp import parse_header
from core.model import SlotName, Track

TICKS_PER_SECOND = 150
_TICKS_PER_PICTURE, _TICKS_PER_SOUND = 5, 3
"""30 pictures and 50 packets of sound a second."""
SOUND_BYTES = 100
KEY_FRAME_SECONDS = 10
KEY_FRAME_TIMES = 5
"""How many times as many packets a key frame takes as another picture."""
_MID_ID, _LEVEL_ID, _SEND_TIME_ID, _RID_ID = 1, 2, 3, 4
_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_OPUS_TYPE = 111
_SPEECH = 30
_LATEST = 0.05
TAG_BYTES = 4


@dataclass
class Layer:
    """One layer of the camera: `packets` of `size` octets for each picture."""

    rid: str
    width: int
    height: int
    packets: int
    size: int
    ssrc: int = field(default_factory=lambda: secrets.randbelow((1 << 32) - 1) + 1)
    sequence: int = field(default_factory=lambda: secrets.randbits(15))
    key_frame_wanted: bool = True


def full_layer() -> Layer:
    """What everybody on the stage's slot gets: 1.44 Mbit/s in 150 packets a second; with sound 1.5 in 200."""
    return Layer("h", 1280, 720, 5, 1_200)


def lower_layers() -> list[Layer]:
    """What a camera sends besides."""
    return [Layer("l", 320, 180, 1, 620), Layer("m", 640, 360, 2, 1_040)]


class Source(SecureLine):
    """Camera and microphone of one participant. `tag`, four octets, is in each key frame's first packet."""

    def __init__(self, tag: bytes, host: str | None, *, simulcast: bool = True) -> None:
        super().__init__(lambda _: None, self._take_rtcp, host=host)
        self.tag = tag
        self.speaks = True
        self.paused = False
        """Sends nothing for now."""
        self.sent = 0
        """Packets of the largest layer and of the sound."""
        self.full = full_layer()
        self._layers = [*lower_layers(), self.full] if simulcast else [self.full]
        self._microphone = Layer("", 0, 0, 1, SOUND_BYTES)
        self._noise = secrets.token_bytes(max(layer.size for layer in self._layers))
        self._began = secrets.randbits(30)
        self._pictures = 0
        self._ids: dict[str, int] = {}
        self._playing: asyncio.Task[None] | None = None

    def offer(self) -> tuple[str, dict[str, SlotName], dict[str, Track]]:
        """The offer of both tracks, with simulcast when there are several layers."""
        text, receive, send = write_offer(local_of(self, self.full.ssrc, self._microphone.ssrc), ())
        if len(self._layers) == 1:
            return text, receive, send
        head, camera = text.split("a=mid:1\r\n")
        lines = ["a=mid:1", f"a=extmap:{_RID_ID} {_RID_URI}", f"a=extmap:{_SEND_TIME_ID} {SEND_TIME_EXTENSION}"]
        lines += ["a=rtcp-fb:96 goog-remb", *(f"a=rid:{layer.rid} send" for layer in self._layers)]
        lines += [f"a=simulcast:send {';'.join(layer.rid for layer in self._layers)}"]
        kept = [line for line in camera.split("\r\n") if not line.startswith("a=ssrc:")]
        return head + "\r\n".join(lines + kept), receive, send

    async def play(self, answer: Answer, *, timeout: float) -> None:
        """Connects and sends from then on, until it is closed."""
        sections = answer.sections.items()
        self._ids = {mid: section.extensions.get("urn:ietf:params:rtp-hdrext:sdes:mid", 0) for mid, section in sections}
        await self.connect(answer.peer, timeout=timeout)
        self._playing = asyncio.create_task(self._play(), name="source")

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait([self._playing])
        await super().close()

    async def _play(self) -> None:
        upcoming, tick = time.perf_counter(), 0
        while True:
            if not self.paused and tick % _TICKS_PER_PICTURE == 0:
                self._picture(tick)
            if self.speaks and not self.paused and tick % _TICKS_PER_SOUND == 0:
                self._sound(tick)
            tick += 1
            # What a busy process missed is left out; a camera does not catch up in a burst either.
            upcoming = max(upcoming + 1 / TICKS_PER_SECOND, time.perf_counter() - _LATEST)
            await asyncio.sleep(max(0.0, upcoming - time.perf_counter()))

    def _picture(self, tick: int) -> None:
        timestamp = self._began + tick * 90_000 // TICKS_PER_SECOND
        self._pictures += 1
        scheduled = tick % (KEY_FRAME_SECONDS * TICKS_PER_SECOND) == 0
        for layer in self._layers:
            key, layer.key_frame_wanted = layer.key_frame_wanted or scheduled, False
            count = layer.packets * KEY_FRAME_TIMES if key else layer.packets
            for number in range(count):
                descriptor = (b"\x80\x80" if number else b"\x90\x80") + (0x8000 | self._pictures & 0x7FFF).to_bytes(
                    2, "big"
                )
                start = self._frame_start(layer, key) if number == 0 else b""
                body = descriptor + start + self._noise[len(descriptor) + len(start) : layer.size]
                self._send(layer, "1", VP8_TYPE, timestamp, body, marker=number == count - 1)
            self.sent += count if layer is self.full else 0

    def _frame_start(self, layer: Layer, key: bool) -> bytes:
        """RFC 6386 section 9.1."""
        if not key:
            return b"\x11\x00\x00"
        size = layer.width.to_bytes(2, "little") + layer.height.to_bytes(2, "little")
        return b"\x10\x00\x00\x9d\x01\x2a" + size + self.tag

    def _sound(self, tick: int) -> None:
        timestamp = self._began + tick * 48_000 // TICKS_PER_SECOND
        self._send(self._microphone, "0", _OPUS_TYPE, timestamp, self._noise[:SOUND_BYTES], marker=False)
        self.sent += 1

    def _send(self, layer: Layer, mid: str, kind: int, timestamp: int, body: bytes, *, marker: bool) -> None:
        layer.sequence = layer.sequence + 1 & 0xFFFF
        values = {self._ids.get(mid, 0): mid.encode()}
        if kind == _OPUS_TYPE:
            values[_LEVEL_ID] = bytes((0x80 | _SPEECH,))
        elif len(self._layers) > 1:
            values |= {_RID_ID: layer.rid.encode(), _SEND_TIME_ID: send_time_block(1, time.monotonic())[5:8]}
        values.pop(0, None)
        extension = header_extension_block(values)
        head = bytes((0x90 if extension else 0x80, kind | 0x80 if marker else kind))
        head += layer.sequence.to_bytes(2, "big") + (timestamp & 0xFFFF_FFFF).to_bytes(4, "big")
        self.send_rtp(head + layer.ssrc.to_bytes(4, "big") + extension + body)

    def _take_rtcp(self, data: bytes) -> None:
        wanted = {item.ssrc for item in rtcp.parse_feedback(data) if isinstance(item, rtcp.KeyframeWanted)}
        for layer in self._layers:
            layer.key_frame_wanted = layer.key_frame_wanted or layer.ssrc in wanted


def tag_of(packet: bytes) -> bytes | None:
    """The tag in a decrypted packet that begins a key frame of some `Source`; None in any other."""
    header = parse_header(packet)
    if header is None or header.payload_type != VP8_TYPE:
        return None
    payload = packet[header.payload_start : header.payload_end]
    at = payload.find(b"\x9d\x01\x2a", 0, 16)
    return payload[at + 7 : at + 7 + TAG_BYTES] if at >= 0 and payload[:1] == b"\x90" else None
