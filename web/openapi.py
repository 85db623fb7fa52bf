"""The OpenAPI 3.1 document, made from the route table. `python -m web.openapi` prints it.

Its components also hold the messages of the signaling WebSocket and of the live feed, so that the pages' types come
from one file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from core import VERSION
from core.commands import Command
from core.errors import BadInput, DiemcauError, NotSignedIn, Refused, TooLarge, Unavailable
from core.session_messages import SessionMessage
from signaling.protocol import ClientMessage, ServerMessage
from web.endpoint import COOKIE, JSON, AnyEndpoint, Source
from web.feed import EVENTS
from web.middleware import PROBLEM
from web.models import FeedSnapshot, Problem
from web.routes import ENDPOINTS

Schema: TypeAlias = dict[str, Any]
Kind: TypeAlias = tuple[str, str]

_REF = "#/components/schemas/{model}"
_UNIONS: dict[str, Any] = {
    "ClientMessage": ClientMessage,
    "ServerMessage": ServerMessage,
    "SessionMessage": SessionMessage,
    "Command": Command,
}
"""Discriminated unions have no name of their own in a schema; the pages want them by name."""


class _AsWritten(GenerateJsonSchema):
    """What is written always holds every field, whether it has a default or not."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def document(endpoints: Iterable[AnyEndpoint] = ENDPOINTS) -> Schema:
    """The whole document."""
    table = tuple(endpoints)
    inlined, components = _schemas(table)
    paths: dict[str, Schema] = {}
    for endpoint in table:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, inlined)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Diemcau", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"signIn": {"type": "apiKey", "in": "cookie", "name": COOKIE}},
        },
    }


def _schemas(table: tuple[AnyEndpoint, ...]) -> tuple[dict[Kind, Schema], Schema]:
    """What each operation puts in place, by operation and direction, and the components that it refers to."""
    wanted: dict[Kind, TypeAdapter[Any]] = {("", "problem"): TypeAdapter(Problem)}
    for endpoint in table:
        wanted[endpoint.name, "input"] = TypeAdapter(endpoint.input)
        if endpoint.reply is not None:
            wanted[endpoint.name, "reply"] = endpoint.reply
    wanted["feed", "event snapshot"] = TypeAdapter(FeedSnapshot)
    for name, topic in EVENTS.items():
        wanted["feed", f"event {name}"] = TypeAdapter(topic.model)
    for name, union in _UNIONS.items():
        wanted["", f"union {name}"] = TypeAdapter(union)
    # A reply is described as it is written (fields with a default are always there), a request as it is read. The
    # wire's messages are read by the pages and written by them: they are described as written.
    inputs = [(key, _mode(key), adapter) for key, adapter in wanted.items()]
    schemas, shared = TypeAdapter.json_schemas(inputs, schema_generator=_AsWritten, ref_template=_REF)
    by_kind = {key: schema for (key, _), schema in schemas.items()}
    components = dict(shared.get("$defs", {}))
    components |= {name: by_kind["", f"union {name}"] for name in _UNIONS}
    return by_kind, dict(sorted(components.items()))


def _mode(kind: Kind) -> JsonSchemaMode:
    return "validation" if kind[1] == "input" else "serialization"


def _operation(endpoint: AnyEndpoint, schemas: dict[Kind, Schema]) -> Schema:
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": _needs(endpoint),
        "parameters": _parameters(endpoint, schemas),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.source is Source.JSON:
        content = {JSON: {"schema": schemas[endpoint.name, "input"]}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.source is Source.FILE:
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.source is Source.MAIL:
        content = {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.roles is not None:
        operation["security"] = [{"signIn": []}]
    return operation


def _needs(endpoint: AnyEndpoint) -> str:
    if endpoint.roles is None:
        return "For everybody."
    return f"For {', '.join(sorted(endpoint.roles))}." if endpoint.roles else "For everybody who is signed in."


def _parameters(endpoint: AnyEndpoint, schemas: dict[Kind, Schema]) -> list[Schema]:
    text = {"type": "string"}
    found = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    if endpoint.source in {Source.QUERY, Source.FILE}:
        model = endpoint.input.model_json_schema(ref_template=_REF)
        found += [
            {"name": name, "in": "query", "required": name in model.get("required", ()), "schema": schema}
            for name, schema in model["properties"].items()
        ]
    if endpoint.source is Source.FILE:
        found.append({"name": "X-File-Name", "in": "header", "required": True, "schema": text})
    return found


def _responses(endpoint: AnyEndpoint, schemas: dict[Kind, Schema]) -> Schema:
    done: Schema = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.media == "text/event-stream":
        events = [schema for (name, kind), schema in schemas.items() if name == "feed" and kind.startswith("event ")]
        done["content"] = {endpoint.media: {"schema": {"anyOf": events}}}
    elif endpoint.reply is not None:
        done["content"] = {endpoint.media: {"schema": schemas[endpoint.name, "reply"]}}
    elif endpoint.status != HTTPStatus.NO_CONTENT:
        done["content"] = {endpoint.media: {"schema": {"type": "string"}}}
    problem = {PROBLEM: {"schema": schemas["", "problem"]}}
    refusals = {
        str(status): {"description": ", ".join(f"`{code}`" for code in codes), "content": problem}
        for status, codes in sorted(refusals_of(endpoint).items())
    }
    return {str(endpoint.status): done, **refusals}


def refusals_of(endpoint: AnyEndpoint) -> dict[int, list[str]]:
    """The codes with which `endpoint` can refuse, by HTTP status: its own, and those that its kind brings."""
    families: list[dict[type[DiemcauError], tuple[str, ...]]] = [dict(endpoint.errors)]
    if endpoint.roles is not None or endpoint.errors:
        families.append({Unavailable: ("database.away",)})
    if endpoint.roles is not None:
        families.append({NotSignedIn: ("sign_in.needed",)})
    if endpoint.roles:
        families.append({Refused: ("role.missing",)})
    if endpoint.source is not Source.NONE:
        families.append({BadInput: ("request.invalid", "request.value")})
    if endpoint.source in {Source.JSON, Source.FILE, Source.MAIL}:
        families.append({BadInput: ("request.slow",), TooLarge: ("request.too_large",)})
    if endpoint.method != "GET":
        families.append({Refused: ("request.origin",)})
    codes: dict[int, list[str]] = {}
    for family in families:
        for error, named in family.items():
            listed = codes.setdefault(error.status, [])
            listed += [code for code in named if code not in listed]
    return codes


def as_text() -> str:
    """The document as it is kept in `web/openapi.json`."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
