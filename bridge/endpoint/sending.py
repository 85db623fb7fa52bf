"""Playing a clip as RTP: what to send when, without I/O."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from struct import Struct

from bridge.endpoint.clips import AudioClip, VideoClip

_HEADER = Struct("!BBHII")
_ONE_BYTE_PROFILE = b"\xbe\xde"
_BACKLOG_SECONDS = 0.5
"""Sending that is later than this (the process was stopped) is skipped, not sent in a burst."""

_KEY_FRAME_PAUSE_SECONDS = 0.5
"""A key frame on request at most twice a second, however often it is asked for."""

KEPT_PACKETS = 128
"""Sent packets that can be sent again: more than a second of the full picture. Divides the sequence numbers."""

AUDIO_PACKET_SECONDS = 0.02


def header_extension_block(values: dict[int, bytes]) -> bytes:
    """The one-byte header extension block (RFC 8285 section 4.2) of `values` by id; empty for none."""
    if not values:
        return b""
    body = b"".join(bytes((number << 4 | len(value) - 1,)) + value for number, value in values.items())
    body += bytes(-len(body) % 4)
    return _ONE_BYTE_PROFILE + (len(body) // 4).to_bytes(2, "big") + body


class Player:
    """One sent stream. `due` is to be called when `next_at` (monotonic seconds) has come; None means silence.

    The timestamps follow the clock also over pauses (RFC 3550 section 5.1); sequence numbers never break.
    """

    def __init__(self, ssrc: int, clock_rate: int, step_seconds: float) -> None:
        self.ssrc = ssrc
        self.next_at: float | None = None
        self.packets = 0
        self.octets = 0
        self._payload_type = 0
        self._extension = b""
        self._clock_rate = clock_rate
        self._step = step_seconds
        self._sequence = secrets.randbelow(1 << 15)
        self._timestamp_base = secrets.randbits(32)
        self._epoch: float | None = None
        self._kept: list[bytes] = [b""] * KEPT_PACKETS

    def negotiated(self, payload_type: int, extension: bytes) -> None:
        """What the answer says about this stream; to be called before the first packet."""
        self._payload_type = payload_type
        self._extension = extension

    def extend(self, extension: bytes) -> None:
        """The header extensions of its packets from now on."""
        self._extension = extension

    def stop(self) -> None:
        """Sends nothing from now on."""
        self.next_at = None

    def due(self, now: float) -> Iterator[bytes]:
        """The packets whose time has come."""
        if self.next_at is not None and now - self.next_at > _BACKLOG_SECONDS:
            self.next_at = now
        while self.next_at is not None and self.next_at <= now:
            timestamp = self.timestamp_at(self.next_at)
            self.next_at += self._step
            yield from self._unit(timestamp)

    def again(self, sequence: int) -> bytes | None:
        """A packet of the newest, exactly as it was sent; None when it is not kept any more."""
        packet = self._kept[sequence % KEPT_PACKETS]
        return packet if packet[2:4] == sequence.to_bytes(2, "big") else None

    def timestamp_at(self, moment: float) -> int:
        """The RTP timestamp of a moment, as sender reports need it."""
        if self._epoch is None:
            self._epoch = moment
        return (self._timestamp_base + round((moment - self._epoch) * self._clock_rate)) & 0xFFFFFFFF

    def _unit(self, timestamp: int) -> Iterator[bytes]:
        """The packets of the next frame or sound."""
        raise NotImplementedError

    def _packet(self, payload: bytes, timestamp: int, marker: bool) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        first = 0x90 if self._extension else 0x80
        second = self._payload_type | (0x80 if marker else 0)
        packet = _HEADER.pack(first, second, self._sequence, timestamp, self.ssrc) + self._extension + payload
        self._kept[self._sequence % KEPT_PACKETS] = packet
        return packet


class AudioPlayer(Player):
    """Plays a voice; the marker bit says where it begins after silence (RFC 3551 section 4.1)."""

    def __init__(self, ssrc: int) -> None:
        super().__init__(ssrc, 48_000, AUDIO_PACKET_SECONDS)
        self._packets: tuple[bytes, ...] = ()
        self._index = 0
        self._spurt = True

    def start(self, clip: AudioClip, now: float) -> None:
        """Begins, or goes on if it plays already."""
        self._packets = clip.packets
        if self.next_at is None:
            self.next_at, self._spurt = now, True

    def _unit(self, timestamp: int) -> Iterator[bytes]:
        self._index = (self._index + 1) % len(self._packets)
        yield self._packet(self._packets[self._index], timestamp, self._spurt)
        self._spurt = False


class VideoPlayer(Player):
    """Plays a picture; every start of the loop is a key frame, and so is a restart on request."""

    def __init__(self, ssrc: int) -> None:
        super().__init__(ssrc, 90_000, 1.0)
        self._clip: VideoClip | None = None
        self._index = 0
        self._picture_id = secrets.randbits(15)
        self._key_frame_at = float("-inf")

    def start(self, clip: VideoClip, now: float) -> None:
        """Begins with a key frame, or goes on if it plays this clip already."""
        if self.next_at is not None and clip is self._clip:
            return
        self._clip, self._step = clip, clip.frame_seconds
        self._begin_loop(now)

    def restart(self, now: float) -> bool:
        """Goes back to the key frame because a receiver asked for one; False when that was done just before."""
        if self.next_at is None or now - self._key_frame_at < _KEY_FRAME_PAUSE_SECONDS:
            return False
        self._begin_loop(now)
        return True

    def _begin_loop(self, now: float) -> None:
        self._index = 0
        self.next_at = now

    def _unit(self, timestamp: int) -> Iterator[bytes]:
        assert self._clip is not None
        if self._index == 0:
            self._key_frame_at = self.next_at or 0.0
        payloads = self._clip.frames[self._index]
        self._index = (self._index + 1) % len(self._clip.frames)
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        identifier = (0x8000 | self._picture_id).to_bytes(2, "big")
        for number, payload in enumerate(payloads):
            # RFC 7741 section 4.2: X and, on the first packet, S; then I with a 15-bit picture id.
            descriptor = (b"\x80\x80" if number else b"\x90\x80") + identifier
            yield self._packet(descriptor + payload, timestamp, number == len(payloads) - 1)
