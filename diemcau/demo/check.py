"""What `make demo CHECK=1` found, and whether it is what it should be."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from core.model import Grade

LEAST_DELIVERED = 0.999
MOST_SWITCH_MS = 1_000.0


@dataclass
class Findings:
    """Figures of one run."""

    points: int
    connected: int
    in_roster: int = 0
    floor_grants: int = 0
    floor_missed: int = 0
    floor_switch_ms_p95: float | None = None
    media_delivered_ratio: float | None = None
    attendance_rows: int = 0
    points_with_samples: int = 0
    seconds: float = 0.0

    def count_samples(self, quality_csv: str) -> None:
        """Counts the points that have at least one sample with a grade in the downloaded file."""
        rows = csv.DictReader(io.StringIO(quality_csv))
        graded = {
            row["participant"]
            for row in rows
            if row["participant"].startswith("point:") and row["grade"] != Grade.UNKNOWN.value
        }
        self.points_with_samples = len(graded)

    def figures(self) -> dict[str, float | int | None]:
        """The line that a program reads."""
        return {
            "points_booked": self.points,
            "points_joined": min(self.connected, self.in_roster),
            "floor_grants": self.floor_grants,
            "floor_switch_ms_p95": _rounded(self.floor_switch_ms_p95, 1),
            "media_delivered_ratio": _rounded(self.media_delivered_ratio, 5),
            "attendance_rows": self.attendance_rows,
            "points_with_samples": self.points_with_samples,
            "seconds": self.seconds,
        }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def verdict(found: Findings) -> list[str]:
    """What is not as it should be, in words; empty when all is well."""
    problems = []
    for name, value in (
        ("points in the roster", found.in_roster),
        ("points connected", found.connected),
        ("attendance rows", found.attendance_rows),
        ("points with samples", found.points_with_samples),
    ):
        if value != found.points:
            problems.append(f"{name}: {value}, not {found.points}")
    if found.floor_missed:
        problems.append(f"{found.floor_missed} pictures of a floor holder were not seen")
    if found.floor_switch_ms_p95 is None or found.floor_switch_ms_p95 > MOST_SWITCH_MS:
        problems.append(f"floor switch p95: {found.floor_switch_ms_p95} ms, not under {MOST_SWITCH_MS:g}")
    if found.media_delivered_ratio is None or found.media_delivered_ratio < LEAST_DELIVERED:
        problems.append(f"media delivered: {found.media_delivered_ratio}, not at least {LEAST_DELIVERED}")
    return problems
