"""iCalendar objects (RFC 5545) as invitations (RFC 5546, iTIP): building requests, cancellations and feeds. Pure.

Times are written in UTC, so no VTIMEZONE is needed. Each recipient's copy names only that recipient.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar, Event, vCalAddress

from scheduler.invitations.facts import Facts, Kind

PRODUCT = "-//Diemcau//Diemcau//VI"
_METHODS = {Kind.REQUEST: "REQUEST", Kind.CANCEL: "CANCEL", Kind.REFUSAL: "DECLINECOUNTER"}


@dataclass(frozen=True)
class Party:
    """Somebody in a calendar object; `name` is shown beside the address."""

    address: str
    name: str


@dataclass(frozen=True)
class Invited:
    """One revision of one point's event. `recurrence` is the original start of an occurrence of a series."""

    uid: str
    sequence: int
    facts: Facts
    made_at: datetime
    url: str = ""
    description: str = ""
    recurrence: datetime | None = None
    comment: str = ""


def method_of(kind: Kind) -> str:
    """The iTIP method that a mail of this kind carries."""
    return _METHODS[kind]


def object_for(kind: Kind, invited: Invited, organizer: Party, attendee: Party) -> str:
    """The calendar object of a REQUEST, CANCEL or DECLINECOUNTER for one recipient.

    RFC 5546 sections 3.2.2, 3.2.5 and 3.2.8; the last one leaves the event as it was invited to.
    """
    event = _event(invited)
    event.add("status", "CANCELLED" if kind is Kind.CANCEL else "CONFIRMED")
    event.add("organizer", _party(organizer))
    guest = _party(attendee)
    guest.params["ROLE"] = "REQ-PARTICIPANT"
    if kind is Kind.REQUEST:
        guest.params["PARTSTAT"] = "NEEDS-ACTION"
        guest.params["RSVP"] = "TRUE"
    event.add("attendee", guest)
    return _text(_calendar([event], method_of(kind)))


def feed(name: str, entries: Iterable[tuple[Invited, bool]]) -> str:
    """A calendar to subscribe to (METHOD absent: it invites nobody); each entry with whether it is cancelled."""
    events = []
    for invited, cancelled in entries:
        event = _event(invited)
        event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        events.append(event)
    calendar = _calendar(events, None)
    calendar.add("x-wr-calname", name)
    return _text(calendar)


def _calendar(events: Iterable[Event], method: str | None) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method is not None:
        calendar.add("method", method)
    for event in events:
        calendar.add_component(event)
    return calendar


def _event(invited: Invited) -> Event:
    event = Event()
    event.add("uid", invited.uid)
    event.add("sequence", invited.sequence)
    event.add("dtstamp", invited.made_at)
    event.add("last-modified", invited.made_at)
    if invited.recurrence is not None:
        event.add("recurrence-id", invited.recurrence)
    event.add("dtstart", invited.facts.start)
    event.add("dtend", invited.facts.stop)
    event.add("summary", invited.facts.title)
    event.add("location", invited.facts.place)
    if invited.description:
        event.add("description", invited.description)
    if invited.url:
        event.add("url", invited.url)
    if invited.comment:
        event.add("comment", invited.comment)
    return event


def _party(party: Party) -> vCalAddress:
    address = vCalAddress(f"mailto:{party.address}")
    address.params["CN"] = " ".join(party.name.replace('"', "'").split())
    return address


def _text(calendar: Calendar) -> str:
    content: bytes = calendar.to_ical()
    return content.decode("utf-8")
