"""CPU per forwarded packet and per join of one server: the part that the node and Janus both go through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.media_crowd import SETTLE_SECONDS, Crowd, Tally
from bench.media_source import KEY_FRAME_TIMES, Source, full_layer
from bench.processes import cpu_seconds
from bench.subject import Subject

ON_THE_WAY = KEY_FRAME_TIMES * full_layer().packets
"""Packets of a picture that was sent before the window ended and read after it."""


@dataclass(frozen=True)
class Figures:
    """What one server cost."""

    us_per_packet: float
    join_cpu_ms: float
    delivered_ratio: float


async def measure(subject: Subject, receivers: int, seconds: float, *, simulcast: bool) -> Figures:
    """Joins everybody, publishes, and counts. Raises when somebody cannot join or receives nothing.

    `simulcast`: the source sends two lower layers besides, which nobody gets and the server must read.
    """
    source = Source(b"solo", subject.host, simulcast=simulcast)
    try:
        async with Crowd() as crowd:
            await subject.join_source(source)
            await asyncio.sleep(SETTLE_SECONDS)
            source.paused = True
            before = cpu_seconds(subject.pid)
            await crowd.join(subject.join_receiver, receivers)
            join_cpu_ms = (cpu_seconds(subject.pid) - before) / receivers * 1_000
            source.paused = False
            await crowd.until_all_receive()
            await asyncio.sleep(SETTLE_SECONDS)
            tally = await crowd.watch(subject.pid, seconds, lambda: source.sent)
            print(f"{subject.name}: {join_cpu_ms:.1f} ms of CPU per join; {tally.line(receivers)}")
            _warn(crowd, tally, receivers)
    finally:
        await source.close()
    return Figures(tally.cpu / tally.received * 1e6, join_cpu_ms, tally.delivered_ratio)


def _warn(crowd: Crowd, tally: Tally, receivers: int) -> None:
    if undecryptable := sum(receiver.undecryptable for receiver in crowd.receivers):
        print(f"WARNING: {undecryptable} of the packets looked into could not be decrypted")
    if tally.received < (0.999 * tally.sent - ON_THE_WAY) * receivers:
        print("WARNING: not everything that was sent arrived")
