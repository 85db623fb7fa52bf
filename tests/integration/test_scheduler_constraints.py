"""Each named constraint of the scheduler's tables refuses its illegal row."""

from __future__ import annotations

import asyncpg
import pytest

from core.database import Database

CONFERENCE = (
    "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at,"
    " changed_by, changed_at)"
    " VALUES ({id}, {title}, {state}, {doors}, {start}, {stop}, {last}, 'lan', now(), 'lan', now())"
)
RESERVATION = "INSERT INTO reservation (conference, point, during) VALUES ({id}, {point}, {during})"
FIRST = "'00000000-0000-4000-8000-000000000001'"
SECOND = "'00000000-0000-4000-8000-000000000002'"
THIRD = "'00000000-0000-4000-8000-000000000003'"


def conference(**changes: str) -> str:
    values = {"id": THIRD, "title": "'t'", "state": "'confirmed'", "doors": "'2026-01-01 08:00Z'"}
    values |= {"start": "'2026-01-01 08:00Z'", "stop": "'2026-01-01 09:00Z'", "last": "'2026-01-01 09:00Z'"}
    return CONFERENCE.format(**(values | changes))


def reservation(**changes: str) -> str:
    values = {"id": SECOND, "point": "1", "during": "'[2026-01-01 09:00Z, 2026-01-01 10:00Z)'"}
    return RESERVATION.format(**(values | changes))


async def stocked(database: Database) -> None:
    """A unit, its point, and two conferences of which the first holds the point from eight to nine."""
    for statement in (
        "INSERT INTO unit VALUES ('U', 'Unit', 'commune', NULL)",
        "INSERT INTO bridge_point (code, name, unit) VALUES ('P', 'Point', 'U')",
        conference(id=FIRST),
        conference(id=SECOND),
        reservation(id=FIRST, during="'[2026-01-01 08:00Z, 2026-01-01 09:00Z)'"),
    ):
        await database.pool.execute(statement)


ILLEGAL = [
    ("unit_code_form", "INSERT INTO unit VALUES ('a b', 'n', 'commune', NULL)"),
    ("unit_code_form", "INSERT INTO unit VALUES (repeat('a', 65), 'n', 'commune', NULL)"),
    ("unit_name_length", "INSERT INTO unit VALUES ('V', '', 'commune', NULL)"),
    ("unit_name_length", "INSERT INTO unit VALUES ('V', repeat('n', 201), 'commune', NULL)"),
    ("unit_kind_known", "INSERT INTO unit VALUES ('V', 'n', 'village', NULL)"),
    ("unit_parent_known", "INSERT INTO unit VALUES ('V', 'n', 'commune', 'X')"),
    ("unit_not_its_own_parent", "INSERT INTO unit VALUES ('V', 'n', 'commune', 'V')"),
    ("bridge_point_code_once", "INSERT INTO bridge_point (code, name, unit) VALUES ('P', 'n', 'U')"),
    ("bridge_point_code_form", "INSERT INTO bridge_point (code, name, unit) VALUES ('', 'n', 'U')"),
    ("bridge_point_name_length", "INSERT INTO bridge_point (code, name, unit) VALUES ('Q', '', 'U')"),
    ("bridge_point_unit_known", "INSERT INTO bridge_point (code, name, unit) VALUES ('Q', 'n', 'X')"),
    ("bridge_point_seats_in_range", "UPDATE bridge_point SET seats = -1"),
    ("bridge_point_seats_in_range", "UPDATE bridge_point SET seats = 100001"),
    ("bridge_point_contact_length", "UPDATE bridge_point SET contact = repeat('k', 201)"),
    ("conference_title_length", conference(title="''")),
    ("conference_title_length", conference(title="repeat('t', 201)")),
    ("conference_state_known", conference(state="'draft'")),
    ("conference_times_in_order", conference(stop="'2026-01-01 08:00Z'", last="'2026-01-01 08:00Z'")),
    ("conference_times_in_order", conference(doors="'2026-01-01 08:01Z'")),
    ("conference_times_in_order", conference(last="'2026-01-01 07:59Z'")),
    ("conference_times_in_order", conference(last="'2026-01-01 09:01Z'")),
    ("reservation_conference_known", reservation(id=THIRD)),
    ("reservation_point_known", reservation(point="2")),
    ("reservation_bounded", reservation(during="'[2026-01-01 09:00Z,)'")),
    ("reservation_bounded", reservation(during="'[2026-01-01 09:00Z, 2026-01-01 10:00Z]'")),
    ("reservation_bounded", reservation(during="'empty'")),
    ("reservation_no_overlap", reservation(during="'[2026-01-01 08:59:59Z, 2026-01-01 10:00Z)'")),
]


@pytest.mark.parametrize(("constraint", "statement"), ILLEGAL)
async def test_an_illegal_row_is_refused_by_name(database: Database, constraint: str, statement: str) -> None:
    await stocked(database)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await database.pool.execute(statement)
    assert caught.value.constraint_name == constraint


async def test_the_row_beside_it_is_legal(database: Database) -> None:
    await stocked(database)
    await database.pool.execute(conference())
    await database.pool.execute(reservation())


async def test_every_constraint_of_these_tables_is_tried(database: Database) -> None:
    named = await database.pool.fetch(
        "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'f', 'u', 'x') AND conrelid IN"
        " ('unit'::regclass, 'bridge_point'::regclass, 'conference'::regclass, 'reservation'::regclass)"
    )
    assert {row["conname"] for row in named} == {constraint for constraint, _ in ILLEGAL}


STATES = ("confirmed", "open", "closed", "cancelled")
FORWARD = {
    ("confirmed", "open"),
    ("confirmed", "closed"),
    ("confirmed", "cancelled"),
    ("open", "closed"),
    ("open", "cancelled"),
}


@pytest.mark.parametrize(("old", "new"), [(old, new) for old in STATES for new in STATES if old != new])
async def test_a_conference_only_goes_forward(database: Database, old: str, new: str) -> None:
    await database.pool.execute(conference(state=f"'{old}'"))
    if (old, new) in FORWARD:
        await database.pool.execute("UPDATE conference SET state = $1", new)
        return
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await database.pool.execute("UPDATE conference SET state = $1", new)
    assert caught.value.constraint_name == "conference_state_goes_forward"
