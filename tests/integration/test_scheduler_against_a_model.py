"""Random books of bookings, moves and cancels: the database and a list in memory always agree on who holds what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict
from core.model import ConferenceId
from scheduler.model import BookingRequest, ClashRequest
from scheduler.service import Scheduler
from tests.support.directory import NOON, load_points, scheduler_of, times

POINTS = ["P000", "P001", "P002"]
Held = set[tuple[str, ConferenceId]]


@dataclass(frozen=True)
class Step:
    """Book `points`, or move or cancel the conference number `which` (counted round)."""

    kind: Literal["book", "move", "cancel"]
    which: int
    points: frozenset[str]
    slot: int
    slots: int

    @property
    def start(self) -> datetime:
        return NOON + timedelta(minutes=10 * self.slot)

    @property
    def stop(self) -> datetime:
        return self.start + timedelta(minutes=10 * self.slots)


STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(["book", "book", "book", "move", "move", "cancel"]),
        which=st.integers(0, 5),
        points=st.frozensets(st.sampled_from(POINTS), min_size=1),
        slot=st.integers(0, 8),
        slots=st.integers(1, 4),
    ),
    max_size=12,
)


@dataclass
class Booked:
    """A conference as the model knows it."""

    id: ConferenceId
    points: frozenset[str]
    start: datetime
    stop: datetime
    cancelled: bool = False


class Book:
    """The simple truth: a list of conferences."""

    def __init__(self) -> None:
        self.conferences: list[Booked] = []

    def holders(self, points: frozenset[str], start: datetime, stop: datetime, but: Booked | None = None) -> Held:
        """For each point the conference that holds it longest."""
        held: dict[str, Booked] = {}
        for other in self.conferences:
            if other is but or other.cancelled or not (other.start < stop and start < other.stop):
                continue
            for point in points & other.points:
                if point not in held or other.stop > held[point].stop:
                    held[point] = other
        return {(point, other.id) for point, other in held.items()}


async def attempt(scheduler: Scheduler, book: Book, step: Step) -> tuple[Held, Held]:
    """Takes the step in both; the clashes that the model expects and those that the scheduler names."""
    wanted = times(step.start, minutes=10 * step.slots)
    try:
        if step.kind == "book" or not book.conferences:
            expected = book.holders(step.points, step.start, step.stop)
            made = await scheduler.book(BookingRequest(title="t", times=wanted, points=tuple(step.points)), "lan")
            book.conferences.append(Booked(made.id, step.points, step.start, step.stop))
            return expected, set()
        target = book.conferences[step.which % len(book.conferences)]
        if step.kind == "cancel":
            expected = {("over", target.id)} if target.cancelled else set()
            await scheduler.cancel(target.id, "lan")
            target.cancelled = True
        elif target.cancelled:
            expected = {("over", target.id)}
            await scheduler.reschedule(target.id, wanted, "lan")
        else:
            expected = book.holders(target.points, step.start, step.stop, but=target)
            await scheduler.reschedule(target.id, wanted, "lan")
            target.start, target.stop = step.start, step.stop
        return expected, set()
    except Conflict as refusal:
        if refusal.code == "conference.over":
            return expected, {("over", target.id)}
        return expected, {(clash["point"], clash["conference"]) for clash in refusal.data["clashes"]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_scheduler_and_a_simple_model_agree(database: Database, steps: list[Step]) -> None:
    await database.pool.execute("TRUNCATE unit, bridge_point, conference, reservation CASCADE")
    scheduler = scheduler_of(database, Bus(), ManualClock(NOON))
    await load_points(scheduler, len(POINTS))
    book = Book()
    for step in steps:
        expected, named = await attempt(scheduler, book, step)
        assert named == expected
    for slot in range(13):
        await agree(scheduler, book, NOON + timedelta(minutes=10 * slot))


async def agree(scheduler: Scheduler, book: Book, start: datetime) -> None:
    """Both say the same about every point in one slot."""
    request = ClashRequest(times=times(start, minutes=10), points=tuple(POINTS))
    report = await scheduler.clashes(request)
    expected = book.holders(frozenset(POINTS), start, start + timedelta(minutes=10))
    assert {(clash.point, clash.conference) for clash in report.clashes} == expected
