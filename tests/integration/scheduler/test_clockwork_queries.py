"""What the clockwork and the mail queue ask every few seconds stays cheap however many conferences are over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from core.database import Database
from scheduler import agenda, diagnosis
from scheduler.invitations import store
from tests.support.directory import NOON

DONE = 10_000
_PAST = """
INSERT INTO conference (
    id, title, state, can_join_after, start, stop, must_join_before, booked_by, booked_at, changed_by, changed_at
)
SELECT gen_random_uuid(), 'Đã họp', 'closed', t, t, t + interval '1 hour', t + interval '1 hour', 'lan', t, 'lan', t
FROM generate_series($1::timestamptz - make_interval(mins => $2 * 10), $1, interval '10 minutes') AS t
"""
_SENT = """
INSERT INTO mail (key, kind, conference, recipient, state, due_at, queued_at, settled_at)
SELECT id::text, 'request', id, 'an@xa.example', 'sent', start, start, start FROM conference
"""


def scanned(node: Any) -> Iterator[str]:
    """The tables that a plan reads from their first row to their last."""
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from scanned(child)


QUESTIONS: dict[str, tuple[str, list[object]]] = {
    "next_due": (agenda.SQL["next_due"], [NOON, [15, 5, 1]]),
    "due_to_open": (agenda.SQL["due_to_open"], [NOON]),
    "due_to_tell": (agenda.SQL["due_to_tell"], [NOON]),
    "due_to_close": (agenda.SQL["due_to_close"], [NOON]),
    "due_to_stop": (agenda.SQL["due_to_stop"], []),
    "due_to_warn": (agenda.SQL["due_to_warn"], [NOON, NOON + timedelta(minutes=15)]),
    "to_remind": (store.SQL["to_remind"], [NOON, NOON + timedelta(days=1)]),
    "take_mail": (store.SQL["take_mail"], [NOON, NOON + timedelta(minutes=15), 20]),
    "diagnosis_due": (diagnosis.SQL["due"], [NOON, NOON + timedelta(minutes=15)]),
}


async def test_no_question_reads_all_conferences_or_all_mails(database: Database) -> None:
    await database.pool.execute(_PAST, NOON, DONE)
    await database.pool.execute(_SENT)
    await database.pool.execute("ANALYZE conference, mail, invited_conference")
    costly = {}
    for name, (query, parameters) in QUESTIONS.items():
        plan = json.loads(await database.pool.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *parameters))
        costly[name] = {"conference", "mail"}.intersection(scanned(plan[0]["Plan"]))
    assert costly == {name: set() for name in QUESTIONS}
