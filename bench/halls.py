"""What virtual halls cost: many headless endpoints in this process, against a node in another.

Run as `python -m bench.halls`; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os

from bench.media_client import HOST
from bench.media_node import PUBLISHER, NodeSubject
from bench.processes import cpu_seconds
from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from core.model import AUDIENCE_SLOTS, CameraLevel, SlotName, point_participant

_JOINS_AT_ONCE = 5
_FIRST_FRAME_WITHIN = 15.0


async def _join(node: NodeSubject, endpoint: MediaEndpoint, participant: str | None) -> None:
    await endpoint.connect(await node.answer(participant, *endpoint.offer()))


async def _join_all(node: NodeSubject, endpoints: list[MediaEndpoint]) -> float:
    """Joins; the first one is who will publish. Returns this process's CPU per join in ms."""
    before = cpu_seconds(os.getpid())
    await _join(node, endpoints[0], PUBLISHER)
    for start in range(1, len(endpoints), _JOINS_AT_ONCE):
        batch = endpoints[start : start + _JOINS_AT_ONCE]
        await asyncio.gather(*(_join(node, endpoint, None) for endpoint in batch))
    return (cpu_seconds(os.getpid()) - before) / len(endpoints) * 1_000


def _received(endpoints: list[MediaEndpoint]) -> tuple[int, int]:
    slots = [slot for endpoint in endpoints for slot in endpoint.received().values()]
    return sum(slot.packets for slot in slots), sum(slot.expected for slot in slots)


async def _window(endpoints: list[MediaEndpoint], seconds: float) -> tuple[float, float]:
    """Share of one core and packets received per second, over a while."""
    packets, cpu = _received(endpoints)[0], cpu_seconds(os.getpid())
    await asyncio.sleep(seconds)
    return (cpu_seconds(os.getpid()) - cpu) / seconds, (_received(endpoints)[0] - packets) / seconds


async def _until_all_see(endpoints: list[MediaEndpoint], publisher: MediaEndpoint) -> None:
    deadline = asyncio.get_running_loop().time() + _FIRST_FRAME_WITHIN
    while blind := sum(e.received()[SlotName.STAGE].last_key_frame_of != publisher.participant for e in endpoints):
        if asyncio.get_running_loop().time() > deadline:
            raise RuntimeError(f"{blind} of {len(endpoints)} halls see nothing")
        await asyncio.sleep(0.1)


async def run(halls: int, seconds: float) -> dict[str, float | int]:
    """Joins the halls, lets them idle, then shows one of them to all others."""
    names = {point_participant(str(number)): f"Điểm cầu số {number}" for number in range(halls)}
    clips = ClipLibrary(names)
    endpoints = [MediaEndpoint(participant, AUDIENCE_SLOTS, clips, host=HOST) for participant in names]
    node = await NodeSubject.start()
    try:
        join_cpu_ms = await _join_all(node, endpoints)
        print(f"{halls} halls joined, {join_cpu_ms:.1f} ms of this process's CPU each")
        idle, _ = await _window(endpoints, seconds)
        print(f"idle: {idle:.1%} of a core for all of them")
        await node.show(PUBLISHER)
        endpoints[0].publish(True, CameraLevel.FULL)
        await _until_all_see(endpoints[1:], endpoints[0])
        busy, rate = await _window(endpoints, seconds)
        packets, expected = _received(endpoints)
        print(f"one on stage: {rate:.0f} packets/s received, {busy:.1%} of a core, {packets / expected:.3%} received")
        return {
            "halls": halls,
            "join_cpu_ms": round(join_cpu_ms, 2),
            "idle_core_share": round(idle, 4),
            "stage_core_share": round(busy, 4),
            "packets_per_second": round(rate),
            "us_per_packet": round(busy / rate * 1e6, 2),
            "received_ratio": round(packets / expected, 5),
        }
    finally:
        await asyncio.gather(*(endpoint.close() for endpoint in endpoints))
        await node.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.halls", description=__doc__)
    parser.add_argument("--halls", type=int, default=168, choices=range(2, 1_001), metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each of the two windows")
    given = parser.parse_args()
    if not 1 <= given.seconds <= 120:
        parser.error("--seconds must be 1..120")
    print(json.dumps(asyncio.run(run(given.halls, given.seconds))))


if __name__ == "__main__":
    main()
