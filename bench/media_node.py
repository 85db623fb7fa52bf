"""The media node as a subject: a process of `bench.media_host`."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Any

from bench.media_client import HOST, CountingReceiver, receiving_offer
from bench.media_source import Source
from bench.processes import pin
from bridge.endpoint.negotiation import read_description
from core.model import AUDIENCE_SLOTS, SlotName, Track

PUBLISHER = "publisher"
_CONNECTS_WITHIN = 20.0
_ANSWERS_WITHIN = 30.0


class NodeSubject:
    """A node process that this bench started."""

    name = "node"
    host: str | None = HOST

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self._process = process
        self._asking = asyncio.Lock()

    @classmethod
    async def start(cls, core: int | None = None) -> NodeSubject:
        """Starts the process, on that core alone if one is named, and waits until it serves."""
        command = (sys.executable, "-m", "bench.media_host")
        subject = cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL))
        if core is not None:
            pin(subject.pid, core)
        await subject.stats()
        return subject

    async def join_source(self, source: Source) -> None:
        """Joins it with camera and microphone, and shows it."""
        await self.join_as(PUBLISHER, source)
        await self.show(PUBLISHER)

    async def join_as(self, participant: str, source: Source) -> None:
        """Joins a source under a name; it is not shown yet."""
        answer = read_description(await self.answer(participant, *source.offer()))
        await source.play(answer, timeout=_CONNECTS_WITHIN)

    async def join_receiver(self, slots: Sequence[SlotName] = AUDIENCE_SLOTS) -> CountingReceiver:
        """Joins one more audience leg; it gets what is shown."""
        receiver = CountingReceiver(self.host)
        answer = read_description(await self.answer(None, *receiving_offer(receiver, slots)))
        await receiver.connect(answer.peer, timeout=_CONNECTS_WITHIN)
        return receiver

    async def show(self, participant: str | None) -> None:
        """Puts a participant on everybody's stage and gives it the sound, or nobody."""
        await self._ask({"show": participant})

    async def profile(self, seconds: float) -> dict[str, float]:
        """Which lines of the node run, by their share."""
        shares: dict[str, float] = (await self._ask({"profile": seconds}))["profile"]
        return shares

    async def stats(self) -> dict[str, Any]:
        """The engine's totals: `drops`, `resent`, `legs`."""
        return await self._ask({})

    async def answer(
        self, participant: str | None, offer: str, receive: Mapping[str, SlotName], send: Mapping[str, Track]
    ) -> str:
        """The node's answer to an offer; who joins without a name is audience."""
        question = {"join": participant, "sdp": offer, "receive": receive, "send": send}
        sdp: str = (await self._ask(question))["sdp"]
        return sdp

    async def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._asking, asyncio.timeout(_ANSWERS_WITHIN):
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the node process ended by itself")
        answer: dict[str, Any] = json.loads(line)
        return answer
