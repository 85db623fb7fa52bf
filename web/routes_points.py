"""The points of a conference as the technician's wall shows them."""

from __future__ import annotations

from pydantic import AwareDatetime, Field, TypeAdapter

from core.errors import BadInput, NotFound
from core.model import Model
from monitor.points.model import ConferenceMap, LastTimeReply, PointStory, SaidHistory
from monitor.points.record_model import LineRecord
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_directory import CONSOLES

_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}
_UNKNOWN_POINT: Errors = {NotFound: ("conference.unknown", "point.unknown")}


async def get_map(ask: Ask[Nothing]) -> ConferenceMap:
    """Every booked point, and the units above it."""
    return await ask.context.monitor.points.map(ask.conference)


async def get_point_story(ask: Ask[Nothing]) -> PointStory:
    """Joins, departures and turns to speak of one point, oldest first."""
    return await ask.context.monitor.points.story(ask.conference, ask.code("point", "point.unknown"))


class SaidQuery(Model):
    """How far back."""

    minutes: int = Field(default=10, ge=1, le=240)


async def get_endpoint_history(ask: Ask[SaidQuery]) -> SaidHistory:
    """What one point's endpoint said of its pictures and its sound."""
    point = ask.code("point", "point.unknown")
    return await ask.context.monitor.points.said(ask.conference, point, ask.input.minutes)


async def get_last_time(ask: Ask[Nothing]) -> LastTimeReply:
    """One point's line in its last conference before this one."""
    return await ask.context.monitor.points.last_time(ask.conference, ask.code("point", "point.unknown"))


class RecordQuery(Model):
    """From when until when."""

    begins: AwareDatetime
    ends: AwareDatetime


async def get_line_record(ask: Ask[RecordQuery]) -> LineRecord:
    """One point's line over days or a month, thinned out to what a chart shows, with what happened meanwhile."""
    point = ask.code("point", "point.unknown")
    return await ask.context.monitor.records.record(point, ask.input.begins, ask.input.ends)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/map",
        "Where the points stand in the unit tree",
        get_map,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(ConferenceMap),
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/points/{point}/story",
        "What happened to a point",
        get_point_story,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(PointStory),
        roles=CONSOLES,
        errors=_UNKNOWN_POINT,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/points/{point}/endpoint",
        "What a point's endpoint said of itself",
        get_endpoint_history,
        SaidQuery,
        Source.QUERY,
        reply=TypeAdapter(SaidHistory),
        roles=CONSOLES,
        errors=_UNKNOWN_POINT,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/points/{point}/last-time",
        "How a point's line was the last time",
        get_last_time,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(LastTimeReply),
        roles=CONSOLES,
        errors=_UNKNOWN_POINT,
    ),
    Endpoint(
        "GET",
        "/api/points/{point}/record",
        "A point's line over days or a month",
        get_line_record,
        RecordQuery,
        Source.QUERY,
        reply=TypeAdapter(LineRecord),
        roles=CONSOLES,
        errors={NotFound: ("point.unknown",), BadInput: ("record.span",)},
    ),
)
