"""Partitions, the roll-up to minutes and retention, with a real PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import asyncpg
import pytest

from core.clock import ManualClock
from core.database import Database, migrate, open_pool
from core.messages import EndpointReport
from core.model import ConferenceId, Grade, LegId, LinkSample, ParticipantId, SessionId, SlotLayer, SlotName
from core.quality import CandidateType, EndpointFigures
from core.settings import Settings
from monitor.backlog import Row
from monitor.keeping.keeper import Keeper
from monitor.store import Store, report_record, sample_record
from tests.support.polling import eventually

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
CONFERENCE = ConferenceId(str(uuid.UUID(int=1)))
KEY = uuid.UUID(CONFERENCE)
WHO = ParticipantId("point:P")
SETTINGS = Settings(sample_days=7, minute_months=3)


def row(second: float, who: ParticipantId = WHO, grade: Grade = Grade.GOOD, **measures: object) -> Row:
    fields = {"conference": CONFERENCE, "participant": who, "leg": LegId("l"), "kbps_up": 5, "kbps_down": 900}
    sample = LinkSample.model_validate({**fields, "at": START + timedelta(seconds=second), **measures})
    return sample_record(sample, grade, None)


def report(second: float, **figures: object) -> Row:
    said = EndpointFigures.model_validate({"seconds": 2.0, **figures})
    at = START + timedelta(seconds=second)
    whose = {"conference": CONFERENCE, "participant": WHO, "session": SessionId("s")}
    return report_record(EndpointReport(**whose, at=at, figures=said))  # type: ignore[arg-type]


async def partitions(database: Database, table: str) -> list[str]:
    rows = await database.pool.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1", table
    )
    return [one["name"] for one in rows]


async def minutes(database: Database) -> list[asyncpg.Record]:
    return list(await database.pool.fetch("SELECT * FROM line_minute ORDER BY participant, minute"))


@pytest.fixture
def now() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def keeper(database: Database, now: ManualClock) -> Keeper:
    return Keeper(database, now, SETTINGS)


async def test_what_comes_before_its_partition_moves_into_it(database: Database, keeper: Keeper) -> None:
    store = Store(database)
    await store.copy_samples([row(0), row(86_400)])
    await store.copy_reports([report(0)])
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample_default") == 2
    await keeper.round()
    assert await partitions(database, "link_sample") == [
        *(f"link_sample_d202611{day}" for day in (23, 24, 25, 26)),
        "link_sample_default",
    ]
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample_default") == 0
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample_d20261124") == 1
    assert await database.pool.fetchval("SELECT count(*) FROM endpoint_sample_d20261123") == 1
    await store.copy_samples([row(1)])
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample_d20261123") == 2


async def test_who_reads_while_rows_move_into_a_new_partition_sees_them_all(database: Database) -> None:
    moving = "SELECT add_partition('line_minute', 'm202611', 'minute', '2026-11-01 00:00Z', '2026-12-01 00:00Z')"
    insert = (
        "INSERT INTO line_minute (conference, participant, minute, samples, good, fair, poor, reports)"
        " VALUES ($1, $2, $3, 1, 1, 0, 0, 0)"
    )
    async with database.pool.acquire() as writer, writer.transaction():
        await writer.execute(insert, KEY, WHO, START)
        mover = asyncio.create_task(database.pool.execute(moving))
        await eventually(lambda: _why_not_waiting(database, 1))
        reader = asyncio.create_task(database.pool.fetchval("SELECT count(*) FROM line_minute"))
        await eventually(lambda: _why_not_waiting(database, 2))
    await mover
    assert await reader == 1


async def test_a_minute_tells_what_its_samples_told(database: Database, now: ManualClock, keeper: Keeper) -> None:
    store = Store(database)
    layers = (SlotLayer(slot=SlotName.STAGE, layer="h"),)
    ill: dict[str, Any] = {"loss_down": 0.08, "rtt_ms": 60, "bytes_down": 70, "paused": (SlotName.STAGE,)}
    well: dict[str, Any] = {"loss_down": 0.02, "rtt_ms": 20, "bytes_down": 30, "layers": layers}
    await store.copy_samples([row(1, **ill, grade=Grade.POOR), row(3, **well), row(59.9), row(60)])
    await store.copy_reports([report(2, freezes=2, fps=20, cpu_limited=True), report(4, freezes=1, fps=30, skew_ms=-7)])
    now.advance(75)
    await keeper.round()
    [first] = await minutes(database)
    assert (first["minute"], first["samples"], first["good"], first["poor"]) == (START, 3, 2, 1)
    assert (round(first["loss_down"], 4), first["rtt_ms"], first["bytes_down"]) == (0.05, 40, 100)
    assert (first["paused"], first["layers"]) == (1, ["stage h"])
    told = (first["reports"], first["freezes"], first["fps"], first["cpu_limited"], first["skew_ms"])
    assert told == (2, 3, 25, 1, -7)
    now.advance(60)
    await keeper.round()
    assert [one["samples"] for one in await minutes(database)] == [3, 1]
    assert await database.pool.fetchval("SELECT count(*) FROM minute_due") == 0


async def test_a_minute_tells_of_ill_devices_but_not_of_those_switched_off(database: Database, keeper: Keeper) -> None:
    reports = [
        report(1, camera="black", microphone="silent"),
        report(3, camera="ended", microphone="muted", cpu_limited=False),
        report(5, camera="muted", microphone="ok"),
        report(61),
    ]
    await Store(database).copy_reports(reports)
    await keeper.freshen(CONFERENCE)
    told = [(one["camera_ill"], one["microphone_ill"], one["cpu_limited"]) for one in await minutes(database)]
    assert told == [(2, 1, 0), (None, None, None)]


async def test_freshening_waits_for_a_round_that_is_at_the_same_minutes(database: Database, keeper: Keeper) -> None:
    await Store(database).copy_samples([row(0), row(61)])
    async with database.pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM minute_due FOR UPDATE")
        freshening = asyncio.create_task(keeper.freshen(CONFERENCE))

        async def why_not_waiting() -> str | None:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%minute_due%'"
            return None if await database.pool.fetchval(waits) else "nobody waits for the lock"

        await eventually(why_not_waiting)
        assert not freshening.done()
    await freshening
    assert [one["samples"] for one in await minutes(database)] == [1, 1]


async def test_samples_that_come_late_are_rolled_up_too(database: Database, now: ManualClock, keeper: Keeper) -> None:
    store = Store(database)
    await store.copy_samples([row(0)])
    now.advance(600)
    await keeper.round()
    await store.copy_samples([row(2), row(3)])
    await keeper.round()
    await keeper.round()
    assert [one["samples"] for one in await minutes(database)] == [3]


async def test_a_point_that_only_its_endpoint_tells_of_has_minutes(database: Database, keeper: Keeper) -> None:
    await Store(database).copy_reports([report(5, candidate=CandidateType.RELAY)])
    await keeper.freshen(CONFERENCE)
    assert [(one["samples"], one["reports"]) for one in await minutes(database)] == [(0, 1)]


async def test_many_write_and_many_roll_up_and_every_sample_is_counted_once(
    database: Database, now: ManualClock
) -> None:
    store, keepers = Store(database), [Keeper(database, now, SETTINGS) for _ in range(3)]
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for n in range(60):
            await store.copy_samples([row(n * 3 + writer / 10, ParticipantId(f"point:{writer}"))])

    async def roll_up(keeper: Keeper) -> None:
        while not done.is_set():
            await keeper.freshen(CONFERENCE)
            await asyncio.sleep(0)

    rolling = [asyncio.create_task(roll_up(keeper)) for keeper in keepers]
    await asyncio.gather(*(write(writer) for writer in range(4)))
    done.set()
    await asyncio.gather(*rolling)
    await keepers[0].freshen(CONFERENCE)
    assert await database.pool.fetchval("SELECT sum(samples) FROM line_minute") == 240


async def test_one_of_many_processes_does_the_round(database: Database, now: ManualClock, keeper: Keeper) -> None:
    other = Keeper(database, now, SETTINGS)
    async with database.pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock(7205759450)")
        assert not await keeper.round()
        await connection.execute("SELECT pg_advisory_unlock(7205759450)")
    assert await keeper.round()
    assert await other.round()


async def test_a_keeper_killed_while_it_rolls_up_loses_nothing(
    database: Database, now: ManualClock, keeper: Keeper
) -> None:
    await Store(database).copy_samples([row(second) for second in range(0, 120, 2)])
    now.advance(600)
    blocker = await asyncpg.connect(database.url)
    hold = blocker.transaction()
    await hold.start()
    await blocker.execute("LOCK TABLE line_minute IN SHARE ROW EXCLUSIVE MODE")
    # The partitions are there already for this keeper, so that it goes straight to the minutes.
    keeper._upkeep_at = float("inf")
    task = asyncio.create_task(keeper.round())
    await eventually(lambda: _why_not_waiting(database))
    await database.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError):
        await task
    await hold.rollback()
    await blocker.close()
    assert await minutes(database) == []
    assert await database.pool.fetchval("SELECT count(*) FROM minute_due") == 2
    await Keeper(database, now, SETTINGS).round()
    assert [one["samples"] for one in await minutes(database)] == [30, 30]


async def _why_not_waiting(database: Database, least: int = 1) -> str | None:
    waiting = await database.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return None if waiting >= least else f"{waiting} wait for the lock"


async def test_samples_are_kept_for_days_and_minutes_for_months(
    database: Database, now: ManualClock, keeper: Keeper
) -> None:
    store = Store(database)
    await keeper.round()
    await store.copy_samples([row(1, loss_down=0.02), row(3, loss_down=0.04, grade=Grade.POOR)])
    now.advance(8 * 86_400)
    await keeper.round()
    assert "link_sample_d20261123" not in await partitions(database, "link_sample")
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample") == 0
    [stands_in] = await store.history(CONFERENCE, WHO, timedelta(minutes=10))
    assert (stands_in.at, stands_in.seconds, stands_in.loss_down) == (START, 60, 0.03)
    assert [one.at async for one in store.samples(CONFERENCE)] == [START]
    await store.copy_samples([row(5)])
    await keeper.round()
    assert [one["samples"] for one in await minutes(database)] == [2]
    now.advance(150 * 86_400)
    await keeper.round()
    assert await minutes(database) == []
    assert "line_minute_m202611" not in await partitions(database, "line_minute")


@pytest.fixture
async def before(postgres_url: str) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """A database as the release before partitions left it."""
    name = f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url.replace("{name}", "postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    pool = await open_pool(postgres_url.replace("{name}", name))
    await pool.execute("CREATE TABLE schema_migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())")
    folder = resources.files("core").joinpath("migrations")
    for file in sorted((one for one in folder.iterdir() if one.name < "0050"), key=lambda one: one.name):
        await pool.execute(file.read_text(encoding="utf-8"))
        await pool.execute("INSERT INTO schema_migration (name) VALUES ($1)", file.name)
    yield pool
    await pool.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_samples_of_the_release_before_are_taken_over(before: asyncpg.Pool[asyncpg.Record]) -> None:
    await before.execute(
        "INSERT INTO link_sample (conference, participant, leg, at, kbps_up, kbps_down, rtt_ms, transport, grade)"
        " SELECT $1, 'point:P', 'l', $2::timestamptz + n * interval '10 min', n, 0, 20, 'udp', 'good'"
        " FROM generate_series(0, 199) n",
        KEY,
        START,
    )
    await migrate(before)
    counts = await before.fetch(
        "SELECT tableoid::regclass::text AS part, count(*) FROM link_sample GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(one) for one in counts] == [("link_sample_d20261123", 96), ("link_sample_d20261124", 104)]
    assert await before.fetchval("SELECT sum(kbps_up) FROM link_sample") == 199 * 100
    await Keeper(Database(before, ""), ManualClock(START + timedelta(days=2)), SETTINGS).round()
    assert await before.fetchval("SELECT count(*) FROM line_minute") == 200
