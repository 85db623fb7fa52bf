"""What the monitor counts of itself, for whoever watches the installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.model import Grade, Presence


@dataclass(frozen=True)
class MonitorFigures:
    """Lines and participants of all live conferences now (a grade or state without any may be missing); samples and
    the batches that they came in since the start."""

    lines: Mapping[Grade, int]
    presence: Mapping[Presence, int]
    samples_stored: int
    samples_waiting: int
    samples_dropped: int
    batches_stored: int
