"""Telling the points: each conference's changes become revisions, revisions become queued mails, in one transaction.

Safe with many processes: whoever holds the conference's row in `invited_conference` tells its points, and the keys
of the mails make a second telling of the same thing nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from core.clock import Clock
from core.database import Database
from core.identity import Signer
from core.model import ConferenceId
from core.settings import Settings
from scheduler.invitations.composer import Composer
from scheduler.invitations.facts import Kind, Revision, Sent, hours_before, reminder_due, revisions
from scheduler.invitations.letters import Letter
from scheduler.invitations.store import Connection, Guest, InvitationStore, Occasion

log = structlog.get_logger("invitations")

PAUSE_SECONDS = 0.001
"""After each point: writing to thousands keeps the interpreter busy, and the media of the same process must go on."""


class Correspondence:
    """Finds what the points do not know yet, and queues it."""

    def __init__(self, database: Database, clock: Clock, signer: Signer, settings: Settings) -> None:
        self._store = InvitationStore(database)
        self._composer = Composer(settings, signer)
        self._clock = clock
        self._marks = settings.reminder_hours

    async def behind(self) -> list[ConferenceId]:
        """Conferences that have changed since their points were told."""
        return await self._store.behind()

    async def tell(self, id: ConferenceId, *, everybody: bool = False) -> None:
        """Tells the conference's points what they do not know; with `everybody`, addresses that are new hear it too.

        Does nothing when it has not been invited to or, without `everybody`, another process is at it.
        """
        async with self._store.pool.acquire() as connection, connection.transaction():
            occasion = await self._store.take(connection, id, wait=everybody)
            if occasion is None:
                return
            guests = {guest.number: guest for guest in await self._store.guests(connection, id)}
            sent, uids = await self._store.sent(connection, id)
            wanted = {number: occasion.facts(guest.place) for number, guest in guests.items() if guest.held}
            told = revisions(occasion.state, wanted, sent)
            now = self._clock.now()
            names = {number: uids.get(number) or f"{uuid4()}@{self._composer.domain}" for number in guests}
            await self._store.write(connection, id, told, names, now)
            known = sent if everybody else {}
            heard = await self._store.told(connection, id)
            letters = await asyncio.to_thread(self._letters, occasion, guests, told, known, heard, names, now)
            queued = await self._store.queue(connection, id, letters, now)
            await self._store.caught_up(connection, id, occasion.version)
        log.info("points_told", conference=id, revisions=len(told), mails=queued)

    async def refuse(self, id: ConferenceId, point: str, comment: str) -> bool:
        """Refuses a point's proposal and queues the word of it in one step; False when it proposes nothing."""
        async with self._store.pool.acquire() as connection, connection.transaction():
            occasion = await self._store.take(connection, id, wait=True)
            now = self._clock.now()
            proposal = await self._store.refuse(connection, id, point, now) if occasion is not None else None
            if occasion is None or proposal is None:
                return False
            guests = await self._store.guests(connection, id)
            [guest] = [guest for guest in guests if guest.number == proposal.point]
            letters = self._composer.refusals(occasion, guest, proposal, comment, now)
            queued = await self._store.queue(connection, id, letters, now)
        log.info("proposal_refused", conference=id, mails=queued)
        return True

    async def to_remind(self) -> list[ConferenceId]:
        """Conferences that a reminder is due for."""
        now = self._clock.now()
        first = max(self._marks, default=0.0)
        near = await self._store.to_remind(now, now + timedelta(hours=first))
        return [occasion.id for occasion in near if self._reminder(occasion, now) is not None]

    async def remind(self, id: ConferenceId) -> None:
        """Queues the reminder that is due, if there is one and no other process is at it."""
        now = self._clock.now()
        async with self._store.pool.acquire() as connection, connection.transaction():
            occasion = await self._store.take(connection, id, wait=False)
            hours = self._reminder(occasion, now) if occasion is not None else None
            if occasion is None or hours is None:
                return
            letters = await self._reminders(connection, occasion, hours, now)
            queued = await self._store.queue(connection, id, letters, now)
            await self._store.reminded(connection, id, occasion.times.start, hours)
        log.info("points_reminded", conference=id, hours=hours, mails=queued)

    def _reminder(self, occasion: Occasion, now: datetime) -> float | None:
        start = occasion.times.start
        hours = reminder_due(self._marks, start, now)
        return hours if hours is not None and occasion.reminded != (start, hours) else None

    async def _reminders(self, connection: Connection, occasion: Occasion, hours: float, now: datetime) -> list[Letter]:
        """Who was told after the reminder's moment needs none."""
        start = occasion.times.start
        owed = await self._store.remindable(connection, occasion.id)
        guests = [guest for guest in await self._store.guests(connection, occasion.id) if guest.number in owed]

        def write() -> list[Letter]:
            letters = []
            for guest in guests:
                told_at, answer = owed[guest.number]
                if hours_before(start, told_at) > hours:
                    answered = answer.is_answer
                    letters += self._composer.reminders(occasion, guest, hours, answered=answered, at=now)
                    time.sleep(PAUSE_SECONDS)
            return letters

        return await asyncio.to_thread(write)

    def _letters(
        self,
        occasion: Occasion,
        guests: Mapping[int, Guest],
        told: Sequence[Revision],
        known: Mapping[int, Sent],
        heard: set[int],
        uids: Mapping[int, str],
        now: datetime,
    ) -> list[Letter]:
        """The mails of the revisions, and the newest mail of what is `known` and has not changed. For a thread.

        A point that never heard of the conference is not told that it is cancelled.
        """
        due = {each.point: (each.kind, each.sequence, each.facts) for each in told}
        for number, before in known.items():
            if not before.withdrawn:
                due.setdefault(number, (Kind.REQUEST, before.sequence, before.facts))
        letters = []
        for number, (kind, sequence, facts) in due.items():
            if kind is Kind.REQUEST or number in heard:
                uid = uids[number]
                letters += self._composer.invitations(kind, occasion, guests[number], facts, uid, sequence, now)
                time.sleep(PAUSE_SECONDS)
        return letters
