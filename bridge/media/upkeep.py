"""What is done for each leg all the time: its pictures fitted to its line, its rates closed, its RTCP sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from bridge.media import reports
from bridge.media.allotment import allot, paused, too_large
from bridge.media.ingress import Ingress
from bridge.media.leg import Leg
from core.model import LegId, SlotName

log = structlog.get_logger("media")

TICK_SECONDS = 0.1
TICKS_PER_ALLOTMENT = 3
TICKS_PER_SECOND = 10
_TICKS_PER_REPORT = round(reports.REPORT_SECONDS / TICK_SECONDS)
_TICKS_PER_SENDER_REPORT = round(reports.SENDER_REPORT_SECONDS / TICK_SECONDS)


class Upkeep:
    """`on_demand` and `on_paused` are those of `MediaEngine`; `cname` is the node's in its reports."""

    def __init__(
        self,
        ingress: Ingress,
        cname: str,
        on_demand: Callable[[LegId, tuple[str, ...] | None], None],
        on_paused: Callable[[LegId, frozenset[SlotName]], None],
    ) -> None:
        self._ingress = ingress
        self._cname = cname
        self._on_demand = on_demand
        self._on_paused = on_paused

    def tick(self, leg: Leg, now: float, turn: int) -> None:
        """To be called each `TICK_SECONDS`; `turn` begins elsewhere for each leg, so that they alternate."""
        allot_now = turn % TICKS_PER_ALLOTMENT == 0
        if allot_now or not leg.at_rest:
            self._adapt(leg, now, allot_now=allot_now)
        if turn % TICKS_PER_SECOND == 0:
            leg.close_rates(now)
        if turn % _TICKS_PER_REPORT == 0 or leg.uplink.urgent:
            self._send(leg, reports.to_source(leg, now))
        self._ask_trips(leg, now)
        if turn % _TICKS_PER_SENDER_REPORT == 0:
            for packet in reports.to_receiver(leg, self._ingress.ntp(now), now, self._cname):
                self._send(leg, packet)

    def _adapt(self, leg: Leg, now: float, *, allot_now: bool) -> None:
        """Fits what the leg is sent to its line; costs nothing as long as the line was never too full."""
        if not leg.downlink.probing:
            leg.probe_bps = 0
        if leg.probe_bps or leg.probed_bps:
            leg.probed_bps = self._ingress.probe(leg, TICK_SECONDS)
        if self._ingress.switchboard.demand_changed(leg, now):
            log.info("layers_wanted", leg=leg.id, layers=leg.demand.told)
            self._on_demand(leg.id, leg.demand.told)
        limit = leg.downlink.limit
        is_limited = limit is not None or leg.cap is not None or bool(leg.ceilings)
        fell = limit is not None and (leg.allotted is None or limit < leg.allotted)
        if not (allot_now or fell) or leg.tried_out or not (is_limited or leg.limited):
            return
        leg.limited, leg.allotted = is_limited, limit
        allot(leg, partial(self._ingress.switchboard.ladder, leg), now)
        for slot in too_large(leg):
            self._ingress.switchboard.stop(slot)
        now_paused = paused(leg)
        if now_paused != leg.paused:
            log.info("pictures_paused", leg=leg.id, slots=sorted(now_paused))
            leg.paused = now_paused
            self._on_paused(leg.id, now_paused)

    def _ask_trips(self, leg: Leg, now: float) -> None:
        """Asks for the round trip where there is doubt, and how fast a line is that is too narrow."""
        way, downlink = leg.ways.current, leg.downlink
        if octets := downlink.train_due(now):
            checks = leg.pings.train(way.local.ufrag, way.remote, now, downlink.trains.begin(now), octets)
        elif downlink.is_trying(now):
            checks = [leg.pings.request(way.local.ufrag, way.remote, now)]
        else:
            return
        for check in checks:
            leg.meter.bytes_out += len(check)
            self._ingress.port.send(check, leg.address)

    def _send(self, leg: Leg, packet: bytes | None) -> None:
        protected = leg.encrypt_rtcp(packet) if packet is not None else None
        if protected is not None:
            leg.meter.bytes_out += len(protected)
            self._ingress.port.send(protected, leg.address)
