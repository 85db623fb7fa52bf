"""Who sees whom: the slots' assignments to participants, resolved to streams of those who are connected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Protocol

from bridge.media.demand import wanted_layers
from bridge.media.forwarding import ForwardingTable, Slot, Stream
from bridge.media.layers import Rung, choose_layer, largest_for, least
from bridge.media.leg import Leg
from core.model import TILE_SLOTS, CameraLevel, ConferenceId, ParticipantId, SlotName, Track

Source = tuple[ConferenceId, ParticipantId]
Feed = tuple[ConferenceId, ParticipantId, Track]

LINGER_SECONDS = 3.0
"""How long a slot keeps its old picture when the new source has not begun to send: time to switch a camera on.

Not so a tile, whose page would name many pictures wrongly."""


class Receiver(Protocol):
    """Who has slots: a leg, or a consumer inside the node."""

    conference: ConferenceId
    receive: Mapping[str, SlotName]
    slots: dict[SlotName, Slot]
    wanted: dict[SlotName, ParticipantId]


class Switchboard:
    """Turns assignments into targets of the forwarding table. `ask` is called for streams that need a key frame."""

    def __init__(self, table: ForwardingTable, ask: Callable[[Stream], None]) -> None:
        self._table = table
        self._ask = ask
        self._connected: dict[Source, list[Leg]] = {}
        self._watchers: dict[Feed, dict[Slot, None]] = {}
        self._cameras_off: dict[ConferenceId, set[ParticipantId]] = {}
        self._lingering: dict[Slot, float] = {}

    def connect(self, leg: Leg) -> None:
        """A leg has its keys: it is its participant's newest, and its slots can show what they are assigned."""
        self._connected.setdefault((leg.conference, leg.participant), []).append(leg)
        for name, participant in leg.wanted.items():
            self._watch(leg, leg.slots[name], participant)
        self.resolve_source(leg)

    def disconnect(self, leg: Leg) -> None:
        """A leg is over: its slots and its streams go."""
        source = (leg.conference, leg.participant)
        legs = self._connected.get(source, [])
        if leg in legs:
            legs.remove(leg)
        if not legs:
            self._connected.pop(source, None)
        if not any(conference == leg.conference for conference, _ in self._connected):
            self._cameras_off.pop(leg.conference, None)
        for name, participant in leg.wanted.items():
            if name in leg.slots:
                self._unwatch(leg, leg.slots[name], participant)
        for slot in leg.slots.values():
            self._lingering.pop(slot, None)
            self._table.remove(slot)
        for stream in leg.layers.values():
            self._table.end(stream)
        self.resolve_source(leg)

    def assign(self, leg: Receiver, slots: Mapping[SlotName, ParticipantId | None], now: float) -> None:
        """The whole slot map of `leg`; slots that it does not name show nothing."""
        wanted = {name: who for name, who in slots.items() if who is not None and name in leg.receive.values()}
        before, leg.wanted = leg.wanted, wanted
        for name, slot in leg.slots.items():
            old, new = before.get(name), wanted.get(name)
            if old == new:
                continue
            if old is not None:
                self._unwatch(leg, slot, old)
            if new is not None:
                if slot.target is not None and slot.name.track is not Track.MICROPHONE and name not in TILE_SLOTS:
                    self._lingering[slot] = now + LINGER_SECONDS
                self._watch(leg, slot, new)
            else:
                self._clear(slot)

    def set_levels(self, conference: ConferenceId, levels: Mapping[ParticipantId, CameraLevel]) -> None:
        """What each participant's camera has been told to send; OFF spares it requests for key frames."""
        off = self._cameras_off.setdefault(conference, set())
        for participant, level in levels.items():
            if level is CameraLevel.OFF:
                off.add(participant)
            else:
                off.discard(participant)

    def resolve_source(self, leg: Leg) -> None:
        """The streams of `leg`'s participant changed."""
        for track in Track:
            self._resolve((leg.conference, leg.participant, track))

    def resolve_all(self, now: float) -> None:
        """Chooses layers anew; call it a few times a second, since layers stop without saying so."""
        for slot in [slot for slot, until in self._lingering.items() if until <= now]:
            del self._lingering[slot]
        for feed in tuple(self._watchers):
            self._resolve(feed)

    def ladder(self, leg: Leg, slot: Slot) -> list[Rung]:
        """The layers that `slot` of `leg` could show, from small to large; none as long as they were not measured."""
        participant = leg.wanted.get(slot.name)
        if participant is None:
            return []
        layers = self._layers((leg.conference, participant, slot.name.track))
        rungs = sorted((max(layer.pixels, 1), layer.rate.bps) for layer in layers if layer.rate.bps)
        largest = least(largest_for(slot.name), leg.cap)
        rungs = [rung for rung in rungs if largest is None or rung[0] <= largest] or rungs[:1]
        dearest = accumulate((bps for _, bps in rungs), max)
        return [Rung(pixels, bps) for (pixels, _), bps in zip(rungs, dearest, strict=True)]

    def demand_changed(self, leg: Leg, now: float) -> bool:
        """Whether other layers of the leg's camera are received than its endpoint was told (`leg.demand`)."""
        slots = self._watchers.get((leg.conference, leg.participant, Track.CAMERA))
        if not slots:
            return leg.demand.forget()
        rids, sizes = leg.camera_layers()
        if len(rids) < 2:
            return False
        up = leg.uplink
        ceiling = leg.source_limit.update(
            sizes.values(), up.target, now, up.carries, wider=up.wider, withdrawn=up.withdrawn
        )
        # Who is limited is not asked for more than that either, so that its line up is spared as well.
        most = least(leg.cap, ceiling)
        wanted = wanted_layers(rids, sizes, {least(slot.allowed, most) for slot in slots})
        too_large = {rid for rid, pixels in sizes.items() if ceiling is not None and pixels > ceiling}
        return leg.demand.update(rids, wanted, now, too_large)

    def is_awaited(self, leg: Leg) -> bool:
        """Whether some slot shows the leg's camera only until the picture of another comes."""
        streams = leg.layers_of(Track.CAMERA)
        return any(
            slot in self._lingering or slot.target not in streams
            for stream in streams
            for cohort in stream.cohorts
            for slot in cohort.members
        )

    def camera_off(self, leg: Leg) -> bool:
        """Whether `leg` was told to send no picture."""
        return leg.participant in self._cameras_off.get(leg.conference, ())

    def stop(self, slot: Slot) -> None:
        """Shows nothing in `slot` until a key frame of what it may show."""
        self._clear(slot)

    def ask_for(self, slot: Slot) -> None:
        """Asks what `slot` shows for a key frame."""
        if slot.cohort is not None and slot.cohort.stream is not None:
            self._ask(slot.cohort.stream)

    def _watch(self, leg: Receiver, slot: Slot, participant: ParticipantId) -> None:
        feed = (leg.conference, participant, slot.name.track)
        self._watchers.setdefault(feed, {})[slot] = None
        self._retarget((slot,), self._layers(feed))

    def _unwatch(self, leg: Receiver, slot: Slot, participant: ParticipantId) -> None:
        feed = (leg.conference, participant, slot.name.track)
        slots = self._watchers.get(feed, {})
        slots.pop(slot, None)
        if not slots:
            self._watchers.pop(feed, None)

    def _resolve(self, feed: Feed) -> None:
        self._retarget(self._watchers.get(feed, ()), self._layers(feed))

    def _layers(self, feed: Feed) -> list[Stream]:
        conference, participant, track = feed
        for leg in reversed(self._connected.get((conference, participant), ())):
            if layers := leg.layers_of(track):
                ceiling = leg.source_limit.pixels if track is Track.CAMERA else None
                return [s for s in layers if ceiling is None or s.largest <= ceiling] or layers
        return []

    def _retarget(self, slots: Iterable[Slot], layers: list[Stream]) -> None:
        """Each slot shows the largest that it may; most may show the same. A strict one waits for what it may."""
        chosen: dict[int | None, Stream | None] = {0: None}
        asked: dict[Stream, None] = {}
        for slot in slots:
            allowed = slot.allowed
            if allowed not in chosen:
                chosen[allowed] = choose_layer(layers, allowed)
            stream = chosen[allowed]
            if stream is None:
                if slot.target is not None and (allowed == 0 or slot not in self._lingering):
                    self._clear(slot)
            elif slot.strict and allowed is not None and stream.pixels > allowed and stream is not slot.target:
                continue
            elif self._show(slot, stream) and stream.track is not Track.MICROPHONE:
                asked[stream] = None
        for stream in asked:
            self._ask(stream)

    def _show(self, slot: Slot, stream: Stream) -> bool:
        self._lingering.pop(slot, None)
        return self._table.retarget(slot, stream)

    def _clear(self, slot: Slot) -> None:
        self._lingering.pop(slot, None)
        self._table.retarget(slot, None)
