"""The rows of the bad-line table: what was done to the line, in which direction, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.lines_figures import Figures, Reading, figures, recovered_after, settled_after
from tests.support.line import NO_FAULTS, Faults

SETTLE_SECONDS = 4.0
DROP_SECONDS = 14.0
RETURN_SECONDS = 20.0
NARROW = Faults(kbps=400)
DOWN, UP = "down", "up"
DROP = "400 kbit/s"

CONDITIONS: dict[str, Faults] = {
    "clean": NO_FAULTS,
    "2 % loss": Faults(loss=0.02),
    "5 % loss": Faults(loss=0.05),
    "10 % loss": Faults(loss=0.1),
    "100 ± 30 ms": Faults(delay_ms=100, jitter_ms=30),
    "100 ~ 30 ms": Faults(delay_ms=100, wander_ms=30),
}


@dataclass(frozen=True)
class Row:
    """One direction under one condition."""

    condition: str
    direction: str
    repair: bool
    seen: Figures
    settled_seconds: float | None = None
    recovered_seconds: float | None = None
    endpoint: str = "browser"
    from_width: int | None = None
    """The picture's width before the line became narrow."""

    def json(self) -> dict[str, Any]:
        """As the last line has it."""
        plain: dict[str, Any] = {"condition": self.condition, "direction": self.direction, "repair": self.repair}
        plain["endpoint"] = self.endpoint
        numbers = {name: round(value, 4) for name, value in vars(self.seen).items()}
        if self.condition.startswith("400"):
            numbers |= {"settled_s": self.settled_seconds, "recovered_s": self.recovered_seconds}
            plain["from_width"] = self.from_width
        return plain | numbers

    def text(self) -> str:
        """As a person reads it."""
        seen = self.seen
        repair = "repaired" if self.repair else "as it is"
        line = f"{self.endpoint:<8} {self.condition:>12} {self.direction:<4} {repair:<8} "
        line += f"{seen.fps:5.1f} fps, {seen.freezes:3d} freezes ({seen.frozen_share:5.1%}), {seen.width:4d} wide, "
        line += f"sound made up {seen.concealed_share:6.2%}, {seen.kbps:5.0f} kbit/s, {seen.repaired:4d} repaired"
        if self.condition.startswith("400"):
            line += f", settled after {_said(self.settled_seconds)}, back after {_said(self.recovered_seconds)}"
        return line


def _said(seconds: float | None) -> str:
    return "(never)" if seconds is None else f"{seconds:.1f} s"


def drop_row(
    direction: str, repair: bool, narrow: Sequence[Reading], after: Sequence[Reading], width: int, endpoint: str
) -> Row:
    """A direction that became narrow and wide again; `width` is the picture's before."""
    settled = settled_after(narrow)
    seen = figures(_calm(narrow, settled))
    return Row(DROP, direction, repair, seen, settled, recovered_after(after, width), endpoint, width)


def printed(rows: list[Row]) -> list[Row]:
    """Tells them as they come."""
    for row in rows:
        print(row.text(), flush=True)
    return rows


def _calm(readings: Sequence[Reading], settled: float | None) -> Sequence[Reading]:
    """The figures of a narrow line are those after it settled; of one that never did, all."""
    calm = [r for r in readings if settled is not None and r.at - readings[0].at >= settled]
    return calm if len(calm) > 1 else readings
