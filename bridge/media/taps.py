"""Taps: consumers of slots inside the node, which take packets as they are instead of encrypted on the wire.

A tap's slots are ordinary slots of the switchboard and the forwarding table, in cohorts of their own: the data path
asks once per frame whether a cohort has a sink. They may show the largest layer, and ask for it as a receiver would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pylibsrtp import Session

from bridge.media.forwarding import ForwardingTable, Sink, Slot
from bridge.media.switchboard import Switchboard
from core.model import ConferenceId, ParticipantId, SlotName, Track

VP8_TYPE, OPUS_TYPE = 96, 111
H264_TYPES = {"h264-42": 102, "h264-4d": 103, "h264-64": 104}
RECORDER = ParticipantId("recorder")
"""Whom a tap counts as: it is no member of its conference."""

Hear = Callable[["Tap"], Mapping[SlotName, ParticipantId | None]]


class _NoLine:
    """The route of a slot that sends nothing."""

    address = ("", 0)
    sending = Session()


@dataclass(eq=False)
class Tap:
    """One consumer. Set `shown` to what its slots for pictures shall show; its sounds are its conference's."""

    conference: ConferenceId
    slots: dict[SlotName, Slot]
    participant: ParticipantId = RECORDER
    shown: Mapping[SlotName, ParticipantId | None] = field(default_factory=dict)
    wanted: dict[SlotName, ParticipantId] = field(default_factory=dict)
    receive: Mapping[str, SlotName] = field(init=False)

    def __post_init__(self) -> None:
        self.receive = {name.value: name for name in self.slots}

    @staticmethod
    def of(conference: ConferenceId, sinks: Mapping[SlotName, Sink]) -> Tap:
        """A tap that shows nothing yet. `sinks` get packets as heads (8 bytes of RTP header) and payloads."""
        line = _NoLine()
        slots = {}
        for name, sink in sinks.items():
            sound = name.track is Track.MICROPHONE
            kind, rate = (OPUS_TYPE, 48_000) if sound else (VP8_TYPE, 90_000)
            slots[name] = Slot(name, 0, kind, rate, line, {} if sound else dict(H264_TYPES), sink=sink)
        return Tap(conference, slots)


class Taps:
    """All taps of a node. `hear` says whom a tap's sound slots get."""

    def __init__(self, table: ForwardingTable, switchboard: Switchboard, hear: Hear) -> None:
        self._table = table
        self._switchboard = switchboard
        self._hear = hear
        self._taps: dict[Tap, None] = {}

    def add(self, tap: Tap) -> None:
        """Its slots are served from the next `resolve` on."""
        self._taps[tap] = None

    def remove(self, tap: Tap, now: float) -> None:
        """Nothing goes to its sinks any more; harmless when unknown."""
        if self._taps.pop(tap, tap) is None:
            self._switchboard.assign(tap, {}, now)
            for slot in tap.slots.values():
                self._table.remove(slot)

    def resolve(self, now: float) -> None:
        """Brings every tap up to date; call it a few times a second."""
        for tap in self._taps:
            self._switchboard.assign(tap, {**tap.shown, **self._hear(tap)}, now)

    def ask_keyframe(self, tap: Tap, name: SlotName) -> None:
        """The consumer cannot go on with a slot before a key frame."""
        self._switchboard.ask_for(tap.slots[name])
