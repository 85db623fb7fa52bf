"""What is seen of one point at one moment, whoever saw it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.model import ConferenceId, PointCode
from monitor.incidents.model import Likely


class Condition(StrEnum):
    """A point's line now. Missing data is unknown, never good."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    LOST = "lost"
    UNKNOWN = "unknown"

    @property
    def is_affected(self) -> bool:
        """Whether it speaks for a fault."""
        return self in (Condition.FAIR, Condition.POOR, Condition.LOST)

    @property
    def is_serious(self) -> bool:
        """Whether one hall alone is worth an incident."""
        return self in (Condition.POOR, Condition.LOST)

    @property
    def weight(self) -> float:
        """How much it says for or against a common cause: a fair line happens by itself now and then."""
        return {Condition.FAIR: 0.4, Condition.UNKNOWN: 0.0}.get(self, 1.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One point's line and equipment. Rates in kbit/s, losses as fractions, times in ms; None: not measured.

    `equipment` is what is wrong with the hall's own equipment, the gravest first: no common cause explains it.
    """

    point: PointCode
    conference: ConferenceId
    line: Condition
    reason: str = ""
    equipment: tuple[Likely, ...] = ()
    kbps_up: float | None = None
    kbps_down: float | None = None
    loss_up: float | None = None
    loss_down: float | None = None
    jitter_up_ms: float | None = None
    jitter_down_ms: float | None = None
    rtt_ms: float | None = None
    allowed_up_kbps: float | None = None
    """What the node lets the hall send: less than usual when the line up is too full."""
    limit_down_kbps: float | None = None
    """What the node found that the line down carries; None: nothing speaks against anything."""
    wireless: bool = False
    node: str = ""
    """The media node that carries it; empty where nobody said that."""
    node_full: bool = False
    """That node cannot keep up."""

    @property
    def jitter_ms(self) -> float | None:
        """The worse of both directions."""
        return max((j for j in (self.jitter_up_ms, self.jitter_down_ms) if j is not None), default=None)

    @property
    def loss(self) -> float | None:
        """The worse of both directions."""
        return max((loss for loss in (self.loss_up, self.loss_down) if loss is not None), default=None)
