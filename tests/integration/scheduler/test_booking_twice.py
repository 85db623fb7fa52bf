"""Requests that are sent twice with one idempotency key are done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import DiemcauError
from scheduler.bookings import Bookings
from scheduler.model import StepRequest
from scheduler.service import Scheduler
from tests.support.directory import NOON, booking_of, load_points

HOUR = timedelta(hours=1)
REQUEST = booking_of("t", NOON + 30 * HOUR, ["P000", "P001"])


@pytest.fixture
async def bookings(scheduler: Scheduler) -> Bookings:
    await load_points(scheduler, 2)
    return scheduler.bookings


async def conferences(database: Database) -> int:
    count = await database.pool.fetchval("SELECT count(*) FROM conference")
    assert isinstance(count, int)
    return count


async def code_of(asked: Awaitable[object]) -> str:
    with pytest.raises(DiemcauError) as caught:
        await asked
    return caught.value.code


async def test_the_second_request_gets_the_first_ones_reply(bookings: Bookings, database: Database) -> None:
    first = await bookings.book(REQUEST, "lan", "k1")
    assert await bookings.book(REQUEST, "lan", "k1") == first
    assert await conferences(database) == 1


async def test_ten_at_once_book_once(bookings: Bookings, database: Database) -> None:
    replies = await asyncio.gather(*(bookings.book(REQUEST, "lan", "k1") for _ in range(10)))
    assert len({reply.conference.id for reply in replies}) == 1
    assert await conferences(database) == 1


async def test_a_refused_request_may_be_tried_again_with_its_key(bookings: Bookings) -> None:
    other = await bookings.book(REQUEST, "mai")
    assert await code_of(bookings.book(REQUEST, "lan", "k1")) == "booking.clash"
    await bookings.cancel(other.conference.id, StepRequest(), "mai")
    assert (await bookings.book(REQUEST, "lan", "k1")).conference.booked_by == "lan"


async def test_a_key_belongs_to_one_request_of_one_person(bookings: Bookings) -> None:
    await bookings.book(REQUEST, "lan", "k1")
    another = REQUEST.model_copy(update={"title": "another"})
    assert await code_of(bookings.book(another, "lan", "k1")) == "request.key_reused"
    assert await code_of(bookings.book(REQUEST, "mai", "k1")) == "booking.clash"


async def test_a_key_is_forgotten_after_a_day(bookings: Bookings, database: Database, clock: ManualClock) -> None:
    await bookings.book(REQUEST, "lan", "k1")
    clock.advance(24 * 3_600 - 1)
    await bookings.book(REQUEST, "lan", "k1")
    clock.advance(1)
    assert await code_of(bookings.book(REQUEST, "lan", "k1")) == "booking.clash"
    later = booking_of("t", NOON + 40 * HOUR, ["P000"])
    await bookings.book(later, "mai", "k2")
    assert await database.pool.fetchval("SELECT array_agg(key) FROM idempotent_reply") == ["k2"]


@pytest.mark.parametrize("key", ["", "k" * 201, "ô", "a\nb"])
async def test_a_key_outside_its_form_is_refused(bookings: Bookings, key: str) -> None:
    assert await code_of(bookings.book(REQUEST, "lan", key)) == "request.key"


async def test_the_longest_key_is_taken(bookings: Bookings) -> None:
    await bookings.book(REQUEST, "lan", "k" * 200)
