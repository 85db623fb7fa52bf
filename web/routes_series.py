"""Series: previewing, booking, and changing one, the following or all occurrences."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from scheduler.series_model import (
    Series,
    SeriesBooked,
    SeriesChange,
    SeriesChanged,
    SeriesPreview,
    SeriesRequest,
    SeriesStep,
)
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_conferences import BOOKING_INPUT, wanted_version
from web.routes_directory import CONSOLES, ORGANIZER


async def preview_series(ask: Ask[SeriesRequest]) -> SeriesPreview:
    """Every occurrence with its clashes and holiday, before anything is booked."""
    return await ask.context.office.series.preview(ask.input)


async def book_series(ask: Ask[SeriesRequest]) -> SeriesBooked:
    """Books the occurrences; with an Idempotency-Key only once."""
    await ask.context.accounts.refuse_unless_chair(ask.input.chair)
    return await ask.context.office.series.book(ask.input, ask.person.username, ask.key)


async def get_series(ask: Ask[Nothing]) -> Series:
    """A series with its occurrences."""
    return await ask.context.office.series.series(ask.request.match_info["series"])


async def change_occurrences(ask: Ask[SeriesChange]) -> SeriesChanged:
    """Changes an occurrence, with those after it or with all, or nothing."""
    change = ask.input.change
    change = change.model_copy(update={"version": wanted_version(ask.request, change.version)})
    await ask.context.accounts.refuse_unless_chair(change.chair)
    request = ask.input.model_copy(update={"change": change})
    return await ask.context.office.series.change(ask.conference, request, ask.person.username)


async def cancel_occurrences(ask: Ask[SeriesStep]) -> SeriesChanged:
    """Cancels an occurrence, with those after it or with all."""
    step = ask.input.step
    step = step.model_copy(update={"version": wanted_version(ask.request, step.version)})
    request = ask.input.model_copy(update={"step": step})
    return await ask.context.office.series.cancel(ask.conference, request, ask.person.username)


_RULE = (
    *BOOKING_INPUT,
    "series.rule",
    "series.zone",
    "series.endless",
    "series.too_long",
    "series.first",
    "series.exdate",
    "series.overlap",
    "series.too_large",
    "series.nothing_left",
)
_NO_OCCURRENCE: Errors = {NotFound: ("conference.unknown", "series.unknown")}
_CHANGED = TypeAdapter(SeriesChanged)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/series/preview",
        "A series before it is booked",
        preview_series,
        SeriesRequest,
        Source.JSON,
        reply=TypeAdapter(SeriesPreview),
        roles=ORGANIZER,
        errors={BadInput: _RULE},
    ),
    Endpoint(
        "POST",
        "/api/series",
        "Book a series (header Idempotency-Key)",
        book_series,
        SeriesRequest,
        Source.JSON,
        reply=TypeAdapter(SeriesBooked),
        status=201,
        roles=ORGANIZER,
        errors={
            BadInput: (*_RULE, "request.key"),
            Conflict: ("series.clash", "chair.elsewhere", "plan.over_capacity", "request.key_reused"),
        },
    ),
    Endpoint(
        "GET",
        "/api/series/{series}",
        "A series with its occurrences",
        get_series,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Series),
        roles=CONSOLES,
        errors={NotFound: ("series.unknown",)},
    ),
    Endpoint(
        "PATCH",
        "/api/conferences/{id}/series",
        "Change one, the following or all occurrences (header If-Match)",
        change_occurrences,
        SeriesChange,
        Source.JSON,
        reply=_CHANGED,
        roles=ORGANIZER,
        errors={
            **_NO_OCCURRENCE,
            BadInput: (*BOOKING_INPUT, "booking.not_taking_part", "series.leave_out"),
            Conflict: (
                "conference.over",
                "conference.changed",
                "conference.running",
                "series.clash",
                "chair.elsewhere",
                "plan.over_capacity",
                "approval.while_open",
            ),
        },
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/series/cancel",
        "Cancel one, the following or all occurrences (header If-Match)",
        cancel_occurrences,
        SeriesStep,
        Source.JSON,
        reply=_CHANGED,
        roles=ORGANIZER,
        errors={**_NO_OCCURRENCE, Conflict: ("conference.over", "conference.changed")},
    ),
)
