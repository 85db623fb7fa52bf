"""Approval: who must be asked, who may answer, and what a change does to what was approved."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta

import asyncpg
import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import DiemcauError
from core.model import ConferenceState
from scheduler.approvals import Approvals
from scheduler.bookings import Bookings
from scheduler.model import (
    Action,
    BookingRequest,
    Conference,
    ConferenceChange,
    ExtendRequest,
    StepRequest,
    Verdict,
)
from scheduler.service import Scheduler
from scheduler.store import Store
from tests.support.directory import NOON, booking_of, import_text, times

HOUR = timedelta(hours=1)
DIRECTORY = """code,name,unit,unit_name,unit_kind,parent_unit
,,CITY,City,province,
,,W1,Ward 1,commune,CITY
,,W2,Ward 2,commune,CITY
A1,Hall A1,W1,,,
A2,Hall A2,W1,,,
B1,Hall B1,W2,,,
C1,City hall,CITY,,,"""
YES, NO = Verdict(granted=True), Verdict(granted=False, note="Not that week")


@pytest.fixture
async def bookings(scheduler: Scheduler) -> Bookings:
    assert (await import_text(scheduler, DIRECTORY)).applied
    return scheduler.bookings


@pytest.fixture
async def approvals(database: Database, bookings: Bookings) -> Approvals:
    """Ward 1 and ward 2 approve their bookings; `one` and `two` may do it, and `boss` for the whole city."""
    approvals = Approvals(database)
    await approvals.demand("W1", True)
    await approvals.demand("W2", True)
    for username, unit in (("one", "W1"), ("two", "W2"), ("boss", "CITY")):
        await approvals.appoint(username, unit)
    return approvals


async def code_of(asked: Awaitable[object]) -> str:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value.code


async def asked(bookings: Bookings, *points: str, by: str = "lan", hours: float = 1) -> Conference:
    return (await bookings.book(booking_of("t", NOON + hours * HOUR, list(points)), by)).conference


async def test_a_booking_waits_for_every_unit_that_demands_it_and_holds_its_points(
    bookings: Bookings, approvals: Approvals
) -> None:
    made = await asked(bookings, "A1", "A2", "B1", "C1")
    assert made.state is ConferenceState.REQUESTED
    assert await code_of(asked(bookings, "A1")) == "booking.clash"
    assert [c.id for c in await approvals.waiting_for("one")] == [made.id]
    half = await bookings.decide(made.id, YES, "one")
    assert (half.state, half.version) == (ConferenceState.REQUESTED, 2)
    assert await approvals.waiting_for("one") == []
    assert await code_of(bookings.decide(made.id, YES, "one")) == "approval.not_yours"
    whole = await bookings.decide(made.id, YES, "two")
    assert (whole.state, whole.version) == (ConferenceState.CONFIRMED, 3)
    assert await code_of(bookings.decide(made.id, YES, "two")) == "approval.not_asked"


async def test_the_right_over_a_unit_covers_the_units_under_it(bookings: Bookings, approvals: Approvals) -> None:
    made = await asked(bookings, "A1", "B1")
    assert [c.id for c in await approvals.waiting_for("boss")] == [made.id]
    assert (await bookings.decide(made.id, YES, "boss")).state is ConferenceState.CONFIRMED


async def test_points_of_other_units_and_own_bookings_need_nobody(bookings: Bookings, approvals: Approvals) -> None:
    assert (await asked(bookings, "C1")).state is ConferenceState.CONFIRMED
    assert (await asked(bookings, "A1", by="one")).state is ConferenceState.CONFIRMED
    assert (await asked(bookings, "A2", "B1", by="one")).state is ConferenceState.REQUESTED


async def test_a_unit_that_demands_approval_demands_it_for_all_under_it(
    bookings: Bookings, approvals: Approvals
) -> None:
    for unit, demanded in (("W1", False), ("W2", False), ("CITY", True)):
        await approvals.demand(unit, demanded)
    made = await asked(bookings, "A1")
    assert await code_of(bookings.decide(made.id, YES, "one")) == "approval.not_yours"
    assert (await bookings.decide(made.id, YES, "boss")).state is ConferenceState.CONFIRMED


async def test_a_rejection_frees_the_points_and_is_told_with_its_reason(
    bookings: Bookings, approvals: Approvals
) -> None:
    made = await asked(bookings, "A1", "B1")
    rejected = await bookings.decide(made.id, NO, "two")
    assert rejected.state is ConferenceState.REJECTED
    last = (await bookings.history(made.id))[-1]
    assert (last.by, last.action, last.note) == ("two", Action.REJECTED, "Not that week")
    await asked(bookings, "A1", "B1", by="boss")
    assert await code_of(bookings.decide(made.id, YES, "one")) == "conference.over"


async def test_nobody_without_the_right_approves(bookings: Bookings, approvals: Approvals) -> None:
    made = await asked(bookings, "A1")
    assert await code_of(bookings.decide(made.id, YES, "lan")) == "approval.not_yours"
    await approvals.dismiss("one", "W1")
    assert await code_of(bookings.decide(made.id, YES, "one")) == "approval.not_yours"
    assert await code_of(bookings.decide(made.id, Verdict(granted=True, version=9), "boss")) == "conference.changed"


async def test_another_time_must_be_approved_again_and_another_title_not(
    bookings: Bookings, approvals: Approvals
) -> None:
    made = await asked(bookings, "A1")
    await bookings.decide(made.id, YES, "one")
    titled = (await bookings.change(made.id, ConferenceChange(title="New"), "lan")).conference
    assert titled.state is ConferenceState.CONFIRMED
    moved = (await bookings.change(made.id, ConferenceChange(times=times(NOON + 3 * HOUR)), "lan")).conference
    assert moved.state is ConferenceState.REQUESTED
    assert (await bookings.decide(made.id, YES, "one")).state is ConferenceState.CONFIRMED


async def test_an_added_point_asks_only_its_own_unit_and_without_it_nobody(
    bookings: Bookings, approvals: Approvals
) -> None:
    made = await asked(bookings, "A1", "C1")
    await bookings.decide(made.id, YES, "one")
    wider = (await bookings.change(made.id, ConferenceChange(add_points=("B1",)), "lan")).conference
    assert wider.state is ConferenceState.REQUESTED
    assert await approvals.waiting_for("one") == []
    narrower = (await bookings.change(made.id, ConferenceChange(remove_points=("B1",)), "lan")).conference
    assert narrower.state is ConferenceState.CONFIRMED


async def test_an_approver_who_corrects_a_title_has_not_approved(bookings: Bookings, approvals: Approvals) -> None:
    made = await asked(bookings, "A1")
    titled = (await bookings.change(made.id, ConferenceChange(title="New"), "one")).conference
    assert titled.state is ConferenceState.REQUESTED
    moved = (await bookings.change(made.id, ConferenceChange(times=times(NOON + 3 * HOUR)), "one")).conference
    assert moved.state is ConferenceState.CONFIRMED


async def test_a_submitted_draft_is_requested(bookings: Bookings, approvals: Approvals) -> None:
    request = BookingRequest(title="t", times=times(NOON + HOUR), points=("A1",), draft=True)
    draft = (await bookings.book(request, "lan")).conference
    assert await approvals.waiting_for("one") == []
    assert (await bookings.submit(draft.id, StepRequest(), "lan")).state is ConferenceState.REQUESTED
    assert [c.id for c in await approvals.waiting_for("one")] == [draft.id]


async def test_a_running_conference_is_extended_without_asking_but_not_widened(
    bookings: Bookings, approvals: Approvals, database: Database
) -> None:
    made = await asked(bookings, "A1", "C1", hours=0)
    await bookings.decide(made.id, YES, "one")
    assert await Store(database).open(made.id, "clockwork", NOON)
    longer = await bookings.extend(made.id, ExtendRequest(minutes=10), "lan")
    assert longer.state is ConferenceState.OPEN
    wider = bookings.change(made.id, ConferenceChange(add_points=("B1",)), "lan")
    assert await code_of(wider) == "approval.while_open"


async def test_what_would_be_over_cannot_be_approved(
    bookings: Bookings, approvals: Approvals, clock: ManualClock
) -> None:
    made = await asked(bookings, "A1")
    clock.advance(2 * 3_600)
    assert await code_of(bookings.decide(made.id, YES, "one")) == "booking.past"
    assert (await bookings.decide(made.id, NO, "one")).state is ConferenceState.REJECTED


async def test_the_rules_are_listed(approvals: Approvals) -> None:
    rules = {rule.unit: (rule.demanded, rule.approvers) for rule in await approvals.rules()}
    assert rules == {"CITY": (False, ("boss",)), "W1": (True, ("one",)), "W2": (True, ("two",))}
    assert await code_of(approvals.demand("NONE", True)) == "unit.unknown"
    assert await code_of(approvals.appoint("one", "NONE")) == "unit.unknown"


async def test_a_verdict_is_whole_or_absent(bookings: Bookings, approvals: Approvals, database: Database) -> None:
    await asked(bookings, "A1")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await database.pool.execute("UPDATE approval SET granted = true")
    assert caught.value.constraint_name == "approval_decided_whole"
