"""The media engine of one node: legs in, legs out, slots assigned, links sampled. The shell around the rest."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

import structlog

from bridge.media.admission import check_codecs, check_room, reserved_kbps
from bridge.media.answer import Local, write_answer
from bridge.media.ceilings import Ceilings
from bridge.media.dtls import DtlsFailed, DtlsLink, IcePipe, NodeCertificate
from bridge.media.fanout import Fanout
from bridge.media.forwarding import ForwardingTable, Stream
from bridge.media.ice import IceLite
from bridge.media.ingress import Ingress
from bridge.media.keyframes import KeyframeRequests
from bridge.media.layers import MIDDLE_PIXELS
from bridge.media.leg import KEPT_SECONDS, SILENT_SECONDS, Leg, LegState
from bridge.media.outbox import Outbox
from bridge.media.restart import Way, check_restart
from bridge.media.sampling import Meter
from bridge.media.sdp import check_slots, parse_offer
from bridge.media.stats import EngineStats, totals
from bridge.media.taps import Taps
from bridge.media.transport import UdpPort
from bridge.media.upkeep import TICK_SECONDS, Upkeep
from bridge.media.voices import Voices
from core.clock import Clock
from core.errors import Conflict, Unavailable
from core.model import CameraLevel, ConferenceId, LegId, LinkSample, ParticipantId, SlotName, Track
from core.session_messages import PictureLimit
from core.settings import Limits

log = structlog.get_logger("media")

TICKS_PER_LOOK = 3
"""From one look at whether a leg was heard to the next; one that was not is looked at each time."""
CONNECT_SECONDS = 20.0
"""From the answer to the first proved address."""
FRAME_SECONDS = 0.01
"""How long packets of a frame wait for the rest of it before they go out."""

__all__ = ["EngineStats", "LegState", "MediaEngine"]


class MediaEngine:
    """One UDP port and all legs on it. Everything happens on the event loop that called `start`.

    `host` is what the port binds to, `addresses` what clients are told, port 0 lets the machine choose. `on_leg` is
    called when a leg becomes connected, silent, failed or closed by its other side, with a reason in words; never
    from within a call to the engine. A failed leg stays until `close_leg`; one that is silent is reported connected
    again when it is heard, or failed when it is not. `on_demand` is called when other simulcast layers (by rid) of a
    leg's camera are received than before; None: all, or none at all. `on_paused` is called when the slots change whose
    picture a leg's line cannot carry, with all of them.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        addresses: Sequence[str],
        clock: Clock,
        limits: Limits,
        on_leg: Callable[[LegId, LegState, str], None],
        on_demand: Callable[[LegId, tuple[str, ...] | None], None] = lambda leg, layers: None,
        on_paused: Callable[[LegId, frozenset[SlotName]], None] = lambda leg, slots: None,
    ) -> None:
        if not addresses:
            raise ValueError("a media node must advertise at least one address")
        self.port = port
        self._host = host
        self._addresses = tuple(addresses)
        self._clock = clock
        self._limits = limits
        self._on_leg = on_leg
        self._certificate = NodeCertificate.generateCertificate()
        self._fingerprint = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        self._cname = secrets.token_hex(8)
        self._legs: dict[LegId, Leg] = {}
        self._tasks: dict[Leg, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._ice: IceLite[Leg] = IceLite()
        self._fanout = Fanout(self._post)
        self._table = ForwardingTable(self._fanout.send, self._hold_frame)
        self._ingress = Ingress(clock, self._ice, self._table, self._fanout, KeyframeRequests[Stream]())
        self._upkeep = Upkeep(self._ingress, self._cname, on_demand, on_paused)
        self._voices = Voices()
        self.taps = Taps(self._table, self._ingress.switchboard, self._voices.sounds_for)
        self._socket: UdpPort | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._frame_timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Binds the port and begins to serve; raises `OSError` when it is taken."""
        self._socket = self._ingress.port = UdpPort.bind(self._host, self.port, self._ingress.datagram)
        self.port = self._socket.port
        self._socket.open()
        self._ticker = asyncio.create_task(self._tick_forever(), name="media-ticker")

    async def stop(self) -> None:
        """Closes all legs, saying goodbye to each, and frees the port. Harmless when not started."""
        for leg in tuple(self._legs):
            self.close_leg(leg, "the node stops")
        while self._closing:
            await asyncio.wait(tuple(self._closing))
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
            self._ticker = None
        if self._frame_timer is not None:
            self._frame_timer.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def open_leg(
        self,
        leg: LegId,
        conference: ConferenceId,
        participant: ParticipantId,
        *,
        sdp: str,
        receive: Mapping[str, SlotName],
        send: Mapping[str, Track],
        ceilings: Ceilings | None = None,
    ) -> str:
        """Answers an offer whose m-lines (by mid) are what `receive` and `send` say; the leg then connects by itself.

        Raises `BadInput` (`sdp.*`), `Unavailable` (`node.full`, `node.stopped`).
        """
        if self._socket is None:
            raise Unavailable("node.stopped", "The media node is not running.")
        # Who comes back while the old leg is not over yet takes its own place again.
        mine = (conference, participant)
        others = [leg.reserved_kbps for leg in self._legs.values() if (leg.conference, leg.participant) != mine]
        check_room(self._limits, others, reserved_kbps(receive.values(), ceilings))
        offer = parse_offer(sdp, self._limits)
        check_slots(offer, receive, send)
        check_codecs(offer, send, [leg.takes for leg in self._legs.values() if leg.conference == conference])
        self.close_leg(leg, "replaced")
        pipe = IcePipe(self._socket.send)
        ended = asyncio.Event()
        link = DtlsLink(self._certificate, pipe, ended.set)
        now = self._clock.monotonic()
        new = Leg(
            leg,
            conference,
            participant,
            offer,
            dict(receive),
            dict(send),
            pipe,
            link,
            Meter(now),
            heard_at=now,
            ended=ended,
            ceilings=ceilings or {},
        )
        answer = self._answer(new, new.ways.current)
        self._legs[leg] = new
        self._tasks[new] = asyncio.create_task(self._run(new), name="media-leg")
        return answer

    def restart_ice(self, leg: LegId, sdp: str) -> str:
        """Answers a new offer of the same connection with new credentials; the old ones hold until it has moved.

        Nothing of the leg changes but its way. Raises `Conflict` (`media.no_leg`), `BadInput` (`sdp.*`).
        """
        found = self._legs.get(leg)
        if found is None or found.state in (LegState.FAILED, LegState.CLOSED):
            raise Conflict("media.no_leg", "There is no such media connection any more: offer a new one.")
        offer = parse_offer(sdp, self._limits)
        check_restart(found.offer, offer, [*found.receive, *found.send])
        way, given_up = found.ways.offer(offer.credentials)
        if given_up is not None:
            self._ice.forget(given_up.local)
        log.info("leg_restarting", leg=leg, way=way.number)
        return self._answer(found, way)

    def _answer(self, leg: Leg, way: Way) -> str:
        self._ice.expect(way.local, way.remote.ufrag, leg)
        local = Local(
            self._addresses,
            self.port,
            way.local,
            self._fingerprint,
            leg.slot_ssrcs,
            self._cname,
            leg.rtx_ssrcs,
            way.number,
        )
        return write_answer(leg.offer, leg.receive, leg.send, local)

    def close_leg(self, leg: LegId, reason: str = "") -> None:
        """Ends a leg and forgets its addresses; `on_leg` is not called for it any more. Harmless when unknown."""
        found = self._legs.pop(leg, None)
        if found is None:
            return
        log.info("leg_closed", leg=leg, reason=reason)
        self._release(found)
        task = self._tasks.pop(found)
        task.cancel()
        self._own(self._finish(found, task))

    def assign(self, leg: LegId, slots: Mapping[SlotName, ParticipantId | None]) -> None:
        """The whole slot map of a leg, by participants of its conference; a slot not named shows nothing.

        A participant without a connected leg is shown from when it has one. Unknown legs are ignored.
        """
        found = self._legs.get(leg)
        if found is not None:
            found.assigned = slots
            self._connect_slots(found)

    def set_ceilings(self, leg: LegId, ceilings: Ceilings) -> None:
        """The largest pictures that a leg is sent from now on. Unknown legs are ignored."""
        if found := self._legs.get(leg):
            found.keep_below(ceilings)

    def set_microphones(
        self, conference: ConferenceId, reserved: Sequence[ParticipantId | None], others: Sequence[ParticipantId]
    ) -> None:
        """Whose microphones are open; from then on who is heard in a conference is decided here, not by `assign`.

        Sound slots 1.. are those of `reserved` (None: not needed now); the rest go to the loudest of `others`.
        """
        if self._voices.open(conference, reserved, others):
            self._connect_sound([conference])

    def heard(self, conference: ConferenceId) -> tuple[ParticipantId, ...]:
        """Whose microphones are heard in a conference now, as far as `set_microphones` decides that."""
        return self._voices.heard(conference)

    def _connect_slots(self, leg: Leg) -> None:
        slots = self._voices.merged(leg, leg.assigned) if leg.state is not LegState.SILENT else {}
        self._ingress.switchboard.assign(leg, slots, self._clock.monotonic())

    def _connect_sound(self, conferences: Sequence[ConferenceId]) -> None:
        for leg in self._legs.values():
            if leg.conference in conferences:
                self._connect_slots(leg)

    def set_camera_levels(self, conference: ConferenceId, levels: Mapping[ParticipantId, CameraLevel]) -> None:
        """What participants' cameras were told to send; one that is OFF is not asked for key frames."""
        self._ingress.switchboard.set_levels(conference, levels)

    def is_awaited(self, leg: LegId) -> bool:
        """Whether somebody is shown the leg's camera only until the picture of another comes."""
        found = self._legs.get(leg)
        return found is not None and self._ingress.switchboard.is_awaited(found)

    def limit_pictures(self, leg: LegId, limit: PictureLimit) -> None:
        """What pictures to and from a leg may be at most, whatever its line carries. Unknown legs are ignored."""
        if found := self._legs.get(leg):
            found.cap = {PictureLimit.FULL: None, PictureLimit.LOWER: MIDDLE_PIXELS, PictureLimit.SOUND: 0}[limit]

    def samples(self, without: Collection[LegId] = ()) -> list[LinkSample]:
        """One sample per connected leg but those named, over the time since the last call."""
        taken = [self.sample(leg) for leg in self._legs if leg not in without]
        return [sample for sample in taken if sample is not None]

    def sample(self, leg: LegId) -> LinkSample | None:
        """A sample of one leg over the time since its last; None when it is not connected."""
        found = self._legs.get(leg)
        if found is None:
            return None
        self._count_sent(found)
        if found.state is not LegState.CONNECTED:
            return None
        who = {"conference": found.conference, "participant": found.participant, "leg": leg, "at": self._clock.now()}
        return LinkSample.model_validate(who | found.sample(self._clock.monotonic()))

    def try_out(self, leg: LegId, bps: int) -> None:
        """The leg's line is tested: it may send so much, and gets its pictures whatever that does to the line."""
        if found := self._legs.get(leg):
            found.uplink.allow(bps)
            found.tried_out = True

    def load(self, leg: LegId, octets: int) -> int:
        """Sends a leg so much of its picture's newest packets once more, to try its line; returns what was sent."""
        found = self._legs.get(leg)
        return self._ingress.load(found, octets) if found is not None and found.secured else 0

    def stats(self) -> EngineStats:
        """The engine's totals."""
        return totals(self._legs.values(), self._ingress, self._fanout, self._socket)

    async def _run(self, leg: Leg) -> None:
        try:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await leg.proved.wait()
            except TimeoutError:
                raise DtlsFailed("no address of the endpoint could reach the node") from None
            await leg.link.connect(leg.offer.fingerprints, server=leg.offer.setup != "passive")
        except DtlsFailed as failure:
            self._release(leg)
            self._change(leg, LegState.FAILED, str(failure))
            return
        except Exception:
            log.exception("media_handshake_failed", leg=leg.id)
            self._release(leg)
            self._change(leg, LegState.FAILED, "the connection failed in the node")
            return
        leg.heard_at = self._clock.monotonic()
        leg.secure()
        self._ingress.switchboard.connect(leg)
        self._change(leg, LegState.CONNECTED, "")
        await leg.ended.wait()
        self._release(leg)
        self._change(leg, LegState.CLOSED, "closed by the other side")

    def _change(self, leg: Leg, state: LegState, reason: str) -> None:
        log.info("leg_changed", leg=leg.id, old=leg.state, new=state, reason=reason)
        leg.state = state
        try:
            self._on_leg(leg.id, state, reason)
        except Exception:
            log.exception("leg_listener_failed", leg=leg.id)

    def _release(self, leg: Leg) -> None:
        """Nothing goes to the leg and nothing is taken from it any more."""
        for way in leg.ways.all:
            self._ice.forget(way.local)
        self._ingress.switchboard.disconnect(leg)
        self._ingress.forget(leg)
        leg.clear()

    async def _finish(self, leg: Leg, task: asyncio.Task[None]) -> None:
        await asyncio.wait([task])
        await leg.link.close()

    def _own(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="media-leg-end")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _post(self, box: Outbox) -> None:
        if self._socket is not None:
            self._socket.post(box)

    def _hold_frame(self) -> None:
        if self._frame_timer is None:
            self._frame_timer = asyncio.get_running_loop().call_later(FRAME_SECONDS, self._flush_held)

    def _flush_held(self) -> None:
        self._frame_timer = None
        self._table.flush_held(self._clock.monotonic())

    async def _tick_forever(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            turn += 1
            try:
                self._tick(turn)
            except Exception:
                log.exception("media_tick_failed")

    def _tick(self, turn: int) -> None:
        now = self._clock.monotonic()
        self._ingress.repeat_keyframe_requests(now)
        self._ingress.switchboard.resolve_all(now)
        self.taps.resolve(now)
        if changed := self._voices.choose(self._legs.values(), now):
            self._connect_sound(changed)
        for index, leg in enumerate(tuple(self._legs.values())):
            if not leg.secured:
                continue
            if (index + turn) % TICKS_PER_LOOK == 0 or leg.state is LegState.SILENT:
                self._watch_silence(leg, now)
            if leg.state is LegState.SILENT:
                continue
            self._upkeep.tick(leg, now, index + turn)

    def _watch_silence(self, leg: Leg, now: float) -> None:
        """Whoever has not been heard for long is not sent to either (RFC 7675), but keeps its leg for a while."""
        silent_for = now - leg.heard_at
        if silent_for > KEPT_SECONDS:
            self._release(leg)
            self._change(leg, LegState.FAILED, "silent")
        elif leg.state is LegState.CONNECTED and silent_for > SILENT_SECONDS:
            self._change(leg, LegState.SILENT, "silent")
            self._connect_slots(leg)
        elif leg.state is LegState.SILENT and silent_for <= SILENT_SECONDS:
            self._change(leg, LegState.CONNECTED, "heard again")
            self._connect_slots(leg)

    @staticmethod
    def _count_sent(leg: Leg) -> None:
        """Media octets are counted by the timelines; 28 more per packet are RTP's header and SRTP's tag."""
        total = 0
        for slot in leg.slots.values():
            packets, octets = slot.sent
            total += octets + 28 * packets
        leg.meter.bytes_out += total - leg.sent_counted
        leg.sent_counted = total
