"""Fault localisation: how many of some random faults the incident tracker names rightly, each by one incident."""

from __future__ import annotations

import argparse
import json

from tests.support.faults import city, nation, play, scenario

SCENARIOS = 200
"""200 took more than three minutes on a busy machine."""


def measure(scenarios: int = SCENARIOS) -> dict[str, float]:
    """The share of scenarios in which every injected cause is named, and the incidents beyond one per cause."""
    trees = (city(), nation())
    verdicts = [play(scenario(seed, trees[seed % 2])) for seed in range(scenarios)]
    right = sum(verdict.is_right for verdict in verdicts)
    return {
        "fault_localised_ratio": round(right / scenarios, 3),
        "fault_incidents_doubled": sum(verdict.doubled for verdict in verdicts),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.monitor_faults", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=SCENARIOS)
    print(json.dumps(measure(parser.parse_args().scenarios)))
