"""What may happen to a booking after it was made: each change whole, and told in its history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from itertools import product

import asyncpg
import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, DiemcauError
from core.messages import CONFERENCE_CHANGED
from core.model import ConferenceId, ConferenceState
from core.settings import Limits
from scheduler import lifecycle
from scheduler.bookings import Bookings
from scheduler.lifecycle import Event
from scheduler.maintenance import Maintenance, MaintenanceRequest
from scheduler.model import (
    Action,
    BookingRequest,
    ClashRequest,
    Conference,
    ConferenceChange,
    ExtendRequest,
    StepRequest,
)
from scheduler.service import Scheduler
from scheduler.store import Store
from tests.support.directory import NOON, booking_of, load_points, times

HOUR = timedelta(hours=1)


@pytest.fixture
async def scheduler(scheduler: Scheduler) -> Scheduler:
    await load_points(scheduler, 6)
    return scheduler


@pytest.fixture
def bookings(scheduler: Scheduler) -> Bookings:
    return scheduler.bookings


async def refusal(asked: Awaitable[object]) -> DiemcauError:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value


async def booked(bookings: Bookings, title: str, hours: float, *points: str, minutes: float = 60) -> Conference:
    request = booking_of(title, NOON + hours * HOUR, list(points), minutes=minutes)
    return (await bookings.book(request, "lan")).conference


async def opened(bookings: Bookings, database: Database, *points: str) -> Conference:
    made = await booked(bookings, "Now", 0, *points)
    assert await Store(database).open(made.id, "clockwork", NOON)
    return made


async def holder(scheduler: Scheduler, point: str, hours: float) -> ConferenceId | None:
    """Which conference holds the point in the minute that begins then."""
    request = ClashRequest(times=times(NOON + hours * HOUR, minutes=1), points=(point,))
    found = (await scheduler.clashes(request)).clashes
    return found[0].conference if found else None


def codes(conference: Conference) -> list[str]:
    return [point.code for point in conference.points]


async def test_title_times_and_points_change_together_and_keep_the_id(
    scheduler: Scheduler, bookings: Bookings, bus: Bus
) -> None:
    made = await booked(bookings, "Old", 1, "P000", "P001")
    change = ConferenceChange(
        title="New", times=times(NOON + 3 * HOUR), add_points=("P002",), remove_points=("P000",), version=1
    )
    with bus.subscribe(CONFERENCE_CHANGED) as news:
        after = (await bookings.change(made.id, change, "mai")).conference
        assert (await anext(aiter(news))).conference == made.id
    assert (after.id, after.title, after.version, codes(after)) == (made.id, "New", 2, ["P001", "P002"])
    assert after == await scheduler.conference(made.id)
    assert [await holder(scheduler, f"P00{i}", 3) for i in range(3)] == [None, made.id, made.id]
    assert await holder(scheduler, "P001", 1) is None


async def test_a_change_that_clashes_changes_nothing(scheduler: Scheduler, bookings: Bookings) -> None:
    made = await booked(bookings, "Mine", 1, "P000")
    other = await booked(bookings, "Other", 1, "P001")
    refused = await refusal(bookings.change(made.id, ConferenceChange(title="x", add_points=("P001", "P002")), "lan"))
    assert [(c["point"], c["conference"]) for c in refused.data["clashes"]] == [("P001", other.id)]
    assert await scheduler.conference(made.id) == made
    assert len(await bookings.history(made.id)) == 1


async def test_a_whole_unit_is_added_and_taken_out(bookings: Bookings) -> None:
    made = await booked(bookings, "t", 1, "P000")
    whole = (await bookings.change(made.id, ConferenceChange(add_units=("WARD",)), "lan")).conference
    assert len(whole.points) == 6
    refused = await refusal(bookings.change(made.id, ConferenceChange(remove_units=("WARD",)), "lan"))
    assert refused.code == "booking.no_points"
    left = ConferenceChange(remove_points=("P000", "P005"))
    assert len((await bookings.change(made.id, left, "lan")).conference.points) == 4
    assert (await refusal(bookings.change(made.id, left, "lan"))).code == "booking.not_taking_part"


async def test_a_change_of_nothing_makes_no_version(bookings: Bookings) -> None:
    made = await booked(bookings, "Same", 1, "P000")
    same = ConferenceChange(title="Same", times=times(NOON + HOUR), add_points=("P000",))
    assert (await bookings.change(made.id, same, "mai")).conference == made


async def test_only_one_of_two_changes_to_the_same_version_is_made(bookings: Bookings) -> None:
    made = await booked(bookings, "t", 1, "P000")
    changes = [ConferenceChange(title=title, version=made.version) for title in "ab"]
    outcomes = await asyncio.gather(
        *(bookings.change(made.id, change, "lan") for change in changes), return_exceptions=True
    )
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (refused.code, refused.data["version"]) == ("conference.changed", 2)
    for asked in (
        bookings.cancel(made.id, StepRequest(version=1), "lan"),
        bookings.extend(made.id, ExtendRequest(minutes=5, version=1), "lan"),
    ):
        assert (await refusal(asked)).code == "conference.changed"


async def test_an_extension_is_refused_where_the_next_booking_would_be_hit_which_is_named(
    scheduler: Scheduler, bookings: Bookings, database: Database, clock: ManualClock
) -> None:
    made = await opened(bookings, database, "P000", "P001")
    later = await booked(bookings, "Later", 3, "P000")
    following = await booked(bookings, "Next", 2, "P001")
    clock.advance(1_800)
    longer = await bookings.extend(made.id, ExtendRequest(minutes=60), "chair")
    assert (longer.times.stop, longer.times.must_join_before) == (NOON + 2 * HOUR, NOON + 2 * HOUR)
    refused = await refusal(bookings.extend(made.id, ExtendRequest(minutes=90), "chair"))
    assert refused.code == "booking.clash"
    assert {clash["conference"] for clash in refused.data["clashes"]} == {later.id, following.id}
    assert refused.data["next"]["conference"] == following.id
    assert "Next" in refused.detail
    assert refused.data["possible_stop"] == (NOON + 2 * HOUR).isoformat()
    assert (await scheduler.conference(made.id)).times.stop == NOON + 2 * HOUR


async def test_an_earlier_last_moment_to_join_stays_when_a_conference_is_extended(bookings: Bookings) -> None:
    early = times(NOON + HOUR).model_copy(update={"must_join_before": NOON + 1.5 * HOUR})
    made = (await bookings.book(BookingRequest(title="t", times=early, points=("P000",)), "lan")).conference
    longer = await bookings.extend(made.id, ExtendRequest(minutes=30), "lan")
    assert (longer.times.must_join_before, longer.times.stop) == (NOON + 1.5 * HOUR, NOON + 2.5 * HOUR)


async def test_points_come_to_and_leave_a_running_conference_and_the_bridge_is_to_be_told(
    scheduler: Scheduler, bookings: Bookings, database: Database, clock: ManualClock
) -> None:
    past = await booked(bookings, "Before", -0.01, "P002", minutes=30)
    made = await opened(bookings, database, "P000", "P001")
    clock.advance(2_400)
    change = ConferenceChange(add_points=("P002",), remove_points=("P001",))
    after = (await bookings.change(made.id, change, "lan")).conference
    assert (after.state, codes(after)) == (ConferenceState.OPEN, ["P000", "P002"])
    assert await database.pool.fetchval("SELECT stale FROM conference WHERE id = $1::text::uuid", made.id)
    assert await holder(scheduler, "P002", 0.2) == past.id
    assert await holder(scheduler, "P002", 0.7) == made.id
    assert await holder(scheduler, "P001", 0.7) is None
    await bookings.extend(made.id, ExtendRequest(minutes=30), "lan")
    assert await holder(scheduler, "P002", 1.4) == made.id


async def test_all_but_the_clashing_points_are_booked_on_request_and_the_others_are_named(
    scheduler: Scheduler, bookings: Bookings
) -> None:
    other = await booked(bookings, "Other", 1, "P001", "P003")
    request = BookingRequest(title="t", times=times(NOON + HOUR), units=("WARD",), leave_out_clashing=True)
    made = await bookings.book(request, "lan")
    assert codes(made.conference) == ["P000", "P002", "P004", "P005"]
    assert [(clash.point, clash.conference) for clash in made.left_out] == [("P001", other.id), ("P003", other.id)]
    assert made.conference == await scheduler.conference(made.conference.id)
    taken = BookingRequest(title="t", times=times(NOON + HOUR), points=("P001",), leave_out_clashing=True)
    assert (await refusal(bookings.book(taken, "lan"))).code == "booking.clash"
    change = ConferenceChange(times=times(NOON + 1.5 * HOUR), add_points=("P003",), leave_out_clashing=True)
    moved = await bookings.change(made.conference.id, change, "lan")
    assert [clash.point for clash in moved.left_out] == ["P003"]
    assert moved.conference.points == made.conference.points


async def test_set_up_and_tear_down_are_held_too(scheduler: Scheduler, bookings: Bookings) -> None:
    request = BookingRequest(
        title="t", times=times(NOON + 2 * HOUR, doors=10), points=("P000",), setup_minutes=20, teardown_minutes=15
    )
    made = (await bookings.book(request, "lan")).conference
    assert await holder(scheduler, "P000", 1.5) == made.id
    assert await holder(scheduler, "P000", 1.48) is None
    assert await holder(scheduler, "P000", 3.24) == made.id
    assert await holder(scheduler, "P000", 3.25) is None
    before = await booked(bookings, "Before", 0.5, "P000")
    longer = ConferenceChange(setup_minutes=21)
    refused = await refusal(bookings.change(made.id, longer, "lan"))
    assert refused.data["clashes"][0]["conference"] == before.id
    preview = ClashRequest(times=times(NOON + 3.5 * HOUR), points=("P000",), setup_minutes=20)
    assert [clash.until for clash in (await bookings.clashes(preview)).clashes] == [NOON + 3.25 * HOUR]
    await bookings.change(made.id, ConferenceChange(setup_minutes=0, teardown_minutes=0), "lan")
    assert (await bookings.clashes(preview)).clashes == ()


async def test_a_conference_that_ends_early_is_torn_down_before_its_points_are_free(
    scheduler: Scheduler, bookings: Bookings, database: Database, clock: ManualClock
) -> None:
    request = BookingRequest(title="t", times=times(NOON), points=("P000",), teardown_minutes=10)
    made = (await bookings.book(request, "lan")).conference
    store = Store(database)
    assert await store.open(made.id, "clockwork", NOON)
    clock.advance(1_800)
    assert await store.close(made.id, "chair", clock.now())
    assert await holder(scheduler, "P000", 0.65) == made.id
    assert await holder(scheduler, "P000", 0.67) is None


async def test_a_maintenance_window_is_a_clash_of_a_move(
    bookings: Bookings, database: Database, clock: ManualClock
) -> None:
    made = await booked(bookings, "t", 1, "P000")
    start, stop = NOON + 3 * HOUR, NOON + 5 * HOUR
    request = MaintenanceRequest(reason="New lamp", start=start, stop=stop, points=("P000",))
    window = await Maintenance(database, clock, Limits()).announce(request, "lan")
    refused = await refusal(bookings.change(made.id, ConferenceChange(times=times(NOON + 4 * HOUR)), "lan"))
    assert [(clash["maintenance"], clash["title"]) for clash in refused.data["clashes"]] == [(window.id, "New lamp")]


async def test_a_draft_holds_nothing_until_it_is_submitted(scheduler: Scheduler, bookings: Bookings) -> None:
    request = BookingRequest(title="t", times=times(NOON + HOUR), points=("P000", "P001"), draft=True)
    draft = (await bookings.book(request, "lan")).conference
    assert (draft.state, codes(draft)) == (ConferenceState.DRAFT, ["P000", "P001"])
    other = await booked(bookings, "Other", 1, "P001")
    refused = await refusal(bookings.submit(draft.id, StepRequest(), "lan"))
    assert [clash["conference"] for clash in refused.data["clashes"]] == [other.id]
    assert (await refusal(scheduler.links(draft.id, ""))).code == "conference.not_confirmed"
    await bookings.change(draft.id, ConferenceChange(remove_points=("P001",), add_points=("P002",)), "lan")
    made = await bookings.submit(draft.id, StepRequest(note="ready"), "lan")
    assert (made.state, made.version) == (ConferenceState.CONFIRMED, 3)
    assert await holder(scheduler, "P002", 1) == made.id
    assert (await refusal(bookings.submit(draft.id, StepRequest(), "lan"))).code == "conference.state"


async def test_a_draft_whose_time_has_come_cannot_be_submitted(bookings: Bookings, clock: ManualClock) -> None:
    request = BookingRequest(title="t", times=times(NOON + HOUR), points=("P000",), draft=True)
    draft = (await bookings.book(request, "lan")).conference
    clock.advance(2 * 3_600)
    assert (await refusal(bookings.submit(draft.id, StepRequest(), "lan"))).code == "booking.past"
    assert (await bookings.cancel(draft.id, StepRequest(), "lan")).state is ConferenceState.CANCELLED


async def test_the_history_tells_who_changed_what_when_and_why(
    bookings: Bookings, database: Database, clock: ManualClock
) -> None:
    made = await booked(bookings, "Old", 0, "P000", "P001")
    clock.advance(60)
    await bookings.change(made.id, ConferenceChange(title="New", remove_points=("P001",)), "mai")
    await Store(database).open(made.id, "clockwork", clock.now())
    await bookings.extend(made.id, ExtendRequest(minutes=10), "chair")
    await bookings.cancel(made.id, StepRequest(note="Storm"), "lan")
    history = await bookings.history(made.id)
    assert [(e.version, e.by, e.action) for e in history] == [
        (1, "lan", Action.BOOKED),
        (2, "mai", Action.CHANGED),
        (3, "clockwork", Action.OPENED),
        (4, "chair", Action.EXTENDED),
        (5, "lan", Action.CANCELLED),
    ]
    assert history[1].at == NOON + timedelta(minutes=1)
    assert [(c.field, c.old, c.new) for c in history[1].changes] == [
        ("title", "Old", "New"),
        ("points", ["P001"], []),
    ]
    assert {c.field for c in history[3].changes} == {"stop", "must_join_before"}
    assert history[4].note == "Storm"
    assert [(c.old, c.new) for c in history[4].changes] == [("open", "cancelled")]


async def test_closing_is_told_with_the_state_before(bookings: Bookings, database: Database) -> None:
    made = await booked(bookings, "t", 0, "P000")
    await Store(database).close(made.id, "clockwork", NOON + HOUR)
    last = (await bookings.history(made.id))[-1]
    assert (last.action, [(c.old, c.new) for c in last.changes]) == (Action.CLOSED, [("confirmed", "closed")])


async def test_history_cannot_be_rewritten(bookings: Bookings, database: Database) -> None:
    await booked(bookings, "t", 1, "P000")
    for statement in ("UPDATE conference_history SET by = 'nobody'", "DELETE FROM conference_history"):
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await database.pool.execute(statement)
        assert caught.value.constraint_name == "conference_history_is_kept"


async def test_the_database_knows_the_same_steps_as_the_table(bookings: Bookings, database: Database) -> None:
    allowed = set()
    for state, event in product(ConferenceState, Event):
        try:
            allowed.add((state, lifecycle.after(state, event)))
        except Conflict:
            continue
    await booked(bookings, "t", 1, "P000")
    legal = {
        (old, new)
        for old, new in product(ConferenceState, ConferenceState)
        if old is not new and await takes_step(database, old, new)
    }
    assert legal == allowed


async def takes_step(database: Database, old: ConferenceState, new: ConferenceState) -> bool:
    await database.pool.execute("ALTER TABLE conference DISABLE TRIGGER conference_state_goes_forward")
    await database.pool.execute("UPDATE conference SET state = $1", old.value)
    await database.pool.execute("ALTER TABLE conference ENABLE TRIGGER conference_state_goes_forward")
    try:
        await database.pool.execute("UPDATE conference SET state = $1", new.value)
    except asyncpg.CheckViolationError:
        return False
    return True
