"""What the phases of the media bench share: many receivers joined, reporting as browsers do, and closed at the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench.media_client import CountingReceiver, report_forever
from bench.processes import cpu_seconds

_JOINS_AT_ONCE = 5
_FIRST_PACKETS_WITHIN = 15.0
SETTLE_SECONDS = 1.0
_SATURATED = 0.9
"""Share of one core above which the load tool itself may be what limits."""

Join = Callable[[], Awaitable[CountingReceiver]]


@dataclass(frozen=True)
class Tally:
    """What a window of time brought to all receivers together."""

    seconds: float
    sent: int
    """Packets of the source that everybody should have got, once."""
    received: int
    missing: int
    repaired: int
    cpu: float
    """Of the server, in seconds."""
    own_cpu: float

    @property
    def delivered_ratio(self) -> float:
        """Of what was numbered for the receivers, what they got without asking again."""
        return self.received / (self.received + self.missing) if self.received else 0.0

    def line(self, receivers: int) -> str:
        """For people."""
        own = self.own_cpu / self.seconds
        warning = "; WARNING: the load tool was saturated" if own > _SATURATED else ""
        return (
            f"{self.sent / self.seconds:.0f} packets/s in, {self.received / self.seconds:.0f}/s out to {receivers}, "
            f"{self.delivered_ratio:.3%} delivered, {self.repaired / self.seconds:.0f}/s sent once more, "
            f"{self.cpu / self.seconds:.0%} of a core (load tool: {own:.0%}{warning})"
        )


@dataclass
class Crowd:
    """The receivers of one server. Use it as a context: it reports for them, and closes them."""

    receivers: list[CountingReceiver] = field(default_factory=list)
    _reporting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Crowd:
        self._reporting = asyncio.create_task(report_forever(self.receivers), name="reports")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.wait([self._reporting])
        await asyncio.gather(*(receiver.close() for receiver in self.receivers))

    async def join(self, join: Join, count: int) -> None:
        """Adds so many receivers, a few at a time."""
        target = len(self.receivers) + count
        while len(self.receivers) < target:
            batch = min(_JOINS_AT_ONCE, target - len(self.receivers))
            self.receivers += await asyncio.gather(*(join() for _ in range(batch)))

    async def until_all_receive(self) -> None:
        """Waits for everybody's first packets; raises `RuntimeError` when somebody gets nothing."""
        deadline = asyncio.get_running_loop().time() + _FIRST_PACKETS_WITHIN
        while silent := sum(len(receiver.streams) < 2 for receiver in self.receivers):
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"{silent} of {len(self.receivers)} receivers get nothing")
            await asyncio.sleep(0.1)

    async def watch(self, pid: int, seconds: float, sent: Callable[[], int]) -> Tally:
        """Counts for a while; `pid` is the server's process, `sent` what the source has sent in all."""
        before, sent_before = totals(self.receivers), sent()
        cpu, own = cpu_seconds(pid), cpu_seconds(os.getpid())
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        took = asyncio.get_running_loop().time() - began
        cpu, own = cpu_seconds(pid) - cpu, cpu_seconds(os.getpid()) - own
        after = totals(self.receivers)
        received, missing, repaired = (now - then for now, then in zip(after, before, strict=True))
        return Tally(took, sent() - sent_before, received, missing, repaired, cpu, own)


def totals(receivers: Sequence[CountingReceiver]) -> tuple[int, int, int]:
    """Packets received, missing and sent once more, of all together."""
    return (
        sum(receiver.packets for receiver in receivers),
        sum(receiver.missing for receiver in receivers),
        sum(receiver.repaired for receiver in receivers),
    )
