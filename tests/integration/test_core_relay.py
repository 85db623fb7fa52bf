"""News between processes: two buses on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from core.bus import Bus, Subscription, Topic
from core.database import Database
from core.messages import CONFERENCE_CHANGED, FLOOR, RELAYED, ConferenceChanged, FloorMoved
from core.model import ConferenceId, ConferenceState, Model
from core.relay import CHANNEL, NOTIFY, Relay
from tests.support.polling import UNIT

AT = datetime(2026, 9, 1, 5, tzinfo=UTC)


class Long(Model):
    text: str


LONG: Topic[Long] = Topic("long", Long)


@asynccontextmanager
async def process(database: Database) -> AsyncIterator[Bus]:
    """A bus that is heard by the others, as a process has one."""
    bus = Bus()
    relay = Relay(database, bus, (*RELAYED, LONG))
    task = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(10 * UNIT):
            await relay.listening.wait()
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def closed(number: int) -> ConferenceChanged:
    id = ConferenceId(f"00000000-0000-4000-8000-{number:012}")
    return ConferenceChanged(conference=id, state=ConferenceState.CLOSED, at=AT)


async def next_of(news: Subscription[ConferenceChanged]) -> ConferenceChanged:
    async with asyncio.timeout(10 * UNIT):
        return await anext(aiter(news))


async def test_what_one_process_says_every_other_hears_once_and_itself_once(database: Database) -> None:
    async with process(database) as first, process(database) as second, process(database) as third:
        with (
            first.subscribe(CONFERENCE_CHANGED) as own,
            second.subscribe(CONFERENCE_CHANGED) as other,
            third.subscribe(CONFERENCE_CHANGED) as another,
        ):
            for number in range(3):
                first.publish(CONFERENCE_CHANGED, closed(number))
            second.publish(CONFERENCE_CHANGED, closed(9))
            for news in (own, other, another):
                heard = {(await next_of(news)).conference for _ in range(4)}
                assert heard == {closed(number).conference for number in (0, 1, 2, 9)}
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await anext(aiter(own))


async def test_topics_that_are_not_relayed_stay_in_their_process(database: Database) -> None:
    async with process(database) as first, process(database) as second:
        with second.subscribe(FLOOR) as floor, second.subscribe(CONFERENCE_CHANGED) as changes:
            first.publish(FLOOR, FloorMoved(conference=closed(1).conference, holder=None, at=AT))
            first.publish(CONFERENCE_CHANGED, closed(1))
            await next_of(changes)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await anext(aiter(floor))


async def test_a_cut_connection_is_made_again(database: Database) -> None:
    async with process(database) as first, process(database) as second:
        with second.subscribe(CONFERENCE_CHANGED) as news:
            await database.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            )
            heard = asyncio.create_task(next_of(news))
            number = 0
            while not heard.done():
                first.publish(CONFERENCE_CHANGED, closed(number := number + 1))
                await asyncio.wait({heard}, timeout=0.2)
            assert heard.result().state is ConferenceState.CLOSED


async def test_what_is_too_long_or_cannot_be_read_harms_nobody(database: Database) -> None:
    async with process(database) as first, process(database) as second:
        with second.subscribe(CONFERENCE_CHANGED) as news, capture_logs() as logs:
            first.publish(LONG, Long(text="x" * 8_000))
            await database.pool.execute(NOTIFY, CHANNEL, "not ours")
            await database.pool.execute(NOTIFY, CHANNEL, '{"origin":"x","topic":"conference.changed","message":"{}"}')
            first.publish(CONFERENCE_CHANGED, closed(1))
            assert await next_of(news) == closed(1)
        assert {line["event"] for line in logs} == {"news_too_long", "news_unreadable"}


async def test_a_bus_has_one_relay(database: Database) -> None:
    async with process(database) as bus:
        with pytest.raises(RuntimeError), bus.telling_others(lambda *_: None):
            pass
