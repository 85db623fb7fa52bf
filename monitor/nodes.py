"""Which media node carries which conference, and whether it can keep up. Pure.

A node's media go through one loop on one core. At a whole core packets wait for their turn; so they do on a machine
that other work takes, which the loop's lateness shows. Receivers hold sound back for some 45 ms: what is later than
that is heard.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import NodeLoad, SampleBatch
from core.model import ConferenceId

FULL_CORES = 0.95
FULL_LATE_MS = 40.0
FULL_PERIODS = 2
"""So many periods in a row: one is a document that is printed, or a storm of joins."""
FRESH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Carrier:
    """The node that carries a conference; `is_full`: it cannot keep up."""

    code: str = ""
    is_full: bool = False


UNKNOWN_CARRIER = Carrier()


@dataclass(slots=True)
class _Node:
    load: NodeLoad
    heard_at: float
    full_periods: int = 0


class Nodes:
    """Feed it every batch of samples. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._of: dict[ConferenceId, str] = {}

    def hear(self, batch: SampleBatch, now: float) -> None:
        """Takes in who carries what, and how busy that node is."""
        for conference in {sample.conference for sample in batch.samples}:
            self._of[conference] = batch.node
        if batch.load is None or not batch.node:
            return
        node = self._nodes.setdefault(batch.node, _Node(batch.load, now))
        node.load, node.heard_at = batch.load, now
        node.full_periods = node.full_periods + 1 if is_full(batch.load) else 0

    def carrier(self, conference: ConferenceId, now: float) -> Carrier:
        """The node of a conference; without a code where no batch named one."""
        code = self._of.get(conference, "")
        node = self._nodes.get(code)
        fresh = node is not None and now - node.heard_at < FRESH_SECONDS
        return Carrier(code, fresh and node is not None and node.full_periods >= FULL_PERIODS)

    def loads(self, now: float) -> dict[str, NodeLoad]:
        """The load of each node that was heard of lately, by its code."""
        return {code: node.load for code, node in self._nodes.items() if now - node.heard_at < FRESH_SECONDS}

    def end(self, conference: ConferenceId) -> None:
        """Forgets a conference."""
        self._of.pop(conference, None)


def is_full(load: NodeLoad) -> bool:
    """Whether a node with this load keeps packets waiting."""
    return load.cores >= FULL_CORES or load.late_ms >= FULL_LATE_MS
