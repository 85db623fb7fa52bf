"""Fault localisation: how many of 200 random faults the incident tracker names rightly, each by one incident."""

from __future__ import annotations

import json

from tests.support.faults import city, nation, play, scenario

SCENARIOS = 200


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
    print(json.dumps(measure()))
