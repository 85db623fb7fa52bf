"""The media node's speed, all features on: beside Janus under the same load, and with a whole country's halls.

Run as `python -m bench.media`; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import dataclass
from statistics import quantiles

from bench import janus
from bench.media_compare import Figures, measure
from bench.media_crowd import Crowd
from bench.media_hall import Idle, Stage, measure_idle, measure_stage, measure_switches
from bench.media_node import PUBLISHER, NodeSubject
from bench.media_source import Source
from bench.media_storm import Storm, measure_storm
from bench.processes import LOAD_CORE, NODE_CORE, pin, usable_cores

SECOND_PUBLISHER = "second publisher"
PROFILE_LINES = 12


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    receivers: int = 200
    """Beside Janus."""
    legs: int = 542
    seconds: float = 12.0
    """Of each window in which is counted."""
    switches: int = 24
    storm_seconds: float = 30.0


Json = dict[str, float | int | None]


async def run(plan: Plan) -> Json:
    """Everything, one after the other: the comparison on all cores, then node and load on a core each."""
    figures = await _compare(plan)
    cores = usable_cores()
    pin(0, cores[LOAD_CORE])
    try:
        figures |= await _halls(plan, cores[NODE_CORE])
        figures |= await _storm(plan, cores[NODE_CORE])
    finally:
        os.sched_setaffinity(0, cores)
    return figures


async def _compare(plan: Plan) -> Json:
    node = await NodeSubject.start()
    try:
        ours = await measure(node, plan.receivers, plan.seconds, simulcast=True)
    finally:
        await node.close()
    theirs = await _measure_janus(plan)
    return {
        "receivers": plan.receivers,
        "us_per_packet": round(ours.us_per_packet, 2),
        "us_per_packet_janus": round(theirs.us_per_packet, 2) if theirs else None,
        "ratio_to_janus": round(ours.us_per_packet / theirs.us_per_packet, 3) if theirs else None,
        "join_cpu_ms": round(ours.join_cpu_ms, 2),
        "join_cpu_ms_janus": round(theirs.join_cpu_ms, 2) if theirs else None,
        "compared_delivered_ratio": round(ours.delivered_ratio, 5),
        "compared_delivered_ratio_janus": round(theirs.delivered_ratio, 5) if theirs else None,
    }


async def _measure_janus(plan: Plan) -> Figures | None:
    if not janus.installed():
        print(janus.INSTALL)
        return None
    subject = await janus.JanusSubject.start()
    try:
        return await measure(subject, plan.receivers, plan.seconds, simulcast=False)
    finally:
        await subject.close()


async def _halls(plan: Plan, core: int) -> Json:
    node = await NodeSubject.start(core)
    sources = {name: Source(tag, node.host) for name, tag in ((PUBLISHER, b"frst"), (SECOND_PUBLISHER, b"scnd"))}
    try:
        async with Crowd() as crowd:
            idle = await measure_idle(node, crowd, plan.legs, plan.seconds)
            for name, source in sources.items():
                await node.join_as(name, source)
                source.speaks = name == PUBLISHER
            await node.show(PUBLISHER)
            stage = await measure_stage(node, crowd, sources[PUBLISHER], plan.seconds)
            waited = await measure_switches(node, crowd, list(sources.items()), plan.switches)
            undecryptable = sum(receiver.undecryptable for receiver in crowd.receivers)
    finally:
        await asyncio.gather(*(source.close() for source in sources.values()))
        await node.close()
    _print_profile(stage)
    return _halls_figures(plan, idle, stage, waited) | {"undecryptable": undecryptable}


def _halls_figures(plan: Plan, idle: Idle, stage: Stage, waited: list[float]) -> Json:
    percentiles = quantiles(waited, n=100, method="inclusive")
    print(
        f"{plan.switches} floor switches: key frame after {percentiles[49]:.0f} ms (median), "
        f"{percentiles[98]:.0f} ms (p99), {waited[-1]:.0f} ms (last of {len(waited)})"
    )
    tally = stage.tally
    return {
        "legs": plan.legs,
        "delivered_ratio": round(tally.delivered_ratio, 6),
        "packets_per_second": round(tally.received / tally.seconds),
        "node_cores": round(tally.cpu / tally.seconds, 3),
        "load_cores": round(tally.own_cpu / tally.seconds, 3),
        "floor_switch_ms_p50": round(percentiles[49], 1),
        "floor_switch_ms_p99": round(percentiles[98], 1),
        "floor_switch_ms_max": round(waited[-1], 1),
        "idle_cores": round(idle.cores, 4),
        "kib_per_leg": round(idle.kib_per_leg, 1),
    }


def _print_profile(stage: Stage) -> None:
    print("where the node's time goes with one stage to all:")
    for line, share in list(stage.profile.items())[:PROFILE_LINES]:
        print(f"  {share:6.1%}  {line}")


async def _storm(plan: Plan, core: int) -> Json:
    node = await NodeSubject.start(core)
    try:
        storm: Storm = await measure_storm(node, plan.legs, plan.storm_seconds)
    finally:
        await node.close()
    return {
        "storm_seconds": round(storm.seconds, 1),
        "storm_joined": storm.joined,
        "storm_stage_lost": storm.stage_lost,
        "storm_slowest_join_ms": round(storm.slowest_join_ms),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.media", description=__doc__)
    parser.add_argument("--receivers", type=int, default=Plan.receivers, help="beside Janus, 1 to 400")
    parser.add_argument("--legs", type=int, default=Plan.legs, help="of the whole country, 1 to 1,000")
    # Janus drops a session after 60 s without a request, and none is sent while packets are counted.
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each window, 1 to 45")
    given = parser.parse_args()
    if not (1 <= given.receivers <= 400 and 1 <= given.legs <= 1_000 and 1 <= given.seconds <= 45):
        parser.error("--receivers must be 1..400, --legs 1..1000, --seconds 1..45")
    print(json.dumps(asyncio.run(run(Plan(given.receivers, given.legs, given.seconds)))))


if __name__ == "__main__":
    main()
