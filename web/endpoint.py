"""The route table's entry: one description from which the server's route and its OpenAPI operation are made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Generic, TypeAlias, TypeVar

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import DiemcauError, NotFound, NotSignedIn
from core.identity import Principal
from core.model import ConferenceId, Model, Role
from web.context import CONTEXT, Context
from web.origin import public_scheme
from web.parsing import parse_json, parse_query, read_body
from web.uuids import is_uuid

COOKIE = "diemcau_sign_in"
JSON = "application/json"
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")

Errors: TypeAlias = Mapping[type[DiemcauError], tuple[str, ...]]


class Nothing(Model):
    """A request that says all in its path."""


class Source(Enum):
    """Where a request's input is read from. With `FILE` and `MAIL` the body is the handler's own to read."""

    NONE = auto()
    QUERY = auto()
    JSON = auto()
    FILE = auto()
    MAIL = auto()


In = TypeVar("In", bound=Model)
Out = TypeVar("Out")


@dataclass(frozen=True)
class Ask(Generic[In]):
    """One request that passed the checks: who asks, and for what."""

    context: Context
    request: web.Request
    signed_in: Principal | None
    input: In

    @property
    def person(self) -> Principal:
        """Who is signed in; raises `NotSignedIn`."""
        if self.signed_in is None:
            raise NotSignedIn("sign_in.needed", "Sign in first.")
        return self.signed_in

    @property
    def conference(self) -> ConferenceId:
        """The conference named in the path; raises `NotFound` for what cannot be a conference's id."""
        text = self.request.match_info["id"]
        if not is_uuid(text):
            raise NotFound("conference.unknown", "There is no such conference.")
        return ConferenceId(text.lower())

    def code(self, name: str, unknown: str) -> str:
        """The directory's code in the path; raises `NotFound` `unknown` for what cannot be one."""
        text = self.request.match_info[name]
        if _CODE.fullmatch(text) is None:
            raise NotFound(unknown, "There is nothing with this code.")
        return text

    @property
    def key(self) -> str | None:
        """The Idempotency-Key of a request that may be sent twice."""
        return self.request.headers.get("Idempotency-Key")

    def url(self, path: str) -> str:
        """An absolute address of this server, as the client reached it."""
        return f"{public_scheme(self.context.settings)}://{self.request.host}{path}"


@dataclass(frozen=True)
class Endpoint(Generic[In, Out]):
    """A method and path, who may use it, what it takes, what it returns and how it can refuse.

    `roles` None means everybody, signed in or not; empty means everybody signed in. A handler returns what
    `reply` describes, or a finished response of type `media`. `etag` names the version of what was returned.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[Ask[In]], Awaitable[Out | web.StreamResponse]]
    input: type[In]
    source: Source
    reply: TypeAdapter[Out] | None = None
    media: str = JSON
    status: int = 200
    roles: frozenset[Role] | None = frozenset()
    errors: Errors = field(default_factory=dict)
    etag: Callable[[Out], str] | None = None

    @property
    def name(self) -> str:
        """The operation's id: its handler's name."""
        return self.handler.__name__

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers `request`; raises the errors that the table names."""
        context = request.app[CONTEXT]
        person = await self._admit(context, request)
        ask = Ask(context, request, person, await self._input(context, request))
        result = await self.handler(ask)
        if isinstance(result, web.StreamResponse):
            return result
        return self.respond(result)

    def respond(self, result: Out) -> web.Response:
        """`result` as this endpoint's JSON."""
        assert self.reply is not None
        response = web.Response(body=self.reply.dump_json(result), status=self.status, content_type=JSON)
        if self.etag is not None:
            response.headers["ETag"] = self.etag(result)
        return response

    async def _admit(self, context: Context, request: web.Request) -> Principal | None:
        if self.roles is None:
            return None
        token = request.cookies.get(COOKIE)
        if not token:
            raise NotSignedIn("sign_in.needed", "Sign in first.")
        person = await context.accounts.current(context.signer.principal(token, context.clock.now()))
        if self.roles:
            person.require(*self.roles)
        return person

    async def _input(self, context: Context, request: web.Request) -> In:
        match self.source:
            case Source.NONE | Source.MAIL:
                return self.input()
            case Source.QUERY | Source.FILE:
                return parse_query(self.input, request.query)
            case Source.JSON:
                return parse_json(self.input, await read_body(request, context.settings.limits.request_bytes))


AnyEndpoint: TypeAlias = Endpoint[Any, Any]
