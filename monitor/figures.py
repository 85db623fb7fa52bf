"""What the monitor counts of itself, for whoever watches the installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.messages import NodeLoad
from core.model import Grade, Presence


@dataclass(frozen=True)
class KeeperFigures:
    """Rounds that went well and that failed, when the last one went well (seconds since 1970; None: none yet), minutes
    rolled up and partitions dropped."""

    rounds: int = 0
    failed_rounds: int = 0
    last_round: float | None = None
    minutes_rolled: int = 0
    partitions_dropped: int = 0


@dataclass(frozen=True)
class Making:
    """How many files were made, and how many seconds that took together."""

    files: int = 0
    seconds: float = 0.0

    def and_one(self, seconds: float) -> Making:
        """One more, which took so long."""
        return Making(self.files + 1, self.seconds + seconds)


@dataclass(frozen=True)
class MonitorFigures:
    """Lines and participants of all live conferences now (a grade or state without any may be missing); the rest since
    the start, but what waits.

    `reports` are what endpoints said of themselves, `report_files` what people downloaded, by format, with the seconds
    that making them took.
    """

    lines: Mapping[Grade, int]
    presence: Mapping[Presence, int]
    samples_stored: int
    samples_waiting: int
    samples_dropped: int
    batches_stored: int
    reports_stored: int
    reports_waiting: int
    reports_dropped: int
    keeper: KeeperFigures
    posts_taken: int
    """Alarms that a webhook's receiver took; `posts_refused`: attempts that it did not."""
    posts_refused: int
    report_files: Mapping[str, Making]
    nodes: Mapping[str, NodeLoad] = field(default_factory=dict)
    """How busy each media node is that was heard of lately, by its code."""
