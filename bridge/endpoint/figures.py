"""What a headless endpoint can truly say of itself: it decodes nothing, so it tells of packets and its way. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.endpoint.reception import SlotReception
from core.model import SlotName
from core.quality import CandidateType, EndpointFigures


def figures_between(
    before: Mapping[SlotName, SlotReception], after: Mapping[SlotName, SlotReception], seconds: float
) -> EndpointFigures:
    """The figures of the period between two readings of one connection, `seconds` apart (above 0)."""
    came = [(before.get(slot, SlotReception()), now) for slot, now in after.items()]
    expected = sum(now.expected - then.expected for then, now in came)
    packets = sum(now.packets - then.packets for then, now in came)
    loss = min(1.0, max(0.0, 1 - packets / expected)) if expected > 0 else None
    return EndpointFigures(seconds=seconds, loss_down=loss, candidate=CandidateType.HOST)
