"""Fixtures that the scheduler's tests share: it is noon, the directory is empty, and mail goes to a recording box."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from scheduler.service import Scheduler
from tests.support.clockwork import Doors
from tests.support.directory import NOON, scheduler_of
from tests.support.inviting import Office, office


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def scheduler(database: Database, bus: Bus, clock: ManualClock) -> Scheduler:
    return scheduler_of(database, bus, clock)


@pytest.fixture
def doors(bus: Bus) -> Doors:
    return Doors(bus)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Office]:
    async with office(database) as made:
        yield made
