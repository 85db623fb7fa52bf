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
MAINTENANCE = (
    "INSERT INTO maintenance (id, reason, during, booked_by, booked_at) VALUES ({id}, {reason}, {during}, 'lan', now())"
)
MAINTAINED = "INSERT INTO reservation (maintenance, point, during) VALUES ({id}, {point}, {during})"
PAST_UNIT = "INSERT INTO unit_history VALUES ('U', 'n', 'commune', NULL, '-infinity', now(), 'U')"
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


def maintenance(**changes: str) -> str:
    values = {"id": SECOND, "reason": "'r'", "during": "'[2026-01-01 12:00Z, 2026-01-01 13:00Z)'"}
    return MAINTENANCE.format(**(values | changes))


def maintained(**changes: str) -> str:
    values = {"id": FIRST, "point": "1", "during": "'[2026-01-01 09:00Z, 2026-01-01 10:00Z)'"}
    return MAINTAINED.format(**(values | changes))


async def stocked(database: Database) -> None:
    """A unit, its point, held by the first of two conferences from eight to nine, and by a maintenance from noon."""
    for statement in (
        "INSERT INTO unit VALUES ('U', 'Unit', 'commune', NULL)",
        "INSERT INTO bridge_point (code, name, unit) VALUES ('P', 'Point', 'U')",
        conference(id=FIRST),
        conference(id=SECOND),
        reservation(id=FIRST, during="'[2026-01-01 08:00Z, 2026-01-01 09:00Z)'"),
        maintenance(id=FIRST),
        maintained(during="'[2026-01-01 12:00Z, 2026-01-01 12:30Z)'"),
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
    ("conference_state_known", conference(state="'lost'")),
    ("conference_times_in_order", conference(stop="'2026-01-01 08:00Z'", last="'2026-01-01 08:00Z'")),
    ("conference_times_in_order", conference(doors="'2026-01-01 08:01Z'")),
    ("conference_times_in_order", conference(last="'2026-01-01 07:59Z'")),
    ("conference_times_in_order", conference(last="'2026-01-01 09:01Z'")),
    ("conference_setup_in_range", "UPDATE conference SET setup_minutes = 1441"),
    ("conference_teardown_in_range", "UPDATE conference SET teardown_minutes = -1"),
    ("conference_series_known", f"UPDATE conference SET series = {THIRD}, recurrence_id = now() WHERE id = {FIRST}"),
    ("conference_has_its_place_in_a_series", "UPDATE conference SET recurrence_id = now()"),
    ("conference_profile_wanted_known", "UPDATE conference SET profile = 'x'"),
    ("conference_lightest_known", "UPDATE conference SET lightest = 'x'"),
    ("conference_chair_length", "UPDATE conference SET chair = ''"),
    ("conference_chair_unit_known", "UPDATE conference SET chair_unit = 'X'"),
    ("reservation_conference_known", reservation(id=THIRD)),
    ("reservation_point_known", reservation(point="2")),
    ("reservation_bounded", reservation(during="'[2026-01-01 09:00Z,)'")),
    ("reservation_bounded", reservation(during="'[2026-01-01 09:00Z, 2026-01-01 10:00Z]'")),
    ("reservation_bounded", reservation(during="'empty'")),
    ("reservation_no_overlap", reservation(during="'[2026-01-01 08:59:59Z, 2026-01-01 10:00Z)'")),
    ("reservation_no_overlap", maintained(during="'[2026-01-01 08:59:59Z, 2026-01-01 10:00Z)'")),
    ("reservation_once_in_conference", reservation(id=FIRST)),
    ("reservation_once_in_maintenance", maintained(during="'[2026-01-01 12:30Z, 2026-01-01 13:00Z)'")),
    ("reservation_maintenance_known", maintained(id=THIRD)),
    ("reservation_has_one_holder", reservation(id="NULL")),
    ("reservation_has_one_holder", f"UPDATE reservation SET maintenance = {FIRST} WHERE conference IS NOT NULL"),
    ("maintenance_reason_length", maintenance(reason="''")),
    ("maintenance_bounded", maintenance(during="'[2026-01-01 09:00Z,)'")),
    ("unit_uplink_in_range", "UPDATE unit SET uplink_kbps = -1"),
    ("bridge_point_address_length", "UPDATE bridge_point SET address = repeat('a', 301)"),
    ("bridge_point_equipment_count", "UPDATE bridge_point SET equipment = array_fill('x'::text, ARRAY[21])"),
    ("point_operator_point_known", "INSERT INTO point_operator VALUES (99, 1, 'n')"),
    ("point_operator_place_in_range", "INSERT INTO point_operator VALUES (1, 4, 'n')"),
    ("point_operator_name_length", "INSERT INTO point_operator VALUES (1, 1, '')"),
    ("point_operator_phone_length", "INSERT INTO point_operator VALUES (1, 1, 'n', repeat('0', 41))"),
    ("point_operator_email_length", "INSERT INTO point_operator VALUES (1, 1, 'n', '', repeat('e', 255))"),
    ("point_line_point_known", "INSERT INTO point_line VALUES (99, false)"),
    ("point_line_provider_length", "INSERT INTO point_line VALUES (1, false, repeat('p', 101))"),
    ("point_line_up_in_range", "INSERT INTO point_line VALUES (1, false, 'p', -1, 0)"),
    ("point_line_down_in_range", "INSERT INTO point_line VALUES (1, false, 'p', 0, 100000001)"),
    ("unit_history_in_order", "INSERT INTO unit_history VALUES ('U', 'n', 'commune', NULL, now(), now())"),
    ("unit_history_another_successor", PAST_UNIT),
    ("point_history_point_known", "INSERT INTO point_history VALUES (99, 'n', 'U', '-infinity', now())"),
    ("point_history_in_order", "INSERT INTO point_history VALUES (1, 'n', 'U', now(), now())"),
    ("audience_name_length", "INSERT INTO audience VALUES (gen_random_uuid(), '', '{}', 1, 'lan', now())"),
]


TABLES = [
    *("unit", "bridge_point", "conference", "reservation", "maintenance", "point_operator", "point_line"),
    *("unit_history", "point_history", "audience"),
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
        "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'f', 'u', 'x') AND conrelid = ANY ($1::regclass[])",
        TABLES,
    )
    unique_indexes = {"reservation_once_in_maintenance"}
    assert {row["conname"] for row in named} == {constraint for constraint, _ in ILLEGAL} - unique_indexes


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
