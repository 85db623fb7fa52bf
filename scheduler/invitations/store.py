"""Invitations and answers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Database, load_queries
from core.errors import NotFound
from core.model import ConferenceId, ConferenceState, ConferenceTimes
from scheduler.invitations.calendar import Party
from scheduler.invitations.facts import Facts, Revision, Sent
from scheduler.invitations.letters import Letter
from scheduler.invitations.model import AnswerRequest, AnswerState, Channel, InviteRequest, PointAnswer, is_address
from scheduler.invitations.replies import Reply

SQL = load_queries("scheduler.invitations")
Connection = Any
"""An asyncpg connection, straight or from the pool; a pool where one query suffices."""


@dataclass(frozen=True)
class Occasion:
    """A conference as its invitations see it."""

    id: ConferenceId
    title: str
    state: ConferenceState
    times: ConferenceTimes
    version: int
    note: str
    recurrence: datetime | None
    reminded: tuple[datetime, float] | None = None
    """The last reminder that was dealt with: for which start, and how many hours before it."""
    organizer_email: str | None = None

    def facts(self, place: str) -> Facts:
        """What a point at `place` is told."""
        return Facts(
            title=self.title,
            doors=self.times.can_join_after,
            start=self.times.start,
            stop=self.times.stop,
            place=place,
            note=self.note,
        )


@dataclass(frozen=True)
class Guest:
    """A point that is or was invited. `held`: the conference still holds it."""

    number: int
    code: str
    name: str
    place: str
    held: bool
    recipients: tuple[Party, ...]


@dataclass(frozen=True)
class Meant:
    """An invitation that a reply is to. `invited`: one who answers in it was sent the invitation."""

    conference: ConferenceId
    point: str
    invited: bool


@dataclass(frozen=True)
class Proposal:
    """Another time that a point wanted, and the revision of its invitation; `proposed_by` is known of those by mail."""

    point: int
    uid: str
    sequence: int
    proposed_start: datetime
    proposed_stop: datetime
    proposed_by: str | None


def key_of(id: str) -> UUID:
    """The database's key; an id of another form belongs to no conference."""
    try:
        return UUID(id)
    except ValueError as exc:
        raise unknown_conference() from exc


def unknown_conference() -> NotFound:
    """The error for a conference that is not there."""
    return NotFound("conference.unknown", "There is no such conference.")


def _unknown_series() -> NotFound:
    return NotFound("series.unknown", "There is no such series.")


class InvitationStore:
    """Reads and writes invitations. Methods that take a connection are steps of their caller's transaction."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def mails_waiting(self) -> int:
        """How many mails are yet to be sent."""
        return int(await self.pool.fetchval(SQL["mails_waiting"]))

    async def invite(self, id: ConferenceId, request: InviteRequest, by: str, now: datetime) -> None:
        """Notes that the conference's points are to be invited (again)."""
        await self.pool.execute(SQL["invite"], key_of(id), by, now, request.organizer_email, request.note)

    async def occurrences(self, series: str, now: datetime) -> list[ConferenceId]:
        """The confirmed or open conferences of a series that have not ended; raises `NotFound` `series.unknown`."""
        try:
            key = UUID(series)
        except ValueError as exc:
            raise _unknown_series() from exc
        if not await self.pool.fetchval(SQL["is_series"], key):
            raise _unknown_series()
        return [ConferenceId(str(row["id"])) for row in await self.pool.fetch(SQL["occurrences"], key, now)]

    async def behind(self) -> list[ConferenceId]:
        """Conferences that have changed since their points were told."""
        return [ConferenceId(str(row["conference"])) for row in await self.pool.fetch(SQL["behind"])]

    async def take(self, connection: Connection, id: ConferenceId, *, wait: bool) -> Occasion | None:
        """Locks the conference's invitations; None when it has none or, without `wait`, another process has them."""
        query = SQL["take_conference_waiting" if wait else "take_conference"]
        row = await connection.fetchrow(query, key_of(id))
        return _occasion(row) if row is not None else None

    async def occasion(self, id: ConferenceId) -> Occasion:
        """The conference; raises `NotFound`."""
        row = await self.pool.fetchrow(SQL["conference_asked"], key_of(id))
        if row is None:
            raise unknown_conference()
        return _occasion(row)

    async def guests(self, connection: Connection, id: ConferenceId) -> list[Guest]:
        """The points that the conference holds or has invited."""
        return [_guest(row) for row in await connection.fetch(SQL["guests"], key_of(id))]

    async def sent(self, connection: Connection, id: ConferenceId) -> tuple[dict[int, Sent], dict[int, str]]:
        """The last revision of each point, and the UID that each point's event has (or has elsewhere in the series)."""
        rows = await connection.fetch(SQL["sent_revisions"], key_of(id))
        uids = {row["point"]: row["uid"] for row in await connection.fetch(SQL["series_uids"], key_of(id))}
        uids |= {row["point"]: row["uid"] for row in rows}
        sent = {
            row["point"]: Sent(row["sequence"], Facts.model_validate(row["facts"]), row["withdrawn"]) for row in rows
        }
        return sent, uids

    async def told(self, connection: Connection, id: ConferenceId) -> set[int]:
        """Points to which a request may have gone out."""
        return {row["point"] for row in await connection.fetch(SQL["points_told"], key_of(id))}

    async def write(
        self, connection: Connection, id: ConferenceId, told: Sequence[Revision], uids: dict[int, str], now: datetime
    ) -> None:
        """Writes the revisions; what older mails of these points still wait is not sent any more."""
        key, points = key_of(id), [each.point for each in told]
        await connection.execute(
            SQL["write_revisions"],
            key,
            points,
            [uids[each.point] for each in told],
            [each.sequence for each in told],
            [each.facts.model_dump(mode="json") for each in told],
            [each.kind.value == "cancel" for each in told],
            now,
        )
        await connection.execute(SQL["ask_again"], key, [each.point for each in told if each.ask_again])
        await connection.execute(SQL["overtake"], key, points, now)

    async def queue(self, connection: Connection, id: ConferenceId, letters: Sequence[Letter], now: datetime) -> int:
        """Queues the letters that are not queued yet; how many those were."""
        status = await connection.execute(
            SQL["queue"],
            key_of(id),
            [letter.key for letter in letters],
            [letter.kind.value for letter in letters],
            [letter.point for letter in letters],
            [letter.recipient for letter in letters],
            [letter.content for letter in letters],
            now,
        )
        return int(status.rpartition(" ")[2])

    async def caught_up(self, connection: Connection, id: ConferenceId, version: int) -> None:
        """The points know this version."""
        await connection.execute(SQL["caught_up"], key_of(id), version)

    async def answers(self, id: ConferenceId, point: str | None = None) -> list[PointAnswer]:
        """The invitations that stand, by the points' codes."""
        return [PointAnswer(**row) for row in await self.pool.fetch(SQL["answers"], key_of(id), point)]

    async def answer(
        self, id: ConferenceId, point: str, request: AnswerRequest, channel: Channel, now: datetime
    ) -> None:
        """Writes a point's answer; raises `NotFound` `invitation.unknown`."""
        status = await self.pool.execute(
            SQL["answer"],
            key_of(id),
            point,
            request.answer.value,
            now,
            channel.value,
            request.delegates,
            request.operator,
            request.comment,
            request.proposed_start,
            request.proposed_stop,
        )
        if not status.endswith(" 1"):
            raise NotFound("invitation.unknown", "This bridge point is not invited to this conference (any more).")

    async def meant_by(self, reply: Reply) -> list[Meant]:
        """The conferences and the point that a reply is about; empty when its UID is none of ours."""
        rows = await self.pool.fetch(SQL["by_uid"], reply.uid, reply.recurrence, reply.attendees)
        return [Meant(ConferenceId(str(row["conference"])), row["point"], row["invited"]) for row in rows]

    async def take_reply(
        self, ids: Sequence[ConferenceId], reply: Reply, digest: bytes, now: datetime
    ) -> list[ConferenceId] | None:
        """Writes a reply to these conferences and that it was taken, together; None when it was before.

        Those that it changed; for the others it is outdated.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["take_reply"], digest, key_of(ids[0]), now):
                return None
            return [id for id in ids if await self._reply(connection, id, reply, now)]

    async def refuse(self, connection: Connection, id: ConferenceId, point: str, now: datetime) -> Proposal | None:
        """Takes a point's proposal back to waiting; None when it proposes nothing."""
        row = await connection.fetchrow(SQL["refuse"], key_of(id), point, now)
        return Proposal(**row) if row is not None else None

    async def _reply(self, connection: Connection, id: ConferenceId, reply: Reply, now: datetime) -> bool:
        status = await connection.execute(
            SQL["reply"],
            reply.uid,
            key_of(id),
            reply.answer.value,
            now if reply.answer is not AnswerState.WAITING else None,
            reply.comment,
            reply.proposed_start,
            reply.proposed_stop,
            reply.made_at,
            reply.sequence,
            reply.attendees[0] if len(reply.attendees) == 1 else None,
        )
        return bool(status.endswith(" 1"))

    async def to_remind(self, after: datetime, until: datetime) -> list[Occasion]:
        """Invited conferences that start in this time and whose points know all."""
        return [_occasion(row) for row in await self.pool.fetch(SQL["to_remind"], after, until)]

    async def reminded(self, connection: Connection, id: ConferenceId, start: datetime, hours: float) -> None:
        """This reminder, and with it the earlier ones, is dealt with."""
        await connection.execute(SQL["reminded"], key_of(id), start, hours)

    async def remindable(self, connection: Connection, id: ConferenceId) -> dict[int, tuple[datetime, AnswerState]]:
        """By point: when it was last told, and its answer; without those that declined."""
        rows = await connection.fetch(SQL["remindable"], key_of(id))
        return {row["point"]: (row["revised_at"], AnswerState(row["answer"])) for row in rows}


def _occasion(row: Any) -> Occasion:
    return Occasion(
        id=ConferenceId(str(row["id"])),
        title=row["title"],
        state=ConferenceState(row["state"]),
        times=ConferenceTimes(**{name: row[name] for name in ConferenceTimes.model_fields}),
        version=row["version"],
        note=row["note"] or "",
        recurrence=row["recurrence_id"],
        reminded=(row["reminded_start"], row["reminded_hours"]) if row["reminded_start"] is not None else None,
        organizer_email=row["organizer_email"],
    )


def _guest(row: Any) -> Guest:
    place = row["name"] + (f", {row['address']}" if row["address"] else "")
    people = [Party(address, name) for address, name in zip(row["emails"], row["names"], strict=True)]
    people.append(Party(row["contact"].strip(), row["name"]))
    # By address, however it is spelt; the first name given for one stays.
    known = {party.address.lower(): party for party in reversed(people) if is_address(party.address)}
    recipients = tuple(reversed(known.values()))
    return Guest(row["number"], row["code"], row["name"], place, row["held"], recipients)
