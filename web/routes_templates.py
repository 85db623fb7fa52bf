"""Templates, and booking again."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from scheduler.model import Booked
from scheduler.templates import AgainRequest, SaveTemplate, Template, TemplateSummary
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_conferences import BOOKING_INPUT, UNKNOWN, version_of
from web.routes_directory import ORGANIZER


async def list_templates(ask: Ask[Nothing]) -> list[TemplateSummary]:
    """The templates by name."""
    return await ask.context.office.templates.templates()


async def save_template(ask: Ask[SaveTemplate]) -> Template:
    """Makes a template of a conference."""
    return await ask.context.office.templates.save(ask.input, ask.person.username)


async def get_template(ask: Ask[Nothing]) -> Template:
    """One template with its points."""
    return await ask.context.office.templates.template(ask.request.match_info["template"])


async def drop_template(ask: Ask[Nothing]) -> list[TemplateSummary]:
    """Forgets a template; returns those that are left."""
    await ask.context.office.templates.delete(ask.request.match_info["template"])
    return await ask.context.office.templates.templates()


async def book_template(ask: Ask[AgainRequest]) -> Booked:
    """Books from a template; with an Idempotency-Key only once."""
    template = ask.request.match_info["template"]
    await ask.context.accounts.refuse_unless_chair(ask.input.chair)
    return await ask.context.office.templates.book(template, ask.input, ask.person.username, ask.key)


async def book_again(ask: Ask[AgainRequest]) -> Booked:
    """Books a conference again, over or not; with an Idempotency-Key only once."""
    await ask.context.accounts.refuse_unless_chair(ask.input.chair)
    return await ask.context.office.templates.again(ask.conference, ask.input, ask.person.username, ask.key)


_NO_TEMPLATE: Errors = {NotFound: ("template.unknown",)}
_BOOKING: Errors = {
    BadInput: (*BOOKING_INPUT, "request.key"),
    Conflict: ("booking.clash", "chair.elsewhere", "plan.over_capacity", "request.key_reused"),
}
_LIST = TypeAdapter(list[TemplateSummary])
_TEMPLATE = TypeAdapter(Template)
_BOOKED = TypeAdapter(Booked)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", "/api/templates", "Templates", list_templates, Nothing, Source.NONE, reply=_LIST, roles=ORGANIZER),
    Endpoint(
        "POST",
        "/api/templates",
        "Make a template of a conference",
        save_template,
        SaveTemplate,
        Source.JSON,
        reply=_TEMPLATE,
        status=201,
        roles=ORGANIZER,
        errors={**UNKNOWN, BadInput: ("template.name",), Conflict: ("template.name_taken",)},
    ),
    Endpoint(
        "GET",
        "/api/templates/{template}",
        "One template",
        get_template,
        Nothing,
        Source.NONE,
        reply=_TEMPLATE,
        roles=ORGANIZER,
        errors=_NO_TEMPLATE,
    ),
    Endpoint(
        "DELETE",
        "/api/templates/{template}",
        "Forget a template",
        drop_template,
        Nothing,
        Source.NONE,
        reply=_LIST,
        roles=ORGANIZER,
        errors=_NO_TEMPLATE,
    ),
    Endpoint(
        "POST",
        "/api/templates/{template}/book",
        "Book from a template (header Idempotency-Key)",
        book_template,
        AgainRequest,
        Source.JSON,
        reply=_BOOKED,
        status=201,
        roles=ORGANIZER,
        errors={**_NO_TEMPLATE, **_BOOKING},
        etag=lambda booked: version_of(booked.conference),
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/again",
        "Book a conference again (header Idempotency-Key)",
        book_again,
        AgainRequest,
        Source.JSON,
        reply=_BOOKED,
        status=201,
        roles=ORGANIZER,
        errors={**UNKNOWN, **_BOOKING},
        etag=lambda booked: version_of(booked.conference),
    ),
)
