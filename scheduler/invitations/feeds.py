"""Calendar feeds: the conferences of one point, or of all points under a unit, to subscribe to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.errors import NotFound
from core.identity import FeedRight
from scheduler.invitations.calendar import Invited, feed
from scheduler.invitations.facts import Facts
from scheduler.invitations.store import SQL, Connection

PAST = timedelta(days=31)
FUTURE = timedelta(days=366)


async def name_of(connection: Connection, right: FeedRight) -> str:
    """The name of the feed's point or unit; raises `NotFound` `feed.unknown`."""
    query = SQL["point_name" if right.of == "point" else "unit_name"]
    name = await connection.fetchval(query, right.code)
    if name is None:
        raise NotFound("feed.unknown", "The bridge point or unit of this calendar is gone.")
    return str(name)


async def calendar(connection: Connection, right: FeedRight, now: datetime) -> str:
    """The calendar as text/calendar; raises `NotFound` `feed.unknown`."""
    name = await name_of(connection, right)
    query = SQL["point_feed" if right.of == "point" else "unit_feed"]
    rows = await connection.fetch(query, right.code, now - PAST, now + FUTURE)
    entry = _of_point if right.of == "point" else _of_unit
    return feed(name, ((entry(row), row["state"] == "cancelled") for row in rows))


def _of_point(row: Any) -> Invited:
    """The same UID as in the point's invitation, so that a calendar which has both shows the conference once."""
    if row["uid"] is None:
        return _invited(row, f"{row['id']}.point@diemcau.invalid", row["place"])
    return _invited(row, row["uid"], row["place"], row["recurrence_id"])


def _of_unit(row: Any) -> Invited:
    return _invited(row, f"{row['id']}@diemcau.invalid", f"{row['points']} điểm cầu")


def _invited(row: Any, uid: str, place: str, recurrence: datetime | None = None) -> Invited:
    facts = Facts(title=row["title"], doors=row["can_join_after"], start=row["start"], stop=row["stop"], place=place)
    return Invited(uid, row["sequence"], facts, row["changed_at"], recurrence=recurrence)
