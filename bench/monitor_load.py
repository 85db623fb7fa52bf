"""What media nodes of the whole country tell the monitor: each node its batch, once a period, at its own moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from random import Random

from core.bus import Bus
from core.messages import PRESENCE, SAMPLES, PresenceChanged, SampleBatch
from core.model import (
    ConferenceId,
    LegId,
    LinkSample,
    MediumFigures,
    Participant,
    Presence,
    Role,
    point_participant,
)

POINTS = 3_356
NODES = 40
PERIOD = 2.0
_SEED = 3_356


class Load:
    """`points` halls of one conference on `nodes` nodes. One line in twelve loses packets."""

    def __init__(self, conference: ConferenceId, points: int = POINTS, nodes: int = NODES) -> None:
        self.conference = conference
        self._random = Random(_SEED)
        self.halls = [
            Participant(id=point_participant(f"d{n}"), role=Role.OPERATOR, name=f"Điểm {n}", point=f"d{n}")
            for n in range(1, points + 1)
        ]
        self._parts = [self.halls[n::nodes] for n in range(nodes)]
        self._phases = sorted(self._random.uniform(0, PERIOD) for _ in range(nodes))
        self.cpu_seconds = 0.0
        """What making the samples has cost so far: not the monitor's."""

    def arrive(self, bus: Bus, at: datetime) -> None:
        """Every hall is present from now on."""
        for hall in self.halls:
            news = PresenceChanged(conference=self.conference, participant=hall, presence=Presence.PRESENT, at=at)
            bus.publish(PRESENCE, news)

    async def run(self, bus: Bus, now: Callable[[], datetime], periods: int) -> int:
        """Publishes for so many periods; how many samples. Late batches follow at once and none is left out."""
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        for period in range(periods):
            for phase, halls in zip(self._phases, self._parts, strict=True):
                await asyncio.sleep(max(0.0, begun + period * PERIOD + phase - loop.time()))
                bus.publish(SAMPLES, self.batch(halls, now()))
                sent += len(halls)
        await asyncio.sleep(max(0.0, begun + periods * PERIOD - loop.time()))
        return sent

    def batch(self, halls: list[Participant], at: datetime) -> SampleBatch:
        """One sample of each of these halls."""
        began = time.thread_time()
        made = SampleBatch(at=at, samples=tuple(self._sample(hall, at) for hall in halls))
        self.cpu_seconds += time.thread_time() - began
        return made

    def _sample(self, hall: Participant, at: datetime) -> LinkSample:
        random = self._random.random
        ill = int((hall.point or "d0")[1:]) % 12 == 0
        loss = 0.05 + 0.07 * random() if ill else 0.002 * random()
        up = MediumFigures(loss=0.002 * random(), jitter_ms=8 * random())
        down = MediumFigures(loss=loss, jitter_ms=8 * random())
        return LinkSample(
            conference=self.conference,
            participant=hall.id,
            leg=LegId(f"leg-{hall.point}"),
            at=at,
            kbps_up=20 + 40 * random(),
            kbps_down=1_200 + 400 * random(),
            loss_up=up.loss,
            loss_down=loss,
            jitter_down_ms=down.jitter_ms,
            rtt_ms=8 + 32 * random(),
            audio_up=up,
            audio_down=down,
            video_down=down,
        )
