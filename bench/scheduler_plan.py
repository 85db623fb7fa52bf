"""Plans for a country of growing size: seconds, and how far from the proven lower bound."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

from scheduler.plan.planner import make_plan
from tests.support.plans import country

NATION = 3_356
SIZES = (100, 1_000, NATION, 10_000)
NODES = 40
SEEDS = (1, 2, 3)
"""Different countries of the same size."""
_BAR = 40


def measure_plans() -> dict[str, Any]:
    """Plans each size for several countries; the slowest time and the largest gap of each count.

    Loading the solver, which only the first plan of a process waits for, is a figure of its own.
    """
    began = time.perf_counter()
    import_module("scheduler.plan.solver")
    load = time.perf_counter() - began
    print(f"solver loaded in {load:.2f} s")
    seconds: dict[int, float] = {}
    gaps: dict[int, float] = {}
    for points in SIZES:
        seconds[points], gaps[points] = _slowest(points)
    _plot(seconds, gaps)
    return {
        "plan_3356_s": round(seconds[NATION], 3),
        "plan_gap": round(gaps[NATION], 4),
        "plan_solver_load_s": round(load, 2),
        "plan_s_by_points": {str(points): round(value, 3) for points, value in seconds.items()},
        "plan_gap_by_points": {str(points): round(value, 4) for points, value in gaps.items()},
    }


def _slowest(points: int) -> tuple[float, float]:
    seconds, gap = 0.0, 0.0
    for seed in SEEDS:
        nation = country(points, NODES, seed)
        began = time.perf_counter()
        plan = make_plan(nation)
        seconds = max(seconds, time.perf_counter() - began)
        gap = max(gap, plan.gap)
    return seconds, gap


def _plot(seconds: dict[int, float], gaps: dict[int, float]) -> None:
    """Bars to scale, for the eye."""
    longest = max(seconds.values())
    for points, value in seconds.items():
        bar = "█" * max(1, round(value / longest * _BAR))
        print(f"plan {points:>6,} points {value:7.2f} s  gap {gaps[points]:6.2%}  {bar}")
