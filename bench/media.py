"""CPU of the media node per forwarded packet and per join, beside Janus under the same load.

Run as `python -m bench.media`; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import dataclass

from bench import janus
from bench.media_client import CountingReceiver, Publisher
from bench.media_node import NodeSubject
from bench.processes import cpu_seconds
from bench.subject import Subject

_JOINS_AT_ONCE = 5
_SETTLE_SECONDS = 1.0
_FIRST_PACKETS_WITHIN = 15.0
_SATURATED = 0.9
"""Share of one core above which the load tool itself may be what limits."""


@dataclass(frozen=True)
class Load:
    """What a subject is put under."""

    receivers: int
    packets_per_second: float
    size: int
    seconds: float


@dataclass(frozen=True)
class Figures:
    """What one subject cost."""

    us_per_packet: float
    join_cpu_ms: float
    delivered_ratio: float


async def measure(subject: Subject, load: Load) -> Figures:
    """Joins everybody, publishes, and counts. Raises when somebody cannot join or receives nothing."""
    publisher = Publisher(load.size, subject.host)
    receivers: list[CountingReceiver] = []
    try:
        await subject.join_publisher(publisher)
        await publisher.publish(load.packets_per_second, _SETTLE_SECONDS)
        join_cpu_ms = await _join_all(subject, load, receivers)
        await _until_all_receive(publisher, receivers, load)
        return await _publish(subject, load, publisher, receivers, join_cpu_ms)
    finally:
        await asyncio.gather(publisher.close(), *(receiver.close() for receiver in receivers))


async def _join_all(subject: Subject, load: Load, receivers: list[CountingReceiver]) -> float:
    before = cpu_seconds(subject.pid)
    while len(receivers) < load.receivers:
        batch = min(_JOINS_AT_ONCE, load.receivers - len(receivers))
        receivers += await asyncio.gather(*(subject.join_receiver() for _ in range(batch)))
    cost = (cpu_seconds(subject.pid) - before) / load.receivers * 1_000
    print(f"{subject.name}: {load.receivers} receivers joined, {cost:.1f} ms of its CPU each")
    return cost


async def _until_all_receive(publisher: Publisher, receivers: list[CountingReceiver], load: Load) -> None:
    deadline = asyncio.get_running_loop().time() + _FIRST_PACKETS_WITHIN
    while missing := sum(not receiver.packets for receiver in receivers):
        if asyncio.get_running_loop().time() > deadline:
            raise RuntimeError(f"{missing} of {len(receivers)} receivers get nothing")
        await publisher.publish(load.packets_per_second, _SETTLE_SECONDS)


async def _publish(
    subject: Subject, load: Load, publisher: Publisher, receivers: list[CountingReceiver], join_cpu_ms: float
) -> Figures:
    sent_before, received_before = publisher.sent, sum(receiver.packets for receiver in receivers)
    cpu_before, own_before = cpu_seconds(subject.pid), cpu_seconds(os.getpid())
    took = await publisher.publish(load.packets_per_second, load.seconds)
    cpu, own = cpu_seconds(subject.pid) - cpu_before, cpu_seconds(os.getpid()) - own_before
    await asyncio.sleep(_SETTLE_SECONDS / 2)
    sent = publisher.sent - sent_before
    received = sum(receiver.packets for receiver in receivers) - received_before
    figures = Figures(cpu / received * 1e6, join_cpu_ms, received / (sent * load.receivers))
    print(
        f"{subject.name}: {sent / took:.0f} packets/s in, {received / took:.0f}/s out, {figures.delivered_ratio:.2%} "
        f"delivered, {cpu / took:.0%} of a core, {figures.us_per_packet:.2f} µs per packet (tool: {own / took:.0%})"
    )
    _warn(load, sent / took, own / took, sum(receiver.undecryptable for receiver in receivers))
    return figures


def _warn(load: Load, rate: float, own_share: float, undecryptable: int) -> None:
    if own_share > _SATURATED or rate < 0.97 * load.packets_per_second:
        print("WARNING: the load tool was saturated; what is missing may be its own loss")
    if undecryptable:
        print(f"WARNING: {undecryptable} of the packets looked into could not be decrypted")


async def run(load: Load) -> dict[str, float | int | None]:
    """Measures the node, then Janus if it is installed."""
    node = await NodeSubject.start()
    try:
        ours = await measure(node, load)
    finally:
        await node.close()
    theirs = await _run_janus(load)
    return {
        "receivers": load.receivers,
        "us_per_packet": round(ours.us_per_packet, 2),
        "us_per_packet_janus": round(theirs.us_per_packet, 2) if theirs else None,
        "ratio_to_janus": round(ours.us_per_packet / theirs.us_per_packet, 3) if theirs else None,
        "join_cpu_ms": round(ours.join_cpu_ms, 2),
        "join_cpu_ms_janus": round(theirs.join_cpu_ms, 2) if theirs else None,
        "delivered_ratio": round(ours.delivered_ratio, 5),
        "delivered_ratio_janus": round(theirs.delivered_ratio, 5) if theirs else None,
    }


async def _run_janus(load: Load) -> Figures | None:
    if not janus.installed():
        print(janus.INSTALL)
        return None
    subject = await janus.JanusSubject.start()
    try:
        return await measure(subject, load)
    finally:
        await subject.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.media", description=__doc__)
    parser.add_argument("--receivers", type=int, default=100, choices=range(1, 1_001), metavar="N")
    parser.add_argument("--pps", type=float, default=200.0, help="packets per second of the publisher")
    parser.add_argument("--size", type=int, default=1_100, help="bytes of payload per packet, 40 to 1,200")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each server is measured")
    # Janus drops a session after 60 s without a request, and none is sent while packets are counted.
    given = parser.parse_args()
    if not (5 <= given.pps <= 2_000 and 40 <= given.size <= 1_200 and 1 <= given.seconds <= 45):
        parser.error("--pps must be 5..2000, --size 40..1200, --seconds 1..45")
    figures = asyncio.run(run(Load(given.receivers, given.pps, given.size, given.seconds)))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
