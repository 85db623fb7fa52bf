"""The node process of the media bench: a `MediaEngine` and nothing else, steered by JSON lines.

Each line asks for one thing, and is answered with one line: `{"join": …, "sdp": …, "receive": …, "send": …}` with
`{"sdp": …}`; `{"show": who or null}`, which puts that participant into everybody's slots, with `{}`;
`{"profile": seconds}` with the shares of the lines that run; `{}` with totals. It ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from bench.sampler import Sampler
from bridge.media.engine import LegState, MediaEngine
from core.clock import SystemClock
from core.model import CameraLevel, ConferenceId, LegId, ParticipantId, SlotName, Track
from core.settings import Limits

HOST = "127.0.0.1"
_CONFERENCE = ConferenceId("bench")
_QUIET = tuple(ParticipantId(f"quiet-{number}") for number in range(3))
"""Open microphones besides the speaker's, one more than there are seats: levels are compared all the time."""
_SAMPLE_SECONDS = 2.0


class Host:
    """The engine, and whom it shows."""

    def __init__(self) -> None:
        self._engine = MediaEngine(
            host=HOST, port=0, addresses=[HOST], clock=SystemClock(), limits=Limits(), on_leg=_on_leg
        )
        self._receivers: list[LegId] = []
        self._shown: ParticipantId | None = None

    async def serve(self) -> None:
        """Answers until the input ends."""
        await self._engine.start()
        sampling = asyncio.create_task(self._sample())
        lines = asyncio.StreamReader(limit=1 << 20)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            answer = await self._answer(json.loads(line))
            sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
            sys.stdout.buffer.flush()
        sampling.cancel()
        await self._engine.stop()

    async def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if "join" in question:
            return {"sdp": self._join(question)}
        if "show" in question:
            self._show(question["show"])
            return {}
        if "profile" in question:
            return {"profile": await _profile(question["profile"])}
        stats = self._engine.stats()
        return {"drops": dict(stats.drops), "resent": stats.resent, "legs": stats.legs}

    def _join(self, question: Mapping[str, Any]) -> str:
        leg, receive = LegId(secrets.token_hex(8)), question["receive"]
        participant = ParticipantId(question["join"] or f"receiver:{leg}")
        sdp = self._engine.open_leg(
            leg,
            _CONFERENCE,
            participant,
            sdp=question["sdp"],
            receive={mid: SlotName(slot) for mid, slot in receive.items()},
            send={mid: Track(track) for mid, track in question["send"].items()},
        )
        if question["join"]:
            self._engine.set_camera_levels(_CONFERENCE, {participant: CameraLevel.FULL})
        else:
            self._receivers.append(leg)
            self._assign(leg)
        return sdp

    def _show(self, participant: str | None) -> None:
        self._shown = ParticipantId(participant) if participant else None
        others = _QUIET if self._shown is not None else ()
        self._engine.set_microphones(_CONFERENCE, [self._shown], others)
        for leg in self._receivers:
            self._assign(leg)

    def _assign(self, leg: LegId) -> None:
        self._engine.assign(leg, {SlotName.STAGE: self._shown})

    async def _sample(self) -> None:
        """A node in service takes samples; their cost belongs to it."""
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            self._engine.samples()


async def _profile(seconds: float) -> dict[str, float]:
    sampler = Sampler()
    sampler.start()
    await asyncio.sleep(seconds)
    return sampler.stop()


def _on_leg(leg: LegId, state: LegState, reason: str) -> None:
    """The load tool knows by itself who is connected."""


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(Host().serve())


if __name__ == "__main__":
    main()
