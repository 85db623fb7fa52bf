from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from core.commands import GrantFloor
from core.errors import BadInput, DiemcauError, Refused
from core.model import ParticipantId, SessionId
from core.session_messages import LegStatus
from signaling.protocol import (
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    Beat,
    Bye,
    CloseCode,
    CommandMessage,
    ErrorMessage,
    Hello,
    ResumeClaim,
    close_code,
    error_message,
    may_retry,
    parse_client,
    parse_server,
    rebuild_error,
)


def test_client_messages_travel_unchanged() -> None:
    for message in (
        Hello(version=1, token="t", resume=ResumeClaim(session=SessionId("s"), key="k"), point="P1"),
        CommandMessage(id=1, command=GrantFloor(participant=ParticipantId("point:P1"))),
        Beat(id=2**53 - 1),
        Bye(),
    ):
        assert parse_client(CLIENT_MESSAGE.dump_json(message).decode()) == message


def test_the_messages_of_the_focus_travel_as_they_are() -> None:
    leg = LegStatus(state="failed", reason="no media")
    assert parse_server(leg.model_dump_json()) == leg
    assert SERVER_MESSAGE.validate_json(leg.model_dump_json()) == leg


@given(st.text())
def test_any_text_is_a_message_or_a_bad_message(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_client(text)
    assert refused.value.code == "signaling.bad_message"


def test_a_bad_message_names_the_first_places_and_repeats_nothing_that_was_sent() -> None:
    with pytest.raises(BadInput) as refused:
        parse_client('{"type":"hello","version":"x","token":{"a":"secret-token"},"point":"*","resume":{}}')
    problems = refused.value.data["problems"]
    assert problems[0] == {"at": "hello.version", "why": "int_parsing"}
    assert len(problems) == 3
    assert "secret-token" not in str(refused.value.problem())


@pytest.mark.parametrize("id_", ["-1", "9007199254740992", "1.5", '"1x"', "null", "true"])
def test_ids_are_numbers_that_javascript_holds(id_: str) -> None:
    with pytest.raises(BadInput):
        parse_client(f'{{"type":"beat","id":{id_}}}')


@pytest.mark.parametrize(
    "family",
    [
        errors.BadInput,
        errors.NotSignedIn,
        errors.Refused,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.TooMany,
        errors.Unavailable,
        errors.DiemcauError,
    ],
)
def test_an_error_crosses_the_wire_whole(family: type[DiemcauError]) -> None:
    error = family("some.code", "Some sentence.", until=datetime(2026, 3, 2, tzinfo=UTC), points=("P1",))
    message = parse_server(error_message(error, 5).model_dump_json())
    assert isinstance(message, ErrorMessage)
    assert message.id == 5
    rebuilt = rebuild_error(message)
    assert type(rebuilt) is family
    assert (rebuilt.code, rebuilt.detail) == ("some.code", "Some sentence.")
    assert rebuilt.data == {"until": "2026-03-02T00:00:00Z", "points": ["P1"]}


def test_data_cannot_take_the_place_of_code_and_detail() -> None:
    message = ErrorMessage(code="a", detail="b", data={"code": "x", "detail": "y", "z": 1})
    assert rebuild_error(message).data == {"z": 1}


@pytest.mark.parametrize(
    ("error", "retry", "code"),
    [
        (Refused("join.invalid", "x"), False, CloseCode.REFUSED),
        (Refused("join.not_open", "x"), True, CloseCode.TRY_AGAIN),
        (errors.Unavailable("service.slow", "x"), True, CloseCode.TRY_AGAIN),
        (errors.TooMany("signaling.too_fast", "x"), True, CloseCode.TOO_FAST),
        (BadInput("signaling.bad_message", "x"), False, CloseCode.BAD_MESSAGE),
        (BadInput("anything.else", "x"), False, CloseCode.REFUSED),
    ],
)
def test_each_error_has_its_closing_code(error: DiemcauError, retry: bool, code: CloseCode) -> None:
    assert (may_retry(error), close_code(error)) == (retry, code)
