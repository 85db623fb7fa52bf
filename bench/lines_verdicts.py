"""What the bad-line table says about the three promises: a moving picture, whole sound, lines that adapt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_FROZEN = 0.02
MOST_CONCEALED = 0.01
"""Sound is called uninterrupted when less than this share of it is made up."""
SETTLED_SECONDS, RECOVERED_SECONDS = 5.0, 15.0
LARGE = 640
"""A drop that begins with a smaller picture than this says nothing: there is nothing to settle or to come back."""


def verdicts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of browsers with repair the worse direction of each promise, and whether it holds; None: not measured."""
    repaired = [row for row in rows if row["repair"] and row.get("endpoint", "browser") == "browser"]
    told: dict[str, Any] = {}
    for key, condition, field, most in (
        ("freeze_clean", "clean", "frozen_share", MOST_FROZEN),
        ("freeze_5_loss", "5 % loss", "frozen_share", MOST_FROZEN),
        ("concealed_10_loss", "10 % loss", "concealed_share", MOST_CONCEALED),
    ):
        seen = [float(row[field]) for row in repaired if row["condition"] == condition]
        told[key] = max(seen, default=None)
        told[f"{key}_holds"] = max(seen) <= most if seen else None
    for direction in ("down", "up"):
        narrow = [row for row in repaired if row["condition"].startswith("400") and row["direction"] == direction]
        narrow = [row for row in narrow if row.get("from_width", LARGE) >= LARGE]
        for field, most in (("settled_s", SETTLED_SECONDS), ("recovered_s", RECOVERED_SECONDS)):
            key = f"{'settle' if field == 'settled_s' else 'recover'}_400_{direction}_s"
            value = narrow[-1][field] if narrow else None
            told[key] = value
            told[f"{key}_holds"] = None if not narrow else value is not None and value <= most
    return told
