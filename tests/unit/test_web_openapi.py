"""The description of the API, made from the route table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

from core.model import Role
from web.openapi import as_text, document
from web.routes import ENDPOINTS

DOCUMENT = document()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_the_file_that_the_pages_are_typed_from_is_current() -> None:
    kept = resources.files("web").joinpath("openapi.json").read_text(encoding="utf-8")
    assert kept == as_text(), "run `make api`"


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {ref.removeprefix("#/components/schemas/") for ref in references(DOCUMENT)} <= set(schemas)


def test_no_two_models_share_a_name() -> None:
    assert not [name for name in DOCUMENT["components"]["schemas"] if "__" in name]


def test_operations_have_names_of_their_own() -> None:
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert len(names) == len(set(names))
    places = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    assert len(places) == len(set(places))


def test_the_wire_is_described_too() -> None:
    wire = {"Hello", "Connect", "Welcome", "StateView", "Roster", "PublishDirective", "ClientMessage", "ServerMessage"}
    feed = {"FeedSnapshot", "LinksGraded", "PresenceChanged", "FloorMoved", "ConferenceChanged"}
    assert wire | feed <= set(DOCUMENT["components"]["schemas"])


def test_a_message_names_its_type_so_that_types_can_tell_them_apart() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Hello", "RequestFloor", "StateView"):
        assert "type" in schemas[name]["required"]


def test_path_parameters_are_declared() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_an_operator_may_only_list_enter_and_test_lines() -> None:
    allowed = {e.path for e in ENDPOINTS if e.roles is not None and (not e.roles or Role.OPERATOR in e.roles)}
    lines = {"/api/points/{point}/line-test", "/api/points/{point}/line-tests"}
    entering = {"/api/conferences/{id}/seats", "/api/conferences/{id}/enter"}
    assert allowed == {"/api/me", "/api/conferences"} | entering | lines
    booking = next(e for e in ENDPOINTS if e.name == "book_conference")
    assert booking.roles == frozenset({Role.ORGANIZER})


def test_the_document_is_json() -> None:
    assert json.loads(as_text())["openapi"] == "3.1.0"
