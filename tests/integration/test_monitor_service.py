"""The monitor with the real bus and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import io
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from core.bus import Bus, Subscription
from core.clock import ManualClock
from core.database import Database
from core.errors import BadInput, NotFound, Unavailable
from core.messages import (
    CONFERENCE_CHANGED,
    FLOOR,
    LINKS,
    PRESENCE,
    SAMPLES,
    ConferenceChanged,
    FloorMoved,
    LinksGraded,
    PresenceChanged,
    SampleBatch,
)
from core.model import (
    CHAIR,
    ConferenceId,
    ConferenceState,
    Departure,
    Grade,
    LegId,
    LinkSample,
    Participant,
    ParticipantId,
    Presence,
    Role,
    point_participant,
)
from core.session_messages import ParticipantRef
from core.settings import Settings
from monitor.service import MAX_HISTORY_MINUTES, Monitor
from tests.support.outage import Outage
from tests.support.polling import eventually

START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
CONFERENCE = ConferenceId(str(uuid.UUID(int=1)))
POINTS = 168
PERIOD = 2.0
SETTINGS = Settings(sample_seconds=PERIOD)
CHAIR_PERSON = Participant(id=CHAIR, role=Role.CHAIR, name="Chủ tọa")


async def book(database: Database, points: int = POINTS, conference: ConferenceId = CONFERENCE) -> None:
    """One conference that holds `points` points named P000, P001 …"""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO unit (code, name, kind) VALUES ('U', 'Đơn vị', 'province')")
        await connection.execute(
            "INSERT INTO bridge_point (code, name, unit) SELECT 'P' || lpad(n::text, 3, '0'), "
            "'Xã ' || lpad(n::text, 3, '0'), 'U' FROM generate_series(0, $1 - 1) n",
            points,
        )
        await connection.execute(
            "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by, "
            "booked_at, changed_by, changed_at) VALUES ($1, 't', 'open', $2, $2, $3, $3, 'o', $2, 'o', $2)",
            uuid.UUID(conference),
            START,
            START + timedelta(hours=3),
        )
        await connection.execute(
            "INSERT INTO reservation (conference, point, during) SELECT $1, number, tstzrange($2, $3) "
            "FROM bridge_point",
            uuid.UUID(conference),
            START,
            START + timedelta(hours=3),
        )


def point(number: int) -> Participant:
    code = f"P{number:03}"
    return Participant(id=point_participant(code), role=Role.OPERATOR, name=f"Xã {number:03}", point=code)


class Hall:
    """The rest of the system as the monitor hears it: a bus, a clock, and what is published."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.clock = ManualClock(START)
        self.links: Subscription[LinksGraded] = bus.subscribe(LINKS)
        self.views: list[LinksGraded] = []

    def presence(self, who: Participant, presence: Presence, how: Departure | None = None) -> None:
        news = PresenceChanged(conference=CONFERENCE, participant=who, presence=presence, how=how, at=self.clock.now())
        self.bus.publish(PRESENCE, news)

    def batch(self, samples: list[LinkSample]) -> None:
        self.bus.publish(SAMPLES, SampleBatch(at=self.clock.now(), samples=tuple(samples)))

    def sample(self, who: Participant, **measures: float) -> LinkSample:
        fields = {
            "conference": CONFERENCE,
            "participant": who.id,
            "leg": LegId(f"leg-{who.id}"),
            "at": self.clock.now(),
            "kbps_up": 1.5,
            "kbps_down": 900.25,
            "loss_down": 0.0,
            "rtt_ms": 20.0,
            **measures,
        }
        return LinkSample.model_validate(fields)

    def close(self) -> None:
        changed = ConferenceChanged(conference=CONFERENCE, state=ConferenceState.CLOSED, at=self.clock.now())
        self.bus.publish(CONFERENCE_CHANGED, changed)

    async def next_view(self) -> LinksGraded:
        async with asyncio.timeout(10):
            async for view in self.links:
                return view
        raise AssertionError("nothing was published")


@pytest.fixture
def hall(bus: Bus) -> Hall:
    return Hall(bus)


@asynccontextmanager
async def watching(database: Database, hall: Hall, settings: Settings = SETTINGS) -> AsyncIterator[Monitor]:
    """A running monitor."""
    monitor = Monitor(database, hall.bus, hall.clock, settings)
    task = asyncio.create_task(monitor.run())
    ready = asyncio.create_task(monitor.ready.wait())
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    assert not task.done(), task.exception()
    yield monitor
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def rows_are(database: Database, table: str, count: int) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        found = await database.pool.fetchval(f"SELECT count(*) FROM {table}")
        return None if found == count else f"{found} rows in {table}, not {count}"

    return check


def read_csv(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


async def test_a_conference_of_168_points_is_watched_to_its_end(database: Database, hall: Hall) -> None:
    await book(database)
    periods, ill, absent = 6, point(7), point(9)
    people = [point(n) for n in range(POINTS) if point(n) != absent]
    async with watching(database, hall) as monitor:
        for who in (*people, CHAIR_PERSON):
            hall.presence(who, Presence.JOINING)
            hall.presence(who, Presence.PRESENT)
        for _ in range(periods):
            hall.clock.advance(PERIOD)
            samples = [hall.sample(who) for who in (*people, CHAIR_PERSON) if who != ill]
            hall.batch([*samples, hall.sample(ill, loss_down=0.072)])
            view = await hall.next_view()
        assert len(view.links) == POINTS
        assert {link.participant: link.grade for link in view.links if link.grade is not Grade.GOOD} == {
            ill.id: Grade.POOR
        }
        [reason] = [link.reason for link in view.links if link.reason]
        assert reason.en == "loss down 7.2 % over 8 s"
        live = monitor.snapshot(CONFERENCE)
        assert live.links is not None
        assert live.links.links == view.links
        assert {now.presence for now in live.presence} == {Presence.PRESENT}
        await eventually(rows_are(database, "link_sample", periods * POINTS))

        during = await monitor.attendance(CONFERENCE)
        assert (during.expected, during.present, len(during.rows)) == (POINTS, POINTS - 1, POINTS)
        assert during.rows[0].seconds_present == periods * PERIOD
        assert during.rows[0].last_left is None

        hall.presence(point(3), Presence.ABSENT, Departure.DEPARTED)
        hall.clock.advance(60)
        hall.close()
        await eventually(rows_are(database, "presence_interval WHERE left_at IS NOT NULL", POINTS))

        sheet = read_csv(await monitor.attendance_csv(CONFERENCE))
        assert len(sheet) == POINTS
        assert sheet[0] == {
            "point": "P000",
            "name": "Xã 000",
            "present": "no",
            "first_joined": "2026-11-23T08:30:00.000+07:00",
            "last_left": "2026-11-23T08:31:12.000+07:00",
            "seconds_present": "72",
            "intervals": "1",
        }
        assert (sheet[3]["last_left"], sheet[3]["seconds_present"]) == ("2026-11-23T08:30:12.000+07:00", "12")
        assert (sheet[9]["first_joined"], sheet[9]["last_left"], sheet[9]["intervals"]) == ("", "", "0")

        quality = read_csv("".join([piece async for piece in monitor.quality_csv(CONFERENCE)]))
        assert len(quality) == periods * POINTS
        assert {row["participant"] for row in quality if not row["point"]} == {"chair"}
        mine = [row for row in quality if row["point"] == "P007"]
        assert [row["grade"] for row in mine] == ["poor"] * periods
        assert mine[0] == {
            "point": "P007",
            "name": "Xã 007",
            "participant": "point:P007",
            "at": "2026-11-23T08:30:02.000+07:00",
            "grade": "poor",
            "kbps_up": "1.5",
            "kbps_down": "900.25",
            "loss_up": "",
            "loss_down": "0.072",
            "jitter_up_ms": "",
            "jitter_down_ms": "",
            "rtt_ms": "20",
            "transport": "udp",
            "leg": "leg-point:P007",
        }
        history = await monitor.history(CONFERENCE, ill.id, 10)
        assert [(s.at, s.grade, s.loss_down) for s in history.samples] == [
            (START + timedelta(seconds=PERIOD * n), Grade.POOR, 0.072) for n in range(1, periods + 1)
        ]


async def test_history_reaches_back_from_the_newest_sample(database: Database, hall: Hall) -> None:
    async with watching(database, hall) as monitor:
        for _ in range(4):
            hall.batch([hall.sample(point(1))])
            hall.clock.advance(30)
        await eventually(rows_are(database, "link_sample", 4))
        hall.clock.advance(3600)
        history = await monitor.history(CONFERENCE, point(1).id, 1)
        assert [s.at for s in history.samples] == [START + timedelta(seconds=s) for s in (60, 90)]
        assert (await monitor.history(CONFERENCE, point(2).id, 1)).samples == ()
        assert (await monitor.history(ConferenceId("nonsense"), point(1).id, 1)).samples == ()
        assert len((await monitor.history(CONFERENCE, point(1).id, MAX_HISTORY_MINUTES)).samples) == 4
        for minutes in (0, MAX_HISTORY_MINUTES + 1):
            with pytest.raises(BadInput, match=r"history\.minutes"):
                await monitor.history(CONFERENCE, point(1).id, minutes)


async def test_an_unknown_conference_is_refused_and_has_no_live_state(database: Database, hall: Hall) -> None:
    monitor = Monitor(database, hall.bus, hall.clock, SETTINGS)
    for conference in (CONFERENCE, ConferenceId("nonsense"), ConferenceId("'; DROP TABLE unit")):
        with pytest.raises(NotFound, match=r"conference\.unknown"):
            await monitor.attendance(conference)
        with pytest.raises(NotFound, match=r"conference\.unknown"):
            await anext(monitor.quality_csv(conference))
        live = monitor.snapshot(conference)
        assert (live.links, live.presence, live.floor) == (None, (), None)


async def test_the_floor_is_in_the_snapshot_until_the_end(database: Database, hall: Hall) -> None:
    holder = ParticipantRef(id=point(1).id, name="Xã 001", role=Role.OPERATOR)
    moved = FloorMoved(conference=CONFERENCE, holder=holder, at=START)
    async with watching(database, hall) as monitor:
        hall.bus.publish(FLOOR, moved)
        await eventually(lambda: None if monitor.snapshot(CONFERENCE).floor == moved else "no floor yet")
        hall.close()
        await eventually(lambda: "the floor is kept" if monitor.snapshot(CONFERENCE).floor else None)
        hall.batch([hall.sample(point(1))])
        hall.presence(point(1), Presence.PRESENT)
        hall.bus.publish(FLOOR, moved)
        other = ConferenceId(str(uuid.UUID(int=2)))
        hall.bus.publish(FLOOR, moved.model_copy(update={"conference": other}))
        await eventually(lambda: None if monitor.snapshot(other).floor else "no floor yet")
        late = monitor.snapshot(CONFERENCE)
        assert (late.links, late.presence, late.floor) == (None, (), None)


async def test_a_silent_line_is_published_as_unknown_without_a_batch(database: Database, hall: Hall) -> None:
    async with watching(database, hall, Settings(sample_seconds=0.05)):
        hall.batch([hall.sample(point(1))])
        assert [link.grade for link in (await hall.next_view()).links] == [Grade.GOOD]
        hall.clock.advance(0.16)
        view = await hall.next_view()
        assert [(link.grade, link.reason and link.reason.code) for link in view.links] == [(Grade.UNKNOWN, "no_sample")]


async def test_news_that_make_no_sense_harm_nobody(database: Database, hall: Hall) -> None:
    nonsense = ConferenceId("nonsense")
    async with watching(database, hall) as monitor:
        bad = hall.sample(point(1)).model_copy(update={"conference": nonsense})
        too_large = hall.sample(point(2), rtt_ms=1e300)
        hall.batch([bad])
        hall.batch([too_large])
        hall.batch([bad, hall.sample(point(3))])
        hall.bus.publish(
            PRESENCE,
            PresenceChanged(conference=nonsense, participant=point(1), presence=Presence.PRESENT, at=START),
        )
        hall.presence(point(3), Presence.PRESENT)
        await eventually(rows_are(database, "link_sample", 1))
        await eventually(rows_are(database, "presence_interval", 1))
        assert monitor.snapshot(nonsense).presence == ()


async def test_without_the_database_the_live_view_goes_on_and_nothing_is_lost(
    database: Database, hall: Hall, postgres_url: str
) -> None:
    await book(database, 1)
    outage = await Outage.of(database, postgres_url)
    async with watching(database, hall) as monitor:
        hall.presence(point(0), Presence.PRESENT)
        hall.batch([hall.sample(point(0))])
        await eventually(rows_are(database, "link_sample", 1))
        await hall.next_view()
        await outage.begin()
        try:
            for _ in range(3):
                hall.clock.advance(PERIOD)
                hall.batch([hall.sample(point(0))])
                view = await hall.next_view()
            assert [(link.grade, link.sample.at) for link in view.links] == [(Grade.GOOD, hall.clock.now())]
            hall.presence(point(0), Presence.ABSENT, Departure.DEPARTED)
            await eventually(lambda: None if _gone(monitor) else "still there")
            with pytest.raises(Unavailable, match=r"database\.away"):
                await monitor.attendance(CONFERENCE)
        finally:
            await outage.end()
        await eventually(rows_are(database, "link_sample", 4), units=20)
        (row,) = (await monitor.attendance(CONFERENCE)).rows
        assert (row.seconds_present, row.last_left, row.present) == (3 * PERIOD, hall.clock.now(), False)


def _gone(monitor: Monitor) -> bool:
    return [now.presence for now in monitor.snapshot(CONFERENCE).presence] == [Presence.ABSENT]


async def test_a_restart_continues_who_returns_and_closes_who_does_not(database: Database, hall: Hall) -> None:
    await book(database, 3)
    async with watching(database, hall):
        for n in range(3):
            hall.presence(point(n), Presence.PRESENT)
        hall.clock.advance(10)
        hall.batch([hall.sample(point(n)) for n in range(3)])
        await eventually(rows_are(database, f"presence_seen WHERE last_seen = '{hall.clock.now()}'", 3))
    hall.clock.advance(20)
    settings = Settings(sample_seconds=0.05, reconnect_grace_seconds=60)
    async with watching(database, hall, settings) as monitor:
        before = await monitor.attendance(CONFERENCE)
        assert [(row.present, row.last_left, row.seconds_present) for row in before.rows] == [(False, None, 10.0)] * 3
        hall.presence(point(0), Presence.LOST)
        hall.presence(point(1), Presence.LOST)
        hall.clock.advance(5)
        hall.presence(point(0), Presence.PRESENT)
        await eventually(rows_are(database, f"presence_seen WHERE last_seen = '{hall.clock.now()}'", 1))
        hall.clock.advance(60)
        hall.presence(point(1), Presence.ABSENT, Departure.FAILED)
        await eventually(rows_are(database, "presence_interval WHERE how = 'failed'", 2))
        back, failed, unheard = (await monitor.attendance(CONFERENCE)).rows
        assert (back.intervals, back.present, back.seconds_present) == (1, True, 95.0)
        for row in (failed, unheard):
            assert (row.intervals, row.present, row.last_left) == (1, False, START + timedelta(seconds=10))


async def test_leaving_and_coming_again_at_one_moment_is_stored(database: Database, hall: Hall) -> None:
    await book(database, 1)
    async with watching(database, hall) as monitor:
        for presence in (Presence.PRESENT, Presence.ABSENT, Presence.PRESENT):
            hall.presence(point(0), presence)
        hall.clock.advance(5)
        for presence in (Presence.ABSENT, Presence.PRESENT):
            hall.presence(point(0), presence)
        await eventually(rows_are(database, "presence_interval", 2))
        (row,) = (await monitor.attendance(CONFERENCE)).rows
        assert (row.intervals, row.present, row.seconds_present) == (2, True, 5.0)


async def test_what_waits_at_the_end_is_stored(database: Database, hall: Hall) -> None:
    async with watching(database, hall):
        hall.presence(point(0), Presence.PRESENT)
        hall.batch([hall.sample(point(0))])
        await hall.next_view()
    assert await database.pool.fetchval("SELECT count(*) FROM link_sample") == 1
    assert await database.pool.fetchval("SELECT count(*) FROM presence_interval") == 1


async def test_closing_the_quality_sheet_early_gives_its_connection_back(database: Database, hall: Hall) -> None:
    await book(database, 1)
    monitor = Monitor(database, hall.bus, hall.clock, SETTINGS)
    await database.pool.execute(
        "INSERT INTO link_sample SELECT $1, 'point:P000', 'l', $2::timestamptz + n * interval '2 s', 0, 0, "
        "NULL, NULL, NULL, NULL, NULL, 'udp', 'unknown' FROM generate_series(1, 5000) n",
        uuid.UUID(CONFERENCE),
        START,
    )
    for _ in range(database.pool.get_max_size() + 1):
        pieces = monitor.quality_csv(CONFERENCE)
        await anext(pieces)
        await anext(pieces)
        await pieces.aclose()
    assert await database.pool.fetchval("SELECT 1", timeout=5) == 1
    async with asyncio.timeout(30):
        whole = "".join([piece async for piece in monitor.quality_csv(CONFERENCE)])
    assert len(read_csv(whole)) == 5000


async def test_who_was_never_heard_of_has_no_history(database: Database, hall: Hall) -> None:
    monitor = Monitor(database, hall.bus, hall.clock, SETTINGS)
    assert (await monitor.history(CONFERENCE, ParticipantId("point:' OR 1=1"), 10)).samples == ()


async def test_batches_of_many_nodes_are_told_by_one_view_and_none_is_left_out(database: Database, hall: Hall) -> None:
    async with watching(database, hall):
        for n in range(20):
            hall.batch([hall.sample(point(n))])
        first, rest = await hall.next_view(), await hall.next_view()
        assert (len(first.links), len(rest.links)) == (1, 19)
        assert [(view.seq, view.full) for view in (first, rest)] == [(1, False), (2, False)]
