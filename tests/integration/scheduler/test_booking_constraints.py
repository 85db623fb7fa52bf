"""Each named constraint of the tables around a booking refuses its illegal row."""

from __future__ import annotations

import asyncpg
import pytest

from core.database import Database

NOBODY = "'00000000-0000-4000-8000-000000000009'"
SERIES = "INSERT INTO series VALUES (gen_random_uuid(), {rule}, 'UTC', now(), {exdates}, false, 'lan', now())"
TEMPLATE = "INSERT INTO template VALUES (gen_random_uuid(), 'n', 't', '0', '1 h', '0', 0, 0, 'lan', now())"
HISTORY = "INSERT INTO conference_history VALUES ({conference}, 1, now(), 'lan', 'booked', '', '[]')"

ILLEGAL = [
    ("series_rule_length", SERIES.format(rule="''", exdates="'{}'")),
    ("series_rule_length", SERIES.format(rule="repeat('r', 501)", exdates="'{}'")),
    ("series_exdates_bounded", SERIES.format(rule="'r'", exdates="array_fill(now(), ARRAY[401])")),
    ("approver_unit_known", "INSERT INTO approver VALUES ('lan', 'NONE')"),
    ("approval_conference_known", f"INSERT INTO approval VALUES ({NOBODY}, 'U')"),
    ("conference_history_conference_known", HISTORY.format(conference=NOBODY)),
    ("idempotent_reply_key_length", "INSERT INTO idempotent_reply VALUES ('lan', '', '', NULL, now())"),
    ("idempotent_reply_key_length", "INSERT INTO idempotent_reply VALUES ('lan', repeat('k', 201), '', NULL, now())"),
    ("template_point_template_known", f"INSERT INTO template_point VALUES ({NOBODY}, 1)"),
    ("template_point_point_known", f"{TEMPLATE}; INSERT INTO template_point SELECT id, 99 FROM template"),
]


@pytest.mark.parametrize(("constraint", "statement"), ILLEGAL)
async def test_an_illegal_row_is_refused_by_name(database: Database, constraint: str, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await database.pool.execute(statement)
    assert caught.value.constraint_name == constraint


async def test_the_rows_beside_them_are_legal(database: Database) -> None:
    await database.pool.execute(SERIES.format(rule="repeat('r', 500)", exdates="array_fill(now(), ARRAY[400])"))
    await database.pool.execute("INSERT INTO idempotent_reply VALUES ('lan', repeat('k', 200), '', NULL, now())")
    await database.pool.execute(TEMPLATE)
