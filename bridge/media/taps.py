"""Taps: consumers of slots inside the node, which take packets as they are instead of encrypted on the wire.

A tap's slots are ordinary members of the forwarding table, in cohorts of their own: the data path asks once per
frame whether a cohort has a sink. They show the best layer that arrives, and hold no source back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pylibsrtp import Session

from bridge.media.forwarding import ForwardingTable, Sink, Slot, Stream
from core.model import ConferenceId, ParticipantId, SlotName, Track

VP8_TYPE, OPUS_TYPE = 96, 111
H264_TYPES = {"h264-42": 102, "h264-4d": 103, "h264-64": 104}

RECORDER = ParticipantId("recorder")
"""Whom a tap counts as: it is no member of its conference."""

Find = Callable[[ConferenceId, ParticipantId, Track], Stream | None]
Hear = Callable[["Tap"], Mapping[SlotName, ParticipantId | None]]


class _NoLine:
    """The route of a slot that sends nothing."""

    address = ("", 0)
    sending = Session()


@dataclass(eq=False)
class Tap:
    """One consumer; `sinks` get each slot's packets, as heads (8 bytes of RTP header) and payloads."""

    conference: ConferenceId
    slots: dict[SlotName, Slot]
    participant: ParticipantId = RECORDER
    wanted: dict[SlotName, ParticipantId] = field(default_factory=dict)

    @staticmethod
    def of(conference: ConferenceId, sinks: Mapping[SlotName, Sink]) -> Tap:
        """A tap that shows nothing yet."""
        line = _NoLine()
        slots = {}
        for name, sink in sinks.items():
            sound = name.track is Track.MICROPHONE
            kind, rate = (OPUS_TYPE, 48_000) if sound else (VP8_TYPE, 90_000)
            slots[name] = Slot(name, 0, kind, rate, line, {} if sound else dict(H264_TYPES), sink=sink)
        return Tap(conference, slots)


class Taps:
    """All taps of a node.

    `find` names a participant's best stream, `ask` asks for a key frame, `hear` says whom a tap's sound slots get.
    """

    def __init__(self, table: ForwardingTable, find: Find, ask: Callable[[Stream], None], hear: Hear) -> None:
        self._table = table
        self._find = find
        self._ask = ask
        self._hear = hear
        self._taps: dict[Tap, None] = {}

    def add(self, tap: Tap) -> None:
        """Its slots are served from the next `resolve` on."""
        self._taps[tap] = None

    def remove(self, tap: Tap) -> None:
        """Nothing goes to its sinks any more; harmless when unknown."""
        if self._taps.pop(tap, tap) is None:
            for slot in tap.slots.values():
                self._table.remove(slot)

    def wants(self, conference: ConferenceId, participant: ParticipantId) -> bool:
        """Whether a tap shows this participant."""
        return any(tap.conference == conference and participant in tap.wanted.values() for tap in self._taps)

    def resolve(self) -> None:
        """Points slots at the streams that there are; call it a few times a second."""
        for tap in self._taps:
            wanted = {**tap.wanted, **self._hear(tap)}
            for name, slot in tap.slots.items():
                self._point(tap.conference, wanted.get(name), slot)

    def ask_keyframe(self, tap: Tap, name: SlotName) -> None:
        """The consumer cannot go on with a slot before a key frame."""
        cohort = tap.slots[name].cohort
        if cohort is not None and cohort.stream is not None:
            self._ask(cohort.stream)

    def _point(self, conference: ConferenceId, participant: ParticipantId | None, slot: Slot) -> None:
        track = slot.name.track
        stream = self._find(conference, participant, track) if participant is not None else None
        if stream is None and participant is not None and track is not Track.MICROPHONE:
            return  # A camera that is only just being switched on: the old picture stays until then.
        if self._table.retarget(slot, stream) and stream is not None and track is not Track.MICROPHONE:
            self._ask(stream)
