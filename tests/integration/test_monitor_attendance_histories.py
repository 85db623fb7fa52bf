"""Random joins, losses, departures and crashes, through the bus and the real database, against a truth drawn apart."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.messages import PRESENCE, SAMPLES, PresenceChanged, SampleBatch
from core.model import ConferenceId, Departure, LegId, LinkSample, Presence
from core.settings import Settings
from monitor.service import Monitor
from tests.support.polling import eventually
from tests.unit.test_monitor_attendance import GRACE, PEOPLE, START, Truth

SEED = 20261123
CONFERENCES = 334
"""At a time, three participants each: a thousand histories and two."""
SECONDS = 40
CRASHES = frozenset({7, 15, 17, 30})
SETTINGS = Settings(sample_seconds=0.02, reconnect_grace_seconds=GRACE)
NEWS = [
    *[(Presence.PRESENT, None)] * 4,
    (Presence.LOST, None),
    (Presence.LOST, None),
    (Presence.JOINING, None),
    *[(Presence.ABSENT, how) for how in Departure],
]

Spans = dict[tuple[str, str], list[tuple[float, float | None]]]


class Stage:
    """The conferences, what is drawn for them, and a monitor that is killed and started again."""

    def __init__(self, database: Database) -> None:
        self.database, self.bus, self.clock = database, Bus(), ManualClock(START)
        self.random = random.Random(SEED)
        self.truths = {ConferenceId(str(UUID(int=n + 1))): Truth() for n in range(CONFERENCES)}
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        monitor = Monitor(self.database, self.bus, self.clock, SETTINGS)
        self.task = asyncio.create_task(monitor.run())
        await monitor.ready.wait()

    async def kill(self) -> None:
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    def measure(self) -> None:
        """Media of everybody is observed; it counts only for those who are present."""
        samples = tuple(
            LinkSample(
                conference=id,
                participant=who.id,
                leg=LegId(who.id),
                at=self.clock.now(),
                kbps_up=1.0,
                kbps_down=1.0,
            )
            for id in self.truths
            for who in PEOPLE
        )
        self.bus.publish(SAMPLES, SampleBatch(at=self.clock.now(), samples=samples))

    def draw(self, second: int) -> None:
        """Something happens to one participant of most conferences, and is told."""
        for id, truth in self.truths.items():
            who, (presence, how) = self.random.randrange(3), self.random.choice(NEWS)
            # Whoever is given up in this very second does nothing else in it.
            if self.random.random() < 0.3 or truth.waited[who] == second:
                truth.second(second, None)
                continue
            truth.second(second, (who, (presence, how)))
            at = self.clock.now()
            news = PresenceChanged(conference=id, participant=PEOPLE[who], presence=presence, how=how, at=at)
            self.bus.publish(PRESENCE, news)

    def stored(self, second: int) -> Callable[[], Awaitable[str | None]]:
        """Whether the database holds the truth, and has seen until now whoever is there."""
        expected = {(id, p.id): t.spans(n) for id, t in self.truths.items() for n, p in enumerate(PEOPLE)}
        there = {(id, p.id) for id, t in self.truths.items() for n, p in enumerate(PEOPLE) if t.picture[n][-1:] == "P"}

        async def check() -> str | None:
            found: Spans = defaultdict(list)
            seen = set()
            for row in await self.database.pool.fetch("SELECT * FROM presence_seen ORDER BY joined_at"):
                key = (str(row["conference"]), row["participant"])
                began, last = (row["joined_at"] - START).total_seconds(), (row["last_seen"] - START).total_seconds()
                found[key].append((began, (row["left_at"] - START).total_seconds() if row["left_at"] else None))
                if row["left_at"] is None and last == second:
                    seen.add(key)
            wrong = [(key, found[key], spans) for key, spans in expected.items() if found[key] != spans]
            if wrong:
                return f"seed {SEED}, second {second}: {len(wrong)} differ, as {wrong[0]}"
            return None if there <= seen else f"second {second}: {len(there - seen)} not seen until now"

        return check


async def test_intervals_in_the_database_equal_the_truth_through_crashes(database: Database) -> None:
    stage = Stage(database)
    await stage.start()
    for second in range(SECONDS):
        stage.measure()
        if second in CRASHES:
            await eventually(stage.stored(second))
            await stage.kill()
            for truth in stage.truths.values():
                truth.second(second, "crash")
            await stage.start()
        else:
            stage.draw(second)
            await eventually(stage.stored(second))
        stage.clock.advance(1)
    await stage.kill()
    intervals = await database.pool.fetchval("SELECT count(*) FROM presence_interval")
    assert intervals > CONFERENCES * 3
