"""The forwarding table: which incoming stream goes to which slots. Rules change it; packets only walk through it.

Slots that show the same and always did are one `Cohort`: they share a timeline, so that a packet is rewritten
once for all of them and only the SSRC and the encryption differ. A switch of the whole cohort moves it; a
switch of some members forks it. Slots never seen before join a cohort at a key frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol, TypeAlias

from pylibsrtp import Session

from bridge.media.arrivals import Arrivals
from bridge.media.batches import batches_of
from bridge.media.history import SentPackets
from bridge.media.layers import Rate
from bridge.media.reception import Reception
from bridge.media.retransmission import Retransmissions
from bridge.media.rtp import sequence_distance
from bridge.media.slots import MediaPacket, Placed, Segment, Timeline
from bridge.media.vp8 import PictureIds
from core.model import SlotName, Track

MAX_FRAME_PACKETS = 40
MAX_FRAME_BYTES = 45_000
JOIN_BELOW = 0xC000
"""A new receiver joins a timeline only well before its sequence numbers wrap (RFC 3711 section 3.3.1)."""
RECENT_PACKETS = 64
"""Kept while somebody waits for a key frame: its first packet may have been lost and come again after the others."""
LATE_SECONDS = 1.0
"""How long packets of the source before a switch are still passed on."""


Sink: TypeAlias = Callable[[Sequence[Placed]], None]
"""Takes a frame's packets, or a late one, inside the node."""


class Route(Protocol):
    """How to reach a receiver: its current address, and the SRTP session to it."""

    @property
    def address(self) -> tuple[object, ...]: ...

    @property
    def sending(self) -> Session: ...


@dataclass(eq=False, slots=True)
class Slot:
    """One receive position of a connected leg."""

    name: SlotName
    ssrc: int
    payload_type: int
    clock_rate: int
    route: Route
    others: Mapping[str, int] = field(default_factory=dict)
    """Payload types of the codecs that it takes besides VP8 or Opus."""
    send_time: int = 0
    """Id of the header extension abs-send-time; 0 when it was not negotiated."""
    allowed: int | None = None
    """The most pixels that it may show, 0 for no picture at all; None: as many as there are."""
    strict: bool = False
    """Nothing larger than `allowed` begins in it, even where nothing smaller comes (yet)."""
    again: Retransmissions | None = None
    """None when it was not negotiated that losses are answered."""
    sink: Sink | None = None
    """Takes the packets instead of the route; such a slot shares its cohort with nobody."""
    ssrc_bytes: bytes = field(init=False)
    cohort: Cohort | None = None
    target: Stream | None = None
    """What it shall show; it shows it from that stream's next key frame on."""
    _past: tuple[int, int] = (0, 0)
    _joined: tuple[int, int] = (0, 0)
    _holes: int = 0

    def __post_init__(self) -> None:
        self.ssrc_bytes = self.ssrc.to_bytes(4, "big")

    @property
    def sent(self) -> tuple[int, int]:
        """Packets and payload octets sent on this SSRC so far."""
        if self.cohort is None:
            return self._past
        timeline = self.cohort.timeline
        return (
            self._past[0] + timeline.packets - self._joined[0],
            self._past[1] + timeline.octets - self._joined[1],
        )

    def new_holes(self) -> int:
        """How many more packets than at the last call it was not sent though its numbers count them.

        Their source lost them, or they are late; below 0 where late ones were sent since.
        """
        if self.cohort is None:
            return 0
        before, self._holes = self._holes, self.cohort.timeline.holes
        return self._holes - before

    def that_were_sent(self, sequences: Iterable[int]) -> list[int]:
        """Those of its numbers under which a packet went out: of the others its source's line lost the packet."""
        return [] if self.cohort is None else [each for each in sequences if self.cohort.sent.was_sent(each)]

    @property
    def jitter_before_ms(self) -> float:
        """What the packets that it shows had when they came to the node."""
        stream = self.cohort.stream if self.cohort is not None else None
        return stream.reception.jitter_ms if stream is not None else 0.0

    def payload_type_for(self, stream: Stream) -> int | None:
        """The payload type under which it gets `stream`; None when it cannot take its codec."""
        return self.payload_type if stream.codec is None else self.others.get(stream.codec)

    def can_share(self, other: Slot) -> bool:
        """Whether both can be members of one cohort whatever it shows."""
        same = (self.payload_type, self.send_time) == (other.payload_type, other.send_time)
        return same and self.others == other.others and self.sink is None and other.sink is None

    def enter(self, cohort: Cohort | None) -> None:
        """Leaves its cohort and becomes a member of another."""
        if self.cohort is not None:
            self._past = self.sent
            del self.cohort.members[self]
        self.cohort = cohort
        if cohort is not None:
            cohort.members[self] = None
            self._joined = (cohort.timeline.packets, cohort.timeline.octets)
            self._holes = cohort.timeline.holes


@dataclass(eq=False, slots=True)
class Stream:
    """One incoming RTP stream: one layer of a camera, or a microphone."""

    ssrc: int
    track: Track
    clock_rate: int
    reception: Reception
    arrivals: Arrivals = field(default_factory=Arrivals)
    repairable: bool = False
    """Its sender takes NACKs."""
    repaired_apart: bool = False
    """Its retransmissions come on a stream of their own."""
    rate: Rate = field(default_factory=Rate)
    pixels: int = 0
    largest: int = 0
    """The most pixels that it had so far: an encoder that has little to spend makes the same layer smaller."""
    last_packet_at: float = 0.0
    cohorts: list[Cohort] = field(default_factory=list)
    waiting: dict[Slot, None] = field(default_factory=dict)
    recent: deque[MediaPacket] = field(default_factory=lambda: deque(maxlen=RECENT_PACKETS))
    echoes: list[tuple[Cohort, Segment, float]] = field(default_factory=list)
    pictures: PictureIds = field(default_factory=PictureIds)
    level_id: int = 0
    """Id of the header extension that tells a microphone's level (RFC 6464); 0 when it does not."""
    level: int = 127
    """The loudest since it was last looked at, in -dBov."""
    codec: str | None = None
    """None: VP8 or Opus; else as `H264Format.codec` says."""
    rid: str = ""
    """Which layer of its picture it is; empty when there is only one."""


@dataclass(eq=False, slots=True)
class Cohort:
    """Slots with one timeline; `stream` is None while they show nothing."""

    timeline: Timeline
    stream: Stream | None = None
    members: dict[Slot, None] = field(default_factory=dict)
    sent: SentPackets = field(default_factory=SentPackets)
    sink: Sink | None = None
    frame: list[Placed] = field(default_factory=list)
    frame_timestamp: int = 0
    frame_bytes: int = 0
    parked: Cohort | None = None
    """Members that left this one to show nothing, at this one's present state."""


class ForwardingTable:
    """Holds the cohorts. `send` gets finished frames in batches; `hold` is called when a frame waits for its rest."""

    def __init__(self, send: Callable[[list[list[Placed]], Collection[Slot]], None], hold: Callable[[], None]) -> None:
        self._send = send
        self._hold = hold
        self._held: dict[Cohort, None] = {}

    def retarget(self, slot: Slot, stream: Stream | None) -> bool:
        """Makes `slot` show `stream` from its next key frame on (None: nothing, at once).

        The old picture flows until then. True: it waits, so ask for a key frame. A stream of a codec that the slot
        does not take counts as None.
        """
        if stream is not None and slot.payload_type_for(stream) is None:
            stream = None
        if slot.target is stream:
            return False
        if slot.target is not None:
            slot.target.waiting.pop(slot, None)
        slot.target = stream
        if stream is None:
            self._park(slot)
            return False
        if slot.cohort is not None and slot.cohort.stream is stream:
            return False
        stream.waiting[slot] = None
        return True

    def remove(self, slot: Slot) -> None:
        """The slot is over."""
        if slot.target is not None:
            slot.target.waiting.pop(slot, None)
        cohort, slot.target = slot.cohort, None
        slot.enter(None)
        self._tidy(cohort)

    def end(self, stream: Stream) -> None:
        """The stream is over; its slots show nothing until they get another target."""
        for slot in stream.waiting:
            slot.target = None
        for cohort in stream.cohorts:
            self.flush(cohort)
            cohort.stream = None
            for slot in cohort.members:
                if slot.target is stream:
                    slot.target = None
        stream.cohorts.clear()
        stream.waiting.clear()
        stream.echoes.clear()

    def forward(self, stream: Stream, packet: MediaPacket) -> None:
        """Passes on a packet of `stream`: this is the hot path, once per incoming packet."""
        fresh: list[Cohort] = []
        if stream.waiting:
            if packet.starts_key_frame and packet.payload:
                fresh = self._admit(stream, packet)
            else:
                stream.recent.append(packet)
        for cohort in stream.cohorts:
            self._push(cohort, packet)
        if fresh:
            self._catch_up(stream, packet, fresh)
        if stream.echoes:
            self._echo(stream, packet)

    def flush(self, cohort: Cohort, at: float | None = None) -> None:
        """Sends what the cohort's frame has so far; `at` is now, by default when its newest packet came."""
        self._held.pop(cohort, None)
        if cohort.frame:
            frame, cohort.frame, cohort.frame_bytes = cohort.frame, [], 0
            self._emit(cohort, frame, cohort.timeline.at or 0.0 if at is None else at)

    def flush_held(self, now: float) -> None:
        """Sends all unfinished frames: the rest takes too long."""
        for cohort in tuple(self._held):
            self.flush(cohort, now)

    def _emit(self, cohort: Cohort, frame: list[Placed], at: float) -> None:
        if cohort.sink is not None:
            cohort.sink(frame)
            return
        batches = batches_of(frame, cohort.timeline.send_time, at)
        remember = cohort.sent.add
        for batch in batches:
            for placed in batch:
                remember(placed, at)
        self._send(batches, cohort.members)

    def _push(self, cohort: Cohort, packet: MediaPacket) -> None:
        if not packet.payload:
            cohort.timeline.skip(packet)
            return
        placed = cohort.timeline.place(packet)
        if placed is not None:
            self._collect(cohort, placed, packet)

    def _collect(self, cohort: Cohort, placed: Placed, packet: MediaPacket) -> None:
        if cohort.frame and packet.timestamp != cohort.frame_timestamp:
            if cohort.timeline.is_behind(packet):
                self._emit(cohort, [placed], packet.at)
                return
            self.flush(cohort)
        cohort.frame.append(placed)
        cohort.frame_timestamp = packet.timestamp
        cohort.frame_bytes += len(placed[1])
        full = len(cohort.frame) >= MAX_FRAME_PACKETS or cohort.frame_bytes >= MAX_FRAME_BYTES
        if packet.marker or full or (packet.vp8 is None and packet.h264_start is None):
            self.flush(cohort)
        elif cohort not in self._held:
            self._held[cohort] = None
            self._hold()

    def _admit(self, stream: Stream, packet: MediaPacket) -> list[Cohort]:
        groups: dict[Cohort, list[Slot]] = {}
        newcomers: list[Slot] = []
        for slot in stream.waiting:
            if slot.cohort is None:
                newcomers.append(slot)
            else:
                groups.setdefault(slot.cohort, []).append(slot)
        stream.waiting.clear()
        moved = [self._move(cohort, slots, stream, packet) for cohort, slots in groups.items()]
        return moved + [cohort for slot in newcomers if (cohort := self._join(slot, stream, packet)) is not None]

    def _move(self, cohort: Cohort, slots: list[Slot], stream: Stream, packet: MediaPacket) -> Cohort:
        """The slots of one cohort go over to `stream` together."""
        self.flush(cohort)
        before, segment = cohort.stream, cohort.timeline.segment
        if len(slots) < len(cohort.members):
            cohort = Cohort(cohort.timeline.fork(), sent=cohort.sent.copy())
            for slot in slots:
                slot.enter(cohort)
        elif before is not None:
            before.cohorts.remove(cohort)
        cohort.timeline.begin(packet)
        cohort.timeline.payload_type = slots[0].payload_type_for(stream) or 0
        cohort.stream, cohort.parked = stream, None
        stream.cohorts.append(cohort)
        if before is not None and segment is not None and before.codec == stream.codec:
            ended = replace(segment, offsets=list(segment.offsets))
            before.echoes.append((cohort, ended, packet.at + LATE_SECONDS))
        return cohort

    def _join(self, slot: Slot, stream: Stream, packet: MediaPacket) -> Cohort | None:
        """A slot that showed nothing yet joins others; returns the cohort if it had to be made."""
        for cohort in stream.cohorts:
            timeline = cohort.timeline
            if timeline.sequence < JOIN_BELOW and all(slot.can_share(member) for member in islice(cohort.members, 1)):
                self.flush(cohort)
                slot.enter(cohort)
                return None
        cohort = Cohort(Timeline(slot.payload_type_for(stream) or 0, slot.clock_rate, slot.send_time), stream)
        cohort.sink = slot.sink
        cohort.timeline.begin(packet)
        stream.cohorts.append(cohort)
        slot.enter(cohort)
        return cohort

    def _catch_up(self, stream: Stream, start: MediaPacket, cohorts: list[Cohort]) -> None:
        """What overtook the first packet of the key frame."""
        overtaken = [p for p in stream.recent if sequence_distance(p.sequence, start.sequence) > 0]
        for packet in sorted(overtaken, key=lambda p: sequence_distance(p.sequence, start.sequence)):
            for cohort in cohorts:
                self._push(cohort, packet)
        stream.recent.clear()

    def _echo(self, stream: Stream, packet: MediaPacket) -> None:
        stream.echoes = [echo for echo in stream.echoes if echo[2] > packet.at and echo[0].stream is not stream]
        for cohort, ended, _ in stream.echoes:
            placed = cohort.timeline.place_late(packet, ended) if packet.payload else None
            if placed is not None:
                self._emit(cohort, [placed], packet.at)

    def _park(self, slot: Slot) -> None:
        cohort = slot.cohort
        if cohort is None or cohort.stream is None:
            return
        self.flush(cohort)
        parked = cohort.parked
        if parked is None or parked.stream is not None or not parked.timeline.same_as(cohort.timeline):
            parked = cohort.parked = Cohort(cohort.timeline.fork(), sent=cohort.sent.copy(), sink=cohort.sink)
        slot.enter(parked)
        self._tidy(cohort)

    def _tidy(self, cohort: Cohort | None) -> None:
        if cohort is not None and not cohort.members:
            self._held.pop(cohort, None)
            if cohort.stream is not None:
                cohort.stream.cohorts.remove(cohort)
                cohort.stream = None


def members_of(streams: Iterable[Stream]) -> int:
    """How many slots get something of `streams`."""
    return sum(len(cohort.members) for stream in streams for cohort in stream.cohorts)
