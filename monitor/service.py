"""The monitor as the other parts see it: it listens on the bus, and answers the web."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from core.bus import Bus
from core.clock import Clock
from core.database import Database
from core.model import ConferenceId, ParticipantId
from core.settings import Settings
from monitor.model import Attendance, History, LiveSnapshot


class Monitor:
    """Watches every live conference of this installation.

    `run` until cancelled. `ready` is set once it listens: start the bridge after that, so that no news is missed.
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Listens, grades, publishes `LINKS` and stores until cancelled."""
        raise NotImplementedError

    def snapshot(self, conference: ConferenceId) -> LiveSnapshot:
        """The live state of `conference` now; empty when it is not live. Never touches the database."""
        raise NotImplementedError

    async def attendance(self, conference: ConferenceId) -> Attendance:
        """Every booked point with its presence. Raises `NotFound` `conference.unknown`."""
        raise NotImplementedError

    async def attendance_csv(self, conference: ConferenceId) -> str:
        """`attendance` as a spreadsheet file (begins with a byte order mark). Raises `NotFound`."""
        raise NotImplementedError

    def quality_csv(self, conference: ConferenceId) -> AsyncIterator[str]:
        """Every stored sample as pieces of one CSV file. Raises `NotFound` before the first piece."""
        raise NotImplementedError

    async def history(self, conference: ConferenceId, participant: ParticipantId, minutes: int) -> History:
        """The participant's samples of the last `minutes` (1 to 1440; else `BadInput` `history.minutes`)."""
        raise NotImplementedError
