"""Incidents of a conference: who watches reads them, technicians deal with them."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import Conflict, NotFound, Refused, Unavailable
from core.model import Role
from monitor.incidents.model import EntryKind, IncidentBoard, IncidentDetail, IncidentId
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, In, Nothing, Source
from web.models import IncidentAction, IncidentStep
from web.routes_directory import CONSOLES
from web.uuids import is_uuid


def _incident(ask: Ask[In]) -> IncidentId:
    text = ask.request.match_info["incident"]
    if not is_uuid(text):
        raise NotFound("incident.unknown", "There is no such incident in this conference.")
    return IncidentId(text.lower())


async def list_incidents(ask: Ask[Nothing]) -> IncidentBoard:
    """Those that are open first, the worst before the others; then those that are over. At most 200."""
    await ask.context.scheduler.conference(ask.conference)
    return await ask.context.monitor.incidents.board(ask.conference, closed=True)


async def get_incident(ask: Ask[Nothing]) -> IncidentDetail:
    """One incident with its members and its history."""
    return await ask.context.monitor.incidents.detail(ask.conference, _incident(ask))


async def _step(ask: Ask[IncidentStep], kind: EntryKind) -> IncidentDetail:
    said = ask.input
    return await ask.context.monitor.incidents.step(
        ask.conference, _incident(ask), kind, ask.person.username, version=said.version, text=said.text
    )


async def acknowledge_incident(ask: Ask[IncidentStep]) -> IncidentDetail:
    """Somebody has seen it."""
    return await _step(ask, EntryKind.ACKNOWLEDGED)


async def own_incident(ask: Ask[IncidentStep]) -> IncidentDetail:
    """Who asks deals with it from now on."""
    return await _step(ask, EntryKind.OWNED)


async def note_incident(ask: Ask[IncidentStep]) -> IncidentDetail:
    """Writes into its history."""
    return await _step(ask, EntryKind.NOTED)


async def close_incident(ask: Ask[IncidentStep]) -> IncidentDetail:
    """Over, as far as people are concerned: the same cause is told again only after it has recovered."""
    return await _step(ask, EntryKind.CLOSED)


async def act_on_incident(ask: Ask[IncidentAction]) -> IncidentDetail:
    """Does it on every point that the incident harms now, and writes down who had it done."""
    desk, said = ask.context.monitor.incidents, ask.input
    return await desk.act(ask.conference, _incident(ask), said.action, ask.person.username, said.version)


_DETAIL = TypeAdapter(IncidentDetail)
_AT = "/api/conferences/{id}/incidents"
_UNKNOWN: Errors = {NotFound: ("conference.unknown", "incident.unknown")}

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        _AT,
        "The incidents of a conference",
        list_incidents,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(IncidentBoard),
        roles=CONSOLES,
        errors={NotFound: ("conference.unknown",)},
    ),
    Endpoint(
        "GET",
        f"{_AT}/{{incident}}",
        "One incident with its history",
        get_incident,
        Nothing,
        Source.NONE,
        reply=_DETAIL,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        f"{_AT}/{{incident}}/act",
        "Do something about an incident",
        act_on_incident,
        IncidentAction,
        Source.JSON,
        reply=_DETAIL,
        roles=frozenset({Role.TECHNICIAN}),
        errors={
            **_UNKNOWN,
            Conflict: ("incident.over", "incident.changed"),
            Refused: ("join.not_open",),
            Unavailable: ("service.absent", "service.slow", "service.failed"),
        },
    ),
    *(
        Endpoint(
            "POST",
            f"{_AT}/{{incident}}/{word}",
            summary,
            handler,
            IncidentStep,
            Source.JSON,
            reply=_DETAIL,
            roles=frozenset({Role.TECHNICIAN}),
            errors={**_UNKNOWN, Conflict: ("incident.over", "incident.changed")},
        )
        for word, summary, handler in (
            ("acknowledge", "Say that an incident has been seen", acknowledge_incident),
            ("own", "Take an incident over", own_incident),
            ("note", "Write into an incident's history", note_incident),
            ("close", "Close an incident", close_incident),
        )
    ),
)
