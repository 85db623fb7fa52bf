"""A leg's line shared out over its slots: what each may show, and what to send besides to try the line."""

from __future__ import annotations

from collections.abc import Callable

from bridge.media.ceilings import largest_within, within
from bridge.media.forwarding import Slot
from bridge.media.layers import Ladder, allocate, cost, cost_of_more, least
from bridge.media.leg import Leg
from core.model import SlotName, Track

IMPORTANCE = (SlotName.CONTENT, SlotName.STAGE, SlotName.SECOND, SlotName.VIEW)
"""Which picture is served first; all others come after these, in the order of the offer."""
_FAR_TOO_MUCH = 1.3
SOUND_BPS = 50_000
"""Set aside for each sound before any picture gets something."""


def allot(leg: Leg, ladder_of: Callable[[Slot], Ladder], now: float) -> None:
    """Sets what each slot may show and how much to probe with; to be called a few times a second.

    `ladder_of` gives the layers that a slot could show, empty when they are not known yet.
    """
    downlink = leg.downlink
    if downlink.limit is None:
        leg.probe_bps = 0
        for slot in leg.slots.values():
            slot.strict = False
            slot.allowed = most_for(leg, slot.name, ladder_of(slot))
        return
    downlink.carries(shown_bps(leg) - leg.probed_bps, now)
    sounds = sum(SOUND_BPS for name in leg.wanted if name.track is Track.MICROPHONE)
    pictures = _by_importance(leg)
    for slot in pictures:
        slot.strict = True
        if _is_left_out(leg, slot.name):
            slot.allowed = 0
    shares = [(slot, within(ladder_of(slot), leg.ceilings.get(slot.name))) for slot in pictures if leg.cap != 0]
    slots = [slot for slot, ladder in shares if ladder]
    ladders = [ladder for _, ladder in shares if ladder]
    chosen = allocate(downlink.limit - sounds, ladders)
    more = cost_of_more(ladders, chosen)
    shown = cost(ladders, chosen) + sounds
    downlink.fills = any(index >= 0 for index in chosen)
    leg.probe_bps = downlink.step(shown, None if more is None else more + sounds, now)
    for slot, ladder, index in zip(slots, ladders, chosen, strict=True):
        slot.allowed = ladder[index].pixels if index >= 0 else 0


def most_for(leg: Leg, name: SlotName, ladder: Ladder = ()) -> int | None:
    """The most pixels that a slot of this leg may show on the best of lines."""
    planned = largest_within(ladder, leg.ceilings.get(name), name)
    return planned if name.track is Track.MICROPHONE else least(planned, leg.cap)


def _is_left_out(leg: Leg, name: SlotName) -> bool:
    """Whether the picture is switched off, by a technician or by the plan."""
    return leg.cap == 0 or leg.ceilings.get(name) == 0


def too_large(leg: Leg) -> list[Slot]:
    """Slots whose picture must stop at once: it is far more than the line carries, and its successor could not come.

    Elsewhere the old picture flows until the key frame of the smaller one.
    """
    limit = leg.downlink.limit
    if limit is None or shown_bps(leg) - leg.probed_bps <= _FAR_TOO_MUCH * limit:
        return []
    shown = [(slot, slot.cohort.stream) for slot in leg.slots.values() if slot.cohort is not None]
    return [s for s, stream in shown if stream is not None and s.allowed is not None and stream.pixels > s.allowed]


def shown_bps(leg: Leg) -> int:
    """What the leg is sent now, probes included."""
    streams = [slot.cohort.stream for slot in leg.slots.values() if slot.cohort is not None]
    return leg.probed_bps + sum(stream.rate.bps for stream in streams if stream is not None)


def paused(leg: Leg) -> frozenset[SlotName]:
    """The slots whose picture the leg's line cannot carry; not those that a technician or the plan leaves out."""
    shown = (name for name in leg.wanted if name in leg.slots and not _is_left_out(leg, name))
    return frozenset(name for name in shown if leg.slots[name].allowed == 0)


def _by_importance(leg: Leg) -> list[Slot]:
    pictures = [name for name in leg.wanted if name.track is not Track.MICROPHONE and name in leg.slots]
    order = {name: place for place, name in enumerate(IMPORTANCE)}
    return [leg.slots[name] for name in sorted(pictures, key=lambda name: order.get(name, len(order)))]
