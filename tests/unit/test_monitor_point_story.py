"""What happened to a point, told from presence and the floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.model import Departure
from monitor.points.model import Happening
from monitor.points.story import FloorMove, tell

NOW = datetime(2026, 12, 5, 2, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def told(moves: list[FloorMove]) -> list[tuple[Happening, datetime]]:
    return [(event.what, event.at) for event in tell([], moves)]


def test_joining_and_leaving_are_told_with_the_manner_and_an_open_end_is_not() -> None:
    events = tell([(at(0), at(3), Departure.FAILED), (at(4), None, None)], [])
    assert [(e.what, e.how) for e in events] == [
        (Happening.JOINED, None),
        (Happening.LEFT, Departure.FAILED),
        (Happening.JOINED, None),
    ]


def test_a_turn_ends_when_the_floor_goes_to_another() -> None:
    moves = [(at(1), "floor_granted", True), (at(2), "floor_granted", False)]
    assert told(moves) == [(Happening.FLOOR_GRANTED, at(1)), (Happening.FLOOR_ENDED, at(2))]


def test_a_turn_ends_once_when_it_is_released_or_revoked() -> None:
    for kind in ("floor_released", "floor_revoked"):
        moves = [(at(1), "floor_granted", True), (at(2), kind, True), (at(3), "floor_granted", False)]
        assert told(moves) == [(Happening.FLOOR_GRANTED, at(1)), (Happening.FLOOR_ENDED, at(2))]


def test_what_others_do_is_not_told() -> None:
    moves = [(at(n), kind, False) for n, kind in enumerate(("floor_requested", "floor_granted", "request_denied"))]
    assert told(moves) == []


def test_presence_and_floor_are_in_one_order() -> None:
    events = tell(
        [(at(0), at(5), Departure.DEPARTED)], [(at(1), "floor_requested", True), (at(2), "request_denied", True)]
    )
    assert [e.what for e in events] == [
        Happening.JOINED,
        Happening.FLOOR_REQUESTED,
        Happening.REQUEST_DENIED,
        Happening.LEFT,
    ]
