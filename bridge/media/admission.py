"""Whether a node takes another leg: whether there is room, and whether the others could show what it sends.

Room is counted in legs, and in what all legs may receive at the same time. What is reserved for a leg is what its
slots can take at most, not what flows just now: a leg that came in on a quiet node must not go short when everything
is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bridge.media.layers import LARGE_KBPS, MIDDLE_KBPS, SMALL_KBPS, largest_for
from bridge.media.sdp import Offer
from core.errors import BadInput, Unavailable
from core.model import SlotName, Track
from core.settings import Limits

SOUND_KBPS = 40
_SMALL_PIXELS = 100_000


def reserved_kbps(slots: Iterable[SlotName], ceilings: Mapping[SlotName, int] | None = None) -> int:
    """The most that a leg with these slots receives; `ceilings` are what the plan gives, of slots that it limits."""
    planned = ceilings or {}
    return sum(min(_slot_kbps(slot), planned.get(slot, LARGE_KBPS)) for slot in slots)


def _slot_kbps(slot: SlotName) -> int:
    if slot.track is Track.MICROPHONE:
        return SOUND_KBPS
    pixels = largest_for(slot)
    if pixels is None:
        return LARGE_KBPS
    return SMALL_KBPS if pixels < _SMALL_PIXELS else MIDDLE_KBPS


def check_room(limits: Limits, others_kbps: Sequence[int], kbps: int) -> None:
    """Raises `Unavailable` `node.full` when a leg that takes `kbps` does not fit beside others; it names the limit."""
    if len(others_kbps) + 1 > limits.legs:
        raise Unavailable("node.full", "The media node has no room for another connection.", limit_legs=limits.legs)
    if sum(others_kbps) + kbps > limits.node_mbps * 1000:
        raise Unavailable(
            "node.full",
            "The media node's line has no room for another connection.",
            limit_mbps=limits.node_mbps,
        )


def check_codecs(offer: Offer, send: Mapping[str, Track], takes: Collection[Callable[[str], bool]]) -> None:
    """H.264 is taken where everybody who is in can be shown it; nobody here could turn it into VP8.

    `takes` asks each of the others. Raises `BadInput` `sdp.codec`.
    """
    codecs = {offer.section(mid).codec for mid in send} - {None}
    lacking = sum(not can(codec) for can in takes for codec in codecs if codec is not None)
    if lacking:
        detail = "Some receivers of this conference cannot show H.264: send VP8."
        raise BadInput("sdp.codec", detail, needs="VP8", receivers=lacking)
