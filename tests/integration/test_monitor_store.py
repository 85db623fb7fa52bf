"""The monitor's tables and the writer before them, when all is well and when the database is away."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from core.database import Database, load_queries
from core.errors import Unavailable
from core.messages import EndpointReport
from core.model import (
    ConferenceId,
    Departure,
    Grade,
    LegId,
    LinkSample,
    MediumFigures,
    Participant,
    ParticipantId,
    Role,
    SessionId,
    SlotLayer,
    SlotName,
    Transport,
)
from core.quality import CandidateType, DeviceState, EncoderLimit, EndpointFigures, NetworkType, RelayProtocol
from monitor.attendance import Interval
from monitor.model import GradedSample
from monitor.store import Store, report_record, sample_record
from monitor.writer import Writer
from tests.support.outage import Outage
from tests.support.polling import eventually

START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
CONFERENCE = ConferenceId(str(uuid.UUID(int=1)))
POINT = Participant(id=ParticipantId("point:P"), role=Role.OPERATOR, name="Xã", point="P")


def records(count: int, first: int = 0, rtt_ms: float = 20.0) -> list[tuple[Any, ...]]:
    return [
        sample_record(
            LinkSample(
                conference=CONFERENCE,
                participant=POINT.id,
                leg=LegId("l"),
                at=START + timedelta(seconds=n),
                kbps_up=0,
                kbps_down=0,
                rtt_ms=rtt_ms,
            ),
            Grade.GOOD,
        )
        for n in range(first, first + count)
    ]


def interval(joined: float, left: float | None = None) -> Interval:
    begun = START + timedelta(seconds=joined)
    one = Interval(CONFERENCE, POINT, begun, begun)
    return one if left is None else one.closed(START + timedelta(seconds=left), Departure.DEPARTED)


async def count(database: Database, table: str) -> int:
    found = await database.pool.fetchval(f"SELECT count(*) FROM {table}")
    assert isinstance(found, int)
    return found


@pytest.fixture
async def outage(postgres_url: str, database: Database) -> AsyncIterator[Outage]:
    outage = await Outage.of(database, postgres_url)
    yield outage
    await outage.end()


async def test_a_cut_connection_costs_nothing(database: Database, outage: Outage) -> None:
    writer = Writer(Store(database))
    task = asyncio.create_task(writer.run())
    writer.add_samples(records(10))
    await eventually(lambda: f"{writer.waiting_samples} wait" if writer.waiting_samples else None)
    assert await outage.cut() >= 1
    writer.add_samples(records(10, first=10))
    writer.add_intervals([interval(0)])
    await eventually(lambda: f"{writer.waiting_samples} wait" if writer.waiting_samples else None)
    assert await count(database, "link_sample") == 20
    assert await count(database, "presence_interval") == 1
    await _stop(task)


async def test_while_the_database_is_away_work_waits_and_nothing_blocks(database: Database, outage: Outage) -> None:
    store = Store(database)
    writer = Writer(store)
    task = asyncio.create_task(writer.run())
    await outage.begin()
    for batch in range(5):
        writer.add_samples(records(100, first=100 * batch))
        writer.add_intervals([interval(0, left=batch + 1)])
    assert writer.waiting_samples == 500
    with pytest.raises(Unavailable, match=r"database\.away"):
        await store.intervals(CONFERENCE)
    assert writer.waiting_samples == 500
    assert [i.left_at for i in writer.waiting_intervals(CONFERENCE)] == [START + timedelta(seconds=5)]
    await outage.end()
    await eventually(lambda: f"{writer.waiting_samples} wait" if writer.waiting_samples else None, units=20)
    assert await count(database, "link_sample") == 500
    assert await store.intervals(CONFERENCE) == [interval(0, left=5)]
    assert writer.dropped_samples == 0
    assert writer.waiting_intervals(CONFERENCE) == []
    await _stop(task)


async def test_a_full_buffer_drops_its_oldest_batches_and_no_interval(database: Database) -> None:
    writer = Writer(Store(database), max_samples=250)
    for batch in range(4):
        writer.add_samples(records(100, first=100 * batch))
        writer.add_intervals([interval(10 * batch, left=10 * batch + 5)])
    assert (writer.waiting_samples, writer.dropped_samples) == (200, 200)
    await writer.flush()
    oldest = await database.pool.fetchval("SELECT min(at) FROM link_sample")
    assert oldest == START + timedelta(seconds=200)
    assert (writer.stored_samples, writer.stored_batches, writer.waiting_samples) == (200, 2, 0)
    assert await count(database, "link_sample") == 200
    assert await count(database, "presence_interval") == 4


async def test_just_full_drops_nothing_and_one_batch_always_fits(database: Database) -> None:
    writer = Writer(Store(database), max_samples=200)
    writer.add_samples(records(100))
    writer.add_samples(records(100))
    assert (writer.waiting_samples, writer.dropped_samples) == (200, 0)
    writer.add_samples(records(300))
    assert (writer.waiting_samples, writer.dropped_samples) == (300, 200)


async def test_a_batch_that_cannot_be_stored_does_not_hold_up_the_others(database: Database) -> None:
    writer = Writer(Store(database))
    writer.add_samples(records(5, rtt_ms=1e300))
    writer.add_samples(records(5, first=5))
    writer.add_intervals([interval(0), interval(5)])
    await writer.flush()
    assert writer.waiting_samples == 0
    assert await count(database, "link_sample") == 5
    # Two open intervals of one participant cannot be: the first stands.
    assert [i.joined_at for i in await Store(database).intervals(CONFERENCE)] == [START]


async def test_an_interval_that_changes_while_it_is_stored_is_stored_again(database: Database) -> None:
    writer = Writer(Store(database))
    writer.add_intervals([interval(0)])
    flush = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    writer.add_intervals([interval(0, left=9)])
    await flush
    await writer.flush()
    assert await Store(database).intervals(CONFERENCE) == [interval(0, left=9)]


async def test_an_interval_and_its_successor_are_stored_in_one_go(database: Database) -> None:
    store = Store(database)
    await store.save_intervals([interval(0)])
    await store.save_intervals([interval(9), interval(0, left=9)])
    assert await store.intervals(CONFERENCE) == [interval(0, left=9), interval(9)]
    assert await store.open_intervals() == [interval(9)]


@pytest.mark.parametrize(
    ("constraint", "column", "value"),
    [
        ("presence_how_known", "how", "gone"),
        ("presence_end_has_a_manner", "left_at", None),
        ("presence_ends_after_it_begins", "left_at", START - timedelta(seconds=1)),
    ],
)
async def test_the_database_refuses_impossible_intervals(
    database: Database, constraint: str, column: str, value: object
) -> None:
    await Store(database).save_intervals([interval(0, left=1)])
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await database.pool.execute(f"UPDATE presence_interval SET {column} = $1", value)


async def test_history_and_open_intervals_use_their_indexes(database: Database) -> None:
    await database.pool.execute(
        "INSERT INTO link_sample SELECT $1, 'point:' || n % 168, 'l', $2::timestamptz + n / 168 * interval '2 s', "
        "0, 0, NULL, NULL, NULL, NULL, 20, 'udp', 'good' FROM generate_series(0, 49999) n",
        uuid.UUID(CONFERENCE),
        START,
    )
    await database.pool.execute(
        "INSERT INTO presence_interval SELECT $1, 'point:' || n, 'n', 'operator', n::text, $2, $2, $2, 'ended' "
        "FROM generate_series(0, 49999) n",
        uuid.UUID(CONFERENCE),
        START,
    )
    await database.pool.execute("ANALYZE")
    queries = load_queries("monitor")
    arguments = {
        "history": (uuid.UUID(CONFERENCE), "point:7", timedelta(minutes=2)),
        "open_intervals": (),
    }
    indexes = {
        "history": "link_sample_default_conference_participant_at_idx",
        "open_intervals": "presence_interval_open",
    }
    for name, given in arguments.items():
        plan = "\n".join(row[0] for row in await database.pool.fetch(f"EXPLAIN {queries[name]}", *given))
        assert indexes[name] in plan, plan
        assert "Seq Scan" not in plan, plan


def _whole_sample() -> LinkSample:
    """Every figure of its own, exact in the 32 bits of a column."""
    media = [MediumFigures(loss=n / 64, jitter_ms=n + 0.25) for n in range(1, 5)]
    return LinkSample(
        conference=CONFERENCE,
        participant=POINT.id,
        leg=LegId("leg"),
        at=START,
        kbps_up=901.5,
        kbps_down=902.5,
        loss_up=0.125,
        loss_down=0.25,
        jitter_up_ms=11.5,
        jitter_down_ms=12.5,
        rtt_ms=13.5,
        transport=Transport.UDP6,
        seconds=2.5,
        bytes_up=7_000_000_001,
        bytes_down=7_000_000_002,
        audio_up=media[0],
        video_up=media[1],
        audio_down=media[2],
        video_down=media[3],
        nacks_up=21,
        nacks_down=22,
        key_frames_up=23,
        key_frames_down=24,
        remb_up_kbps=911.5,
        remb_down_kbps=912.5,
        limit_down_kbps=913.5,
        paused=(SlotName("second"), SlotName("view")),
        layers=(SlotLayer(slot=SlotName("stage"), layer="h"), SlotLayer(slot=SlotName("content"), layer="q")),
    )


async def test_every_figure_of_a_sample_is_read_back_from_its_own_column(database: Database) -> None:
    sample, store = _whole_sample(), Store(database)
    fields = list(LinkSample.model_fields)
    flat = [str(getattr(sample, name)) for name in fields]
    assert len(set(flat)) == len(flat), "two figures are the same, so nobody would see them swapped"
    assert all(getattr(sample, name) != LinkSample.model_fields[name].default for name in fields)
    await store.copy_samples([sample_record(sample, Grade.FAIR, relayed=True)])

    [read] = await store.history(CONFERENCE, POINT.id, timedelta(minutes=1))
    [same] = [one async for one in store.samples(CONFERENCE)]
    expected = GradedSample.model_validate(sample.model_dump(include=set(fields)) | {"grade": "fair", "relayed": True})
    assert (read, same) == (expected, expected)

    [row] = await database.pool.fetch("SELECT * FROM link_sample")
    for name in fields:
        if name in ("conference", "paused", "layers"):
            continue
        if isinstance(figures := getattr(sample, name), MediumFigures):
            medium, way = name.split("_")
            stored = (row[f"{medium}_loss_{way}"], row[f"{medium}_jitter_{way}_ms"])
            assert stored == (figures.loss, figures.jitter_ms), name
        else:
            assert row[name] == figures, name
    assert (row["paused"], row["layers"]) == (["second", "view"], ["stage h", "content q"])


async def test_every_figure_of_an_endpoints_report_is_read_back_from_its_own_column(database: Database) -> None:
    figures = EndpointFigures(
        seconds=2.5,
        rtt_ms=13.5,
        loss_down=0.125,
        freezes=3,
        frozen_share=0.25,
        fps=24.5,
        width=1_280,
        height=720,
        concealed=0.375,
        sent_fps=14.5,
        sent_height=360,
        encoder_limit=EncoderLimit.BANDWIDTH,
        cpu_limited=True,
        camera=DeviceState.BLACK,
        microphone=DeviceState.SILENT,
        candidate=CandidateType.RELAY,
        relay_protocol=RelayProtocol.TLS,
        network=NetworkType.WIFI,
        skew_ms=-180_000.0,
        skew_error_ms=17.5,
    )
    fields = list(EndpointFigures.model_fields)
    said = [str(getattr(figures, name)) for name in fields]
    assert len(set(said)) == len(said)
    report = EndpointReport(
        conference=CONFERENCE, participant=POINT.id, session=SessionId("s"), at=START, figures=figures
    )
    await Store(database).copy_reports([report_record(report)])
    [row] = await database.pool.fetch("SELECT * FROM endpoint_sample")
    assert (str(row["conference"]), row["participant"], row["at"]) == (CONFERENCE, POINT.id, START)
    assert {name: row[name] for name in fields} == figures.model_dump(mode="json")
    assert set(row.keys()) == {"conference", "participant", "at", *fields}


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
