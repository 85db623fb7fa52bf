"""Asks the parts how they are, for the web's `/metrics` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import Metric
from prometheus_client.process_collector import ProcessCollector

from bridge.node import BridgeNode
from core.bus import Bus
from core.database import UNREACHABLE, Database
from core.messages import OPEN
from diemcau.metrics import PoolFigures, Reading, metrics_of
from monitor.service import Monitor
from scheduler.invitations.service import Invitations
from signaling.server import SignalingServer


class Probe:
    """Reads the present state of the parts when it is asked, and keeps nothing."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        monitor: Monitor,
        node: BridgeNode,
        signaling: SignalingServer,
        invitations: Invitations,
        feeds: Callable[[], int],
    ) -> None:
        self._database = database
        self._bus = bus
        self._monitor = monitor
        self._node = node
        self._signaling = signaling
        self._invitations = invitations
        self._feeds = feeds
        self._process = ProcessCollector(registry=None)

    async def parts(self) -> Mapping[str, bool]:
        """Which parts are ready to serve a conference."""
        return {
            "database": await self._database.is_reachable(),
            "monitor": self._monitor.ready.is_set(),
            "node": self._bus.is_answered(OPEN),
        }

    async def metrics(self) -> Iterable[Metric]:
        """All metrics of the parts and of the process."""
        return [*metrics_of(await self._reading()), *self._process.collect()]

    async def _reading(self) -> Reading:
        pool = self._database.pool
        waiting = await self._mails_waiting()
        return Reading(
            conferences=self._node.live_conferences,
            engine=self._node.engine.stats(),
            monitor=self._monitor.figures(),
            bus_overflows=self._bus.overflows,
            bus_dropped=self._bus.dropped_messages,
            pool=PoolFigures(pool.get_size(), pool.get_idle_size(), pool.get_max_size()),
            signaling_connections=self._signaling.connections,
            feeds=self._feeds(),
            mails_waiting=waiting,
        )

    async def _mails_waiting(self) -> int | None:
        if not await self._database.is_reachable():
            return None
        try:
            return await self._invitations.mails_waiting()
        except UNREACHABLE:
            return None
