"""What the solver is asked for and answers. Apart from it, so that who never plans need not load OR-tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.plan.model import Limit

ACCURACY = 0.008
"""The solver stops when a plan is proven to be at most this much dearer than the best one."""


@dataclass(frozen=True)
class Solution:
    """How many points of each (group, node), each node's upstream node, and both figures in weighted kbit/s."""

    served: dict[tuple[int, int], int]
    upstream: dict[int, int]
    cost: int
    bound: int


@dataclass(frozen=True)
class Kept:
    """What the previous plan had: points per (group, node), and trunks."""

    served: Mapping[tuple[int, int], int]
    upstream: Mapping[int, int]


class DoesNotFit(Exception):
    """No plan keeps within all limits; `limits` says where the plan that lacks least lacks how much."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__(f"{len(limits)} limits exceeded")
        self.limits = tuple(limits)
