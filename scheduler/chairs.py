"""Who chairs a conference: a person is in one place at a time.

The chair is a fact of the conference, changed and told by its history like its title.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.clock import Clock
from core.database import Database, load_queries
from core.errors import Conflict, Refused
from core.identity import Principal
from core.model import ConferenceId, ConferenceState, Role
from scheduler import ledger
from scheduler.ledger import Entry, Revision
from scheduler.model import ChairElsewhere, Conference
from scheduler.reservations import Connection

SQL = load_queries("scheduler", "chairs.sql")
_PERSON_LOCK = 7_207


class Chairs:
    """What the chair's account may do, and its diary."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._pool = database.pool
        self._clock = clock

    async def take(self, id: ConferenceId, principal: Principal) -> None:
        """Makes who enters an open conference as its chair its chair, where it has none.

        Raises `Refused` `chair.appointed`, naming the chair, when it is another's; administrators may step in.
        """
        await self._pool.execute(SQL["take"], ledger.key(id), principal.username, self._clock.now())
        row = await self._pool.fetchrow(SQL["who"], ledger.key(id))
        if row is None or row["chair"] == principal.username or Role.ADMINISTRATOR in principal.roles:
            return
        raise Refused(
            "chair.appointed",
            f"{row['name']} chairs this conference. Ask the organizer to appoint you.",
            chair=row["chair"],
            name=row["name"],
        )

    async def may_extend(self, id: ConferenceId, username: str) -> bool:
        """Whether the conference is this person's own: they chair it, or they booked it."""
        own: bool = await self._pool.fetchval(SQL["may_extend"], ledger.key(id), username)
        return own


async def elsewhere(
    connection: Connection, username: str, start: datetime, stop: datetime, but: UUID | None
) -> ChairElsewhere | None:
    """The first other conference than `but` that the person chairs between `start` and `stop`."""
    row = await connection.fetchrow(SQL["elsewhere"], but, username, start, stop)
    if row is None:
        return None
    id = ConferenceId(str(row["id"]))
    return ChairElsewhere(conference=id, title=row["title"], since=row["start"], until=row["stop"])


async def refuse_elsewhere(connection: Connection, revisions: Sequence[Revision]) -> None:
    """Raises `Conflict` `chair.elsewhere`, naming the other conference; call it when the revisions are written.

    Only who is newly appointed, or whose conference was moved, is looked at: a conference that is running may last
    longer than its chair has time.
    """
    due = sorted((one.after.conference.chair or "", one.after.conference.id) for one in revisions if _to_check(one))
    for username in sorted({username for username, _ in due}):
        await connection.execute(SQL["lock_person"], _PERSON_LOCK, username)
    of = {one.after.conference.id: one.after.conference for one in revisions}
    for username, id in due:
        conference = of[id]
        times = conference.times
        other = await elsewhere(connection, username, times.start, times.stop, ledger.key(id))
        if other is not None:
            raise _elsewhere_error(conference, other)


def _to_check(revision: Revision) -> bool:
    before, after = revision.before, revision.after
    if after.conference.chair is None or not after.holding:
        return False
    return before is None or not before.holding or _newly(before, after)


def _newly(before: Entry, after: Entry) -> bool:
    if before.conference.chair != after.conference.chair:
        return True
    return after.conference.state is not ConferenceState.OPEN and before.conference.times != after.conference.times


def _elsewhere_error(conference: Conference, other: ChairElsewhere) -> Conflict:
    return Conflict(
        "chair.elsewhere",
        f"{conference.chair} chairs “{other.title}” at that time.",
        **other.model_dump(mode="json"),
        chair=conference.chair,
        start=conference.times.start.isoformat(),
    )
