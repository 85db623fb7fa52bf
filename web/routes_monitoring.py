"""Watching: the live feed, attendance, quality."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, TypeAlias

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import BadInput, NotFound, Unavailable
from core.model import ConferenceId, Model
from monitor.model import Attendance, History
from scheduler.model import ConferenceSummary
from web.context import Context
from web.csvfile import CSV, csv_response, csv_stream
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.feed import ALL, PEOPLE, Watcher, snapshot_bytes
from web.middleware import STREAM, send
from web.models import FeedSnapshot, HistoryQuery
from web.routes_directory import CONSOLES

FEED_LASTS = 3_600.0
"""After an hour the page connects anew, by itself, and is asked again who it is."""
REFRESH_SECONDS = 60.0
"""How often the whole state is told again: what any part missed heals within this time."""
HEARTBEAT_SECONDS = 15.0

Tell: TypeAlias = Callable[[Context, ConferenceId], Awaitable[bytes]]

_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}


class FeedQuery(Model):
    """Whether only the halls' people are wanted: then neither lines nor presence are told."""

    only: Literal["all", "people"] = "all"


async def feed(ask: Ask[FeedQuery]) -> web.StreamResponse:
    """Server-sent events: `snapshot`, then what changes; a comment when nothing did for 15 seconds."""
    conference = ask.conference
    tell = _people if ask.input.only == "people" else _snapshot
    with ask.context.feeds.watching(conference, PEOPLE if tell is _people else ALL) as watcher:
        first = await tell(ask.context, conference)
        response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        await response.prepare(ask.request)
        ask.request[STREAM] = response
        with suppress(ConnectionError, TimeoutError):
            await send(response, b"retry: 2000\n\n" + first)
            await _follow(ask.context, conference, watcher, response, tell)
    return response


async def _follow(
    context: Context, conference: ConferenceId, watcher: Watcher, response: web.StreamResponse, tell: Tell
) -> None:
    clock = context.clock
    began = told = clock.monotonic()
    while not watcher.closed and clock.monotonic() - began < FEED_LASTS:
        something = await watcher.wait(HEARTBEAT_SECONDS)
        if clock.monotonic() - told >= REFRESH_SECONDS:
            watcher.refresh()
        if watcher.stale:
            told = clock.monotonic()
            watcher.stale = False
            await send(response, await tell(context, conference))
        data = watcher.take()
        if data or not something:
            await send(response, data or b": beat\n\n")


async def _people(context: Context, conference: ConferenceId) -> bytes:
    """Of the halls' people the page asks itself, when it hears this: the lists are too long for every page."""
    summary = await _summary(context, conference)
    return snapshot_bytes(FeedSnapshot(links=None, presence=(), floor=None, conference=summary))


async def _summary(context: Context, conference: ConferenceId) -> ConferenceSummary:
    booked = await context.scheduler.conference(conference)
    return ConferenceSummary(
        id=booked.id,
        title=booked.title,
        state=booked.state,
        times=booked.times,
        points=len(booked.points),
        version=booked.version,
        booked_by=booked.booked_by,
    )


async def _snapshot(context: Context, conference: ConferenceId) -> bytes:
    summary = await _summary(context, conference)
    live = context.monitor.snapshot(conference)
    board = await context.monitor.incidents.board(conference)
    state = FeedSnapshot(
        links=live.links,
        presence=live.presence,
        floor=live.floor,
        conference=summary,
        incidents=board.incidents,
    )
    return snapshot_bytes(state)


async def get_attendance(ask: Ask[Nothing]) -> Attendance:
    """Every booked point with its presence."""
    return await ask.context.monitor.attendance(ask.conference)


async def download_attendance(ask: Ask[Nothing]) -> web.Response:
    """Attendance as a file."""
    text = await ask.context.monitor.attendance_csv(ask.conference)
    return csv_response(text, f"attendance-{ask.conference}.csv")


async def download_quality(ask: Ask[Nothing]) -> web.StreamResponse:
    """Every stored sample of every line as a file, sent while it is read."""
    pieces = ask.context.monitor.quality_csv(ask.conference)
    return await csv_stream(ask.request, pieces, f"quality-{ask.conference}.csv")


async def get_history(ask: Ask[HistoryQuery]) -> History:
    """The samples of one participant's line."""
    return await ask.context.monitor.history(ask.conference, ask.input.participant, ask.input.minutes)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/feed",
        "What happens in a conference, live",
        feed,
        FeedQuery,
        Source.QUERY,
        media="text/event-stream",
        roles=CONSOLES,
        errors={**_UNKNOWN, Unavailable: ("feed.full",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/attendance",
        "Who was there",
        get_attendance,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Attendance),
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/attendance.csv",
        "Attendance as a file",
        download_attendance,
        Nothing,
        Source.NONE,
        media=CSV,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/quality.csv",
        "All samples of all lines as a file",
        download_quality,
        Nothing,
        Source.NONE,
        media=CSV,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/history",
        "One line's samples",
        get_history,
        HistoryQuery,
        Source.QUERY,
        reply=TypeAdapter(History),
        roles=CONSOLES,
        errors={**_UNKNOWN, BadInput: ("history.minutes",)},
    ),
)
