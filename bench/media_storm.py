"""Everybody joins at once while a stage runs: who was in before must not lose a packet by it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench.media_crowd import SETTLE_SECONDS, Crowd, totals
from bench.media_node import NodeSubject
from bench.media_source import Source

WATCHERS = 20


@dataclass(frozen=True)
class Storm:
    """What it came to."""

    seconds: float
    """From the first join to the last one's first packets."""
    joined: int
    stage_lost: int
    """Packets that the watchers from before did not get."""
    stage_packets: int
    slowest_join_ms: float


async def measure_storm(node: NodeSubject, legs: int, within: float) -> Storm:
    """Lets `legs` receivers join, evenly over `within` seconds, each on a line of its own."""
    source = Source(b"solo", node.host)
    try:
        async with Crowd() as watchers, Crowd() as crowd:
            await node.join_source(source)
            await watchers.join(node.join_receiver, WATCHERS)
            await watchers.until_all_receive()
            before = totals(watchers.receivers)
            began = time.perf_counter()
            slowest = await _join_evenly(node, crowd, legs, within)
            await crowd.until_all_receive()
            seconds = time.perf_counter() - began
            await asyncio.sleep(SETTLE_SECONDS)
            received, lost, _ = (now - then for now, then in zip(totals(watchers.receivers), before, strict=True))
            storm = Storm(seconds, len(crowd.receivers), lost, received, slowest * 1_000)
    finally:
        await source.close()
    print(
        f"join storm: {storm.joined} in {seconds:.1f} s, the slowest took {storm.slowest_join_ms:.0f} ms; "
        f"the {WATCHERS} who watched before lost {lost} of {received + lost} packets"
    )
    return storm


async def _join_evenly(node: NodeSubject, crowd: Crowd, legs: int, within: float) -> float:
    """Returns the seconds that the slowest join took."""
    began = time.perf_counter()
    slowest = 0.0

    async def join(at: float) -> None:
        nonlocal slowest
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        started = time.perf_counter()
        crowd.receivers.append(await node.join_receiver())
        slowest = max(slowest, time.perf_counter() - started)

    async with asyncio.TaskGroup() as together:
        for number in range(legs):
            together.create_task(join(began + within * number / legs))
    return slowest
