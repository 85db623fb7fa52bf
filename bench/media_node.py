"""The media node as a subject: a process that hosts only a `MediaEngine`, steered by JSON lines.

In: `{"role": …, "sdp": …, "receive": …, "send": …}`; out: `{"sdp": …}`. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import structlog

from bench.media_client import HOST, CountingReceiver, Publisher, local_of
from bridge.endpoint.negotiation import MID_EXTENSION, Answer, Local, read_description, write_offer
from bridge.media.engine import LegState, MediaEngine
from core.clock import SystemClock
from core.model import CameraLevel, ConferenceId, LegId, ParticipantId, SlotName, Track
from core.settings import Limits

_CONFERENCE = ConferenceId("bench")
_PUBLISHER = ParticipantId("publisher")
_SHOWN = frozenset((SlotName.STAGE, SlotName.AUDIO1))
_SAMPLE_SECONDS = 2.0
_CONNECTS_WITHIN = 20.0
_ANSWERS_WITHIN = 20.0


class NodeSubject:
    """A node process that this bench started."""

    name = "node"
    host: str | None = HOST

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self._process = process
        self._asking = asyncio.Lock()

    @classmethod
    async def start(cls) -> NodeSubject:
        """Starts the process; it serves from its first line on."""
        command = (sys.executable, "-m", "bench.media_node")
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL))

    async def join_publisher(self, publisher: Publisher) -> None:
        """Joins as the only source."""
        answer = await self._join("publisher", local_of(publisher, publisher.ssrc), ())
        section = answer.sections["1"]
        publisher.negotiated(section, "1", section.extensions.get(MID_EXTENSION, 0))
        await publisher.connect(answer.peer, timeout=_CONNECTS_WITHIN)

    async def join_receiver(self) -> CountingReceiver:
        """Joins with one slot, in which the publisher is shown."""
        receiver = CountingReceiver(self.host)
        answer = await self._join("receiver", local_of(receiver), (SlotName.STAGE,))
        await receiver.connect(answer.peer, timeout=_CONNECTS_WITHIN)
        return receiver

    async def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _join(self, role: str, local: Local, slots: tuple[SlotName, ...]) -> Answer:
        offer, receive, send = write_offer(local, slots)
        return read_description(await self.answer(role, offer, receive, send))

    async def answer(self, role: str, offer: str, receive: dict[str, SlotName], send: dict[str, Track]) -> str:
        """The node's answer to an offer; `role` is "publisher" once, else "receiver"."""
        question = json.dumps({"role": role, "sdp": offer, "receive": receive, "send": send})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._asking, asyncio.timeout(_ANSWERS_WITHIN):
            self._process.stdin.write(question.encode() + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the node process ended by itself")
        sdp: str = json.loads(line)["sdp"]
        return sdp


def _answer(engine: MediaEngine, line: bytes) -> bytes:
    question = json.loads(line)
    leg = LegId(secrets.token_hex(8))
    publishes = question["role"] == "publisher"
    sdp = engine.open_leg(
        leg,
        _CONFERENCE,
        _PUBLISHER if publishes else ParticipantId(f"receiver:{leg}"),
        sdp=question["sdp"],
        receive={mid: SlotName(slot) for mid, slot in question["receive"].items()},
        send={mid: Track(track) for mid, track in question["send"].items()},
    )
    if publishes:
        engine.set_camera_levels(_CONFERENCE, {_PUBLISHER: CameraLevel.FULL})
    else:
        shown = _SHOWN.intersection(question["receive"].values())
        engine.assign(leg, dict.fromkeys(shown, _PUBLISHER))
    return json.dumps({"sdp": sdp}).encode() + b"\n"


async def _sample(engine: MediaEngine) -> None:
    """A node in service takes samples; their cost belongs to it."""
    while True:
        await asyncio.sleep(_SAMPLE_SECONDS)
        engine.samples()


def _on_leg(leg: LegId, state: LegState, reason: str) -> None:
    """The load tool knows by itself who is connected."""


async def _serve() -> None:
    engine = MediaEngine(
        host=HOST, port=0, addresses=[HOST], clock=SystemClock(), limits=Limits(), on_leg=_on_leg
    )  # fmt: skip
    await engine.start()
    sampling = asyncio.create_task(_sample(engine))
    lines = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        sys.stdout.buffer.write(_answer(engine, line))
        sys.stdout.buffer.flush()
    sampling.cancel()
    await engine.stop()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(_serve())


if __name__ == "__main__":
    main()
