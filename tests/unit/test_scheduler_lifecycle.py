from __future__ import annotations

from itertools import product

import pytest

from core.errors import BadInput, Conflict
from core.model import ConferenceId, ConferenceState, ConferenceTimes, PointRef
from scheduler import amendment, lifecycle
from scheduler.lifecycle import Event
from scheduler.model import Conference, ConferenceChange
from tests.support.directory import NOON, times

S = ConferenceState
ALLOWED = {
    (S.DRAFT, Event.REQUEST): S.REQUESTED,
    (S.DRAFT, Event.CONFIRM): S.CONFIRMED,
    (S.DRAFT, Event.CANCEL): S.CANCELLED,
    (S.REQUESTED, Event.CONFIRM): S.CONFIRMED,
    (S.REQUESTED, Event.REJECT): S.REJECTED,
    (S.REQUESTED, Event.CANCEL): S.CANCELLED,
    (S.CONFIRMED, Event.REQUEST): S.REQUESTED,
    (S.CONFIRMED, Event.OPEN): S.OPEN,
    (S.CONFIRMED, Event.CLOSE): S.CLOSED,
    (S.CONFIRMED, Event.CANCEL): S.CANCELLED,
    (S.OPEN, Event.CLOSE): S.CLOSED,
    (S.OPEN, Event.CANCEL): S.CANCELLED,
}


@pytest.mark.parametrize(("state", "event"), list(product(ConferenceState, Event)))
def test_every_event_in_every_state_is_decided(state: ConferenceState, event: Event) -> None:
    if (state, event) in ALLOWED:
        assert lifecycle.after(state, event) is ALLOWED[state, event]
        return
    with pytest.raises(Conflict) as caught:
        lifecycle.after(state, event)
    over = state in (S.REJECTED, S.CLOSED, S.CANCELLED)
    assert caught.value.code == ("conference.over" if over else "conference.state")
    assert caught.value.data["state"] is state


def test_only_a_confirmed_or_open_conference_has_links() -> None:
    codes = {}
    for state in ConferenceState:
        try:
            lifecycle.refuse_unless_booked(state)
        except Conflict as refusal:
            codes[state] = refusal.code
    over = dict.fromkeys((S.REJECTED, S.CLOSED, S.CANCELLED), "conference.over")
    assert codes == over | dict.fromkeys((S.DRAFT, S.REQUESTED), "conference.not_confirmed")


def conference(state: ConferenceState = S.CONFIRMED, points: str = "AB") -> Conference:
    return Conference(
        id=ConferenceId("c"),
        title="Old",
        state=state,
        times=ConferenceTimes(**times(NOON).model_dump()),
        version=1,
        booked_by="lan",
        points=refs(points),
    )


def refs(codes: str) -> tuple[PointRef, ...]:
    return tuple(PointRef(code=code, name=f"Hall {code}") for code in codes)


def test_a_change_tells_what_is_different_and_nothing_else() -> None:
    change = ConferenceChange(title=" New ", teardown_minutes=15)
    after = amendment.amended(conference(), change, refs("BC"), NOON)
    told = {c.field: (c.old, c.new) for c in amendment.differences(conference(), after)}
    assert told == {"title": ("Old", "New"), "teardown_minutes": (0, 15), "points": (["A"], ["C"])}
    assert amendment.differences(after, after) == ()


def test_a_booking_tells_everything() -> None:
    told = {change.field: change.new for change in amendment.differences(None, conference())}
    assert told["points"] == ["A", "B"]
    assert told["state"] == "confirmed"
    assert told["stop"] == "2026-09-01T13:00:00Z"


def test_the_same_times_again_are_no_move_even_when_the_start_is_over() -> None:
    late = NOON.replace(hour=23)
    assert amendment.amended(conference(), ConferenceChange(times=times(NOON)), refs("AB"), late) == conference()


def test_the_set_up_of_an_open_conference_is_over() -> None:
    with pytest.raises(Conflict) as caught:
        amendment.amended(conference(S.OPEN), ConferenceChange(setup_minutes=5), refs("AB"), NOON)
    assert caught.value.code == "conference.running"
    amended = amendment.amended(conference(S.OPEN), ConferenceChange(teardown_minutes=5), refs("AB"), NOON)
    assert amended.teardown_minutes == 5


def test_points_are_added_then_removed_and_kept_in_order() -> None:
    points = amendment.changed_points(refs("BD"), refs("ACD"), {"B", "C"}, 3)
    assert points == refs("AD")
    assert amendment.changed_points(refs("A"), refs("BC"), (), 3) == refs("ABC")
    for added, removed, code in (("BCD", "", "booking.too_many_points"), ("", "A", "booking.no_points")):
        with pytest.raises(BadInput) as caught:
            amendment.changed_points(refs("A"), refs(added), removed, 3)
        assert caught.value.code == code


def test_a_point_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(BadInput) as caught:
        amendment.refuse_strangers(conference(), ("A", "Z"))
    assert caught.value.data["points"] == ["Z"]
