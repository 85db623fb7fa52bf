from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import DiemcauError, Refused
from core.identity import Principal, Signer
from core.model import CHAIR, ConferenceId, ConferenceState, ConferenceTimes, PointRef, Role
from scheduler.links import console_token, point_links
from scheduler.model import Conference, EnterRequest
from tests.support.directory import NOON, SIGNER, times

CONFERENCE = Conference(
    id=ConferenceId("0b7c5f9e-27a5-4a8e-9d39-54a0c6f1c6aa"),
    title="Họp giao ban",
    state=ConferenceState.CONFIRMED,
    times=ConferenceTimes(**times(NOON).model_dump()),
    version=1,
    booked_by="lan",
    points=(PointRef(code="P1", name="Hall one"), PointRef(code="P2", name="Hall two")),
)


def person(*roles: Role) -> Principal:
    return Principal(username="lan", name="Lan", roles=frozenset(roles))


def test_each_point_has_its_own_link_as_its_operator() -> None:
    links = point_links(SIGNER, CONFERENCE, "https://cau.example/")
    assert [link.point for link in links] == ["P1", "P2"]
    for link in links:
        base, _, token = link.url.rpartition("/")
        right = SIGNER.join_right(token, NOON)
        assert base == "https://cau.example/j"
        assert (right.conference, right.participant.point) == (CONFERENCE.id, link.point)
        assert (right.participant.role, right.participant.id) == (Role.OPERATOR, f"point:{link.point}")


def test_a_link_is_good_until_the_stop_and_not_a_second_longer() -> None:
    token = point_links(SIGNER, CONFERENCE, "")[0].url.rpartition("/")[2]
    stop = CONFERENCE.times.stop
    assert SIGNER.join_right(token, stop - timedelta(seconds=1))
    with pytest.raises(Refused) as caught:
        SIGNER.join_right(token, stop)
    assert caught.value.code == "join.expired"


def test_a_link_of_another_installation_or_changed_by_a_letter_says_only_that_it_is_not_valid() -> None:
    token = point_links(Signer("another secret, also long enough for it"), CONFERENCE, "")[0].url.rpartition("/")[2]
    mine = point_links(SIGNER, CONFERENCE, "")[0].url.rpartition("/")[2]
    middle = len(mine) // 2
    bent = mine[:middle] + ("A" if mine[middle] != "A" else "B") + mine[middle + 1 :]
    for wrong in (token, bent, "", "x"):
        with pytest.raises(Refused) as caught:
            SIGNER.join_right(wrong, NOON)
        assert caught.value.code == "join.invalid"


@pytest.mark.parametrize("role", [Role.CHAIR, Role.TECHNICIAN])
def test_a_console_is_entered_in_a_role_that_the_person_holds(role: Role) -> None:
    right = SIGNER.join_right(console_token(SIGNER, CONFERENCE, person(role), EnterRequest(role=role)), NOON)
    assert right.participant.id == (CHAIR if role is Role.CHAIR else "technician:lan")
    assert right.participant.name == "Lan"


def test_an_operator_enters_at_a_reserved_point() -> None:
    token = console_token(SIGNER, CONFERENCE, person(Role.OPERATOR), EnterRequest(role=Role.OPERATOR, point="P2"))
    assert SIGNER.join_right(token, NOON).participant.name == "Hall two"


@pytest.mark.parametrize(
    ("holds", "request_", "code"),
    [
        (Role.OPERATOR, EnterRequest(role=Role.CHAIR), "role.missing"),
        (Role.CHAIR, EnterRequest(role=Role.TECHNICIAN), "role.missing"),
        (Role.CHAIR, EnterRequest(role=Role.OPERATOR, point="P1"), "role.missing"),
        (Role.ORGANIZER, EnterRequest(role=Role.ORGANIZER), "enter.role"),
        (Role.OPERATOR, EnterRequest(role=Role.OPERATOR), "enter.point"),
        (Role.OPERATOR, EnterRequest(role=Role.OPERATOR, point="P3"), "enter.point_unknown"),
    ],
)
def test_other_requests_to_enter_are_refused_by_name(holds: Role, request_: EnterRequest, code: str) -> None:
    with pytest.raises(DiemcauError) as caught:
        console_token(SIGNER, CONFERENCE, person(holds), request_)
    assert caught.value.code == code
