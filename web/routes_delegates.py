"""The delegates by name: the organizer's list, the hall's desk, and each delegate's own link."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from pydantic import Field, TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import CodeText, Model
from core.spreadsheet import guarded
from monitor.delegates.model import (
    CheckIn,
    Delegate,
    DelegateHistory,
    DelegateImport,
    DelegateList,
    DelegateState,
    HallDelegates,
    Place,
    Ticket,
    TicketOf,
    TicketView,
)
from web.csvfile import CSV, csv_response
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.models import ImportQuery
from web.parsing import read_body
from web.qr import modules
from web.routes_directory import CONSOLES, ORGANIZER
from web.routes_headcount import CORRECTORS, hall_of

_TICKET = re.compile(r"(?:^|/d/)([A-Za-z0-9_-]{24})$")


class DelegatesQuery(Model):
    """Which delegates: of a point, in a state, with a text in name, code or organisation."""

    point: CodeText | None = None
    state: DelegateState | None = None
    q: str = Field(default="", max_length=200)


class Scanned(Model):
    """What a scanner read: a delegate's link, or its last part."""

    text: str = Field(min_length=1, max_length=500)


class DelegateTicket(Model):
    """A delegate's link, and its QR code row by row (`1` is dark; four empty modules belong around it)."""

    delegate: Delegate
    url: str
    qr: tuple[str, ...]


async def list_delegates(ask: Ask[DelegatesQuery]) -> DelegateList:
    """The conference's delegates."""
    wanted = ask.input
    return await ask.context.monitor.delegates.find(ask.conference, wanted.point, wanted.state, wanted.q)


async def import_delegates(ask: Ask[ImportQuery]) -> DelegateImport:
    """Takes a delegates' file, whole or not at all; its name, percent-encoded, tells its format."""
    name = unquote(ask.request.headers.get("X-File-Name", ""))
    if not name or len(name) > 255:
        raise BadInput("directory.file_name", "The header X-File-Name must hold the file's name, percent-encoded.")
    data = await read_body(ask.request, ask.context.settings.limits.directory_bytes)
    return await ask.context.monitor.delegates.load(ask.conference, data, name, ask.input.dry_run)


async def export_delegates(ask: Ask[Nothing]) -> web.Response:
    """All delegates with their links, as a file that the import takes back."""
    everybody = await ask.context.monitor.delegates.everybody(ask.conference)
    names = {one.username: one.name for one in await ask.context.accounts.staff()}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ("code", "name", "position", "organisation", "point", "point_name", "state", "reason", "at", "by", "link")
    )
    for one in everybody:
        who = one.delegate
        by = names.get(who.by, who.by) if who.by else ""
        told = (who.state, who.reason, who.at.isoformat() if who.at else "", by, _url(ask, one.ticket))
        cells = (who.code, who.name, who.position, who.organisation, who.point, who.point_name, *told)
        writer.writerow([guarded(cell) for cell in cells])
    return csv_response(text.getvalue(), f"delegates-{ask.conference}.csv")


async def set_delegate(ask: Ask[CheckIn]) -> Delegate:
    """A console says whether a delegate came; what was said before stays in the history."""
    code = ask.code("delegate", "delegate.unknown")
    return await ask.context.monitor.delegates.say(ask.conference, code, ask.input, ask.person.username)


async def drop_delegate(ask: Ask[Nothing]) -> web.Response:
    """Takes a delegate of whom nothing was said off the list."""
    await ask.context.monitor.delegates.drop(ask.conference, ask.code("delegate", "delegate.unknown"))
    return web.Response(status=204)


async def get_delegate_history(ask: Ask[Nothing]) -> DelegateHistory:
    """Everything that was said about a delegate, newest first."""
    return await ask.context.monitor.delegates.history(ask.conference, ask.code("delegate", "delegate.unknown"))


async def get_delegate_ticket(ask: Ask[Nothing]) -> DelegateTicket:
    """A delegate's link and its code."""
    found = await ask.context.monitor.delegates.one(ask.conference, ask.code("delegate", "delegate.unknown"))
    return _shown(ask, found)


async def renew_delegate_ticket(ask: Ask[Nothing]) -> DelegateTicket:
    """Gives a delegate a new link; the old one is worth nothing any more."""
    found = await ask.context.monitor.delegates.renew(ask.conference, ask.code("delegate", "delegate.unknown"))
    return _shown(ask, found)


async def get_desk(ask: Ask[Nothing]) -> HallDelegates:
    """A hall's delegates, for the holder of its join link."""
    return await ask.context.monitor.delegates.desk(_place(ask))


async def set_desk_delegate(ask: Ask[CheckIn]) -> Delegate:
    """The hall's operator says whether a delegate came."""
    code = ask.code("delegate", "delegate.unknown")
    return await ask.context.monitor.delegates.say_at_desk(_place(ask), code, ask.input)


async def scan_delegate(ask: Ask[Scanned]) -> Delegate:
    """The hall's operator scanned a delegate's code: they are here."""
    place, found = _place(ask), _TICKET.search(ask.input.text.strip())
    if found is None:
        raise Refused("ticket.invalid", "This is not a delegate's code.")
    return await ask.context.monitor.delegates.scan(place, _ticket(ask, found[1]))


async def list_desk_tickets(ask: Ask[Nothing]) -> list[DelegateTicket]:
    """The links and codes of a hall's delegates, to be shown or printed."""
    place = _place(ask)
    everybody = await ask.context.monitor.delegates.everybody(place.conference, place.point)
    return [_shown(ask, one) for one in everybody]


async def get_ticket(ask: Ask[Nothing]) -> TicketView:
    """What a delegate's link is for."""
    return await ask.context.monitor.delegates.ticket(_ticket(ask, ask.request.match_info["ticket"]))


async def use_ticket(ask: Ask[Nothing]) -> TicketView:
    """The delegate says that they are here."""
    return await ask.context.monitor.delegates.check_in(_ticket(ask, ask.request.match_info["ticket"]))


def _place(ask: Ask[Any]) -> Place:
    return Place(*hall_of(ask))


def _ticket(ask: Ask[Any], token: str) -> Ticket:
    return Ticket(*ask.context.signer.ticket(token))


def _url(ask: Ask[Any], ticket: Ticket) -> str:
    return ask.url(f"/d/{ask.context.signer.ticket_token(ticket.number, ticket.serial)}")


def _shown(ask: Ask[Any], found: TicketOf) -> DelegateTicket:
    url = _url(ask, found.ticket)
    return DelegateTicket(delegate=found.delegate, url=url, qr=modules(url))


_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}
_UNKNOWN_DELEGATE: Errors = {NotFound: ("conference.unknown", "delegate.unknown")}
_LINK_CODES = ("join.expired", "join.invalid", "headcount.not_a_hall")
_LINK: Errors = {Refused: _LINK_CODES, NotFound: ("conference.unknown", "point.unknown")}
_DELEGATE = TypeAdapter(Delegate)
_SHOWN = TypeAdapter(DelegateTicket)
_VIEW = TypeAdapter(TicketView)

_LISTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/delegates",
        "A conference's delegates",
        list_delegates,
        DelegatesQuery,
        Source.QUERY,
        reply=TypeAdapter(DelegateList),
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/delegates",
        "Load a delegates' file (.csv or .xlsx)",
        import_delegates,
        ImportQuery,
        Source.FILE,
        reply=TypeAdapter(DelegateImport),
        roles=ORGANIZER,
        errors={**_UNKNOWN, BadInput: ("directory.file_name",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/delegates.csv",
        "All delegates with their links, as a file",
        export_delegates,
        Nothing,
        Source.NONE,
        media=CSV,
        roles=ORGANIZER,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/delegates/{delegate}",
        "Say whether a delegate came",
        set_delegate,
        CheckIn,
        Source.JSON,
        reply=_DELEGATE,
        roles=CORRECTORS,
        errors={**_UNKNOWN_DELEGATE, BadInput: ("delegate.reason",), Conflict: ("delegate.full",)},
    ),
    Endpoint(
        "DELETE",
        "/api/conferences/{id}/delegates/{delegate}",
        "Take a delegate off the list",
        drop_delegate,
        Nothing,
        Source.NONE,
        status=204,
        roles=ORGANIZER,
        errors={**_UNKNOWN_DELEGATE, Conflict: ("delegate.has_history",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/delegates/{delegate}/history",
        "What was said about a delegate",
        get_delegate_history,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(DelegateHistory),
        roles=CONSOLES,
        errors=_UNKNOWN_DELEGATE,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/delegates/{delegate}/ticket",
        "A delegate's link and QR code",
        get_delegate_ticket,
        Nothing,
        Source.NONE,
        reply=_SHOWN,
        roles=ORGANIZER,
        errors=_UNKNOWN_DELEGATE,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/delegates/{delegate}/ticket",
        "Give a delegate a new link; the old one ends",
        renew_delegate_ticket,
        Nothing,
        Source.NONE,
        reply=_SHOWN,
        roles=ORGANIZER,
        errors={**_UNKNOWN_DELEGATE, Conflict: ("delegate.links_used_up",)},
    ),
)
_DESK: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/joins/{token}/delegates",
        "The delegates of a join link's hall",
        get_desk,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(HallDelegates),
        roles=None,
        errors=_LINK,
    ),
    Endpoint(
        "PUT",
        "/api/joins/{token}/delegates/{delegate}",
        "Say by a join link whether a delegate came",
        set_desk_delegate,
        CheckIn,
        Source.JSON,
        reply=_DELEGATE,
        roles=None,
        errors={
            Refused: _LINK_CODES,
            NotFound: ("conference.unknown", "delegate.unknown"),
            BadInput: ("delegate.reason",),
            Conflict: ("conference.over", "delegate.full"),
        },
    ),
    Endpoint(
        "POST",
        "/api/joins/{token}/scan",
        "Check a delegate in by their scanned code",
        scan_delegate,
        Scanned,
        Source.JSON,
        reply=_DELEGATE,
        roles=None,
        errors={
            Refused: (*_LINK_CODES, "ticket.invalid"),
            NotFound: ("conference.unknown",),
            Conflict: ("conference.over", "delegate.other_point", "delegate.full"),
        },
    ),
    Endpoint(
        "GET",
        "/api/joins/{token}/tickets",
        "The links and QR codes of a hall's delegates",
        list_desk_tickets,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[DelegateTicket]),
        roles=None,
        errors=_LINK,
    ),
    Endpoint(
        "GET",
        "/api/tickets/{ticket}",
        "What a delegate's link is for",
        get_ticket,
        Nothing,
        Source.NONE,
        reply=_VIEW,
        roles=None,
        errors={Refused: ("ticket.invalid", "ticket.expired")},
    ),
    Endpoint(
        "POST",
        "/api/tickets/{ticket}",
        "Check in by a delegate's link",
        use_ticket,
        Nothing,
        Source.NONE,
        reply=_VIEW,
        roles=None,
        errors={
            Refused: ("ticket.invalid", "ticket.expired"),
            Conflict: ("ticket.early", "delegate.full"),
        },
    ),
)
ENDPOINTS: tuple[AnyEndpoint, ...] = (*_LISTS, *_DESK)
