"""Ways up the unit tree. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def upwards(unit: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """`unit` and the units above it; each once, even where the directory has a circle."""
    path: list[str] = []
    while unit is not None and unit in parents and unit not in path:
        path.append(unit)
        unit = parents[unit]
    return path
