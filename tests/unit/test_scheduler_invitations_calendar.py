from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from scheduler.invitations.calendar import Invited, Party, feed, object_for
from scheduler.invitations.facts import Facts, Kind
from tests.support.directory import NOON

FACTS = Facts(
    title="Họp giao ban; quý 3, \\ lần 2",
    doors=NOON - timedelta(minutes=30),
    start=NOON,
    stop=NOON + timedelta(hours=2),
    place="Điểm cầu Phường 1, 12 Lê Lợi",
)
INVITED = Invited("u1@cau.example", 3, FACTS, NOON - timedelta(days=1), url="https://cau.example/a/x")
ORGANIZER, GUEST = Party("lich@cau.example", "Diemcau"), Party("an@xa.example", 'Nguyễn "An"; ấp 3')


def test_a_request_carries_what_itip_wants_of_it() -> None:
    calendar = Calendar.from_ical(object_for(Kind.REQUEST, INVITED, ORGANIZER, GUEST))
    [event] = calendar.events
    assert (str(calendar["METHOD"]), str(calendar["VERSION"])) == ("REQUEST", "2.0")
    assert (str(event["UID"]), event.decoded("SEQUENCE"), str(event["STATUS"])) == ("u1@cau.example", 3, "CONFIRMED")
    assert (event.start, event.end) == (FACTS.start, FACTS.stop)
    assert event.decoded("DTSTAMP") == INVITED.made_at
    assert str(event["SUMMARY"]) == FACTS.title
    assert str(event["LOCATION"]) == FACTS.place
    assert str(event["ORGANIZER"]) == "mailto:lich@cau.example"
    guest = event["ATTENDEE"]
    assert str(guest) == "mailto:an@xa.example"
    assert {name: guest.params[name] for name in ("PARTSTAT", "RSVP", "ROLE")} == {
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
        "ROLE": "REQ-PARTICIPANT",
    }
    assert guest.params["CN"] == "Nguyễn 'An'; ấp 3"
    assert "RECURRENCE-ID" not in event


def test_a_cancellation_has_the_method_and_the_status() -> None:
    calendar = Calendar.from_ical(object_for(Kind.CANCEL, INVITED, ORGANIZER, GUEST))
    [event] = calendar.events
    assert (str(calendar["METHOD"]), str(event["STATUS"]), event.decoded("SEQUENCE")) == ("CANCEL", "CANCELLED", 3)


def test_an_occurrence_of_a_series_names_its_original_start() -> None:
    original = datetime(2026, 9, 7, 1, tzinfo=UTC)
    occurrence = Invited("s1@cau.example", 0, FACTS, NOON, recurrence=original)
    [event] = Calendar.from_ical(object_for(Kind.REQUEST, occurrence, ORGANIZER, GUEST)).events
    assert event.decoded("RECURRENCE-ID") == original


def test_lines_are_folded_at_75_octets_and_end_as_the_standard_says() -> None:
    long = FACTS.model_copy(update={"title": "Hội nghị trực tuyến " * 9})
    text = object_for(Kind.REQUEST, Invited("u", 0, long, NOON), ORGANIZER, GUEST)
    lines = text.encode().split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert b"\n" not in b"".join(lines)
    [event] = Calendar.from_ical(text).events
    assert str(event["SUMMARY"]) == long.title


def test_a_feed_invites_nobody_and_shows_what_was_cancelled() -> None:
    text = feed("Phường 1", [(INVITED, False), (Invited("u2", 1, FACTS, NOON), True)])
    calendar = Calendar.from_ical(text)
    assert "METHOD" not in calendar
    assert [str(event["STATUS"]) for event in calendar.events] == ["CONFIRMED", "CANCELLED"]
    assert not any("ATTENDEE" in event for event in calendar.events)
