"""The middle half of what was measured: whether it agrees, without what stands out. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def middle_half(values: Iterable[int]) -> tuple[int, int]:
    """The ends of the middle half of `values`, of which there is at least one; of fewer than four, of all."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return ordered[quarter], ordered[-1 - quarter]
