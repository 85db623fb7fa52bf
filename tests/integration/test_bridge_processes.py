"""Several bridge processes on one database: one carries a conference, and another takes it up when that one is dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.heartbeat import Heartbeat
from bridge.node import BridgeNode
from core.bus import Bus, Subscription
from core.clock import SystemClock
from core.database import Database
from core.errors import Conflict
from core.messages import (
    CONFERENCE_CHANGED,
    CONFERENCE_WARNING,
    JOIN,
    OPEN,
    RELAYED,
    ConferenceWarning,
    JoinConference,
    OpenConference,
)
from core.model import ConferenceId, ConferenceSpec, SessionId
from core.relay import Relay
from core.session_messages import Ended, StateView, ToSession, session_topic
from core.settings import Settings
from diemcau.identity import ProcessIdentity
from scheduler.links import hall as seat
from signaling.client import SignalingClient
from tests.support.conferences import hall, spec_of
from tests.support.directory import booking_of, load_points, scheduler_of
from tests.support.installation import Installation, free_ports, installed
from tests.support.polling import UNIT, eventually
from tests.support.workers import JOURNAL, worker


@asynccontextmanager
async def process(database: Database, name: str, node: str | None = None) -> AsyncIterator[tuple[Bus, BridgeNode]]:
    """A bridge with the bus of its process, relayed to the others."""
    bus = Bus(name)
    settings = Settings(media_port=0, sample_seconds=0.3, node=node)
    bridge = BridgeNode(settings, database, bus, SystemClock(), ["127.0.0.1"])
    relay = Relay(database, bus, RELAYED)
    task = asyncio.create_task(relay.run())
    await bridge.start()
    try:
        async with asyncio.timeout(10 * UNIT):
            await relay.listening.wait()
        yield bus, bridge
    finally:
        await bridge.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def open_at(bus: Bus, spec: ConferenceSpec) -> None:
    await bus.request(OPEN, OpenConference(spec=spec))


async def dies(database: Database, name: str) -> None:
    """As if nobody had heard of the process for a minute, while the others lived."""
    await database.pool.execute(
        "UPDATE bridge_process SET seen_at = CASE WHEN id = $1 THEN now() - interval '1 min' ELSE seen_at END,"
        " steady_since = now() - interval '2 min'",
        name,
    )


async def test_a_conference_is_carried_by_one_living_process(database: Database) -> None:
    spec = spec_of(2)
    async with process(database, "a") as (first, carrier), process(database, "b") as (second, _):
        await open_at(first, spec)
        with pytest.raises(Conflict) as caught:
            await open_at(second, spec)
        assert caught.value.code == "conference.elsewhere"
        assert carrier.live_conferences == 1


async def test_a_process_that_starts_leaves_alone_what_a_living_one_carries(database: Database) -> None:
    async with process(database, "a") as (first, _):
        await open_at(first, spec_of(2))
        async with process(database, "b") as (_, other):
            assert other.live_conferences == 0
    # The same process again has its own at once, whenever it was seen last.
    async with process(database, "a") as (_, again):
        assert again.live_conferences == 1


async def test_a_dead_processs_conference_is_taken_up_where_its_log_ends_and_one_that_only_seemed_dead_lets_go(
    database: Database,
) -> None:
    spec = spec_of(2)
    async with process(database, "a") as (first, carrier), process(database, "b") as (second, heir):
        await open_at(first, spec)
        await first.request(JOIN, JoinConference(conference=spec.id, session=SessionId("s"), participant=hall(1)))
        await dies(database, "a")
        await open_at(second, spec)
        assert heir.live_conferences == 1
        events = await database.pool.fetch("SELECT event ->> 'type' AS type FROM conference_event ORDER BY seq")
        assert [row["type"] for row in events][:2] == ["opened", "joined"]
        await eventually(lambda: f"{carrier.live_conferences} left" if carrier.live_conferences else None, units=20)
        assert await database.pool.fetchval("SELECT process FROM conference_host") == "b"


async def test_after_an_outage_of_the_database_nobody_is_taken_for_dead_before_they_could_beat(
    database: Database,
) -> None:
    early, late = Heartbeat(database, "early", None), Heartbeat(database, "late", None)
    id = spec_of(1).id
    await early.beat()
    await late.beat()
    await early.take(id)
    await database.pool.execute(
        "UPDATE bridge_process SET seen_at = now() - interval '1 min', steady_since = now() - interval '1 hour'"
    )
    await late.beat()
    with pytest.raises(Conflict):
        await late.take(id)
    await early.beat()
    await early.take(id)


async def test_a_process_that_ends_properly_is_followed_at_once(database: Database) -> None:
    ending, other = Heartbeat(database, "ending", None), Heartbeat(database, "other", None)
    await ending.beat()
    await other.beat()
    id = spec_of(1).id
    await ending.take(id)
    await ending.end()
    await other.take(id)


async def test_what_another_process_closes_ends_for_the_halls_of_this_one(database: Database) -> None:
    """The clockwork of a real other process warns and closes what this process's bridge carries."""
    await database.pool.execute(JOURNAL)
    scheduler = scheduler_of(database, Bus(), SystemClock())
    codes = await load_points(scheduler, 2)
    made = await scheduler.book(booking_of("Họp", SystemClock().now() + timedelta(seconds=1), codes, minutes=30), "lan")
    async with process(database, "b") as (bus, bridge):
        spec = await scheduler.spec(made.id)
        await database.pool.execute("UPDATE conference SET state = 'open', running = true")
        await open_at(bus, spec)
        session = SessionId("s")
        with bus.subscribe(session_topic(session)) as told, bus.subscribe(CONFERENCE_WARNING) as warnings:
            join = JoinConference(conference=made.id, session=session, participant=seat(spec.points[0]))
            await bus.request(JOIN, join)
            stop = "date_trunc('second', now()) + interval '4 min'"
            await database.pool.execute(
                f"UPDATE conference SET can_join_after = now() - interval '30 min', start = now() - interval '20 min',"
                f" stop = {stop}, must_join_before = {stop}"
            )
            async with worker("clockwork", database.url, "1"):
                async with asyncio.timeout(20 * UNIT):
                    warning: ConferenceWarning = await anext(aiter(warnings))
                assert (warning.conference, warning.minutes_left) == (made.id, 5)
                await database.pool.execute(
                    "UPDATE conference SET stop = now() - interval '1 s', must_join_before = now() - interval '1 s'"
                )
                async with asyncio.timeout(20 * UNIT):
                    messages = [envelope async for envelope in until_ended(told)]
                assert messages[-1].message == Ended(reason="closed")
        assert bridge.live_conferences == 0
    closings = await database.pool.fetchval("SELECT count(*) FROM conference_history WHERE action = 'closed'")
    assert closings == 1


async def until_ended(told: Subscription[ToSession]) -> AsyncIterator[ToSession]:
    async for envelope in told:
        yield envelope
        if isinstance(envelope.message, Ended):
            return


async def test_news_that_were_missed_are_made_up_for_from_the_database(database: Database) -> None:
    scheduler = scheduler_of(database, Bus(), SystemClock())
    codes = await load_points(scheduler, 1)
    made = await scheduler.book(booking_of("Họp", SystemClock().now() + timedelta(seconds=1), codes, minutes=30), "lan")
    async with process(database, "a") as (bus, bridge):
        await open_at(bus, await scheduler.spec(made.id))
        await database.pool.execute("UPDATE conference SET state = 'open'")
        await database.pool.execute("UPDATE conference SET state = 'closed'")
        with bus.subscribe(CONFERENCE_CHANGED) as news:
            await eventually(lambda: "still carried" if bridge.live_conferences else None, units=20)
            assert (await anext(aiter(news))).conference == made.id


async def test_a_node_beats_under_its_code_in_the_plans(database: Database) -> None:
    silent = "SELECT media_node_silent('hn-1')"
    assert await database.pool.fetchval(silent) is False
    async with process(database, "a", node="hn-1"):
        assert await database.pool.fetchval(silent) is False
        await dies(database, "a")
        assert await database.pool.fetchval(silent) is True
        await eventually(lambda: beats(database), units=20)
    assert await database.pool.fetchval(silent) is True


async def beats(database: Database) -> str | None:
    return "still silent" if await database.pool.fetchval("SELECT media_node_silent('hn-1')") else None


def test_an_identity_is_kept_and_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    first = ProcessIdentity(tmp_path)
    second = ProcessIdentity(tmp_path)
    assert first.text != second.text
    kept = first.text
    first.close()
    again = ProcessIdentity(tmp_path)
    assert again.text == kept
    second.close()
    again.close()


async def carrier_of(database: Database, id: ConferenceId) -> str | None:
    name: str | None = await database.pool.fetchval("SELECT process FROM conference_host WHERE conference = $1", id)
    return name


@pytest.mark.timeout(240)
async def test_when_the_process_that_carries_a_conference_is_killed_another_goes_on_with_it(
    database: Database, tmp_path: Path
) -> None:
    await database.pool.execute(
        "CREATE OR REPLACE FUNCTION bridge_lapse() RETURNS interval LANGUAGE sql IMMUTABLE AS"
        f" $$ SELECT interval '{7 * UNIT} seconds' $$"
    )
    secret = "s" * 40
    async with installed(database.url, tmp_path / "a", DIEMCAU_SECRET=secret) as first:
        web, signaling, media = free_ports(3)
        ports = {"web_port": web, "signaling_port": signaling, "media_port": media}
        other = first.settings.model_copy(update={"data_dir": tmp_path / "b", **ports})
        second = Installation(other, first.accounts, {"DIEMCAU_SECRET": secret})
        await second.start()
        try:
            conference = await first.book_now()
            tokens = await first.link_tokens(conference.id)
            places = {p.settings.data_dir: p for p in (first, second)}
            carrier = await carrier_of(database, conference.id)
            dying, heir = _by_carrier(places, carrier)
            before = await _states(dying, tokens["p1"])
            assert before.conference.value == "open"
            # The heir must have been seen for as long as the other was not.
            await dying.kill()

            async def taken_up() -> str | None:
                now = await carrier_of(database, conference.id)
                return None if now not in (None, carrier) else "nobody has taken the conference up"

            await eventually(taken_up, units=60)
            after = await _states(heir, tokens["p1"])
            assert (after.conference.value, after.expected) == ("open", before.expected)
        finally:
            await second.stop()
        opened = await database.pool.fetchval("SELECT count(*) FROM conference_history WHERE action = 'opened'")
        assert opened == 1


def _by_carrier(places: dict[Path, Installation], carrier: str | None) -> tuple[Installation, Installation]:
    names = {(folder / "process-0.id").read_text(): place for folder, place in places.items()}
    dying = names.pop(str(carrier))
    return dying, next(iter(names.values()))


async def _states(installation: Installation, token: str) -> StateView:
    async with asyncio.timeout(20 * UNIT), SignalingClient(installation.signaling_url, token) as client:
        async for message in client:
            if isinstance(message, StateView):
                return message
    raise AssertionError("the hall was told nothing")
