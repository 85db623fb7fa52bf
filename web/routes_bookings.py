"""What may happen to a booking: once-only booking, changes, approval, extension, history."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import Role
from scheduler.approvals import ApprovalRule
from scheduler.model import (
    Booked,
    BookingRequest,
    Conference,
    ConferenceChange,
    ConferenceSummary,
    ExtendRequest,
    HistoryEntry,
    StepRequest,
    Verdict,
)
from web.accounts import Person
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.models import Appointment, ConferenceChair, Demand
from web.routes_conferences import BOOKING_INPUT, UNKNOWN, version_of, wanted_version
from web.routes_directory import CONSOLES, ORGANIZER


async def book_once(ask: Ask[BookingRequest]) -> Booked:
    """Books, and with an Idempotency-Key only once; tells the points that were left out on request."""
    key = ask.request.headers.get("Idempotency-Key")
    await ask.context.accounts.refuse_unless_chair(ask.input.chair)
    return await ask.context.scheduler.bookings.book(ask.input, ask.person.username, key)


async def change_booking(ask: Ask[ConferenceChange]) -> Booked:
    """Changes title, times, buffers and points together, or nothing."""
    change = ask.input.model_copy(update={"version": wanted_version(ask.request, ask.input.version)})
    await ask.context.accounts.refuse_unless_chair(change.chair)
    return await ask.context.scheduler.bookings.change(ask.conference, change, ask.person.username)


async def extend_conference(ask: Ask[ExtendRequest]) -> Conference:
    """Lets it last longer, also while it runs; its chair need not look for the organizer first."""
    request = ask.input.model_copy(update={"version": wanted_version(ask.request, ask.input.version)})
    return await ask.context.scheduler.extend(ask.conference, ask.person, request)


async def submit_draft(ask: Ask[StepRequest]) -> Conference:
    """Books a draft."""
    step = ask.input.model_copy(update={"version": wanted_version(ask.request, ask.input.version)})
    return await ask.context.scheduler.bookings.submit(ask.conference, step, ask.person.username)


async def decide_request(ask: Ask[Verdict]) -> Conference:
    """Approves or rejects what waits for this person."""
    verdict = ask.input.model_copy(update={"version": wanted_version(ask.request, ask.input.version)})
    return await ask.context.scheduler.bookings.decide(ask.conference, verdict, ask.person.username)


async def list_chairs(ask: Ask[Nothing]) -> list[Person]:
    """Who can be appointed as a chair."""
    return await ask.context.accounts.people(Role.CHAIR)


async def appoint_chair(ask: Ask[ConferenceChair]) -> Conference:
    """Appoints the conference's chair, or nobody; a person chairs one conference at a time."""
    username = ask.input.username or ""
    await ask.context.accounts.refuse_unless_chair(username)
    change = ConferenceChange(chair=username, version=wanted_version(ask.request, None))
    return (await ask.context.scheduler.bookings.change(ask.conference, change, ask.person.username)).conference


async def get_booking_history(ask: Ask[Nothing]) -> list[HistoryEntry]:
    """Who changed what when."""
    return await ask.context.scheduler.bookings.history(ask.conference)


async def list_waiting(ask: Ask[Nothing]) -> list[ConferenceSummary]:
    """What waits for this person's approval."""
    return await ask.context.office.approvals.waiting_for(ask.person.username)


async def list_approval_rules(ask: Ask[Nothing]) -> list[ApprovalRule]:
    """Which units approve their bookings, and who may do it."""
    return await ask.context.office.approvals.rules()


async def demand_approval(ask: Ask[Demand]) -> list[ApprovalRule]:
    """Makes a unit approve its bookings, or no longer."""
    await ask.context.office.approvals.demand(ask.request.match_info["unit"], ask.input.demanded)
    return await ask.context.office.approvals.rules()


async def appoint_approver(ask: Ask[Appointment]) -> list[ApprovalRule]:
    """Gives an account the right over a unit, or takes it back."""
    approvals, unit = ask.context.office.approvals, ask.request.match_info["unit"]
    if ask.input.appointed:
        await approvals.appoint(ask.input.username, unit)
    else:
        await approvals.dismiss(ask.input.username, unit)
    return await approvals.rules()


_CHANGED = ("conference.over", "conference.changed")
_STEP: Errors = {
    **UNKNOWN,
    Conflict: (*_CHANGED, "conference.state", "booking.clash", "chair.elsewhere", "plan.over_capacity"),
}
_RULES = TypeAdapter(list[ApprovalRule])
_CONFERENCE = TypeAdapter(Conference)
_BOOKED = TypeAdapter(Booked)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/bookings",
        "Book once (header Idempotency-Key)",
        book_once,
        BookingRequest,
        Source.JSON,
        reply=_BOOKED,
        status=201,
        roles=ORGANIZER,
        errors={
            BadInput: (*BOOKING_INPUT, "request.key"),
            Conflict: ("booking.clash", "chair.elsewhere", "plan.over_capacity", "request.key_reused"),
        },
        etag=lambda booked: version_of(booked.conference),
    ),
    Endpoint(
        "PATCH",
        "/api/conferences/{id}",
        "Change a booking (header If-Match)",
        change_booking,
        ConferenceChange,
        Source.JSON,
        reply=_BOOKED,
        roles=ORGANIZER,
        errors={
            **UNKNOWN,
            BadInput: (*BOOKING_INPUT, "request.value"),
            Conflict: (
                *_CHANGED,
                "booking.clash",
                "chair.elsewhere",
                "plan.over_capacity",
                "conference.running",
                "approval.while_open",
            ),
        },
        etag=lambda booked: version_of(booked.conference),
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/extend",
        "Let a conference last longer (header If-Match)",
        extend_conference,
        ExtendRequest,
        Source.JSON,
        reply=_CONFERENCE,
        roles=frozenset({Role.ORGANIZER, Role.CHAIR}),
        errors={
            **UNKNOWN,
            BadInput: (*BOOKING_INPUT, "request.value"),
            Conflict: (*_CHANGED, "booking.clash", "plan.over_capacity"),
            Refused: ("extend.not_yours",),
        },
        etag=version_of,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/submit",
        "Book a draft (header If-Match)",
        submit_draft,
        StepRequest,
        Source.JSON,
        reply=_CONFERENCE,
        roles=ORGANIZER,
        errors={**_STEP, BadInput: (*BOOKING_INPUT, "request.value")},
        etag=version_of,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/decide",
        "Approve or reject a requested conference (header If-Match)",
        decide_request,
        Verdict,
        Source.JSON,
        reply=_CONFERENCE,
        roles=ORGANIZER,
        errors={
            **UNKNOWN,
            BadInput: ("booking.past", "request.value"),
            Conflict: ("approval.not_asked", "booking.past", "conference.changed"),
            Refused: ("approval.not_yours",),
        },
        etag=version_of,
    ),
    Endpoint(
        "GET",
        "/api/chairs",
        "Who can chair a conference",
        list_chairs,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[Person]),
        roles=ORGANIZER,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/chair",
        "Appoint a conference's chair (header If-Match)",
        appoint_chair,
        ConferenceChair,
        Source.JSON,
        reply=_CONFERENCE,
        roles=ORGANIZER,
        errors={
            **UNKNOWN,
            BadInput: ("chair.unknown", "request.value"),
            Conflict: (*_CHANGED, "chair.elsewhere", "plan.over_capacity"),
        },
        etag=version_of,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/changes",
        "Who changed what when",
        get_booking_history,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[HistoryEntry]),
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/approvals/waiting",
        "What waits for this person's approval",
        list_waiting,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[ConferenceSummary]),
        roles=ORGANIZER,
    ),
    Endpoint(
        "GET",
        "/api/approvals",
        "Which units approve their bookings",
        list_approval_rules,
        Nothing,
        Source.NONE,
        reply=_RULES,
        roles=ORGANIZER,
    ),
    Endpoint(
        "PUT",
        "/api/approvals/{unit}",
        "Make a unit approve its bookings",
        demand_approval,
        Demand,
        Source.JSON,
        reply=_RULES,
        roles=ORGANIZER,
        errors={NotFound: ("booking.unknown_unit",)},
    ),
    Endpoint(
        "PUT",
        "/api/approvals/{unit}/approvers",
        "Appoint or dismiss an approver",
        appoint_approver,
        Appointment,
        Source.JSON,
        reply=_RULES,
        roles=ORGANIZER,
        errors={NotFound: ("booking.unknown_unit",), BadInput: ("approval.username",)},
    ),
)
