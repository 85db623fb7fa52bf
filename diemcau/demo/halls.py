"""A virtual hall: a signaling client and a headless endpoint, doing what an operator's page does."""

from __future__ import annotations

import asyncio

import structlog

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.endpoint.figures import figures_between
from core.errors import DiemcauError
from core.model import Model, ParticipantId, SlotName, point_participant
from core.session_messages import LegStatus, PublishDirective, Reconnect
from signaling.client import SignalingClient
from signaling.protocol import ServerMessage, Welcome

log = structlog.get_logger("hall")

_RETRY_SECONDS = 1.0
_REPORT_SECONDS = 2.0


class HallLink(Model):
    """What a hall was sent by the organizer."""

    point: str
    name: str
    token: str


class SlotFigures(Model):
    """What one slot of one hall has received."""

    packets: int
    expected: int
    sequence_jumps: int
    picture_id_jumps: int


class HallFigures(Model):
    """What one hall has received, and whose picture its stage shows since when (monotonic seconds)."""

    connected: bool
    stage_of: ParticipantId | None
    stage_since: float | None
    slots: dict[SlotName, SlotFigures]
    sent: int


class VirtualHall:
    """Joins with its link and stays: a lost line or server is found again without a person."""

    def __init__(self, point: str, client: SignalingClient, clips: ClipLibrary) -> None:
        self.participant = point_participant(point)
        self._clips = clips
        self.client = client
        self._endpoint: MediaEndpoint | None = None
        self._slots: tuple[SlotName, ...] = ()
        self._publish = PublishDirective.model_validate({"microphone": False, "camera": "off"})
        self._media_wanted = asyncio.Event()
        self._way_wanted = False

    @property
    def connected(self) -> bool:
        """Whether its media is connected."""
        return self._endpoint is not None and self._endpoint.connected

    async def run(self, gate: asyncio.Semaphore) -> None:
        """Stays in the conference until it ends; `gate` bounds how many halls connect at once."""
        try:
            async with asyncio.TaskGroup() as group, self.client:
                media = group.create_task(self._keep_media(gate))
                reports = group.create_task(self._keep_reporting())
                async for message in self.client:
                    self._on_message(message)
                media.cancel()
                reports.cancel()
        except* DiemcauError as errors:
            log.warning("hall_out", codes=[e.code for e in errors.exceptions if isinstance(e, DiemcauError)])
        finally:
            await self._close_media()

    async def leave(self) -> None:
        """Says goodbye."""
        await self.client.leave()

    def figures(self) -> HallFigures:
        """What it has received so far on its present connection."""
        received = self._endpoint.received() if self._endpoint else {}
        stage = received.get(SlotName.STAGE)
        return HallFigures(
            connected=self.connected,
            stage_of=stage.last_key_frame_of if stage else None,
            stage_since=stage.shown_since if stage else None,
            slots={
                slot: SlotFigures(
                    packets=r.packets,
                    expected=r.expected,
                    sequence_jumps=r.sequence_jumps,
                    picture_id_jumps=r.picture_id_jumps,
                )
                for slot, r in received.items()
                if r.packets
            },
            sent=sum(s.packets for s in self._endpoint.sent().values()) if self._endpoint else 0,
        )

    def _on_message(self, message: ServerMessage) -> None:
        match message:
            case Welcome(resumed=False, slots=slots):
                self._slots = tuple(slots)
                self._media_wanted.set()
            case PublishDirective():
                self._publish = message
                if self._endpoint is not None:
                    self._endpoint.publish(message.microphone, message.camera, message.content)
            case LegStatus(state="silent") | Reconnect():
                self._way_wanted = True
                self._media_wanted.set()
            case LegStatus(state="failed"):
                self._media_wanted.set()
            case _:
                pass

    async def _keep_media(self, gate: asyncio.Semaphore) -> None:
        while True:
            await self._until_media_is_wanted()
            try:
                async with gate:
                    if not await self._way_restarted():
                        await self._connect_media()
            except DiemcauError as error:
                log.warning("hall_media", code=error.code)
                await asyncio.sleep(_RETRY_SECONDS)
                self._media_wanted.set()

    async def _keep_reporting(self) -> None:
        """Says each 2 s what came since the reading before, as a page does."""
        loop = asyncio.get_running_loop()
        read = None
        while True:
            endpoint = self._endpoint
            if endpoint is None or not endpoint.connected:
                read = None
            else:
                now, received = loop.time(), endpoint.received()
                if read is not None and read[0] is endpoint and now > read[1]:
                    await self.client.report(figures_between(read[2], received, now - read[1]))
                read = endpoint, now, received
            await asyncio.sleep(_REPORT_SECONDS)

    async def _until_media_is_wanted(self) -> None:
        waits = [asyncio.create_task(self._media_wanted.wait())]
        if self._endpoint is not None:
            waits.append(asyncio.create_task(self._endpoint.lost.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._media_wanted.clear()

    async def _way_restarted(self) -> bool:
        """Tries another way for the connection that there is; False when a new one is needed."""
        wanted, self._way_wanted = self._way_wanted, False
        if not wanted or not self.connected or self._endpoint is None:
            return False
        try:
            answer = await self.client.restart_media(self._endpoint.restart_offer())
            await self._endpoint.restart(answer)
        except DiemcauError as error:
            log.info("hall_restart", code=error.code)
            return False
        return True

    async def _connect_media(self) -> None:
        await self._close_media()
        endpoint = self._endpoint = MediaEndpoint(self.participant, self._slots, self._clips, host="127.0.0.1")
        sdp, receive, send = endpoint.offer()
        answer = await self.client.connect_media(sdp, receive, send)
        endpoint.publish(self._publish.microphone, self._publish.camera, self._publish.content)
        await endpoint.connect(answer)

    async def _close_media(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.close()
