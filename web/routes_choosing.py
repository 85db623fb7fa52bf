"""Choosing points, saved audiences, free time, maintenance windows."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from scheduler.calendar import CalendarPage
from scheduler.choosing_model import Audience, AudienceRequest, Choice, Chosen
from scheduler.free_time_model import FreeTimeRequest, FreeTimes
from scheduler.maintenance import MaintenanceRequest, MaintenanceWindow
from scheduler.timeline import Held
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.models import CalendarQuery, MaintenanceQuery, TimelineQuery
from web.routes_directory import CONSOLES, ORGANIZER


async def choose_points(ask: Ask[Choice]) -> Chosen:
    """The points that a choice comes to, and what of it could not be followed."""
    return await ask.context.office.choosing.resolve(ask.input)


async def list_audiences(ask: Ask[Nothing]) -> list[Audience]:
    """The saved audiences."""
    return await ask.context.office.choosing.audiences()


async def save_audience(ask: Ask[AudienceRequest]) -> Audience:
    """Keeps a choice under a name."""
    return await ask.context.office.choosing.save(ask.input, ask.person.username)


async def change_audience(ask: Ask[AudienceRequest]) -> Audience:
    """Gives an audience another name or choice."""
    audience = ask.request.match_info["audience"]
    return await ask.context.office.choosing.change(audience, ask.input, ask.person.username)


async def drop_audience(ask: Ask[Nothing]) -> list[Audience]:
    """Forgets an audience; returns those that are left."""
    await ask.context.office.choosing.drop(ask.request.match_info["audience"])
    return await ask.context.office.choosing.audiences()


async def find_free_time(ask: Ask[FreeTimeRequest]) -> FreeTimes:
    """When they are all free, or who is in the way."""
    return await ask.context.office.free_time.find(ask.input)


async def list_maintenance(ask: Ask[MaintenanceQuery]) -> list[MaintenanceWindow]:
    """The windows that touch a time."""
    return await ask.context.office.maintenance.windows(ask.input.start, ask.input.stop, ask.input.unit)


async def show_timeline(ask: Ask[TimelineQuery]) -> list[Held]:
    """Who holds the points of a unit when."""
    return await ask.context.office.timeline.held(ask.input.start, ask.input.stop, ask.input.unit)


async def show_calendar(ask: Ask[CalendarQuery]) -> CalendarPage:
    """What happens under a unit when."""
    asked = ask.input
    return await ask.context.office.calendar.page(asked.start, asked.stop, asked.unit, by_unit=asked.by_unit)


async def announce_maintenance(ask: Ask[MaintenanceRequest]) -> MaintenanceWindow:
    """Takes points out of use for a time."""
    return await ask.context.office.maintenance.announce(ask.input, ask.person.username)


async def end_maintenance(ask: Ask[Nothing]) -> MaintenanceWindow:
    """Frees the points from now on; returns the window as it was."""
    maintenance, window = ask.context.office.maintenance, ask.request.match_info["window"]
    before = await maintenance.window(window)
    await maintenance.end(window)
    return before


_CHOICE = (
    "booking.unknown_unit",
    "booking.unknown_point",
    "choosing.unknown_audience",
    "choosing.audience_circle",
)
_SAVE: Errors = {BadInput: (*_CHOICE, "choosing.name"), Conflict: ("choosing.name_taken", "choosing.changed")}
_NO_AUDIENCE: Errors = {NotFound: ("choosing.unknown_audience",)}
_AUDIENCE = TypeAdapter(Audience)
_AUDIENCES = TypeAdapter(list[Audience])
_WINDOW = TypeAdapter(MaintenanceWindow)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/choose",
        "The points that a choice comes to",
        choose_points,
        Choice,
        Source.JSON,
        reply=TypeAdapter(Chosen),
        roles=ORGANIZER,
        errors={BadInput: _CHOICE},
    ),
    Endpoint(
        "GET",
        "/api/audiences",
        "Saved audiences",
        list_audiences,
        Nothing,
        Source.NONE,
        reply=_AUDIENCES,
        roles=ORGANIZER,
    ),
    Endpoint(
        "POST",
        "/api/audiences",
        "Save an audience",
        save_audience,
        AudienceRequest,
        Source.JSON,
        reply=_AUDIENCE,
        status=201,
        roles=ORGANIZER,
        errors=_SAVE,
    ),
    Endpoint(
        "PUT",
        "/api/audiences/{audience}",
        "Change an audience",
        change_audience,
        AudienceRequest,
        Source.JSON,
        reply=_AUDIENCE,
        roles=ORGANIZER,
        errors={**_SAVE, **_NO_AUDIENCE},
    ),
    Endpoint(
        "DELETE",
        "/api/audiences/{audience}",
        "Forget an audience",
        drop_audience,
        Nothing,
        Source.NONE,
        reply=_AUDIENCES,
        roles=ORGANIZER,
        errors=_NO_AUDIENCE,
    ),
    Endpoint(
        "POST",
        "/api/free-time",
        "When all chosen points are free",
        find_free_time,
        FreeTimeRequest,
        Source.JSON,
        reply=TypeAdapter(FreeTimes),
        roles=ORGANIZER,
        errors={
            BadInput: (
                *_CHOICE,
                "choosing.unclear",
                "booking.no_points",
                "booking.too_many_points",
                "free_time.range",
                "free_time.chair",
                "free_time.longer_than_day",
            )
        },
    ),
    Endpoint(
        "GET",
        "/api/maintenance",
        "Maintenance windows",
        list_maintenance,
        MaintenanceQuery,
        Source.QUERY,
        reply=TypeAdapter(list[MaintenanceWindow]),
        roles=CONSOLES,
    ),
    Endpoint(
        "GET",
        "/api/timeline",
        "Who holds the points of a unit when",
        show_timeline,
        TimelineQuery,
        Source.QUERY,
        reply=TypeAdapter(list[Held]),
        roles=CONSOLES,
        errors={BadInput: ("timeline.range",), NotFound: ("unit.unknown",)},
    ),
    Endpoint(
        "GET",
        "/api/calendar",
        "What happens under a unit when",
        show_calendar,
        CalendarQuery,
        Source.QUERY,
        reply=TypeAdapter(CalendarPage),
        roles=CONSOLES,
        errors={BadInput: ("calendar.range",), NotFound: ("unit.unknown",)},
    ),
    Endpoint(
        "POST",
        "/api/maintenance",
        "Take points out of use",
        announce_maintenance,
        MaintenanceRequest,
        Source.JSON,
        reply=_WINDOW,
        status=201,
        roles=ORGANIZER,
        errors={
            BadInput: (
                "maintenance.reason",
                "maintenance.times",
                "booking.no_points",
                "booking.too_many_points",
                "booking.unknown_point",
                "booking.unknown_unit",
            ),
            Conflict: ("booking.clash",),
        },
    ),
    Endpoint(
        "POST",
        "/api/maintenance/{window}/end",
        "Free the points of a window",
        end_maintenance,
        Nothing,
        Source.NONE,
        reply=_WINDOW,
        roles=ORGANIZER,
        errors={NotFound: ("maintenance.unknown",), Conflict: ("maintenance.over",)},
    ),
)
