"""The tables of alarms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.errors import BadInput, Conflict, NotFound
from core.model import ConferenceId, UnitCode
from core.outbox import queue_mail
from monitor.alarms.model import (
    AlarmChannel,
    Delivery,
    DeliveryId,
    NoticeKind,
    Subscription,
    SubscriptionFacts,
    SubscriptionId,
)
from monitor.alarms.rules import Past, Told, Watched
from monitor.incidents.model import IncidentId, IncidentSeverity
from monitor.incidents.store import incident_of
from monitor.store import conference_key, reading

MOST_SUBSCRIPTIONS = 500
MOST_DELIVERIES = 50
OWED = timedelta(days=1)
"""An end that could not be told for so long is not told any more."""
UNDO = timedelta(days=1)

_SQL = load_queries("monitor.alarms")


@dataclass(frozen=True)
class Post:
    """A webhook that this process has taken."""

    id: DeliveryId
    subscription: SubscriptionId
    body: str
    attempts: int
    queued_at: datetime
    target: str
    secret: str
    removed: bool


class AlarmStore:
    """What people ask raises `Unavailable` `database.away`; what runs by itself raises asyncpg's own errors."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    # --- people's ------------------------------------------------------------------------------------

    async def subscriptions(self) -> list[Subscription]:
        """All that are not removed, by name."""
        with reading():
            return await self.listening()

    async def subscription(self, id: SubscriptionId) -> Subscription:
        """One of them. Raises `NotFound` `alarm.unknown`."""
        with reading():
            rows = await self._pool.fetch(_SQL["subscriptions"], UUID(id))
        if not rows:
            raise _unknown()
        return _subscription(rows[0])

    async def deliveries(self) -> list[Delivery]:
        """The newest first."""
        with reading():
            rows = await self._pool.fetch(_SQL["deliveries"], None, MOST_DELIVERIES)
        return [_delivery(row) for row in rows]

    async def delivery(self, id: DeliveryId) -> Delivery:
        """One of them, which is known to exist."""
        with reading():
            return _delivery(await self._pool.fetchrow(_SQL["deliveries"], UUID(id), 1))

    async def add(
        self, id: SubscriptionId, facts: SubscriptionFacts, secret: str | None, by: str, at: datetime
    ) -> None:
        """Raises `BadInput` `alarm.unit`, `alarm.conference`, `Conflict` `alarm.too_many`."""
        with reading():
            async with self._pool.acquire() as connection, connection.transaction():
                await _check(connection, facts)
                if await connection.fetchval(_SQL["count"]) >= MOST_SUBSCRIPTIONS:
                    raise Conflict("alarm.too_many", f"There can be {MOST_SUBSCRIPTIONS} subscriptions.")
                await connection.execute(_SQL["add"], UUID(id), *_columns(facts), secret, by, at)

    async def change(
        self, id: SubscriptionId, facts: SubscriptionFacts, version: int, secret_if_none: str | None
    ) -> bool:
        """Returns whether `secret_if_none` was taken. Raises what `add` does, and `alarm.unknown`, `alarm.changed`."""
        with reading():
            async with self._pool.acquire() as connection, connection.transaction():
                row = await _locked(connection, id)
                if row["version"] != version:
                    raise Conflict("alarm.changed", "Somebody changed it meanwhile.", version=row["version"])
                await _check(connection, facts)
                secret = (row["secret"] or secret_if_none) if facts.channel is AlarmChannel.WEBHOOK else None
                await connection.execute(_SQL["change"], UUID(id), *_columns(facts), secret)
        return secret is not None and row["secret"] is None

    async def renew_secret(self, id: SubscriptionId, secret: str) -> None:
        """Raises `NotFound` `alarm.unknown`, also for what is no webhook."""
        with reading():
            async with self._pool.acquire() as connection, connection.transaction():
                if (await _locked(connection, id))["secret"] is None:
                    raise _unknown()
                await connection.execute(_SQL["renew_secret"], UUID(id), secret)

    async def remove(self, id: SubscriptionId, at: datetime) -> None:
        """It can be restored for a day. Raises `NotFound` `alarm.unknown`."""
        with reading():
            if await self._pool.fetchval(_SQL["remove"], UUID(id), at) is None:
                raise _unknown()

    async def restore(self, id: SubscriptionId, at: datetime) -> None:
        """Raises `NotFound` `alarm.unknown`."""
        with reading():
            if await self._pool.fetchval(_SQL["restore"], UUID(id), at - UNDO) is None:
                raise _unknown()

    # --- by itself -----------------------------------------------------------------------------------

    async def listening(self) -> list[Subscription]:
        """All that are not removed."""
        return [_subscription(row) for row in await self._pool.fetch(_SQL["subscriptions"], None)]

    async def watched(self, now: datetime) -> list[Watched]:
        """The incidents that somebody may have to be told of."""
        rows = await self._pool.fetch(_SQL["watched"], now - OWED)
        if not rows:
            return []
        parents = {row["code"]: row["parent"] for row in await self._pool.fetch(_SQL["parents"])}
        return [_watched(row, parents) for row in rows]

    async def past(self, incidents: Iterable[IncidentId]) -> Past:
        """What was told of them."""
        found: dict[tuple[SubscriptionId, IncidentId], frozenset[Told]] = {}
        for row in await self._pool.fetch(_SQL["past"], [UUID(id) for id in incidents]):
            key = SubscriptionId(str(row["subscription"])), IncidentId(str(row["incident"]))
            told = Told(NoticeKind(row["kind"]), IncidentSeverity(row["severity"]))
            found[key] = found.get(key, frozenset()) | {told}
        return found

    async def deliver(
        self,
        id: DeliveryId,
        subscription: Subscription,
        incident: IncidentId | None,
        kind: NoticeKind,
        severity: IncidentSeverity,
        about: str,
        content: str | bytes,
        now: datetime,
    ) -> bool:
        """Queues one notice, a mail's bytes or a post's text; false when it was queued before."""
        is_mail = isinstance(content, bytes)
        async with self._pool.acquire() as connection, connection.transaction():
            new = await connection.fetchval(
                _SQL["deliver"],
                UUID(id),
                UUID(subscription.id),
                UUID(incident) if incident else None,
                kind.value,
                severity.value,
                about,
                subscription.channel.value,
                None if is_mail else content,
                "sent" if is_mail else "waiting",
                now,
            )
            if new is not None and isinstance(content, bytes):
                await queue_mail(connection, f"alarm:{id}", "alarm", subscription.target, content, now)
        return new is not None

    async def take(self, now: datetime, until: datetime, most: int, but: Collection[SubscriptionId] = ()) -> list[Post]:
        """The oldest due webhook of each subscription but those, which are this process's until `until`."""
        rows = await self._pool.fetch(_SQL["take"], now, until, most, [UUID(one) for one in but])
        return [
            Post(
                DeliveryId(str(row["id"])),
                SubscriptionId(str(row["subscription"])),
                row["body"],
                row["attempts"],
                row["queued_at"],
                row["target"],
                row["secret"] or "",
                row["removed_at"] is not None,
            )
            for row in rows
        ]

    async def sent(self, id: DeliveryId, at: datetime) -> None:
        """It was taken."""
        await self._pool.execute(_SQL["sent"], UUID(id), at)

    async def failed(self, id: DeliveryId, at: datetime, error: str) -> None:
        """It is given up."""
        await self._pool.execute(_SQL["failed"], UUID(id), at, error)

    async def postponed(self, id: DeliveryId, due: datetime, error: str) -> None:
        """It is tried again."""
        await self._pool.execute(_SQL["postponed"], UUID(id), due, error)

    async def switch_off(self, id: SubscriptionId) -> None:
        """Nobody is there any more."""
        await self._pool.execute(_SQL["switch_off"], UUID(id))


def _unknown() -> NotFound:
    return NotFound("alarm.unknown", "There is no such subscription. It may have been removed.")


async def _locked(connection: Any, id: SubscriptionId) -> asyncpg.Record:
    row: asyncpg.Record | None = await connection.fetchrow(_SQL["lock"], UUID(id))
    if row is None:
        raise _unknown()
    return row


async def _check(connection: Any, facts: SubscriptionFacts) -> None:
    if facts.unit is not None and not await connection.fetchval(_SQL["known_unit"], facts.unit):
        raise BadInput("alarm.unit", "There is no unit with this code.")
    if facts.conference is not None:
        key = conference_key(facts.conference)
        if key is None or not await connection.fetchval(_SQL["known_conference"], key):
            raise BadInput("alarm.conference", "There is no such conference.")


def _columns(facts: SubscriptionFacts) -> Sequence[object]:
    return (
        facts.name,
        facts.channel.value,
        facts.target,
        facts.language,
        facts.unit,
        conference_key(facts.conference) if facts.conference else None,
        facts.severity.value,
        facts.wait_minutes,
        facts.active,
    )


def _subscription(row: asyncpg.Record) -> Subscription:
    conference = str(row["conference"]) if row["conference"] else None
    return Subscription.model_validate({**row, "id": str(row["id"]), "conference": conference})


def _delivery(row: asyncpg.Record | None) -> Delivery:
    assert row is not None
    incident = str(row["incident"]) if row["incident"] else None
    ids = {"id": str(row["id"]), "subscription": str(row["subscription"]), "incident": incident}
    return Delivery.model_validate({**row, **ids})


def _watched(row: asyncpg.Record, parents: Mapping[str, str | None]) -> Watched:
    units: set[UnitCode] = set()
    for unit in row["units"]:
        at: str | None = unit
        while at is not None and at not in units:
            units.add(UnitCode(at))
            at = parents.get(at)
    return Watched(
        incident=incident_of(row),
        severity=IncidentSeverity(row["alarmed"]),
        folded=row["folded"],
        conferences=frozenset(ConferenceId(str(one)) for one in row["conferences"]),
        units=frozenset(units),
        closer=row["closer"],
    )
