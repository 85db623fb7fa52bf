"""A headless endpoint's media: one offer, one connection, clips out, counters in."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.feedback import Feedback, packets_missing
from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import (
    AUDIO_LEVEL_EXTENSION,
    MID_EXTENSION,
    SEND_TIME_EXTENSION,
    Answer,
    Local,
    read_description,
    write_offer,
)
from bridge.endpoint.reception import SlotReception, StreamCounter, VideoCounter
from bridge.endpoint.recovery import Recovery
from bridge.endpoint.sending import AudioPlayer, Player, VideoPlayer, header_extension_block
from bridge.media.arrivals import Arrival
from bridge.media.rtp import header_extensions, parse_header
from core.model import CameraLevel, ParticipantId, SlotName, Track

log = structlog.get_logger("endpoint")

_REPORT_SECONDS = 1.5
_IDLE_REPORT_SECONDS = 4.0
"""Hundreds of halls that neither send nor receive should cost next to nothing; RFC 3550 section 6.2 would allow 5 s."""

SPEAKING_LEVEL = 20
"""How loud the clips are, in -dBov."""

_RANDOM = secrets.SystemRandom()
_MOST_STREAMS = 32
"""More streams than an endpoint has slots would be somebody's mistake; they are not counted."""


@dataclass(frozen=True)
class SentMedia:
    """What was sent of one track."""

    packets: int = 0
    bytes: int = 0


class MediaEndpoint:
    """The media of one hall. Belongs to one event loop; after `close` it is of no more use."""

    def __init__(
        self,
        participant: ParticipantId,
        slots: Sequence[SlotName],
        clips: ClipLibrary,
        *,
        host: str | None = None,
        estimates: bool = False,
    ) -> None:
        self.participant = participant
        self._clips = clips
        self._slots = tuple(slots)
        self._line = SecureLine(self._take_rtp, self._take_rtcp, host=host)
        self.lost = self._line.lost
        self._voice = AudioPlayer(secrets.randbits(32))
        self._picture = VideoPlayer(secrets.randbits(32))
        self._screen = VideoPlayer(secrets.randbits(32))
        self._players: dict[Track, Player] = {
            Track.MICROPHONE: self._voice,
            Track.CAMERA: self._picture,
            Track.CONTENT: self._screen,
        }
        self._sent_bytes = dict.fromkeys(self._players, 0)
        self._cname = secrets.token_hex(8)
        self._feedback = Feedback(self._cname)
        self._estimates = estimates
        self._recovery = Recovery(self._line.send_rtcp, self._voice.ssrc)
        self._counters: dict[SlotName, StreamCounter] = {}
        self._streams: dict[int, StreamCounter] = {}
        self._by_mid: dict[bytes, SlotName] = {}
        self._mid_extension = 0
        self._voice_extensions: dict[int, bytes] = {}
        self._level_id = 0
        self._wanted = (False, CameraLevel.OFF, False)
        self._playing: asyncio.Task[None] | None = None
        self._pump_timer: asyncio.TimerHandle | None = None
        self._report_timer: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        """Whether media flows: connected, not closed, and the node still consents."""
        return self._line.connected

    def offer(self) -> tuple[str, dict[str, SlotName], dict[str, Track]]:
        """The SDP offer, which slot each receive m-line (by mid) is for, and which track each send m-line."""
        ssrcs = {track: player.ssrc for track, player in self._players.items()}
        local = Local(
            self._line.ice.credentials,
            self._line.fingerprint,
            self._line.ice.address,
            self._cname,
            ssrcs,
            self._estimates,
        )
        return write_offer(local, self._slots)

    async def connect(self, answer_sdp: str, *, timeout: float = 20) -> None:
        """Connects as the answer says and starts what `publish` has asked for.

        Raises `BadInput` `media.answer_unusable`; `Unavailable` `media.unreachable` or `media.handshake_failed`
        when it is not connected within `timeout` seconds. After an error the endpoint can only be closed.
        """
        answer = read_description(answer_sdp)
        self._apply(answer)
        await self._line.connect(answer.peer, timeout=timeout)
        self._follow()

    def restart_offer(self, host: str | None = None) -> str:
        """The offer of an ICE restart: a socket of its own (on `host`, when it moved) with new credentials."""
        self._line.ice.prepare_restart(host)
        return self.offer()[0]

    async def restart(self, answer_sdp: str, *, timeout: float = 10) -> None:
        """Moves over to the way that `restart_offer` prepared; what is sent and received goes on meanwhile.

        Raises `BadInput` `media.answer_unusable` and `Unavailable` `media.unreachable`; the former way is kept then.
        """
        await self._line.restart(read_description(answer_sdp).peer, timeout=timeout)
        self._pump()

    @property
    def unheard_seconds(self) -> float:
        """How long ago the node last answered; 0 as long as it never did."""
        heard_at = self._line.ice.heard_at
        return asyncio.get_running_loop().time() - heard_at if heard_at else 0.0

    def publish(self, microphone: bool, camera: CameraLevel, content: bool = False) -> None:
        """Sends exactly this from now on; the same again changes nothing. Before `connect` it is remembered."""
        if (microphone, camera, content) != self._wanted:
            self._wanted = (microphone, camera, content)
            self._follow()

    def speak(self, level: int) -> None:
        """How loud its sound says to be from now on, in -dBov (RFC 6464); to be called when it is connected."""
        if self._level_id:
            told = {self._level_id: bytes((0x80 | level,))}
            self._voice.extend(header_extension_block(self._voice_extensions | told))

    def received(self) -> Mapping[SlotName, SlotReception]:
        """What each slot has received so far."""
        return {
            slot: self._counters[slot].snapshot() if slot in self._counters else SlotReception() for slot in self._slots
        }

    def sent(self) -> Mapping[Track, SentMedia]:
        """What was sent so far; bytes as on the wire above UDP."""
        return {t: SentMedia(player.packets, self._sent_bytes[t]) for t, player in self._players.items()}

    async def close(self) -> None:
        """Stops sending, says goodbye, frees the port and leaves no task; harmless when done twice."""
        for timer in (self._pump_timer, self._report_timer):
            if timer is not None:
                timer.cancel()
        for player in self._players.values():
            player.stop()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        self._recovery.close()
        await self._line.close()

    # --- negotiation -----------------------------------------------------------------------------------

    def _apply(self, answer: Answer) -> None:
        _, receive, send = self.offer()
        for mid, track in send.items():
            section = answer.sections.get(mid)
            if section is None or section.payload_type is None:
                continue
            names = section.extensions
            values = {names[MID_EXTENSION]: mid.encode()} if MID_EXTENSION in names else {}
            self._players[track].negotiated(section.payload_type, header_extension_block(values))
            if track is Track.MICROPHONE and AUDIO_LEVEL_EXTENSION in names:
                self._voice_extensions, self._level_id = values, names[AUDIO_LEVEL_EXTENSION]
                self.speak(SPEAKING_LEVEL)
        for mid, slot in receive.items():
            section = answer.sections.get(mid)
            if section is None or section.payload_type is None:
                continue
            counter = (
                VideoCounter(self._clips.owner_of) if slot.track is not Track.MICROPHONE else StreamCounter(48_000)
            )
            self._counters[slot] = counter
            self._streams.update(dict.fromkeys(section.ssrcs, counter))
            self._by_mid[mid.encode()] = slot
            self._mid_extension = section.extensions.get(MID_EXTENSION, self._mid_extension)
            if self._estimates:
                self._recovery.send_time = section.extensions.get(SEND_TIME_EXTENSION, self._recovery.send_time)

    # --- sending ---------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Makes what is played what is wanted; clips that are not made yet are waited for in a task."""
        if self._playing is not None:
            self._playing.cancel()
        self._playing = asyncio.create_task(self._play(*self._wanted), name="endpoint-play") if self.connected else None

    async def _play(self, microphone: bool, camera: CameraLevel, content: bool) -> None:
        try:
            await self._change_players(microphone, camera, content)
        except Exception:
            log.exception("clip_failed")
        self._pump()
        self._report()

    async def _change_players(self, microphone: bool, camera: CameraLevel, content: bool) -> None:
        """What shall stop stops before anything is waited for."""
        loop = asyncio.get_running_loop()
        if not microphone:
            self._voice.stop()
        if not content:
            self._screen.stop()
        if camera is CameraLevel.OFF:
            self._picture.stop()
        else:
            self._picture.start(await self._clips.video(self.participant, camera), loop.time())
        if content:
            self._screen.start(await self._clips.content(self.participant), loop.time())
        if microphone:
            self._voice.start(await self._clips.audio(self.participant), loop.time())

    def _pump(self) -> None:
        """Sends what is due and sleeps until the next packet; without a packet to come it sleeps for good."""
        if self._pump_timer is not None:
            self._pump_timer.cancel()
            self._pump_timer = None
        if not self.connected:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        for track, player in self._players.items():
            for packet in player.due(now):
                self._sent_bytes[track] += self._line.send_rtp(packet)
        coming = [player.next_at for player in self._players.values() if player.next_at is not None]
        if coming:
            self._pump_timer = loop.call_at(min(coming), self._pump)

    def _report(self) -> None:
        """Reports now, and again after a while."""
        if self._report_timer is not None:
            self._report_timer.cancel()
            self._report_timer = None
        if not self.connected:
            return
        loop = asyncio.get_running_loop()
        heard = {ssrc: stream for ssrc, stream in self._streams.items() if stream.packets}
        self._line.send_rtcp(self._feedback.report(list(self._players.values()), heard, loop.time()))
        # RFC 3550 section 6.3.1: randomised, so that the reports of hundreds of endpoints do not come in step.
        active = heard or any(player.next_at is not None for player in self._players.values())
        pause = (_REPORT_SECONDS if active else _IDLE_REPORT_SECONDS) * _RANDOM.uniform(0.7, 1.3)
        self._report_timer = loop.call_later(pause, self._report)

    def _report_sooner(self) -> None:
        """A stream begins: its first report waits half the usual pause (RFC 3550 section 6.2), not that of idleness."""
        loop, timer = asyncio.get_running_loop(), self._report_timer
        if timer is not None and timer.when() - loop.time() > _REPORT_SECONDS:
            timer.cancel()
            self._report_timer = loop.call_later(_REPORT_SECONDS * _RANDOM.uniform(0.35, 0.65), self._report)

    # --- receiving -------------------------------------------------------------------------------------

    def _take_rtp(self, packet: bytes) -> None:
        stream = self._streams.get(int.from_bytes(packet[8:12], "big"))
        if stream is None:
            stream = self._adopt(packet)
            if stream is None:
                return
        if not stream.packets:
            self._report_sooner()
        now = monotonic()
        arrival = self._recovery.take(packet, now) if isinstance(stream, VideoCounter) else Arrival.NEW
        if arrival is Arrival.NEW:
            stream.take(packet, now)
        elif arrival is Arrival.FILLS or arrival is Arrival.RECOVERED:
            stream.take_late(packet)

    def _adopt(self, packet: bytes) -> StreamCounter | None:
        """A stream that the answer did not announce says by its mid which slot it is for (RFC 8843 section 9.2)."""
        header = parse_header(packet)
        if header is None or not self._mid_extension or len(self._streams) >= _MOST_STREAMS:
            return None
        slot = self._by_mid.get(header_extensions(packet, header).get(self._mid_extension, b""))
        if slot is None:
            return None
        stream = self._streams[header.ssrc] = self._counters[slot]
        return stream

    def _take_rtcp(self, data: bytes) -> None:
        now = monotonic()
        try:
            wanted = self._feedback.take(data, self._streams, now)
        except ValueError:
            return
        for ssrc, sequence in packets_missing(data):
            player = next((p for p in self._players.values() if p.ssrc == ssrc), None)
            if player is not None and (packet := player.again(sequence)):
                self._line.send_rtp(packet)
        restarted = [p.restart(now) for p in (self._picture, self._screen) if p.ssrc in wanted]
        if any(restarted):
            self._pump()
