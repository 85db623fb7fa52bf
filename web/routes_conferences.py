"""Booking: conferences, their times, their links, and entering them."""

from __future__ import annotations

import csv
import io
import re

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import Role
from scheduler.model import (
    BookingRequest,
    ClashReport,
    ClashRequest,
    Conference,
    ConferenceSummary,
    EnterReply,
    EnterRequest,
    PointLink,
    RescheduleRequest,
    StepRequest,
)
from web.csvfile import CSV, cell, csv_response
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.models import ConferenceTitle
from web.routes_directory import CONSOLES, ORGANIZER

BOOKING_INPUT = (
    "booking.title",
    "booking.times",
    "booking.past",
    "booking.no_points",
    "booking.too_many_points",
    "booking.unknown_point",
    "booking.unknown_unit",
    "plan.lightest",
    "plan.unknown_unit",
    "chair.unknown",
)
_ETAG = re.compile(r'"(\d{1,9})"')
UNKNOWN: Errors = {NotFound: ("conference.unknown",)}


def version_of(conference: Conference) -> str:
    """The entity tag of a conference: its version (RFC 9110 section 8.8.3)."""
    return f'"{conference.version}"'


def wanted_version(request: web.Request, given: int | None) -> int | None:
    """The version that If-Match names, else the one in the body; raises `BadInput` for a tag that is not ours."""
    header = request.headers.get("If-Match")
    if header is None or header == "*":
        return given
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise BadInput("request.value", "If-Match must hold the ETag of the conference as it was read.")
    return int(found.group(1))


async def list_conferences(ask: Ask[Nothing]) -> list[ConferenceSummary] | list[ConferenceTitle]:
    """All conferences, newest start first; an operator is told only which there are and when."""
    conferences = await ask.context.scheduler.conferences()
    if ask.person.roles & CONSOLES:
        return conferences
    return [ConferenceTitle(id=c.id, title=c.title, state=c.state, times=c.times) for c in conferences]


async def book_conference(ask: Ask[BookingRequest]) -> Conference:
    """Books a conference and all its points, or nothing."""
    await ask.context.accounts.refuse_unless_chair(ask.input.chair)
    return await ask.context.scheduler.book(ask.input, ask.person.username)


async def preview_clashes(ask: Ask[ClashRequest]) -> ClashReport:
    """Which points are taken in these times, while the organizer still chooses."""
    return await ask.context.scheduler.clashes(ask.input)


async def get_conference(ask: Ask[Nothing]) -> Conference:
    """One conference with its points."""
    return await ask.context.scheduler.conference(ask.conference)


async def cancel_conference(ask: Ask[Nothing]) -> Conference:
    """Cancels a conference and frees its points."""
    step = StepRequest(version=wanted_version(ask.request, None))
    return await ask.context.scheduler.bookings.cancel(ask.conference, step, ask.person.username)


async def reschedule_conference(ask: Ask[RescheduleRequest]) -> Conference:
    """Moves a conference to other times."""
    version = wanted_version(ask.request, ask.input.version)
    return await ask.context.scheduler.reschedule(ask.conference, ask.input.times, ask.person.username, version)


async def list_links(ask: Ask[Nothing]) -> list[PointLink]:
    """The join link of each point."""
    return await ask.context.scheduler.links(ask.conference, ask.url(""))


async def download_links(ask: Ask[Nothing]) -> web.Response:
    """The join links as a file to mail from."""
    links = await list_links(ask)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("point", "name", "url"))
    writer.writerows((cell(link.point), cell(link.name), link.url) for link in links)
    return csv_response(text.getvalue(), f"links-{ask.conference}.csv")


async def enter_conference(ask: Ask[EnterRequest]) -> EnterReply:
    """A token with which the page of this person enters the conference."""
    return EnterReply(token=await ask.context.scheduler.enter(ask.conference, ask.person, ask.input))


_CONFERENCE = TypeAdapter(Conference)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences",
        "All conferences",
        list_conferences,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[ConferenceSummary] | list[ConferenceTitle]),
    ),
    Endpoint(
        "POST",
        "/api/conferences",
        "Book a conference",
        book_conference,
        BookingRequest,
        Source.JSON,
        reply=_CONFERENCE,
        status=201,
        roles=ORGANIZER,
        errors={
            BadInput: BOOKING_INPUT,
            Conflict: (
                "booking.clash",
                "chair.elsewhere",
                "plan.over_capacity",
            ),
        },
    ),
    Endpoint(
        "POST",
        "/api/clashes",
        "Which points are taken",
        preview_clashes,
        ClashRequest,
        Source.JSON,
        reply=TypeAdapter(ClashReport),
        roles=ORGANIZER,
        errors={**UNKNOWN, BadInput: BOOKING_INPUT},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}",
        "One conference",
        get_conference,
        Nothing,
        Source.NONE,
        reply=_CONFERENCE,
        roles=CONSOLES,
        errors=UNKNOWN,
        etag=version_of,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/cancel",
        "Cancel a conference (header If-Match)",
        cancel_conference,
        Nothing,
        Source.NONE,
        reply=_CONFERENCE,
        roles=ORGANIZER,
        errors={**UNKNOWN, BadInput: ("request.value",), Conflict: ("conference.over", "conference.changed")},
        etag=version_of,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/times",
        "Move a conference (header If-Match)",
        reschedule_conference,
        RescheduleRequest,
        Source.JSON,
        reply=_CONFERENCE,
        roles=ORGANIZER,
        errors={
            **UNKNOWN,
            BadInput: ("booking.times", "booking.past", "request.value"),
            Conflict: (
                "booking.clash",
                "chair.elsewhere",
                "plan.over_capacity",
                "conference.over",
                "conference.running",
                "conference.changed",
            ),
        },
        etag=version_of,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/links",
        "Join links",
        list_links,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[PointLink]),
        roles=ORGANIZER,
        errors={**UNKNOWN, Conflict: ("conference.over",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/links.csv",
        "Join links as a file",
        download_links,
        Nothing,
        Source.NONE,
        media=CSV,
        roles=ORGANIZER,
        errors={**UNKNOWN, Conflict: ("conference.over",)},
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/enter",
        "Enter a conference in a role of one's own",
        enter_conference,
        EnterRequest,
        Source.JSON,
        reply=TypeAdapter(EnterReply),
        roles=frozenset({Role.CHAIR, Role.TECHNICIAN, Role.OPERATOR}),
        errors={
            NotFound: ("conference.unknown", "enter.point_unknown"),
            BadInput: ("enter.role", "enter.point"),
            Refused: ("role.missing", "chair.appointed"),
            Conflict: ("conference.over",),
        },
    ),
)
