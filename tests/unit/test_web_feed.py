"""The live feed between the bus and the pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.bus import Bus
from core.errors import Unavailable
from core.messages import FLOOR, LINKS, FloorMoved, LinksGraded
from core.model import (
    ConferenceId,
    ConferenceState,
    ConferenceTimes,
    Grade,
    LegId,
    LinkSample,
    Participant,
    ParticipantId,
    Presence,
    Role,
)
from core.quality import LinkStatus
from monitor.model import PresenceNow
from scheduler.model import ConferenceSummary
from tests.support.polling import eventually
from web import feed as feed_module
from web.feed import FeedHub, Watcher, event_bytes, news_bytes, snapshot_bytes
from web.models import FeedSnapshot

AT = datetime(2026, 7, 1, 8, tzinfo=UTC)
A, B = ConferenceId("a"), ConferenceId("b")


def floor(conference: ConferenceId) -> FloorMoved:
    return FloorMoved(conference=conference, holder=None, at=AT)


def line(participant: str) -> LinkStatus:
    who, leg = ParticipantId(participant), LegId("leg")
    sample = LinkSample(conference=A, participant=who, leg=leg, at=AT, kbps_up=30, kbps_down=1_500)
    return LinkStatus(participant=who, leg=leg, grade=Grade.GOOD, reason=None, sample=sample)


def test_an_event_is_one_line_of_data() -> None:
    written = event_bytes("floor", floor(A))
    assert written == b'event: floor\ndata: {"conference":"a","holder":null,"at":"2026-07-01T08:00:00Z"}\n\n'


def test_a_change_of_many_lines_comes_in_parts_of_one_number() -> None:
    lines = tuple(line(f"point:{n}") for n in range(feed_module.LINES_AN_EVENT * 2 + 1))
    events = news_bytes("links", LinksGraded(conference=A, at=AT, seq=7, full=False, links=lines)).split(b"\n\n")[:-1]
    parts = [LinksGraded.model_validate_json(event.removeprefix(b"event: links\ndata: ")) for event in events]
    assert [len(part.links) for part in parts] == [feed_module.LINES_AN_EVENT, feed_module.LINES_AN_EVENT, 1]
    assert {part.seq for part in parts} == {7}
    assert tuple(line for part in parts for line in part.links) == lines


def presence(n: int) -> PresenceNow:
    who = Participant(id=ParticipantId(f"point:{n}"), role=Role.OPERATOR, name=f"Hall {n}")
    return PresenceNow(participant=who, presence=Presence.PRESENT, since=AT)


def snapshot(lines: int, halls: int) -> FeedSnapshot:
    times = ConferenceTimes(can_join_after=AT, start=AT, stop=AT + timedelta(hours=1), must_join_before=AT)
    return FeedSnapshot(
        links=LinksGraded(conference=A, at=AT, seq=7, full=True, links=tuple(line(f"point:{n}") for n in range(lines))),
        presence=tuple(presence(n) for n in range(halls)),
        floor=floor(A),
        conference=ConferenceSummary(
            id=A, title="Họp", state=ConferenceState.OPEN, times=times, version=1, booked_by="organizer", points=halls
        ),
    )


def parts_of(state: FeedSnapshot) -> list[FeedSnapshot]:
    events = snapshot_bytes(state).split(b"\n\n")[:-1]
    return [FeedSnapshot.model_validate_json(event.removeprefix(b"event: snapshot\ndata: ")) for event in events]


@pytest.mark.parametrize(("lines", "halls", "wanted"), [(0, 0, 1), (100, 100, 1), (101, 20, 2), (3, 250, 3)])
def test_a_snapshot_comes_in_numbered_parts_that_make_the_whole(lines: int, halls: int, wanted: int) -> None:
    whole = snapshot(lines, halls)
    parts = parts_of(whole)
    assert [(part.part, part.parts) for part in parts] == [(n, wanted) for n in range(1, wanted + 1)]
    assert tuple(one for part in parts for one in part.presence) == whole.presence
    assert tuple(one for part in parts if part.links for one in part.links.links) == (whole.links and whole.links.links)
    assert all(part.links and len(part.links.links) <= feed_module.LINES_AN_EVENT for part in parts)


def test_events_leave_in_order() -> None:
    watcher = Watcher()
    for name, data in (("links", b"1"), ("floor", b"2"), ("links", b"3"), ("presence", b"4")):
        watcher.offer(name, data)
    assert watcher.take() == b"1234"
    assert watcher.take() == b""


def test_a_page_that_reads_too_slowly_is_due_a_new_snapshot() -> None:
    watcher = Watcher(limit=2)
    for _ in range(3):
        watcher.offer("floor", b"x")
    assert watcher.stale
    assert watcher.take() == b""


def test_so_many_changes_of_lines_wait_and_one_more_makes_it_a_new_snapshot() -> None:
    watcher = Watcher()
    for _ in range(feed_module.LINKS_WAITING):
        watcher.offer("links", b"x")
    assert not watcher.stale
    assert len(watcher.take()) == feed_module.LINKS_WAITING
    for _ in range(feed_module.LINKS_WAITING + 1):
        watcher.offer("links", b"x")
    assert watcher.stale
    assert watcher.take() == b""


async def test_waiting_ends_when_something_comes_or_time_is_up() -> None:
    watcher = Watcher()
    assert not await watcher.wait(0.01)
    waiting = asyncio.create_task(watcher.wait(10))
    await asyncio.sleep(0)
    watcher.offer("floor", b"x")
    assert await waiting


async def test_a_watcher_hears_of_its_own_conference_only() -> None:
    bus = Bus()
    hub = FeedHub(bus)
    hub.start()
    try:
        with hub.watching(A) as watcher:
            bus.publish(FLOOR, floor(B))
            bus.publish(FLOOR, floor(A))
            assert await watcher.wait(5)
            assert watcher.take() == event_bytes("floor", floor(A))
    finally:
        await hub.stop()


async def test_a_hub_that_fell_behind_sends_everybody_a_new_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_HUB_QUEUE", 3)
    bus = Bus()
    hub = FeedHub(bus)
    hub.start()
    try:
        with hub.watching(A) as watcher:
            for _ in range(5):
                bus.publish(LINKS, LinksGraded(conference=A, at=AT, links=()))
            await eventually(lambda: None if watcher.stale else "not told yet")
            watcher.stale = False
            bus.publish(FLOOR, floor(A))
            await eventually(lambda: None if watcher.take() else "no news after the overflow")
    finally:
        await hub.stop()


async def test_stopping_closes_every_feed_and_lets_nobody_else_in() -> None:
    hub = FeedHub(Bus())
    hub.start()
    with hub.watching(A) as watcher:
        await hub.stop()
        assert watcher.closed
        assert await watcher.wait(10)
    with pytest.raises(Unavailable), hub.watching(A):
        pass


async def test_only_so_many_may_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MAX_WATCHERS", 1)
    hub = FeedHub(Bus())
    with hub.watching(A), pytest.raises(Unavailable), hub.watching(B):
        pass
    with hub.watching(B):
        pass
