"""A whole country's conference on one node: idle legs, one stage to all, and the floor given to and fro."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.media_client import CountingReceiver
from bench.media_crowd import SETTLE_SECONDS, Crowd, Tally
from bench.media_node import NodeSubject
from bench.media_source import Source, tag_of
from bench.processes import cpu_seconds, resident_kib

PROFILE_SECONDS = 5.0
SWITCH_SECONDS = 1.5
"""From one command to the next; what comes later than this counts as missing."""


@dataclass(frozen=True)
class Idle:
    """What legs cost that get nothing and send nothing but reports and consent checks."""

    cores: float
    kib_per_leg: float
    join_cpu_ms: float


@dataclass(frozen=True)
class Stage:
    """One stage to everybody."""

    tally: Tally
    profile: dict[str, float]


async def measure_idle(node: NodeSubject, crowd: Crowd, legs: int, seconds: float) -> Idle:
    """Joins the legs, to which nothing is shown, and lets them be."""
    memory, cpu = resident_kib(node.pid), cpu_seconds(node.pid)
    await crowd.join(node.join_receiver, legs)
    joins = cpu_seconds(node.pid) - cpu
    await asyncio.sleep(SETTLE_SECONDS)
    cpu, began = cpu_seconds(node.pid), time.perf_counter()
    await asyncio.sleep(seconds)
    cores = (cpu_seconds(node.pid) - cpu) / (time.perf_counter() - began)
    idle = Idle(cores, (resident_kib(node.pid) - memory) / legs, joins / legs * 1_000)
    print(
        f"{legs} idle legs: {cores:.1%} of a core, {idle.kib_per_leg:.0f} KiB each, joined at {idle.join_cpu_ms:.1f} ms"
    )
    return idle


async def measure_stage(node: NodeSubject, crowd: Crowd, source: Source, seconds: float) -> Stage:
    """Counts what everybody gets of the one who is shown, then looks where the node's time goes."""
    await crowd.until_all_receive()
    await asyncio.sleep(SETTLE_SECONDS)
    tally = await crowd.watch(node.pid, seconds, lambda: source.sent)
    print(f"one stage: {tally.line(len(crowd.receivers))}")
    return Stage(tally, await node.profile(min(PROFILE_SECONDS, seconds)))


async def measure_switches(
    node: NodeSubject, crowd: Crowd, sources: Sequence[tuple[str, Source]], times: int
) -> list[float]:
    """Gives the floor to `sources` in turn, from the second on. Returns each leg's ms until the key frame.

    A leg that does not get it counts as `SWITCH_SECONDS`.
    """
    waited: list[float] = []
    for turn in range(times):
        name, source = sources[(turn + 1) % len(sources)]
        for receiver in crowd.receivers:
            receiver.captured = []
        commanded = time.perf_counter()
        for other_name, other in sources:
            other.speaks = other_name == name
        await node.show(name)
        await asyncio.sleep(max(0.0, commanded + SWITCH_SECONDS - time.perf_counter()))
        news = await _waited(crowd.receivers, source.tag, commanded)
        print(f"  floor to {name}: {min(news):.0f} to {max(news):.0f} ms")
        waited += news
        await asyncio.sleep(SETTLE_SECONDS)
    return sorted(waited)


async def _waited(receivers: Sequence[CountingReceiver], tag: bytes, commanded: float) -> list[float]:
    """Decrypts what was kept, which nobody needs any sooner."""
    waited = []
    for receiver in receivers:
        kept, receiver.captured = receiver.captured or [], None
        at = next((at for at, packet in kept if (opened := receiver.opened(packet)) and tag_of(opened) == tag), None)
        await asyncio.sleep(0)
        waited.append((at - commanded) * 1_000 if at is not None else SWITCH_SECONDS * 1_000)
    return waited
