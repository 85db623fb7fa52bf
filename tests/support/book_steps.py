"""Everything that can be done to a book of conferences: at random, for real, and what a simple model expects of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.model import ConferenceId, ConferenceState
from core.settings import Limits
from scheduler.bookings import Bookings
from scheduler.model import BookingRequest, ConferenceChange, ExtendRequest, RequestedTimes, StepRequest
from scheduler.series import SeriesBook
from scheduler.series_model import Scope, SeriesChange, SeriesRequest, SeriesStep
from scheduler.store import Store
from tests.support.book import DAY, TEN, Book, Booked, Named
from tests.support.directory import NOON, times

POINTS = ["P000", "P001", "P002"]
Refusal = str | Named | None
"""A code, the clashes by point and conference, or nothing."""


@dataclass(frozen=True)
class Step:
    """One thing that is done to the book; `which` counts its conferences round.

    `crash`: who takes it dies with the so-manieth message to the database, or (0) with the COMMIT; or the server ends
    its connection before that message (`terminated`).
    """

    kind: str
    which: int
    points: frozenset[str]
    slot: int
    slots: int
    buffer: int
    partial: bool
    crash: int | None
    terminated: bool

    @property
    def start(self) -> datetime:
        return NOON + self.slot * TEN

    @property
    def stop(self) -> datetime:
        return self.start + self.slots * TEN


NEW = ("book", "draft", "series")
OLD = ("move", "add", "remove", "extend", "submit", "open", "close", "cancel", "series_move", "series_cancel")

STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from((*NEW, "book", *OLD, "move", "series_move")),
        which=st.integers(0, 5),
        points=st.frozensets(st.sampled_from(POINTS), min_size=1),
        slot=st.integers(3, 10),
        slots=st.integers(1, 4),
        buffer=st.integers(0, 2),
        partial=st.booleans(),
        crash=st.none() | st.just(0) | st.integers(1, 40),
        terminated=st.booleans(),
    ),
    min_size=1,
    max_size=10,
)


class Desk:
    """The real thing: what a process has that takes the steps."""

    def __init__(self, database: Database) -> None:
        clock, bus = ManualClock(NOON), Bus()
        self.bookings = Bookings(database, bus, clock, Limits())
        self.series = SeriesBook(database, bus, clock, Limits())
        self.store = Store(database)


Do = Callable[[Desk], Awaitable[Any]]


@dataclass
class Expected:
    """What a step must come to: refused, or the book as it is then. `do` takes the step for real."""

    do: Do
    refused: Refusal
    then: Book
    made: list[Booked]


def expected(book: Book, step: Step, key: str) -> Expected | None:
    """What the model says about the step; None where it cannot be taken."""
    then = deepcopy(book)
    if step.kind in NEW:
        return booking(then, step, key)
    if not then.conferences:
        return None
    target = then.conferences[step.which % len(then.conferences)]
    return STEPS_BY_KIND[step.kind](then, target, step)


def booking(book: Book, step: Step, key: str) -> Expected:
    if step.kind == "series":
        return series(book, step, key)
    draft = step.kind == "draft"
    one = Booked(step.start, step.stop, set(step.points), step.buffer * TEN)
    clashes = frozenset() if draft else book.clashes_of(one)
    lost = {point for point, _ in clashes} if step.partial else set()
    request = BookingRequest(
        title="t",
        times=times(step.start, minutes=10 * step.slots),
        points=tuple(step.points),
        setup_minutes=10 * step.buffer,
        teardown_minutes=10 * step.buffer,
        leave_out_clashing=step.partial,
        draft=draft,
    )
    refused = clashes if clashes and (not step.partial or lost == one.points) else None
    one.points -= lost
    if draft:
        one.state = ConferenceState.DRAFT
    else:
        one.take()
    if not refused:
        book.conferences.append(one)

    async def do(desk: Desk) -> list[ConferenceId]:
        return [(await desk.bookings.book(request, "lan", key)).conference.id]

    return Expected(do, refused, book, [one])


def series(book: Book, step: Step, key: str) -> Expected:
    made = [
        Booked(
            step.start + i * DAY, step.stop + i * DAY, set(step.points), series=key, recurrence_id=step.start + i * DAY
        )
        for i in range(3)
    ]
    clashes = frozenset().union(*(book.clashes_of(one) for one in made))
    for one in made:
        one.take()
    if not clashes:
        book.conferences += made
    first = times(step.start, minutes=10 * step.slots)
    request = SeriesRequest(title="t", first=first, rule="FREQ=DAILY;COUNT=3", points=tuple(step.points))

    async def do(desk: Desk) -> list[ConferenceId]:
        return [one.id for one in (await desk.series.book(request, "lan", key)).series.occurrences]

    return Expected(do, clashes or None, book, made)


def changing(book: Book, target: Booked, change: ConferenceChange) -> Expected:
    """The target, already as it shall be, takes its points again unless they are taken."""
    refused: Refusal = None
    if target.state is not ConferenceState.DRAFT:
        refused = book.clashes_of(target) or None
        target.take()

    async def do(desk: Desk) -> None:
        await desk.bookings.change(target.id, change, "lan")

    return Expected(do, refused, book, [])


def only_refused(book: Book, target: Booked, code: str, change: ConferenceChange) -> Expected:
    return Expected(lambda desk: desk.bookings.change(target.id, change, "lan"), code, book, [])


def move(book: Book, target: Booked, step: Step) -> Expected:
    day = (target.recurrence_id - NOON).days * DAY
    wanted = times(step.start + day, minutes=10 * step.slots)
    change = ConferenceChange(times=wanted)
    if target.over:
        return only_refused(book, target, "conference.over", change)
    if target.state is ConferenceState.OPEN and wanted.start != target.start:
        return only_refused(book, target, "conference.running", change)
    target.start, target.stop = wanted.start, wanted.stop
    return changing(book, target, change)


def add(book: Book, target: Booked, step: Step) -> Expected:
    change = ConferenceChange(add_points=tuple(step.points), leave_out_clashing=step.partial)
    if target.over:
        return only_refused(book, target, "conference.over", change)
    target.points |= step.points
    if step.partial and target.state is not ConferenceState.DRAFT:
        target.points -= {point for point, _ in book.clashes_of(target)}
    if step.partial and target.state is ConferenceState.DRAFT:
        change = change.model_copy(update={"leave_out_clashing": False})
    return changing(book, target, change)


def remove(book: Book, target: Booked, step: Step) -> Expected | None:
    gone = target.points & step.points
    change = ConferenceChange(remove_points=tuple(gone))
    if not gone:
        return None
    if target.over:
        return only_refused(book, target, "conference.over", change)
    if gone == target.points:
        return only_refused(book, target, "booking.no_points", change)
    target.points -= gone
    return changing(book, target, change)


def extend(book: Book, target: Booked, step: Step) -> Expected:
    request = ExtendRequest(minutes=10 * step.slots)
    refused: Refusal = "conference.over" if target.over else None
    if not target.over:
        target.stop += step.slots * TEN
    if target.state is not ConferenceState.DRAFT and not target.over:
        refused = book.clashes_of(target) or None
        target.take()
    return Expected(lambda desk: desk.bookings.extend(target.id, request, "lan"), refused, book, [])


def submit(book: Book, target: Booked, _: Step) -> Expected:
    refused: Refusal = "conference.over" if target.over else "conference.state"
    if target.state is ConferenceState.DRAFT:
        target.state = ConferenceState.CONFIRMED
        refused = book.clashes_of(target) or None
        target.take()
    return Expected(lambda desk: desk.bookings.submit(target.id, StepRequest(), "lan"), refused, book, [])


def open_(book: Book, target: Booked, _: Step) -> Expected:
    if target.state is ConferenceState.CONFIRMED:
        target.state = ConferenceState.OPEN
    return Expected(lambda desk: desk.store.open(target.id, "clockwork", NOON), None, book, [])


def close(book: Book, target: Booked, step: Step) -> Expected:
    at = target.start + (step.slots - 2) * TEN
    if target.state in (ConferenceState.CONFIRMED, ConferenceState.OPEN):
        target.state = ConferenceState.CLOSED
        target.until = min(target.until, at + target.buffer)
        target.since = {point: since for point, since in target.since.items() if since < target.until}
    return Expected(lambda desk: desk.store.close(target.id, "chair", at), None, book, [])


def cancel(book: Book, target: Booked, _: Step) -> Expected:
    refused: Refusal = "conference.over" if target.over else None
    if not target.over:
        target.state, target.since = ConferenceState.CANCELLED, {}
    return Expected(lambda desk: desk.bookings.cancel(target.id, StepRequest(), "lan"), refused, book, [])


def in_scope(book: Book, target: Booked, scope: Scope) -> list[Booked]:
    """What can be changed with the target: its living siblings, and of the running ones only itself."""
    return [
        one
        for one in book.siblings(target)
        if (scope is Scope.ALL or one.recurrence_id >= target.recurrence_id)
        and (one is target or not (one.over or one.state is ConferenceState.OPEN))
    ]


def series_move(book: Book, target: Booked, step: Step) -> Expected:
    scope = Scope.ALL if step.partial else Scope.FOLLOWING
    day = (target.recurrence_id - NOON).days * DAY
    wanted: RequestedTimes = times(step.start + day, minutes=10 * step.slots)
    request = SeriesChange(scope=scope, change=ConferenceChange(times=wanted))
    refused: Refusal = None
    if target.series is None:
        refused = "series.unknown"
    elif target.over:
        refused = "conference.over"
    elif target.state is ConferenceState.OPEN and wanted.start != target.start:
        refused = "conference.running"
    else:
        refused = move_together(book, in_scope(book, target, scope), target, wanted)
    return Expected(lambda desk: desk.series.change(target.id, request, "lan"), refused, book, [])


def move_together(book: Book, group: list[Booked], target: Booked, wanted: RequestedTimes) -> Refusal:
    old, shift = target.shape, wanted.start - target.recurrence_id
    moving = [one for one in group if one.shape == old]
    for one in moving:
        one.start = one.recurrence_id + shift
        one.stop = one.start + (wanted.stop - wanted.start)
    clashes = frozenset().union(*(book.clashes_of(one, {other.id for other in moving}) for one in moving))
    for one in moving:
        one.take()
    return clashes or None


def series_cancel(book: Book, target: Booked, step: Step) -> Expected:
    scope = Scope.ALL if step.partial else Scope.FOLLOWING
    refused: Refusal = None
    if target.series is None:
        refused = "series.unknown"
    elif target.over:
        refused = "conference.over"
    else:
        for one in in_scope(book, target, scope):
            one.state, one.since = ConferenceState.CANCELLED, {}
    return Expected(lambda desk: desk.series.cancel(target.id, SeriesStep(scope=scope), "lan"), refused, book, [])


STEPS_BY_KIND: dict[str, Callable[[Book, Booked, Step], Expected | None]] = {
    "move": move,
    "add": add,
    "remove": remove,
    "extend": extend,
    "submit": submit,
    "open": open_,
    "close": close,
    "cancel": cancel,
    "series_move": series_move,
    "series_cancel": series_cancel,
}
