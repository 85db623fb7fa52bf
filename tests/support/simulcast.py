"""A camera with three simulcast layers of made-up VP8, as browsers send them: one SSRC each, told apart by rid."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import Local, read_description, write_offer
from bridge.endpoint.sending import header_extension_block
from bridge.media import rtcp
from bridge.media.rtp import RtpHeader, parse_header
from core.model import SlotName, Track

FRAMES_PER_SECOND: Final = 15
_RID_EXTENSION, _MID_EXTENSION = 4, 1
_CAMERA_MID = "1"
_PAYLOAD_BYTES = 1_100


@dataclass
class Layer:
    """One layer; `key_frame_wanted` until the next frame."""

    rid: str
    width: int
    height: int
    kbps: int
    ssrc: int = field(default_factory=lambda: secrets.randbelow(1 << 32))
    sequence: int = field(default_factory=lambda: secrets.randbelow(1 << 14))
    frames: int = 0
    key_frames: int = 0
    key_frame_wanted: bool = True

    def packets(self, timestamp: int) -> list[bytes]:
        """The packets of the next frame."""
        key, self.key_frame_wanted = self.key_frame_wanted, False
        self.frames += 1
        self.key_frames += key
        size = self.kbps * 1000 // 8 // FRAMES_PER_SECOND
        tag = bytes((0x10 if key else 0x11, 0, 0))
        start = b"\x9d\x01\x2a" + self.width.to_bytes(2, "little") + self.height.to_bytes(2, "little") if key else b""
        data = tag + start + bytes(max(size - 10, 0))
        pieces = [data[at : at + _PAYLOAD_BYTES] for at in range(0, len(data), _PAYLOAD_BYTES)]
        return [self._packet(piece, timestamp, n == 0, n == len(pieces) - 1) for n, piece in enumerate(pieces)]

    def _packet(self, piece: bytes, timestamp: int, first: bool, last: bool) -> bytes:
        self.sequence = (self.sequence + 1) & 0xFFFF
        head = bytes((0x90, 0x80 | 96 if last else 96)) + self.sequence.to_bytes(2, "big")
        head += (timestamp & 0xFFFFFFFF).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        names = {_MID_EXTENSION: _CAMERA_MID.encode(), _RID_EXTENSION: self.rid.encode()}
        descriptor = (b"\x90\x80" if first else b"\x80\x80") + (0x8000 | self.frames & 0x7FFF).to_bytes(2, "big")
        return head + header_extension_block(names) + descriptor + piece


class SimulcastCamera(SecureLine):
    """Sends the layers in `active`; key frames when asked."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, self._take_rtcp, host="127.0.0.1")
        self.layers = {
            "l": Layer("l", 320, 180, 150),
            "m": Layer("m", 640, 360, 500),
            "h": Layer("h", 1280, 720, 1_500),
        }
        self.active = set(self.layers)
        self._playing: asyncio.Task[None] | None = None

    def offer(self) -> tuple[str, dict[str, SlotName], dict[str, Track]]:
        """An offer with the camera's layers, and a microphone that is never heard."""
        ssrcs = {Track.MICROPHONE: 1, Track.CAMERA: 2}
        local = Local(self.ice.credentials, self.fingerprint, self.ice.address, "camera", ssrcs)
        text, receive, send = write_offer(local, ())
        head, camera = text.split(f"a=mid:{_CAMERA_MID}\r\n")
        lines = [f"a=mid:{_CAMERA_MID}", f"a=extmap:{_RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"]
        lines += [f"a=rid:{rid} send" for rid in self.layers] + [f"a=simulcast:send {';'.join(self.layers)}"]
        camera = "\r\n".join(line for line in camera.split("\r\n") if not line.startswith("a=ssrc:2 "))
        return head + "\r\n".join(lines) + "\r\n" + camera, receive, send

    async def play(self, answer: str) -> None:
        """Connects and begins to send."""
        await self.connect(read_description(answer).peer, timeout=20)
        self._playing = asyncio.create_task(self._play(), name="simulcast-camera")

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait([self._playing])
        await super().close()

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        upcoming, timestamp = loop.time(), secrets.randbelow(1 << 32)
        while True:
            timestamp += 90_000 // FRAMES_PER_SECOND
            for rid in sorted(self.active):
                for packet in self.layers[rid].packets(timestamp):
                    self.send_rtp(packet)
            upcoming = max(upcoming + 1 / FRAMES_PER_SECOND, loop.time() - 0.1)
            await asyncio.sleep(upcoming - loop.time())

    def _take_rtcp(self, data: bytes) -> None:
        wanted = {item.ssrc for item in rtcp.parse_feedback(data) if isinstance(item, rtcp.KeyframeWanted)}
        for layer in self.layers.values():
            layer.key_frame_wanted = layer.key_frame_wanted or layer.ssrc in wanted


def height_of(packet: bytes) -> int | None:
    """The picture height that a packet begins a key frame of; None for other packets."""
    header: RtpHeader | None = parse_header(packet)
    payload = packet[header.payload_start :] if header is not None else b""
    at = payload.find(b"\x9d\x01\x2a", 0, 16)
    return int.from_bytes(payload[at + 5 : at + 7], "little") if at >= 0 else None
