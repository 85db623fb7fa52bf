"""From what was sent to models, and what is said when it cannot be."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from web.models import ImportQuery, SignIn
from web.parsing import parse_json, parse_query


def refused(body: bytes) -> BadInput:
    with pytest.raises(BadInput) as refusal:
        parse_json(SignIn, body)
    assert refusal.value.code == "request.invalid"
    return refusal.value


def test_a_proper_body_becomes_its_model() -> None:
    assert parse_json(SignIn, b'{"username":"a","password":"b"}') == SignIn(username="a", password="b")


def test_every_wrong_field_is_named() -> None:
    error = refused(b'{"username":"","extra":1}')
    assert {problem["where"] for problem in error.data["problems"]} == {"username", "password", "extra"}
    assert "username" in error.detail


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"username":"\\ud800"}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    refused(body)


def test_what_was_typed_is_not_repeated() -> None:
    error = refused(b'{"username":"a","password":["s3cret-words"]}')
    assert "s3cret-words" not in str(error) + str(error.data)


def test_a_nul_character_is_refused_before_the_database_meets_it() -> None:
    refused(b'{"username":"a\\u0000","password":"b"}')
    with pytest.raises(BadInput):
        parse_query(ImportQuery, {"dry_run": "true\0"})


def test_only_the_first_problems_are_listed() -> None:
    many = b"{" + b",".join(b'"f%d":1' % n for n in range(1_000)) + b"}"
    assert len(refused(many).data["problems"]) == 20


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("1", True)])
def test_a_query_string_speaks_of_true_and_false(text: str, value: bool) -> None:
    assert parse_query(ImportQuery, {"dry_run": text}).dry_run is value


def test_an_unknown_query_field_is_refused() -> None:
    with pytest.raises(BadInput) as refusal:
        parse_query(ImportQuery, {"dryrun": "true"})
    assert refusal.value.data["problems"][0]["where"] == "dryrun"
