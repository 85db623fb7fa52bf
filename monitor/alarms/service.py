"""Alarms as the rest of the product sees them, and the two tasks behind them: who is to be told, and the posting."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.database import Database
from core.errors import BadInput, Conflict
from core.settings import Settings
from monitor.alarms.letters import Stationery, Telling, about, body, mail
from monitor.alarms.model import (
    AlarmBoard,
    AlarmChannel,
    Delivery,
    DeliveryId,
    SubscriptionChange,
    SubscriptionFacts,
    SubscriptionId,
    SubscriptionMade,
)
from monitor.alarms.posting import LOOK_SECONDS, Poster
from monitor.alarms.rules import notices
from monitor.alarms.store import AlarmStore
from monitor.alarms.webhook import Gate, new_secret
from monitor.incidents.model import REOPENED_WITHIN, IncidentSeverity
from monitor.store import AWAY

log = structlog.get_logger("alarms")


_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")


class Alarms:
    """`run` until cancelled. `settled_after`: how long an incident must be over before its end is told."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, *, settled_after: timedelta = REOPENED_WITHIN
    ) -> None:
        self._store = AlarmStore(database)
        self._clock = clock
        self._mail_ready = settings.smtp is not None
        sender = settings.smtp.sender if settings.smtp else None
        self._stationery = Stationery(settings.base_url, ZoneInfo(settings.time_zone), sender)
        self._gate = Gate(tuple(settings.webhook_networks))
        self.poster = Poster(self._store, self._gate, clock)
        self.settled_after = settled_after

    # --- people --------------------------------------------------------------------------------------

    async def board(self) -> AlarmBoard:
        """All of it."""
        subscriptions, deliveries = await self._store.subscriptions(), await self._store.deliveries()
        return AlarmBoard(mail_ready=self._mail_ready, subscriptions=tuple(subscriptions), deliveries=tuple(deliveries))

    async def add(self, facts: SubscriptionFacts, by: str) -> SubscriptionMade:
        """Raises `BadInput` `alarm.address`, `alarm.url`, `alarm.unit`, `alarm.conference`; `Conflict` `alarm.no_mail`,
        `alarm.too_many`."""
        self._check(facts)
        id, secret = SubscriptionId(str(uuid4())), _secret_for(facts)
        await self._store.add(id, facts, secret, by, self._clock.now())
        log.info("alarm_added", id=id, channel=facts.channel, by=by)
        return SubscriptionMade(subscription=await self._store.subscription(id), secret=secret)

    async def change(self, id: SubscriptionId, change: SubscriptionChange) -> SubscriptionMade:
        """Raises what `add` raises; `NotFound` `alarm.unknown`, `Conflict` `alarm.changed`."""
        self._check(change)
        secret = _secret_for(change)
        taken = await self._store.change(id, change, change.version, secret)
        return SubscriptionMade(subscription=await self._store.subscription(id), secret=secret if taken else None)

    async def renew_secret(self, id: SubscriptionId) -> SubscriptionMade:
        """The old one signs nothing any more. Raises `NotFound` `alarm.unknown`."""
        secret = new_secret()
        await self._store.renew_secret(id, secret)
        return SubscriptionMade(subscription=await self._store.subscription(id), secret=secret)

    async def remove(self, id: SubscriptionId) -> AlarmBoard:
        """Raises `NotFound` `alarm.unknown`."""
        await self._store.remove(id, self._clock.now())
        return await self.board()

    async def restore(self, id: SubscriptionId) -> AlarmBoard:
        """Undoes `remove` for a day. Raises `NotFound` `alarm.unknown`."""
        await self._store.restore(id, self._clock.now())
        return await self.board()

    async def test(self, id: SubscriptionId) -> Delivery:
        """Sends a test alarm, whatever the subscription is about. Raises `NotFound` `alarm.unknown`."""
        subscription = await self._store.subscription(id)
        telling = Telling(DeliveryId(str(uuid4())), subscription, None)
        await self._queue(telling, IncidentSeverity.MINOR, self._clock.now())
        return await self._store.delivery(telling.id)

    def _check(self, facts: SubscriptionFacts) -> None:
        if facts.channel is AlarmChannel.WEBHOOK:
            self._gate.check(facts.target)
            return
        if not self._mail_ready:
            raise Conflict("alarm.no_mail", "This installation has no mail server in its settings.")
        if len(facts.target) > 254 or _MAIL.fullmatch(facts.target) is None:
            raise BadInput("alarm.address", "This is not a mail address.")

    # --- by itself -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tells and posts until cancelled; survives a database that is away and receivers that do not answer."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_again(), name="alarms-look")
            tasks.create_task(self.poster.run(), name="alarms-post")

    async def _look_again(self) -> None:
        while True:
            try:
                await self.look()
            except AWAY as exc:
                log.warning("alarms_wait", error=type(exc).__name__)
            except Exception:
                log.exception("alarms_failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Queues what is to be told now; how much that was."""
        subscriptions = await self._store.listening()
        if not subscriptions:
            return 0
        now = self._clock.now()
        watched = await self._store.watched(now)
        if not watched:
            return 0
        past = await self._store.past([one.incident.id for one in watched])
        queued = 0
        for notice in notices(subscriptions, watched, past, now, self.settled_after):
            telling = Telling(DeliveryId(str(uuid4())), notice.subscription, notice)
            queued += await self._queue(telling, notice.severity, now)
        return queued

    async def _queue(self, telling: Telling, severity: IncidentSeverity, now: datetime) -> bool:
        subscription, notice = telling.subscription, telling.notice
        is_mail = subscription.channel is AlarmChannel.MAIL
        content = mail(self._stationery, telling, now) if is_mail else body(self._stationery, telling, now)
        incident = notice.watched.incident if notice else None
        named = about(incident, subscription.language) if incident else ""
        new = await self._store.deliver(
            telling.id, subscription, incident.id if incident else None, telling.kind, severity, named, content, now
        )
        if new:
            log.info("alarm_queued", kind=telling.kind, incident=incident.id if incident else None, to=subscription.id)
        return new


def _secret_for(facts: SubscriptionFacts) -> str | None:
    return new_secret() if facts.channel is AlarmChannel.WEBHOOK else None
